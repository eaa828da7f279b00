"""A transcription job as a sealed folder: the only thing app and worker share.

    jobs/<random>/part-000 …   sealed sound, as it was added
                  options      sealed: options, and where the parts lie on the timeline
                  kept-<name>  sealed checkpoints
                  result       sealed: the transcription, or a message
                  progress.json  numbers and a state, nothing else
                  lock         held by the worker (flock) for as long as it lives
                  cancel       somebody wants it to stop
                  full         the worker could write no more (empty: that still fits)

The folder's key is made for the job and reaches the worker through a pipe; the worker
has neither the study's key nor its database. Every file has its own file id derived
from its name, so files cannot be swapped. Everything is written beside, synced and
renamed. The lock is taken before the worker is started and inherited by it, so at
every moment it can be told whether a worker lives, however it ended.
"""

import contextlib
import fcntl
import hashlib
import io
import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Literal

from secure_storage import DamagedFile, DiskFull, FokusError, SealedReader, seal

from .formats.data import read_json, write_json
from .options import TranscribeOptions
from .transcript import Transcription

State = Literal["queued", "running", "done", "failed", "cancelled"]
_STATES: Final[tuple[State, ...]] = ("queued", "running", "done", "failed", "cancelled")
_FINAL: Final = ("done", "failed", "cancelled")
Part = tuple[Iterable[bytes], float]
"""Sound as it was added, and where it begins on the recording's timeline (seconds)."""


@dataclass(frozen=True, slots=True)
class JobProgress:
    """How far a job is; all a watcher without the key can know."""

    state: State
    step: int
    done: int
    total: int
    alive: bool
    """A worker holds the capsule."""
    full: bool = False
    """The worker stopped because the disk was full."""


@dataclass(frozen=True, slots=True)
class Failure:
    """The job ended with a message for the user."""

    message: str


class WorkerAlive(FokusError):
    """The capsule already has a worker."""


def create(jobs_dir: Path, parts: Sequence[Part], options: TranscribeOptions, key: bytes) -> Path:
    """Make a capsule; it appears under its name only when it is complete."""
    jobs_dir.mkdir(parents=True, exist_ok=True)
    name = secrets.token_hex(16)
    making = jobs_dir / f".{name}"
    making.mkdir(mode=0o700)
    try:
        for index, (chunks, _) in enumerate(parts):
            _put(making, f"part-{index:03d}", chunks, key)
        values = {"options": options.to_json(), "offsets": [offset for _, offset in parts]}
        _put(making, "options", [json.dumps(values).encode()], key)
        write_progress(making, "queued", 0, 0, 0)
        (making / "lock").touch(mode=0o600)
        making.rename(jobs_dir / name)
        _sync_folder(jobs_dir)
    except BaseException:
        _remove(making)
        raise
    return jobs_dir / name


def spawn(path: Path, key: bytes) -> subprocess.Popen[bytes]:
    """Start a worker that outlives this process; its key goes through a pipe."""
    with lock(path) as held:
        _clear_for_another_try(path)
        worker = subprocess.Popen(
            [sys.executable, "-P", "-m", "transcribe", "work", str(path.resolve()), "--lock-fd",
             str(held.fileno())],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True, pass_fds=[held.fileno()], cwd="/",
        )  # fmt: skip
    assert worker.stdin is not None
    with contextlib.suppress(BrokenPipeError), worker.stdin:
        worker.stdin.write(key)
    return worker


def _clear_for_another_try(path: Path) -> None:
    """Forget a cancellation or a failure; finished batches stay."""
    if progress(path).state == "failed":
        (path / "result").unlink(missing_ok=True)
    for name in ("cancel", "full"):
        (path / name).unlink(missing_ok=True)
    write_progress(path, "queued", 0, 0, 0)


def progress(path: Path) -> JobProgress:
    """Say how far the job is and whether its worker lives."""
    alive = _alive(path)  # before the file: a worker that ends between the two is done, not dead
    try:
        values = json.loads((path / "progress.json").read_bytes())
        state = _STATES[int(values["state"])]
        step, done, total = (int(values[name]) for name in ("step", "done", "total"))
    except (OSError, ValueError, KeyError, IndexError) as error:
        raise DamagedFile("This job's folder is damaged. Start the transcription anew.") from error
    if state not in _FINAL and not alive and (path / "cancel").exists():
        state = "cancelled"
    return JobProgress(state, step, done, total, alive, (path / "full").exists())


def cancel(path: Path) -> None:
    """Ask the worker to stop, and stop it; what was finished stays for a resumption."""
    (path / "cancel").touch()
    if not _alive(path):
        return
    with contextlib.suppress(OSError, ValueError, KeyError):
        process = int(json.loads((path / "progress.json").read_bytes())["process"])
        # Only while the lock is held does the number belong to our worker.
        if process > 0 and _alive(path):
            os.kill(process, signal.SIGTERM)


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
        return Failure(values["message"])
    return read_json(values["transcription"])


def put_result(path: Path, outcome: Transcription | Failure, key: bytes) -> None:
    """Seal the result; the same transcription gives the same content."""
    if isinstance(outcome, Failure):
        values = {"message": outcome.message}
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
        raise DamagedFile("This job's folder is damaged. Start the transcription anew.")
    values = json.loads(data)
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


def write_progress(path: Path, state: State, step: int, done: int, total: int) -> None:
    """Tell watchers how far the job is, in numbers."""
    values = {
        "state": _STATES.index(state), "step": step, "done": done, "total": total,
        "process": os.getpid() if state == "running" else 0,
    }  # fmt: skip
    _replace(path / "progress.json", [json.dumps(values).encode()])


def lock(path: Path) -> BinaryIO:
    """Hold the capsule for as long as the returned file is open."""
    held = (path / "lock").open("rb")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        held.close()
        raise WorkerAlive("This job is already running.") from None
    return held


def _alive(path: Path) -> bool:
    try:
        with (path / "lock").open("rb") as held:
            fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


def _file_id(name: str) -> bytes:
    return hashlib.sha256(b"fokus capsule " + name.encode()).digest()[:16]


def _put(path: Path, name: str, chunks: Iterable[bytes], key: bytes) -> None:
    made = path / f".{name}"
    with _written(made) as target:
        seal(chunks, target, key, _file_id(name))
    made.rename(path / name)
    _sync_folder(path)


def _replace(path: Path, chunks: Iterable[bytes]) -> None:
    made = path.with_name(f".{path.name}")
    with _written(made) as target:
        target.writelines(chunks)
    made.rename(path)


@contextmanager
def _written(path: Path) -> Iterator[BinaryIO]:
    try:
        with path.open("wb") as target:
            yield target
            target.flush()
            os.fsync(target.fileno())
    except OSError as error:
        path.unlink(missing_ok=True)
        raise DiskFull(
            "The job could not be written to the disk, which may be full. Free some space and "
            "start it again."
        ) from error
    except BaseException:
        path.unlink(missing_ok=True)
        raise


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
