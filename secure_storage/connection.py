"""One connection to an encrypted database: guarded, set up, and honest about its disk.

The only module that knows SQLCipher. Connections tell faults of the disk in our words,
and remember them, for after a failed write or sync nothing about the file is certain.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Final, Self, cast

import sqlcipher3  # type: ignore[import-untyped]
import sqlcipher3.dbapi2  # type: ignore[import-untyped]

# sqlite-utils catches the exceptions of the module it finds as "pysqlite3" first; with
# the standard library's it would not know SQLCipher's and break on ``alter=True``.
sys.modules.setdefault("pysqlite3", sqlcipher3)
sys.modules.setdefault("pysqlite3.dbapi2", sqlcipher3.dbapi2)

import sqlite_utils  # noqa: E402

from .errors import AWAY_MESSAGE, DamagedFile, FokusError, StorageAway  # noqa: E402
from .storage_faults import FULL, MALFORMED, result_code, sqlite_fault  # noqa: E402

if sqlite_utils.db.sqlite3 is not sqlcipher3:  # type: ignore[attr-defined]
    raise ImportError("import secure_storage before sqlite_utils")

__all__ = [
    "LEAST_SQLITE", "NOT_OURS", "Connection", "Encrypted", "Fault", "Rows", "cipher_version",
    "connect", "copy_opened", "guard_encrypted", "keyed", "refuses_wrong_key", "sqlcipher3",
    "sqlite_utils", "sqlite_version",
]  # fmt: skip

LEAST_SQLITE: Final = (3, 51, 3)
"""Older ones have the WAL-reset fault, which can corrupt a database."""
FAULTS: Final = (sqlcipher3.Error, MemoryError)
"""A key that could not be read from a failing disk comes as want of memory."""
Fault: Final[type[Exception]] = sqlcipher3.DatabaseError
"""What SQLCipher raises where a database is damaged."""
Conflict: Final[type[Exception]] = sqlcipher3.IntegrityError
"""What it raises when rows would point to what is missing, or stand twice."""
PLAINTEXT: Final = b"SQLite format 3\0"
_PRAGMAS: Final = (
    "foreign_keys = ON", "busy_timeout = 10000", "secure_delete = ON", "trusted_schema = OFF",
    "cell_size_check = ON", "temp_store = MEMORY", "synchronous = FULL",
)  # fmt: skip


class Cursor(sqlcipher3.Cursor):  # type: ignore[misc]
    """Tells faults of the disk in our words."""

    def execute(self, *given: Any) -> Self:
        """Run one statement."""
        with self.connection.told():
            super().execute(*given)
        return self

    def executemany(self, *given: Any) -> Self:
        """Run one statement many times."""
        with self.connection.told():
            super().executemany(*given)
        return self

    def executescript(self, script: str) -> Self:
        """Run several statements."""
        with self.connection.told():
            super().executescript(script)
        return self

    def fetchone(self) -> Any:
        """Give the next row."""
        with self.connection.told():
            return super().fetchone()

    def fetchmany(self, *given: Any) -> list[Any]:
        """Give the next rows."""
        with self.connection.told():
            return list(super().fetchmany(*given))

    def fetchall(self) -> list[Any]:
        """Give the rows that are left."""
        with self.connection.told():
            return list(super().fetchall())

    def __next__(self) -> Any:
        """Give the next row."""
        # Not the block above: this is called for every row.
        try:
            return super().__next__()
        except FAULTS as error:
            self.connection.tell(error)
            raise


class Connection(sqlcipher3.Connection):  # type: ignore[misc]
    """Knows whether the disk failed it, after which nothing it says can be relied on."""

    path = Path()
    writer = True
    suspect = False
    copy = False
    """Of a copy or a trial that must leave no trace beside the file."""

    def cursor(self) -> Cursor:
        """Make a cursor that tells."""
        return cast(Cursor, super().cursor(Cursor))

    def tell(self, error: Exception) -> None:
        """Raise in our words what is the disk's fault; return on everything else."""
        if self.copy and result_code(error) in MALFORMED:
            return
        fault = sqlite_fault(error, self.path, writer=self.writer)
        # SQLCipher takes a first page that could not be read for a damaged one, for good; a
        # new connection tells which it is.
        if result_code(error) in MALFORMED or (fault and result_code(error) != FULL):
            self.suspect = True
        if fault is not None:
            raise fault from error

    @contextmanager
    def told(self) -> Iterator[None]:
        """Raise faults of the disk in our words."""
        try:
            yield
        except FAULTS as error:
            self.tell(error)
            raise


class Encrypted(sqlite_utils.Database):
    """A database on a connection of ours."""

    conn: Connection


class Rows:
    """What a statement gave, all of it, in the shape of a cursor."""

    def __init__(self, rows: list[Any], description: Any) -> None:
        """Keep the rows."""
        self.description = description
        self._rows = iter(rows)

    def __iter__(self) -> Iterator[Any]:
        """Give the rows."""
        return self._rows

    def __next__(self) -> Any:
        """Give the next row."""
        return next(self._rows)

    def fetchone(self) -> Any:
        """Give the next row."""
        return next(self._rows, None)

    def fetchmany(self, size: int = 1) -> list[Any]:
        """Give the next rows."""
        return list(islice(self._rows, size))

    def fetchall(self) -> list[Any]:
        """Give the rows that are left."""
        return list(self._rows)


def sqlite_version() -> tuple[int, ...]:
    """Give the version of SQLite inside SQLCipher."""
    return tuple(int(part) for part in sqlcipher3.sqlite_version.split("."))


def cipher_version() -> str:
    """Give the version of SQLCipher, empty when the library cannot encrypt."""
    connection = sqlcipher3.connect(":memory:")
    try:
        row = connection.execute("PRAGMA cipher_version").fetchone()
    finally:
        connection.close()
    return str(row[0]) if row else ""


def refuses_wrong_key(path: Path) -> bool:
    """Tell whether the file is closed to a key that is not its own."""
    # Immutable: no lock is taken, and no journal is played back with the wrong key.
    connection = keyed(path, os.urandom(32), "immutable=1")
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlcipher3.DatabaseError:
        return True
    finally:
        connection.close()
    return False


@contextmanager
def copy_opened(path: Path, key: bytes) -> Iterator[sqlite_utils.Database]:
    """Open a copy that nobody writes, for reading; its folder stays as it is."""
    guard_encrypted(path)
    # Immutable: no lock, no journal, no shared memory beside the file.
    connection = keyed(path, key, "immutable=1")
    try:
        connection.execute("PRAGMA query_only = ON")
        connection.execute("PRAGMA cell_size_check = ON")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        yield sqlite_utils.Database(connection)
    except sqlcipher3.DatabaseError as error:
        if "not a database" in str(error) or "malformed" in str(error):
            raise DamagedFile(NOT_OURS) from None
        raise
    finally:
        connection.close()


def keyed(path: Path, key: bytes, option: str = "mode=rw") -> Connection:
    """Open a file with a key, which is not tried yet."""
    # Never made by opening it: on a disk that is gone that would be an empty study.
    connection: Connection = sqlcipher3.connect(
        f"{path.absolute().as_uri()}?{option}", uri=True,
        isolation_level=None, check_same_thread=False, factory=Connection,
    )  # fmt: skip
    connection.path, connection.copy = path, option == "immutable=1"
    # The library would print a wrong key's failure to the terminal.
    connection.execute("PRAGMA cipher_log_level = NONE")
    connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
    return connection


def connect(path: Path, key: bytes, *, alone: bool = False) -> Encrypted:
    """Open a database that exists; ``alone`` keeps every other connection out."""
    if sqlite_version() < LEAST_SQLITE:
        raise FokusError("The SQLCipher library is too old. Install sqlcipher3 0.6.4 or newer.")
    try:
        connection = keyed(path, key)
    except sqlcipher3.Error as error:
        raise sqlite_fault(error, path, writer=True) or error from None
    try:
        if not connection.execute("PRAGMA cipher_version").fetchone():
            raise FokusError("The database library cannot encrypt. Install sqlcipher3.")
        _set_up(connection, alone)
    except sqlcipher3.DatabaseError as error:
        connection.close()
        if "not a database" in str(error) or "malformed" in str(error):
            raise DamagedFile(NOT_OURS) from None
        raise
    except BaseException:
        connection.close()
        raise
    return Encrypted(connection)


def _set_up(connection: Connection, alone: bool) -> None:
    if alone:
        # Before anything is read: then no shared memory is ever made.
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}").fetchall()
    wanted = "truncate" if alone else "wal"
    got = connection.execute(f"PRAGMA journal_mode = {wanted}").fetchone()
    if got is None or str(got[0]) != wanted:
        raise StorageAway(AWAY_MESSAGE)
    if alone:
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("COMMIT")
    connection.execute("SELECT count(*) FROM sqlite_master").fetchone()


def guard_encrypted(path: Path) -> None:
    """Refuse a database in plaintext; not while it is open (its locks would be dropped)."""
    if path.exists():
        with path.open("rb") as file:
            if file.read(len(PLAINTEXT)) == PLAINTEXT:
                raise DamagedFile("The study's database is not encrypted. It was not opened.")


NOT_OURS: Final = (
    "The study's database does not open with the study's key: it is damaged or belongs "
    "to another study. Restore it from a backup."
)
