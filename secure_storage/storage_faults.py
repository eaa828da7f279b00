"""What SQLite says about a disk, told apart: full, or away; and a database that is damaged.

SQLite has one answer, "disk I/O error", for a broken disk, a lost network, a login
ticket that ran out and a quota that is used up; the disk itself, asked by writing
beside the database, knows which it is.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from .disk import create_private
from .errors import (
    AWAY_MESSAGE,
    NO_ROOM_MESSAGE,
    DamagedFile,
    DiskFull,
    FokusError,
    StorageAway,
    StudyBusy,
    storage_fault,
)

BUSY: Final = 5
READONLY: Final = 8
IOERR: Final = 10
FULL: Final = 13
CANTOPEN: Final = 14
PROTOCOL: Final = 15
MALFORMED: Final = frozenset({11, 26})
"""Primary result codes (sqlite.org/rescode.html); the low byte of an extended one."""
DAMAGED: Final = (
    "The study's database cannot be read: it is damaged, or its disk failed just now. Try once "
    "more. If this comes again, «fokus verify» says what is wrong, and «fokus backup restore» "
    "brings the newest good backup back."
)
ERROR: Final = 1
"""Says nothing: what failed within a function of SQLCipher is told in words alone."""
SAID: Final = {
    "database or disk is full": FULL,
    "disk I/O error": IOERR,
    "database disk image is malformed": 11,
}


def result_code(error: Exception) -> int:
    """Give the primary result code of an error of SQLite; 0 when it is none."""
    if isinstance(error, MemoryError):
        return IOERR
    code = getattr(error, "sqlite_errorcode", None)
    if code is not None and code != ERROR:
        return int(code) & 0xFF
    return next((code for words, code in SAID.items() if str(error).endswith(words)), 0)


def sqlite_fault(error: Exception, path: Path, *, writer: bool) -> FokusError | None:
    """Say in our words what SQLite met at the database ``path``; None if not the disk."""
    code = result_code(error)
    if code == FULL:
        return DiskFull(NO_ROOM_MESSAGE)
    if code == BUSY:
        return StudyBusy(None)
    if code in MALFORMED:
        return _asked(path) or DamagedFile(DAMAGED)
    if code in {IOERR, CANTOPEN, PROTOCOL} or (code == READONLY and writer):
        return _asked(path) or StorageAway(AWAY_MESSAGE)
    return None


def _asked(path: Path) -> FokusError | None:
    """Write beside the database, at least as far as it reaches."""
    beside = path.with_name(f".asked.{os.urandom(6).hex()}.part")
    try:
        sizes = [path.stat().st_size]
        with suppress(FileNotFoundError):
            sizes.append(path.with_name(path.name + "-wal").stat().st_size)
        with create_private(beside) as file:
            file.seek(max(sizes))
            file.write(bytes(1 << 16))
            file.flush()
            os.fsync(file.fileno())
    except FokusError as told:
        return told
    except OSError as error:
        return storage_fault(error)
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
    return None
