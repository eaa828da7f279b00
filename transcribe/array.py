"""Capsules worked on as a job array: handed over, watched, taken back, and what a task runs.

A capsule that is handed over says so itself: ``elsewhere`` names the array and the task,
``array-key`` (readable for its owner only) is the key, which goes as soon as the capsule
has come to an end. So a task finds its work by looking, it does not find what was taken
back in time, and removing a capsule removes its key. Whether a job is done is read off the
capsule alone; Slurm is asked only whether an array is still to be expected.

The name and the key are written before sbatch is asked: what a killed submission leaves
names an array that Slurm does not know, and is taken back at the next look.
"""

import os
import secrets
import shutil
import time
from collections.abc import Generator, Sequence
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Final

from secure_storage import BadInput, DamagedFile, DiskFull, FokusError, SlurmSettings, shred

from . import capsule, slurm
from .capsule import Failure, WorkerAlive
from .hand_over import Handed

_ASK_EVERY: Final = 20.0
"""Seconds between two questions to Slurm."""
_LOOK_AGAIN: Final = 1.0
"""Seconds after which a task looks again for a capsule that somebody held."""
_FRUITLESS: Final = 3
"""Turns in a row in which a task may get nowhere: its GPU lost, or its node wanted at once."""
_NOWHERE: Final = (
    "On the cluster this got nowhere, {0} turns in a row: the time limit may be too short for it, "
    "or its node fails. Have «time» raised in [slurm] of fokus.toml, then resume it."
)
_asked: Final[dict[Path, float]] = {}
_silent: Final[set[Path]] = set()


def want(path: Path) -> None:
    """Note that a capsule is to be worked on in an array, whenever it is."""
    capsule.replace(path / "array", b"")


def want_no_more(path: Path) -> None:
    """Leave a capsule to a worker of this machine."""
    (path / "array").unlink(missing_ok=True)


def wanted(path: Path) -> bool:
    """A capsule is to be worked on in an array, not by a worker of this machine."""
    return (path / "array").exists()


def submit(jobs: Path, work: Sequence[tuple[Path, bytes]], settings: SlurmSettings) -> None:
    """Hand capsules (path and key) over to one array; all of them or, raising, none.

    Raises SlurmTrouble, or WorkerAlive where somebody works on one of them.
    """
    name = assign(work, settings)
    ask_for(name, jobs, [path for path, _ in work], settings)


def assign(work: Sequence[tuple[Path, bytes]], settings: SlurmSettings) -> str:
    """Note in capsules which array is to have them, which is still to be asked for.

    Gives its name. Raises WorkerAlive where somebody works on one of them.
    """
    name = secrets.token_hex(8)
    tasks = -(-len(work) // settings.recordings)
    with ExitStack() as stack:
        for path, _ in work:
            stack.enter_context(capsule.lock(path))
        try:
            for index, (path, key) in enumerate(work):
                capsule.clear_for_another_try(path)
                capsule.note_elsewhere(path, f"{name} {index % tasks}")
                capsule.replace(path / "array-key", key)
        except BaseException:
            for path, _ in work:
                take_back(path)
            raise
    return name


def ask_for(name: str, jobs: Path, paths: Sequence[Path], settings: SlurmSettings) -> None:
    """Ask Slurm for the array that was noted; where it raises, nothing is noted any more."""
    try:
        slurm.submit(name, -(-len(paths) // settings.recordings), jobs, settings)
    except BaseException:
        for path in paths:
            if (capsule.elsewhere(path) or "").split()[:1] == [name]:
                take_back(path)
        raise
    _asked[jobs] = time.monotonic()


def take_back(path: Path) -> None:
    """End a capsule's part in its array."""
    _forget_key(path)
    (path / "elsewhere").unlink(missing_ok=True)


def remove(path: Path) -> None:
    """Remove a capsule; the key that an array was given is overwritten first."""
    _forget_key(path)
    shutil.rmtree(path, ignore_errors=True)


def _forget_key(path: Path) -> None:
    for name in ("array-key", ".array-key"):  # the other: of somebody killed while writing it
        with suppress(BadInput, OSError):
            shred(path / name)
        (path / name).unlink(missing_ok=True)


def cancel(jobs: Path, path: Path) -> str:
    """Have the work on a capsule stopped; gives the array that has nothing left to do, or ""."""
    mark, waiting = capsule.elsewhere(path), False
    with suppress(DamagedFile):
        waiting = capsule.progress(path).state == "queued"
    capsule.cancel(path)
    _forget_key(path)
    if mark is None:
        return ""
    if waiting:  # else its task takes it back
        take_back(path)
    name = mark.split()[0]
    others = (one != path and other.split()[0] == name for one, other in _handed(jobs))
    return "" if any(others) else name


def drop(name: str) -> None:
    """Take an array with nothing left to do out of Slurm, if Slurm answers."""
    with suppress(slurm.SlurmTrouble):  # its tasks find nothing to do
        slurm.cancel(name)


def tend(jobs: Path) -> None:
    """Take back what was handed to arrays that are gone; cheap to repeat."""
    asked = _asked.get(jobs)
    if asked is not None and time.monotonic() - asked < _ASK_EVERY:
        return
    if not (handed := _handed(jobs)):
        return
    try:
        known = slurm.names()
        _silent.discard(jobs)
    except slurm.SlurmTrouble:
        _silent.add(jobs)
        return
    finally:
        _asked[jobs] = time.monotonic()
    for path, mark in handed:
        if mark.split()[0] not in known and capsule.elsewhere(path) == mark:
            take_back(path)


def silent(jobs: Path) -> bool:
    """Slurm gave no answer when it was asked last; what it runs may go on all the same."""
    return jobs in _silent


def array_command(jobs: Path, name: str) -> int:
    """Work on the capsules of one task, as Slurm runs it; says nothing whatever happens."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    from .work import Ended, asked_to_stop, work_through

    mark = f"{name} {os.environ['SLURM_ARRAY_TASK_ID']}"
    mine, ended = _marked(jobs, mark), Ended.SETTLED
    before = _kept(mine)
    # One that somebody holds is come back to: a node that was given up may be at work still.
    while ended == Ended.SETTLED and _marked(jobs, mark):
        with closing(_free(jobs, mark)) as free:
            ended = Ended.STOPPED if asked_to_stop() else work_through(free)
        full = any((path / "full").exists() for path in _marked(jobs, mark))
        if ended == Ended.FULL and not full:
            ended = Ended.SETTLED  # the capsule was removed meanwhile; that is no full disk
        time.sleep(_LOOK_AGAIN if ended == Ended.SETTLED and _marked(jobs, mark) else 0)
    left = _marked(jobs, mark)
    if ended in (Ended.STOPPED, Ended.GPU_LOST) and left:
        lost = 1 if ended == Ended.GPU_LOST else 0  # settled, but that is no getting on
        fruitful = len(mine) - len(left) > lost or bool(_kept(mine) - before)
        if _may_go_on(left, fruitful):
            slurm.requeue()
            return int(ended)
        _say_nowhere(left, mark)
    for path in left:
        take_back(path)
    return int(ended)


def _kept(paths: Sequence[Path]) -> frozenset[Path]:
    return frozenset(one for path in paths for one in path.glob("kept-*"))


def _may_go_on(paths: Sequence[Path], fruitful: bool) -> bool:
    """Count in the capsules that are left how often in a row nothing came of a turn."""
    count = 0
    if not fruitful:
        count = 1 + max(_count(path) for path in paths)
    with suppress(DiskFull):
        for path in paths:
            capsule.replace(path / "fruitless", str(count).encode())
        return count < _FRUITLESS
    return False


def _count(path: Path) -> int:
    with suppress(OSError, ValueError):
        return int((path / "fruitless").read_bytes())
    return 0


def _say_nowhere(paths: Sequence[Path], mark: str) -> None:
    for path in paths:
        with suppress(FokusError), capsule.lock(path):
            key = _read_key(path)
            if key is not None and capsule.elsewhere(path) == mark:
                said = Failure(_NOWHERE.format(_FRUITLESS), again=True)
                capsule.put_result(path, said, key)
                capsule.write_progress(path, "failed")


def _free(jobs: Path, mark: str) -> Generator[Handed, None, None]:
    """Give a task those of its capsules that nobody holds, and take back what has ended."""
    for path in _marked(jobs, mark):
        try:
            held = capsule.lock(path)
        except WorkerAlive:
            continue
        except DamagedFile:  # removed meanwhile
            take_back(path)
            continue
        key, settled = _read_key(path), False
        try:
            if key is not None and capsule.elsewhere(path) == mark:
                yield Handed(path, key, held)
            settled = True
        finally:  # also where the one at work is the last that this process can take
            held.close()
            if capsule.elsewhere(path) == mark and (settled or _has_ended(path)):
                take_back(path)


def _has_ended(path: Path) -> bool:
    with suppress(DamagedFile):
        return capsule.progress(path).state not in ("queued", "running")
    return True


def _marked(jobs: Path, mark: str) -> list[Path]:
    return [path for path, one in _handed(jobs) if one == mark]


def _handed(jobs: Path) -> list[tuple[Path, str]]:
    """All capsules that are in an array, with its name and task."""
    paths = sorted(path for path in jobs.iterdir() if not path.name.startswith("."))
    return [(path, mark) for path in paths if (mark := capsule.elsewhere(path))]


def _read_key(path: Path) -> bytes | None:
    with suppress(FileNotFoundError):
        return (path / "array-key").read_bytes()
    return None
