"""A transcription job as a sealed folder: the only thing app and worker share.

    jobs/<random>/part-000 …   sealed sound, as it was added
                  options      sealed: options, and where the parts lie on the timeline
                  kept-<name>  sealed checkpoints
                  result       sealed: the transcription, or a message
                  progress.json  numbers and a state, nothing else
                  lock         held (flock) by the worker that has it, waiting or at work
                  elsewhere    another machine works on it (a batch system's number for it)
                  cancel       somebody wants it to stop
                  full         the worker could write no more (empty: that still fits)
                  fruitless    turns in a row in which a batch system's task got nowhere

The folder's key is made for the job and reaches the worker through a pipe; the worker
has neither the study's key nor its database. Every file has its own file id derived
from its name, so files cannot be swapped. Everything is written beside, synced and
renamed. The lock is taken before a capsule is handed to a worker and goes with it, so at
every moment it can be told whether a worker has it, however that ended.

A capsule names the version of its form: a worker or an app that is older than it refuses
it in words, and work kept by an older one is not taken up with another meaning.
"""

import contextlib
import fcntl
import hashlib
import io
import json
import os
import platform
import secrets
import signal
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import BinaryIO, Final, Literal

from secure_storage import DamagedFile, DiskFull, FokusError, SealedReader, seal

from .formats.data import read_json, write_json
from .options import TranscribeOptions
from .pace import NOT_BEGUN, StepProgress, Steps
from .transcript import Transcription

FORMAT: Final = 2
"""Version of a capsule's form, of what its checkpoints mean above all."""

State = Literal["queued", "running", "done", "failed", "cancelled"]
_STATES: Final[tuple[State, ...]] = ("queued", "running", "done", "failed", "cancelled")
_DAMAGED: Final = "This job's folder is damaged. Start the transcription anew."
_FINAL: Final = ("done", "failed", "cancelled")
Part = tuple[Iterable[bytes], float]
"""Sound as it was added, and where it begins on the recording's timeline (seconds)."""


@dataclass(frozen=True, slots=True)
class JobProgress:
    """How far a job is; all a watcher without the key can know."""

    state: State
    steps: Steps
    """How far each of STEPS is; two may be under way at once."""
    left: float | None
    """Seconds it will probably still take."""
    alive: bool
    """A worker holds the capsule."""
    full: bool = False
    """The worker stopped because the disk was full."""
    elsewhere: bool = False
    """Another machine is to work on it, and only that knows whether it will."""

    @property
    def stopped(self) -> bool:
        """The worker came to no end, and nobody is going on with it."""
        return not self.alive and not self.elsewhere and self.state not in _FINAL


@dataclass(frozen=True, slots=True)
class Failure:
    """The job ended with a message for the user."""

    message: str
    again: bool = False
    """Another try may come to a better end, and goes on with what is kept."""


class WorkerAlive(FokusError):
    """The capsule already has a worker."""


class NoLocks(FokusError):
    """The file system of the jobs' folder does not lock files."""


class OtherVersion(DamagedFile):
    """The capsule was made by another version of Fokus."""


def create(jobs_dir: Path, parts: Sequence[Part], options: TranscribeOptions, key: bytes) -> Path:
    """Make a capsule; it appears under its name only when it is complete."""
    jobs_dir.mkdir(parents=True, exist_ok=True)
    name = secrets.token_hex(16)
    making = jobs_dir / f".{name}"
    making.mkdir(mode=0o700)
    try:
        for index, (chunks, _) in enumerate(parts):
            _put(making, f"part-{index:03d}", chunks, key)
        offsets = [offset for _, offset in parts]
        values = {"format": FORMAT, "options": options.to_json(), "offsets": offsets}
        _put(making, "options", [json.dumps(values).encode()], key)
        write_progress(making, "queued")
        (making / "lock").touch(mode=0o600)
        making.rename(jobs_dir / name)
        _sync_folder(jobs_dir)
    except BaseException:
        _remove(making)
        raise
    return jobs_dir / name


def clear_for_another_try(path: Path) -> None:
    """Forget a cancellation or a failure; finished batches stay. Under the lock only."""
    if progress(path).state == "failed":
        (path / "result").unlink(missing_ok=True)
    for name in ("cancel", "full", "elsewhere", "fruitless"):
        (path / name).unlink(missing_ok=True)
    write_progress(path, "queued")


def progress(path: Path) -> JobProgress:
    """Say how far the job is and whether its worker lives.

    Raises DamagedFile, and OtherVersion where a newer Fokus made the capsule.
    """
    alive = _alive(path)  # before the file: a worker that ends between the two is done, not dead
    try:
        with (path / "progress.json").open("rb") as file:
            values, told_at = json.load(file), os.fstat(file.fileno()).st_mtime
        _refuse_newer(int(values["format"]))
        state = _STATES[int(values["state"])]
        steps = tuple(StepProgress(int(done), int(total)) for done, total in values["steps"])
        left = int(values["left"])
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise DamagedFile(_DAMAGED) from error
    if state not in _FINAL and not alive and (path / "cancel").exists():
        state = "cancelled"
    seconds = max(0.0, left - (time.time() - told_at)) if left >= 0 else None
    full, away = (path / "full").exists(), elsewhere(path) is not None
    return JobProgress(state, steps, seconds, alive, full, away)


def cancel(path: Path) -> None:
    """Have the work on this job stopped; what was finished stays for a resumption.

    A worker on this machine is ended outright, which costs what it had not kept. One
    elsewhere, or one that has not come to this capsule yet, looks for the wish itself.
    """
    replace(path / "cancel", b"")
    if elsewhere(path) is not None or not _alive(path):
        return
    with contextlib.suppress(OSError, ValueError, KeyError):
        told = json.loads((path / "progress.json").read_bytes())
        process = int(told["process"])
        # Only while the lock is held does the number belong to our worker, and only here. It
        # ends itself after a capsule that is to be cancelled: this cannot hit it at the next.
        if process > 0 and told["machine"] == _machine() and _alive(path):
            os.kill(process, signal.SIGKILL)


def note_elsewhere(path: Path, number: str) -> None:
    """Note that another machine is to work on it, under ``number`` of its batch system."""
    replace(path / "elsewhere", number.encode())


def elsewhere(path: Path) -> str | None:
    """Give what ``note_elsewhere`` noted; None where this machine is to do the work."""
    try:
        return (path / "elsewhere").read_text("utf-8")
    except FileNotFoundError:
        return None


def note_full(path: Path) -> None:
    """Leave word that the disk is full; an empty file finds room where nothing else does."""
    with contextlib.suppress(OSError):
        (path / "full").touch(mode=0o600)


def cancel_asked(path: Path) -> bool:
    """Somebody wants this job to stop."""
    return (path / "cancel").exists()


def result(path: Path, key: bytes) -> Transcription | Failure | None:
    """Give the result of a capsule, or None while there is none."""
    if (data := get(path, "result", key)) is None:
        return None
    values = json.loads(data)
    if "message" in values:
        return Failure(values["message"], values.get("again", False))
    return read_json(values["transcription"])


def put_result(path: Path, outcome: Transcription | Failure, key: bytes) -> None:
    """Seal the result; the same transcription gives the same content."""
    if isinstance(outcome, Failure):
        values = {"message": outcome.message, "again": outcome.again}
    else:
        values = {"transcription": write_json(outcome)}
    put(path, "result", json.dumps(values, ensure_ascii=False).encode(), key)


def put(path: Path, name: str, data: bytes, key: bytes) -> None:
    """Seal ``data`` into the capsule under ``name``."""
    _put(path, name, [data], key)


def get(path: Path, name: str, key: bytes) -> bytes | None:
    """Open what is sealed under ``name``, or None."""
    try:
        stream = (path / name).open("rb")
    except FileNotFoundError:
        return None
    with stream:
        sealed = SealedReader(stream, key, _file_id(name))
        return sealed.read(0, sealed.size)


def read_options(path: Path, key: bytes) -> tuple[TranscribeOptions, tuple[float, ...]]:
    """Give the options and the offsets of the parts."""
    data = get(path, "options", key)
    if data is None:
        raise DamagedFile(_DAMAGED)
    values = json.loads(data)
    made = int(values.get("format", 1))
    _refuse_newer(made)
    if made < FORMAT:
        raise OtherVersion(
            "This job was begun by an older version of Fokus, and this one cannot go on with "
            "it. Start the transcription anew."
        )
    return TranscribeOptions.from_json(values["options"]), tuple(values["offsets"])


@contextmanager
def open_part(path: Path, index: int, key: bytes) -> Iterator[BinaryIO]:
    """Open a part as a seekable stream, decrypted in memory as it is read."""
    from .intake import Unsealed

    name = f"part-{index:03d}"
    with (
        (path / name).open("rb") as stream,
        io.BufferedReader(Unsealed(SealedReader(stream, key, _file_id(name)))) as opened,
    ):
        yield opened


def write_progress(
    path: Path, state: State, steps: Steps = NOT_BEGUN, left: float | None = None
) -> None:
    """Tell watchers how far the job is, in numbers."""
    values = {
        "format": FORMAT, "state": _STATES.index(state),
        "process": os.getpid() if state == "running" else 0, "machine": _machine(),
        "left": -1 if left is None else round(left),
        "steps": [(one.done, one.total) for one in steps],
    }  # fmt: skip
    replace(path / "progress.json", json.dumps(values).encode())


def lock(path: Path) -> BinaryIO:
    """Hold the capsule for as long as the returned file is open.

    Raises WorkerAlive where somebody has it, DamagedFile where there is nothing to lock.
    """
    try:
        # Open for writing: over NFS and SMB nothing else can be locked for oneself.
        held = (path / "lock").open("r+b")
    except FileNotFoundError as error:
        raise DamagedFile(_DAMAGED) from error
    try:
        _flock(held, fcntl.LOCK_EX)
    except BlockingIOError:
        held.close()
        raise WorkerAlive("This job is already running.") from None
    except BaseException:
        held.close()
        raise
    return held


def replace(path: Path, data: bytes) -> None:
    """Write a small file for its owner's eyes only, beside and renamed."""
    with _written(path) as target:
        target.write(data)


def _refuse_newer(made: int) -> None:
    if made > FORMAT:
        raise OtherVersion(
            "This job was made by a newer version of Fokus. Bring Fokus up to date here, or "
            "start the transcription anew."
        )


def _alive(path: Path) -> bool:
    try:
        with (path / "lock").open("rb") as held:
            _flock(held, fcntl.LOCK_SH)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


def _flock(file: BinaryIO, kind: int) -> None:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError as error:
        raise NoLocks(
            "The file system of the jobs' folder does not lock files, so nothing can be "
            "transcribed there. The command fokus doctor --home STUDY says more of it."
        ) from error


@cache
def _machine() -> int:
    """Tell apart the machines (their starts, their containers) a process number holds on."""
    start = Path("/proc/sys/kernel/random/boot_id").read_text("utf-8")
    named = f"{platform.node()} {start} {Path('/proc/self/ns/pid').stat().st_ino}"
    return int.from_bytes(hashlib.sha256(named.encode()).digest()[:8])


def _file_id(name: str) -> bytes:
    return hashlib.sha256(b"fokus capsule " + name.encode()).digest()[:16]


def _put(path: Path, name: str, chunks: Iterable[bytes], key: bytes) -> None:
    with _written(path / name) as target:
        seal(chunks, target, key, _file_id(name))
    _sync_folder(path)


@contextmanager
def _written(path: Path) -> Iterator[BinaryIO]:
    """Write beside and rename."""
    made = path.with_name(f".{path.name}")
    try:
        with open(made, "wb", opener=_private) as target:
            yield target
            target.flush()
            os.fsync(target.fileno())
        made.rename(path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            made.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise DiskFull(
                "The job could not be written to the disk, which may be full. Free some space "
                "and start it again."
            ) from error
        raise


def _private(name: str, flags: int) -> int:
    return os.open(name, flags, 0o600)


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _remove(path: Path) -> None:
    for file in path.iterdir():
        file.unlink()
    path.rmdir()
