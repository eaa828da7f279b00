"""Recordings transcribed by Slurm without a study: files in, one job array, files out.

While it runs, a hidden folder holds the capsules and a list, readable for its owner only,
of whose they are and their keys. The command waits. Where it is killed,
the array goes on, and the same command takes up what it finds; where it is interrupted
(Ctrl+C), all of it is cancelled and removed.
"""

import fcntl
import json
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from secure_storage import BadInput, SlurmSettings, new_key, open_foreign, shred

from . import array, capsule
from .capsule import Failure, JobProgress
from .options import TranscribeOptions
from .pace import share_done
from .transcript import Transcription

_LOOK_EVERY: Final = 1.0
_SLICE: Final = 1 << 20
_SAME: Final = "The same command goes on with it."
_FREE_WITHIN: Final = 10.0
"""Seconds in which a cancelled task lets go of its capsule."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a file: its transcription, or why there is none."""

    file: str
    result: Transcription | Failure


@dataclass(frozen=True, slots=True)
class _Listed:
    """A file, and its capsule, which is there until what came of it has been given out."""

    file: str
    path: Path
    key: bytes

    @property
    def given(self) -> bool:
        """What came of it has been given out for good."""
        return not self.path.exists()


def transcribe_files(
    files: Sequence[Path],
    options: TranscribeOptions,
    place: Path,
    settings: SlurmSettings,
    keep: Callable[[Outcome], None],
    say: Callable[[str], None],
    most_bytes: int,
) -> None:
    """Have ``files`` transcribed and each outcome kept by ``keep`` as soon as it is there.

    ``place`` is a folder of its own, made for the run and removed at its end. ``say`` is
    told how far it is, in numbers. Raises SlurmTrouble, BadInput where a file cannot be
    read, and BadInput where other files or options are under way in ``place``.
    """
    with _alone(place):
        listed = _list(place, files)
        again = bool(listed)
        try:
            if not again:
                listed = _prepare(place, files, options, most_bytes)
            _refuse_others(place, listed, options)
            _submit(place, listed, settings)
        except BaseException:
            if not again:  # what was under way before stays so
                _drop(place, listed)
            raise
        try:
            _collect(place, listed, keep, say)
        except KeyboardInterrupt:
            _drop(place, listed)
            raise
        if all(one.given for one in listed):
            _remove(place, listed)


def _prepare(
    place: Path, files: Sequence[Path], options: TranscribeOptions, most_bytes: int
) -> list[_Listed]:
    shutil.rmtree(place / "jobs", ignore_errors=True)  # of a run that was killed before its list
    listed = []
    for file in files:
        key = new_key()
        with open_foreign(file, max_bytes=most_bytes) as stream:
            chunks = iter(lambda stream=stream: stream.read(_SLICE), b"")  # type: ignore[misc]
            path = capsule.create(place / "jobs", [(chunks, 0.0)], options, key)
        listed.append(_Listed(str(file.resolve()), path, key))
    values = [{"file": one.file, "capsule": one.path.name, "key": one.key.hex()} for one in listed]
    capsule.replace(place / "list", json.dumps(values).encode())
    return listed


def _refuse_others(place: Path, listed: Sequence[_Listed], options: TranscribeOptions) -> None:
    for one in listed:
        if not one.given and capsule.read_options(one.path, one.key)[0] != options:
            raise BadInput(
                f"{place.parent} holds an unfinished run of these files with other options. Give "
                f"the same options to go on with it, or remove {place}."
            )


def _submit(place: Path, listed: Sequence[_Listed], settings: SlurmSettings) -> None:
    """Hand over what is neither done nor in an array."""
    array.tend(place / "jobs")
    idle = [
        (one.path, one.key)
        for one in listed
        if not one.given and (capsule.progress(one.path).stopped or _failed_for_now(one))
    ]
    if idle:
        array.submit(place / "jobs", idle, settings)


def _failed_for_now(one: _Listed) -> bool:
    """Another try may come to a better end."""
    outcome = capsule.result(one.path, one.key)
    return isinstance(outcome, Failure) and outcome.again


def _collect(
    place: Path,
    listed: Sequence[_Listed],
    keep: Callable[[Outcome], None],
    say: Callable[[str], None],
) -> None:
    said = ""
    told_of: set[Path] = set()
    while pending := [one for one in listed if not one.given and one.path not in told_of]:
        array.tend(place / "jobs")
        looks = []
        for one in pending:
            told = capsule.progress(one.path)
            if told.state in ("queued", "running"):
                looks.append(told)
                continue
            told_of.add(one.path)
            _give(one, keep)
        line = _said(looks, len(listed), array.silent(place / "jobs"))
        if line != said:
            say(said := line)
        if all(told.stopped for told in looks):
            break
        time.sleep(_LOOK_EVERY)
    lost = Failure(f"Slurm ended its task before it was done. {_SAME}")
    for one in pending:
        if one.path not in told_of:
            keep(Outcome(one.file, lost))


def _give(one: _Listed, keep: Callable[[Outcome], None]) -> None:
    """Have an outcome kept; only then is its capsule removed, unless it can be tried again."""
    outcome = capsule.result(one.path, one.key) or Failure("It was cancelled.")
    if isinstance(outcome, Failure) and outcome.again:
        keep(Outcome(one.file, Failure(f"{outcome.message} {_SAME}")))
        return
    keep(Outcome(one.file, outcome))
    gone = one.path.with_name(f".{one.path.name}")
    one.path.rename(gone)  # so that half of it is never taken for the whole
    array.remove(gone)


def _said(looks: Sequence[JobProgress], files: int, silent: bool) -> str:
    done = files - len(looks)
    waiting = sum(told.state == "queued" for told in looks)
    share = (done + sum(share_done(told.steps) for told in looks)) / files
    line = f"{done} of {files} done, {waiting} waiting, {share:.0%} of the work"
    return f"{line}; Slurm does not answer" if silent else line


def _drop(place: Path, listed: Sequence[_Listed]) -> None:
    """Cancel and remove everything."""
    paths = [one.path for one in listed if not one.given]
    for name in {array.cancel(place / "jobs", path) for path in paths} - {""}:
        array.drop(name)
    end = time.monotonic() + _FREE_WITHIN
    while time.monotonic() < end and any(capsule.progress(path).alive for path in paths):
        time.sleep(0.1)
    _remove(place, listed)


def _remove(place: Path, listed: Sequence[_Listed]) -> None:
    for one in listed:
        array.remove(one.path)
    shred(place / "list")
    shutil.rmtree(place, ignore_errors=True)


def _list(place: Path, files: Sequence[Path]) -> list[_Listed]:
    """Read what is under way in the folder; nothing where nothing is."""
    try:
        values = json.loads((place / "list").read_bytes())
    except FileNotFoundError:
        return []
    listed = [
        _Listed(one["file"], place / "jobs" / one["capsule"], bytes.fromhex(one["key"]))
        for one in values
    ]
    if {one.file for one in listed} != {str(file.resolve()) for file in files}:
        raise BadInput(
            f"{place.parent} holds an unfinished run with other files: "
            f"{', '.join(Path(one.file).name for one in listed)}. Give the same files to go on "
            f"with it, or remove {place}."
        )
    return listed


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    """Keep a second command from the same folder."""
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (place / "lock").open("wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BadInput(
                f"Another command transcribes into {place.parent}. Wait for it."
            ) from None
        yield
