"""The one door through which a file from outside is opened."""

import io
import os
import stat
from pathlib import Path
from typing import BinaryIO

from typing_extensions import Buffer

from ..errors import BadInput


class _Capped(io.FileIO):
    """A file that stops being read once it proves larger than it said."""

    def __init__(self, fd: int, most: int) -> None:
        super().__init__(fd, "rb")
        self._most = most

    def readinto(self, buffer: Buffer, /) -> int | None:
        count = super().readinto(buffer)
        if self.tell() > self._most:
            raise BadInput("The file grew while it was read. Wait until it is complete.")
        return count

    def readall(self) -> bytes:
        parts = []
        while part := super().read(1 << 20):
            parts.append(part)
            if self.tell() > self._most:
                raise BadInput("The file grew while it was read. Wait until it is complete.")
        return b"".join(parts)


def open_foreign(path: Path, *, max_bytes: int) -> BinaryIO:
    """Open a file nobody vouches for: a regular file, no link, not empty, not too large."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        fd = os.open(path, flags)
    except FileNotFoundError:
        raise BadInput(f"The file {path.name} is not there (any more).") from None
    except PermissionError:
        raise BadInput(f"Fokus may not read the file {path.name}. Check its rights.") from None
    except OSError:
        # A symbolic link answers ELOOP; nothing else here is a file we could want.
        raise BadInput(f"{path.name} is not a plain file and was not opened.") from None
    try:
        state = os.fstat(fd)
        if not stat.S_ISREG(state.st_mode):
            raise BadInput(f"{path.name} is not a plain file and was not opened.")
        if state.st_size == 0:
            raise BadInput(f"The file {path.name} is empty.")
        if state.st_size > max_bytes:
            raise BadInput(
                f"The file {path.name} is too large ({state.st_size / 1e6:.0f} MB; "
                f"at most {max_bytes / 1e6:.0f} MB)."
            )
        return io.BufferedReader(_Capped(fd, max_bytes))
    except BaseException:
        os.close(fd)
        raise


def shred(path: Path) -> None:
    """Overwrite a plaintext file of the inbox, sync, and remove it.

    Honest limits: on an SSD, on a file system that copies on write or keeps snapshots,
    and in backups, the old blocks may survive an overwrite. Where that matters the disk
    itself has to be encrypted.
    """
    flags = os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        fd = os.open(path, flags)
    except FileNotFoundError:
        return
    try:
        state = os.fstat(fd)
        if state.st_nlink > 1:
            raise BadInput(
                f"The file {path.name} has another name elsewhere on the disk (a hard link), "
                "so it was not overwritten. Remove it yourself, under all its names."
            )
        left = state.st_size
        zeros = bytes(1 << 20)
        while left > 0:
            left -= os.write(fd, zeros[: min(left, len(zeros))])
        os.fsync(fd)
        os.ftruncate(fd, 0)
        os.fsync(fd)
    finally:
        os.close(fd)
    path.unlink(missing_ok=True)
