"""The encrypted database: opening it with guards, migrating it, reading and writing.

One connection writes, behind one lock (busy waiting is unfair: without the lock writers
starve each other); every thread reads through a connection of its own that cannot
write. Guards against the classic accident, a database silently in plaintext, run at
every open. SQLCipher answers pragmas with strings.
"""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import sqlcipher3  # type: ignore[import-untyped]
import sqlcipher3.dbapi2  # type: ignore[import-untyped]

# sqlite-utils catches the exceptions of the module it finds as "pysqlite3" first; with
# the standard library's it would not know SQLCipher's and break on ``alter=True``.
sys.modules.setdefault("pysqlite3", sqlcipher3)
sys.modules.setdefault("pysqlite3.dbapi2", sqlcipher3.dbapi2)

import sqlite_utils  # noqa: E402

from . import moments  # noqa: E402
from .disk import create_private  # noqa: E402
from .errors import DamagedFile, FokusError, full_disk_told  # noqa: E402
from .schema import MIGRATIONS  # noqa: E402

if sqlite_utils.db.sqlite3 is not sqlcipher3:  # type: ignore[attr-defined]
    raise ImportError("import secure_storage before sqlite_utils")

LEAST_SQLITE: Final = (3, 51, 3)
"""Older ones have the WAL-reset fault, which can corrupt a database."""
Fault: Final[type[Exception]] = sqlcipher3.DatabaseError
"""What SQLCipher raises where a database is damaged."""
PLAINTEXT: Final = b"SQLite format 3\0"
_PRAGMAS: Final = (
    "foreign_keys = ON", "busy_timeout = 10000", "secure_delete = ON", "trusted_schema = OFF",
    "cell_size_check = ON", "temp_store = MEMORY", "journal_mode = WAL", "synchronous = FULL",
)  # fmt: skip


class Connections:
    """The connections of one open study, or of its linking store (``migrations``)."""

    def __init__(self, path: Path, key: bytes, migrations: tuple[str, ...] | None = None) -> None:
        """Open the database (making it if missing), check the guards and migrate it."""
        self._path, self._key = path, key
        self._lock = threading.Lock()
        self._owner: int | None = None
        if not path.exists():
            create_private(path).close()
        # A thread that ends drops its own connection, and replacing the local drops all.
        self._local = threading.local()
        self._writer = _connect(path, key)
        try:
            if migrations is None and 0 < _version(self._writer) < len(MIGRATIONS):
                for call in moments.before_migration:
                    call(path, self.copy_to)
            _migrate(self._writer, MIGRATIONS if migrations is None else migrations)
            _guard_encrypted(path)
        except BaseException:
            self._writer.conn.close()
            raise

    @property
    def reader(self) -> sqlite_utils.Database:
        """The reading connection of the calling thread."""
        db: sqlite_utils.Database | None = getattr(self._local, "db", None)
        if db is None:
            db = _connect(self._path, self._key)
            db.conn.execute("PRAGMA query_only = ON")
            self._local.db = db
        return db

    @contextmanager
    def writing(
        self, committed: Callable[[], object] | None = None
    ) -> Iterator[sqlite_utils.Database]:
        """Hold the writer in one IMMEDIATE transaction: committed at the end or undone.

        ``committed`` is called before the next writer can begin.
        """
        if self._owner == threading.get_ident():
            raise RuntimeError("a change within a change: pass the outer one on instead")
        with self._lock, full_disk_told():
            self._owner = threading.get_ident()
            db = self._writer
            try:
                db.conn.execute("BEGIN IMMEDIATE")
                yield db
                db.conn.execute("COMMIT")
                if committed is not None:
                    committed()
            finally:
                # On success nothing is open any more; a full disk may have undone it too.
                if db.conn.in_transaction:
                    db.conn.execute("ROLLBACK")
                self._owner = None

    def copy_to(self, path: Path) -> None:
        """Write a copy, under the same key, as the database stands at this moment.

        ``VACUUM INTO`` is one step in one reading transaction: writers go on meanwhile
        (stepwise copying starts over with every write and may never end). The caller
        syncs the file.
        """
        create_private(path).close()
        connection = self.reader.conn
        connection.execute("PRAGMA query_only = OFF")
        try:
            with full_disk_told():
                connection.execute("VACUUM INTO ?", [str(path)])
        finally:
            connection.execute("PRAGMA query_only = ON")

    def altered_pages(self) -> int:
        """Count the pages whose authentication fails; writers wait meanwhile.

        The write-ahead log is folded in first: after a crash the file holds older pages
        that the log replaces, and they would be false alarms.
        """
        with self._lock:
            self._writer.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            return len(self._writer.conn.execute("PRAGMA cipher_integrity_check").fetchall())

    def close(self) -> None:
        """Fold the write-ahead log into the file and close."""
        with self._lock:
            self._local = threading.local()
            self._writer.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._writer.conn.close()


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
    connection = _keyed(path, os.urandom(32))
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
    _guard_encrypted(path)
    # Immutable: no lock, no journal, no shared memory beside the file.
    connection = _keyed(f"{path.absolute().as_uri()}?immutable=1", key)
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


def meta(db: sqlite_utils.Database, key: str) -> str:
    """Read one of the study's own facts."""
    row = db.conn.execute("SELECT value FROM meta WHERE key = ?", [key]).fetchone()
    return str(row[0]) if row else ""


def set_meta(db: sqlite_utils.Database, key: str, value: str) -> None:
    """Write one of the study's own facts."""
    db.conn.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (key, value))


def _keyed(path: Path | str, key: bytes) -> sqlcipher3.Connection:
    connection = sqlcipher3.connect(
        str(path), isolation_level=None, check_same_thread=False, uri=isinstance(path, str)
    )
    # The library would print a wrong key's failure to the terminal.
    connection.execute("PRAGMA cipher_log_level = NONE")
    connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
    return connection


def _connect(path: Path, key: bytes) -> sqlite_utils.Database:
    _guard_encrypted(path)
    if sqlite_version() < LEAST_SQLITE:
        raise FokusError("The SQLCipher library is too old. Install sqlcipher3 0.6.4 or newer.")
    connection = _keyed(path, key)
    try:
        if not connection.execute("PRAGMA cipher_version").fetchone():
            raise FokusError("The database library cannot encrypt. Install sqlcipher3.")
        with full_disk_told():
            for pragma in _PRAGMAS:
                connection.execute(f"PRAGMA {pragma}").fetchall()
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlcipher3.DatabaseError as error:
        connection.close()
        if "not a database" in str(error) or "malformed" in str(error):
            raise DamagedFile(NOT_OURS) from None
        raise
    except BaseException:
        connection.close()
        raise
    return sqlite_utils.Database(connection)


def _guard_encrypted(path: Path) -> None:
    if path.exists():
        with path.open("rb") as file:
            if file.read(len(PLAINTEXT)) == PLAINTEXT:
                raise DamagedFile("The study's database is not encrypted. It was not opened.")


def _version(db: sqlite_utils.Database) -> int:
    return int(db.conn.execute("PRAGMA user_version").fetchone()[0])


def _migrate(db: sqlite_utils.Database, migrations: tuple[str, ...]) -> None:
    version = _version(db)
    if version > len(migrations):
        raise FokusError("This study was made by a newer version of Fokus. Use that version.")
    for number in range(version, len(migrations)):
        script = (
            f"BEGIN IMMEDIATE; {migrations[number]}; PRAGMA user_version = {number + 1}; COMMIT;"
        )
        try:
            with full_disk_told():
                db.conn.executescript(script)
        finally:
            if db.conn.in_transaction:
                db.conn.execute("ROLLBACK")
    if db.conn.execute("PRAGMA foreign_key_check").fetchone():
        raise DamagedFile("The study's database points to rows that are missing.")


NOT_OURS: Final = (
    "The study's database does not open with the study's key: it is damaged or belongs "
    "to another study. Restore it from a backup."
)
