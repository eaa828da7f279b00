"""The worker: takes a capsule from sealed sound to sealed result, and says nothing.

Run as ``python -m transcribe work CAPSULE`` with the capsule's key on its standard
input. It has no other secret, prints nothing, and leaves no plaintext behind: sound and
text exist in its memory only, which is never dumped.
"""

import os
import resource
import sys
from pathlib import Path
from typing import Final

from secure_storage import DiskFull, FokusError

from . import capsule
from .capsule import Failure
from .transcript import Transcription

_KEY_SIZE: Final = 32
_FAULT: Final = (
    "The transcription stopped because of a fault in Fokus ({0}). Start it again; it goes on "
    "where it stopped. If it stops again, report the fault."
)


class Cancelled(Exception):  # noqa: N818 (not an error)
    """Somebody asked the worker to stop."""


class _Sealed:
    """Checkpoints inside the capsule."""

    def __init__(self, path: Path, key: bytes) -> None:
        self._path, self._key = path, key

    def get(self, name: str) -> bytes | None:
        return capsule.get(self._path, f"kept-{name}", self._key)

    def put(self, name: str, data: bytes) -> None:
        capsule.put(self._path, f"kept-{name}", data, self._key)


def work_command(path: Path, lock_fd: int | None) -> int:
    """Work on a capsule whose key comes on standard input; the exit status tells nothing."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    key = sys.stdin.buffer.read(_KEY_SIZE)
    if len(key) != _KEY_SIZE:
        return 2
    held = os.fdopen(lock_fd, "rb") if lock_fd is not None else capsule.lock(path)
    with held:
        return work(path, key)


def work(path: Path, key: bytes) -> int:
    """Bring the capsule to an end state: done, failed or cancelled."""
    try:
        if (outcome := capsule.result(path, key)) is None:
            outcome = _transcribe(path, key)
            capsule.put_result(path, outcome, key)
        failed = isinstance(outcome, Failure)
        capsule.write_progress(path, "failed" if failed else "done", 0, 0, 0)
    except Cancelled:
        capsule.write_progress(path, "cancelled", 0, 0, 0)
    except DiskFull:
        capsule.note_full(path)  # nothing else can be written
        return 1
    except FokusError as error:
        _fail(path, key, str(error))
    except Exception as error:
        _fail(path, key, _FAULT.format(type(error).__name__))  # its text might quote the recording
    return 0


def _transcribe(path: Path, key: bytes) -> Transcription:
    from .audio import decode, join
    from .pipeline import DECODE, transcribe_audio

    def progress(step: int, done: int, total: int) -> None:
        if capsule.cancel_asked(path):
            raise Cancelled
        capsule.write_progress(path, "running", step, done, total)

    options, offsets = capsule.read_options(path, key)
    progress(DECODE, 0, len(offsets))
    sounds = []
    for index, offset in enumerate(offsets):
        with capsule.open_part(path, index, key) as stream:
            sounds.append((decode(stream), offset))
        progress(DECODE, index + 1, len(offsets))
    sound = join(sounds)
    del sounds
    return transcribe_audio(
        sound.samples, options, progress, notices=sound.notices, checkpoints=_Sealed(path, key)
    )


def _fail(path: Path, key: bytes, message: str) -> None:
    try:
        capsule.put_result(path, Failure(message), key)
        capsule.write_progress(path, "failed", 0, 0, 0)
    except FokusError:
        capsule.note_full(path)  # the disk itself is the failure
