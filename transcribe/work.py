"""The worker: takes capsules from sealed sound to sealed result, and says nothing.

Run as ``python -m transcribe work``; capsules and their keys come over its standard input
(``hand_over``). It has no other secret, prints nothing, and leaves no plaintext behind:
sound and text exist in its memory only, which is never dumped. The recogniser is loaded
once for recordings in a row.

SIGTERM asks it to stop: it ends after the next checkpoint, and what it has not done can be
taken up again. Who cannot wait for that may kill it: that costs what was not yet kept, at
most one batch of windows and one step of diarization.
"""

import resource
import signal
import socket
import threading
import time
from collections.abc import Iterable
from enum import IntEnum
from pathlib import Path
from typing import Final

from secure_storage import BadInput, DiskFull, FokusError

from . import capsule
from .capsule import Failure
from .hand_over import Handed, Line
from .loaded import Loaded
from .pace import Pace
from .recognise import memory_ended
from .transcript import Transcription

_TELL_EVERY: Final = 0.5
"""Seconds between two writings of the progress within a step."""
_FAULT: Final = (
    "The transcription stopped because of a fault in Fokus ({0}). Start it again; it goes on "
    "where it stopped. If it stops again, report the fault."
)
_NO_MEMORY: Final = (
    "There is not enough memory for this transcription. Close other programs, or choose a "
    "smaller model, and resume it; what is finished is kept."
)
_GPU_LOST: Final = (
    "The graphics card stopped answering. Resume the transcription; what is finished is kept. "
    "If it happens again, the machine may need a restart: fokus doctor tells whether the card "
    "is there."
)
_LOST: Final = ("CUDA error", "CUDA failed", "cuBLAS failed", "CUDNN_")
_stop: Final = threading.Event()
"""Somebody asked this process to end."""


class Ended(IntEnum):
    """How the work on a capsule came to an end; also the worker's exit status."""

    SETTLED = 0
    """Done, failed or cancelled: nothing is left to do."""
    FULL = 1
    """The disk is full. The capsule can be taken up again."""
    STOPPED = 3
    """The process was asked to stop. The capsule can be taken up again."""
    GPU_LOST = 4
    """Failed with words; this process can use the GPU no more, a new one may."""


class Cancelled(BaseException):
    """Somebody asked for this job to be stopped; no ``except Exception`` may hold it up."""


class Stopped(BaseException):
    """Somebody asked this process to end."""


class _Sealed:
    """Checkpoints inside the capsule."""

    def __init__(self, path: Path, key: bytes) -> None:
        self._path, self._key = path, key

    def get(self, name: str) -> bytes | None:
        return capsule.get(self._path, f"kept-{name}", self._key)

    def put(self, name: str, data: bytes) -> None:
        capsule.put(self._path, f"kept-{name}", data, self._key)
        if _stop.is_set():
            raise Stopped


class _Teller:
    """Writes progress into the capsule, and hears there that it is to be cancelled.

    Two threads may tell it of two steps.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pace = Pace()
        self._one = threading.Lock()
        self._told = 0.0
        self._begun: set[int] = set()

    def __call__(self, step: int, done: int, total: int) -> None:
        if capsule.cancel_asked(self._path):
            raise Cancelled
        with self._one:
            self._pace.tell(step, done, total)
            now = time.monotonic()
            if step in self._begun and done < total and now - self._told < _TELL_EVERY:
                return
            self._begun.add(step)
            self._told = now
            capsule.write_progress(self._path, "running", self._pace.steps, self._pace.left())


def work_command() -> int:
    """Work on the capsules that are handed over, until none waits."""
    with socket.socket(fileno=0) as stream:
        return work_through(Line(stream))


def asked_to_stop() -> bool:
    """Somebody asked this process to end (SIGTERM)."""
    return _stop.is_set()


def work_through(handed: Iterable[Handed]) -> Ended:
    """Work on capsules one after the other, the recogniser loaded once.

    Each lock is closed when its capsule has come to an end. Ends early, leaving the rest,
    when the process is asked to stop (SIGTERM), the disk is full or the GPU is lost. To be
    called in the main thread, which takes the signal.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGTERM, lambda *_: _stop.set())
    loaded = Loaded()
    for one in handed:
        with one.held:
            ended = Ended.STOPPED if _stop.is_set() else work(one.path, one.key, loaded)
        if ended != Ended.SETTLED:
            return ended
        # Whoever cancelled it may be about to kill this process for it.
        if capsule.cancel_asked(one.path) and capsule.elsewhere(one.path) is None:
            break
    return Ended.SETTLED


def work(path: Path, key: bytes, loaded: Loaded | None = None) -> Ended:
    """Bring the capsule to an end state (done, failed or cancelled), or say why not.

    ``loaded`` keeps the recogniser from one call to the next. The caller holds the lock.
    """
    try:
        return _bring(path, key, loaded or Loaded())
    except DiskFull:
        if not path.exists():  # discarded, or its recording was withdrawn
            return Ended.SETTLED
        capsule.note_full(path)  # nothing else can be written
        return Ended.FULL


def _bring(path: Path, key: bytes, loaded: Loaded) -> Ended:
    try:
        if (outcome := capsule.result(path, key)) is None:
            outcome = _transcribe(path, key, loaded)
            capsule.put_result(path, outcome, key)
        failed = isinstance(outcome, Failure)
        capsule.write_progress(path, "failed" if failed else "done")
    except Cancelled:
        capsule.write_progress(path, "cancelled")
    except Stopped:
        capsule.write_progress(path, "queued")
        return Ended.STOPPED
    except DiskFull:
        raise
    except FokusError as error:
        _fail(path, key, str(error), again=not isinstance(error, BadInput))
        return Ended.GPU_LOST if _gpu_lost(error.__cause__) else Ended.SETTLED
    except Exception as error:
        lost = _gpu_lost(error)
        said = _NO_MEMORY if memory_ended(error) else _FAULT.format(type(error).__name__)
        _fail(path, key, _GPU_LOST if lost else said)  # its own text might quote the recording
        return Ended.GPU_LOST if lost else Ended.SETTLED
    return Ended.SETTLED


def _transcribe(path: Path, key: bytes, loaded: Loaded) -> Transcription:
    from .audio import decode, join
    from .pipeline import DECODE, transcribe_audio

    tell = _Teller(path)
    options, offsets = capsule.read_options(path, key)
    sounds = []
    for index, offset in enumerate(offsets):
        tell(DECODE, index, len(offsets))
        with capsule.open_part(path, index, key) as stream:
            sounds.append((decode(stream), offset))
        if _stop.is_set():
            raise Stopped
    tell(DECODE, len(offsets), len(offsets))
    sound = join(sounds)
    del sounds
    return transcribe_audio(
        sound.samples, options, tell, notices=sound.notices, checkpoints=_Sealed(path, key),
        loaded=loaded,
    )  # fmt: skip


def _fail(path: Path, key: bytes, message: str, again: bool = True) -> None:
    capsule.put_result(path, Failure(message, again), key)
    capsule.write_progress(path, "failed")


def _gpu_lost(error: BaseException | None) -> bool:
    """Tell whether the process has lost the GPU: every later call on it would fail too.

    torch raises AcceleratorError, older versions and CTranslate2 a RuntimeError that names
    CUDA. Running out of the GPU's memory is neither: the device lives on.
    """
    if memory_ended(error):
        return False
    return type(error).__name__ == "AcceleratorError" or (
        isinstance(error, RuntimeError) and any(word in str(error) for word in _LOST)
    )
