"""Putting models into the models folder: one at a time, whole or not at all.

What comes in is made in a folder beside its place and renamed when it is complete and
checked, so a crash or a full disk leaves the old model or none. The lock is the kernel's
and goes with the process.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from secure_storage import NO_ROOM, BadInput, DiskFull

from .installed import models_folder
from .manifest import MANIFEST, manifest_of, sha256_of, sums_text, vouch_for
from .official import PYANNOTE

_LOCK: Final = ".lock"
_STAGING: Final = ".incoming-"
_REPLACED: Final = ".replaced"
"""The old pipeline, while the new one takes its place."""
_SPARE: Final = 64 << 20
"""Bytes to leave free on the disk."""


@contextmanager
def incoming() -> Iterator[Path]:
    """Give an empty folder on the disk of the models, for this process alone.

    Raises ``BadInput`` when another process is at it or the folder cannot be written, and
    ``DiskFull``. What is left in it goes away, now or, after a crash, the next time;
    a pipeline that was about to be replaced comes back then.
    """
    folder = models_folder()
    with disk_told(folder), _locked(folder):
        if not (folder / PYANNOTE).exists():
            with suppress(FileNotFoundError):
                (folder / _REPLACED).replace(folder / PYANNOTE)
        for left in (*folder.glob(f"{_STAGING}*"), folder / _REPLACED):
            shutil.rmtree(left, ignore_errors=True)
        made = Path(mkdtemp(prefix=_STAGING, dir=folder))
        try:
            yield made
        finally:
            shutil.rmtree(made, ignore_errors=True)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    fd = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BadInput(
                "Models are being brought in by another process. Wait until it is done."
            ) from None
        yield
    finally:
        os.close(fd)


@contextmanager
def disk_told(folder: Path) -> Iterator[None]:
    """Say in our words what a disk says while something is written to ``folder``."""
    try:
        yield
    except OSError as error:
        if error.errno in NO_ROOM:
            raise no_room(folder) from None
        raise BadInput(f"{folder} cannot be used: {error.strerror or 'the disk fails'}.") from None


def no_room(folder: Path) -> DiskFull:
    """Make the error of a full disk."""
    return DiskFull(
        f"There is no room on the disk of {folder}, so nothing was changed. Free some space "
        "there, or choose another disk (the environment variable FOKUS_MODELS names the folder "
        "of the models)."
    )


def need_room(folder: Path, size: int) -> None:
    """Raise ``DiskFull`` before anything is written that cannot fit."""
    if shutil.disk_usage(folder).free < size + _SPARE:
        raise no_room(folder)


def put_checkpoint(made: Path, name: str) -> Path:
    """Give a checkpoint that is complete its name, and write its sum into the manifest."""
    folder = models_folder()
    target = folder / f"{name}.pt"
    sums = manifest_of(folder) or {}
    sums[target.name] = sha256_of(made)
    _sync(made)
    made.replace(target)
    # The sum follows its file: a crash in between leaves a model that is refused, not believed.
    text = made.parent / MANIFEST
    text.write_bytes(sums_text(sums))
    _sync(text)
    text.replace(folder / MANIFEST)
    _sync(folder)
    return target


def put_pyannote(made: Path) -> Path:
    """Give a pipeline's folder that is complete its name, with its manifest inside."""
    target = models_folder() / PYANNOTE
    vouch_for(made)
    for path in (*made.rglob("*"), made):
        _sync(path)
    with suppress(FileNotFoundError):
        target.replace(target.with_name(_REPLACED))
    made.replace(target)
    _sync(target.parent)
    shutil.rmtree(target.with_name(_REPLACED), ignore_errors=True)
    return target


def _sync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
