"""Writing files so that a crash or a full disk leaves the old one or the new one.

A file is written under a temporary name in its own folder, synced, and renamed; then
the folder is synced. Everything is created for its owner alone.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from .errors import BadInput, FokusError, storage_told

MARK: Final = 6


def private_folder(path: Path) -> None:
    """Make a folder, and those above it that are missing, that only its owner can read."""
    with _folder_told(path), storage_told():
        # Not mkdir(parents=True): that leaves those above as the umask has them.
        for one in reversed([path, *path.parents]):
            try:
                one.mkdir(mode=0o700)
                one.chmod(0o700)
            except FileExistsError:
                if not one.is_dir():
                    raise
            except OSError:
                # Above us may be what only the superuser can write (a read-only root).
                if not one.is_dir():
                    raise


@contextmanager
def _folder_told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BadInput(
            f"The folder {path} cannot be made: {error.strerror or 'the system says no'}. "
            "Choose another place."
        ) from None


def tighten(home: Path) -> None:
    """Close the study's folder and what lies in it to others; refuse where that fails.

    Somebody may have opened it by accident (a copy, ``chmod -R``); a disk whose mount
    decides who may read (CIFS) must be mounted so that only we may.
    """
    within = list(home.iterdir())
    folders = [home, *(path for path in within if path.is_dir() and not path.is_symlink())]
    files = [path for path in within if path.is_file() and not path.is_symlink()]
    for path, mode in [(one, 0o700) for one in folders] + [(one, 0o600) for one in files]:
        if _loose(path):
            with suppress(OSError):
                path.chmod(mode)
            if _loose(path):
                raise FokusError(
                    f"Others on this machine can open {path.name} in the study folder, and Fokus "
                    "could not prevent it. Give the folder to the user who runs Fokus, or mount "
                    "the disk so that only that user can read it (dir_mode=0700, file_mode=0600)."
                )


def _loose(path: Path) -> bool:
    try:
        return stat.S_IMODE(path.lstat().st_mode) & 0o077 != 0
    except FileNotFoundError:
        return False


def sync_folder(path: Path) -> None:
    """Make a rename in the folder survive a power cut."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    except OSError as error:
        # Some network disks cannot sync a folder; they rename on the server at once.
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(fd)


def create_private(path: Path) -> BinaryIO:
    """Create a new file, readable by its owner alone; it must not exist."""
    with storage_told():
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        # Whatever the umask: one that hides files from their owner is no reason to fail.
        try:
            os.fchmod(fd, 0o600)
        except BaseException:
            os.close(fd)
            raise
    return os.fdopen(fd, "wb")


def put_in_place(written: BinaryIO, temporary: Path, path: Path) -> None:
    """Sync and close a temporary file and give it its name."""
    with storage_told():
        written.flush()
        os.fsync(written.fileno())
        # Not tried again when it fails: the kernel may have dropped what it could not write
        # and call the next try a success.
        written.close()
        temporary.replace(path)
        sync_folder(path.parent)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Write a file that takes its name only when complete; else it leaves no trace."""
    temporary = aside(path)
    target = create_private(temporary)
    try:
        with storage_told():
            yield target
        put_in_place(target, temporary, path)
    except BaseException:
        discard(target, temporary)
        raise


def sweep_aside(folder: Path) -> None:
    """Remove temporary files that a crash left in a folder."""
    for path in folder.glob(".*.part"):
        path.unlink()


def aside(path: Path) -> Path:
    """Give a temporary name beside a path: its own, ``MARK`` random bytes in hex, ``.part``."""
    return path.with_name(f".{path.name}.{os.urandom(MARK).hex()}.part")


def discard(target: BinaryIO, temporary: Path) -> None:
    """Close and remove a temporary file, on a full disk too."""
    with suppress(OSError):
        # Closing flushes first; on a full disk that fails, and closes all the same.
        target.close()
    temporary.unlink(missing_ok=True)
