"""One process per study: an advisory lock on ``server.lock`` in the home folder.

The kernel drops the lock when the process ends, however it ends, so there is nothing
stale to clean up; the number in the file only tells people who holds it. Network disks
keep such locks among machines too (NFS since Linux 2.6.12, flock(2)); on one that cannot
lock at all, the database's own exclusive lock has to do.
"""

import errno
import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from .errors import StudyBusy, StudyMissing, storage_told
from .file_systems import network_disk

_guard = threading.Lock()
_held: Final[dict[Path, tuple[int, int]]] = {}
"""Of each home this process holds: the locked descriptor, and how often it was asked."""


def take(home: Path) -> None:
    """Lock the home for this process; counts, so that it may be asked again."""
    home = home.resolve()
    if not home.is_dir():
        raise StudyMissing(f"There is no study in {home}. Create one with: fokus study create")
    with _guard, storage_told():
        fd, count = _held.get(home) or (_lock(home / "server.lock"), 0)
        _held[home] = (fd, count + 1)


def give_back(home: Path) -> None:
    """Undo one ``take``; the last one unlocks."""
    home = home.resolve()
    with _guard:
        fd, count = _held.pop(home)
        if count > 1:
            _held[home] = (fd, count - 1)
        else:
            os.close(fd)


@contextmanager
def held(home: Path) -> Iterator[None]:
    """Hold the study against other processes for a block; ``StudyBusy`` if one has it."""
    take(home)
    try:
        yield
    finally:
        give_back(home)


def _lock(path: Path) -> int:
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _flock(fd, path)
        os.ftruncate(fd, 0)
        os.pwrite(fd, str(os.getpid()).encode(), 0)
    except BlockingIOError:
        said = os.read(fd, 32)
        os.close(fd)
        raise StudyBusy(int(said) if said.isdigit() else None) from None
    except BaseException:
        os.close(fd)
        raise
    return fd


def _flock(fd: int, path: Path) -> None:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        without = error.errno in {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}
        if not (without and network_disk(path)):
            raise
