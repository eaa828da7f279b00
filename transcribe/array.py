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
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

from secure_storage import DamagedFile, SlurmSettings

from . import capsule, slurm
from .capsule import WorkerAlive
from .hand_over import Handed

_ASK_EVERY: Final = 20.0
"""Seconds between two questions to Slurm."""
_LOOK_AGAIN: Final = 1.0
"""Seconds after which a task looks again for a capsule that somebody held."""
_LOST_GPUS: Final = 3
"""How often a task may be started anew because its GPU was lost."""
_asked: Final[dict[Path, float]] = {}
_silent: Final[set[Path]] = set()


def want(path: Path) -> None:
    """Note that a capsule is to be worked on in an array, whenever it is."""
    (path / "array").touch(mode=0o600)


def wanted(path: Path) -> bool:
    """A capsule is to be worked on in an array, not by a worker of this machine."""
    return (path / "array").exists()


def submit(jobs: Path, work: Sequence[tuple[Path, bytes]], settings: SlurmSettings) -> None:
    """Hand capsules (path and key) over to one array; all of them or, raising, none.

    Raises SlurmTrouble, or WorkerAlive where somebody works on one of them.
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
                write_private(path / "array-key", key)
            slurm.submit(name, tasks, jobs, settings)
        except BaseException:
            for path, _ in work:
                take_back(path)
            raise
    _asked[jobs] = time.monotonic()


def take_back(path: Path) -> None:
    """End a capsule's part in its array."""
    for name in ("array-key", "elsewhere"):
        (path / name).unlink(missing_ok=True)


def cancel(jobs: Path, path: Path) -> None:
    """Have the work on a capsule stopped; an array with nothing left to do goes."""
    mark, waiting = capsule.elsewhere(path), False
    with suppress(DamagedFile):
        waiting = capsule.progress(path).state == "queued"
    capsule.cancel(path)
    (path / "array-key").unlink(missing_ok=True)
    if mark is None:
        return
    if waiting:  # else its task takes it back
        take_back(path)
    name = mark.split()[0]
    if not any(one != path and other.split()[0] == name for one, other in _handed(jobs)):
        with suppress(slurm.SlurmTrouble):  # its tasks find nothing to do
            slurm.cancel(name)


def tend(jobs: Path) -> None:
    """Take back what was handed to arrays that are gone; cheap to repeat."""
    now = time.monotonic()
    if now - _asked.get(jobs, -_ASK_EVERY) < _ASK_EVERY or not (handed := _handed(jobs)):
        return
    _asked[jobs] = now
    try:
        known = slurm.names()
    except slurm.SlurmTrouble:
        _silent.add(jobs)
        return
    _silent.discard(jobs)
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
    ended = Ended.SETTLED
    # One that somebody holds is come back to: a node that was given up may be at work still.
    while ended == Ended.SETTLED and _marked(jobs, mark):
        ended = Ended.STOPPED if asked_to_stop() else work_through(_free(jobs, mark))
        if ended == Ended.FULL and not any((path / "full").exists() for path in jobs.iterdir()):
            ended = Ended.SETTLED  # the capsule was removed meanwhile; that is no full disk
        time.sleep(_LOOK_AGAIN if ended == Ended.SETTLED and _marked(jobs, mark) else 0)
    restarts = int(os.environ.get("SLURM_RESTART_COUNT", "0"))
    if ended == Ended.STOPPED or (ended == Ended.GPU_LOST and restarts < _LOST_GPUS):
        slurm.requeue()
    elif ended != Ended.SETTLED:
        for path in _marked(jobs, mark):
            take_back(path)
    return int(ended)


def _free(jobs: Path, mark: str) -> Iterator[Handed]:
    """Give a task those of its capsules that nobody holds, and take back what has ended."""
    for path in _marked(jobs, mark):
        try:
            held = capsule.lock(path)
        except WorkerAlive:
            continue
        except FileNotFoundError:  # removed meanwhile
            take_back(path)
            continue
        key = _read_key(path)
        if capsule.elsewhere(path) == mark:  # else it was taken back meanwhile
            if key is not None:
                yield Handed(path, key, held)
            take_back(path)
        held.close()


def _marked(jobs: Path, mark: str) -> list[Path]:
    return [path for path, one in _handed(jobs) if one == mark]


def _handed(jobs: Path) -> list[tuple[Path, str]]:
    """All capsules that are in an array, with its name and task."""
    paths = sorted(path for path in jobs.iterdir() if not path.name.startswith("."))
    return [(path, mark) for path in paths if (mark := capsule.elsewhere(path))]


def write_private(path: Path, data: bytes) -> None:
    """Write a file for its owner's eyes only, beside and renamed."""
    made = path.with_name(f".{path.name}")
    made.unlink(missing_ok=True)
    made.touch(mode=0o600)
    with made.open("wb") as target:
        target.write(data)
        target.flush()
        os.fsync(target.fileno())
    made.rename(path)


def _read_key(path: Path) -> bytes | None:
    with suppress(FileNotFoundError):
        return (path / "array-key").read_bytes()
    return None
