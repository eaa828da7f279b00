"""Writing files so that a crash or a full disk leaves the old one or the new one.

A file is written under a temporary name in its own folder, synced, and renamed; then
the folder is synced. Everything is created for its owner alone.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from .errors import full_disk_told


def private_folder(path: Path) -> None:
    """Make a folder, and those above it, that only its owner can read."""
    with full_disk_told():
        path.mkdir(mode=0o700, parents=True, exist_ok=True)


def sync_folder(path: Path) -> None:
    """Make a rename in the folder survive a power cut."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def create_private(path: Path) -> BinaryIO:
    """Create a new file, readable by its owner alone; it must not exist."""
    with full_disk_told():
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    return os.fdopen(fd, "wb")


def put_in_place(written: BinaryIO, temporary: Path, path: Path) -> None:
    """Sync and close a temporary file and give it its name."""
    with full_disk_told():
        written.flush()
        os.fsync(written.fileno())
        written.close()
        temporary.replace(path)
        sync_folder(path.parent)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Write a file that takes its name only when complete; else it leaves no trace."""
    temporary = _aside(path)
    target = create_private(temporary)
    try:
        with full_disk_told():
            yield target
        put_in_place(target, temporary, path)
    except BaseException:
        discard(target, temporary)
        raise


def write_aside(path: Path, data: bytes) -> Path:
    """Write and sync what will be ``path`` under a temporary name; gives that name."""
    temporary = _aside(path)
    target = create_private(temporary)
    try:
        with full_disk_told():
            target.write(data)
            target.flush()
            os.fsync(target.fileno())
            target.close()
    except BaseException:
        discard(target, temporary)
        raise
    return temporary


def sweep_aside(folder: Path) -> None:
    """Remove temporary files that a crash left in a folder."""
    for path in folder.glob(".*.part"):
        path.unlink()


def _aside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.urandom(6).hex()}.part")


def discard(target: BinaryIO, temporary: Path) -> None:
    """Close and remove a temporary file, on a full disk too."""
    with suppress(OSError):
        # Closing flushes first; on a full disk that fails, and closes all the same.
        target.close()
    temporary.unlink(missing_ok=True)


def filesystem(path: Path) -> str:
    """Name the kind of file system a path lies on, empty when it cannot be told."""
    best, kind = "", ""
    wanted = str(path.resolve())
    try:
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8")
    except OSError:
        return ""
    for line in mounts.splitlines():
        place, _, rest = line.partition(" - ")
        point = place.split()[4].replace("\\040", " ")
        inside = wanted == point or wanted.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, rest.split()[0]
    return kind
