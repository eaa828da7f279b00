"""The encrypted database: opening it with guards, migrating it, reading and writing.

One connection writes, behind one lock (busy waiting is unfair: without the lock writers
starve each other); every thread reads through a connection of its own that cannot
write. On a network disk, where SQLite's shared memory and locks cannot be trusted, one
connection does everything and keeps every other process out. When the disk fails, the
change is undone and the next one first makes sure of what the disk holds. SQLCipher
answers pragmas with strings.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from . import moments
from .connection import LEAST_SQLITE as LEAST_SQLITE
from .connection import (
    NOT_OURS,
    Connection,
    Encrypted,
    Rows,
    connect,
    guard_encrypted,
    keyed,
    sqlcipher3,
    sqlite_utils,
)
from .connection import Fault as Fault
from .connection import cipher_version as cipher_version
from .connection import copy_opened as copy_opened
from .connection import refuses_wrong_key as refuses_wrong_key
from .connection import sqlite_version as sqlite_version
from .disk import create_private, sync_folder
from .errors import AWAY_MESSAGE, DamagedFile, FokusError, StorageAway, storage_told
from .file_systems import network_disk as network_disk
from .schema import MIGRATIONS

Nothing = Callable[[], object]
TRANSACTIONS: Final = frozenset({"BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE"})


@dataclass(slots=True)
class _Commit:
    """A commit of which the disk has not said whether it happened."""

    before: object
    committed: Nothing
    undone: Nothing
    happened: bool = False


class _Shared:
    """Reading on the one connection: in turn with the writer, and never half-read."""

    in_transaction = False
    isolation_level = None

    def __init__(self, connections: "Connections") -> None:
        self._connections = connections

    def execute(self, sql: str, *parameters: Any) -> Rows:
        # sqlite-utils guards even queries by savepoints, which would begin a transaction.
        if sql.split(None, 1)[0].rstrip(";").upper() in TRANSACTIONS:
            return Rows([], None)
        with self._connections.in_turn() as connection:
            connection.execute("PRAGMA query_only = ON")
            connection.writer = False
            try:
                cursor = connection.execute(sql, *parameters)
                return Rows(cursor.fetchall(), cursor.description)
            finally:
                connection.writer = True
                connection.execute("PRAGMA query_only = OFF")

    def close(self) -> None:
        """Leave the connection to its owner."""


class Connections:
    """The connections of one open study."""

    def __init__(self, path: Path, key: bytes, migrations: tuple[str, ...] | None = None) -> None:
        """Open the database (making it if missing), check the guards and migrate it."""
        self._path, self._key = path, key
        self._lock = threading.RLock()
        self._opening = threading.Lock()
        self._owner: int | None = None
        self._unsure: _Commit | None = None
        self.alone = bool(network_disk(path.parent))
        """The database lies on a network disk: one connection, which keeps others out."""
        if not path.exists():
            create_private(path).close()
        # Before it is opened: closing the file would drop SQLite's locks on it.
        guard_encrypted(path)
        # A thread that ends drops its own connection, and replacing the local drops all.
        self._local = threading.local()
        self._writer = connect(path, key, alone=self.alone)
        self._shared = sqlite_utils.Database(cast(Any, _Shared(self)))
        try:
            if migrations is None and 0 < _version(self._writer) < len(MIGRATIONS):
                for call in moments.before_migration:
                    call(path, self.copy_to)
            _migrate(self._writer, MIGRATIONS if migrations is None else migrations)
        except BaseException:
            self._writer.conn.close()
            raise

    @property
    def reader(self) -> sqlite_utils.Database:
        """The reading connection of the calling thread."""
        if self.alone:
            return self._shared
        db: Encrypted | None = getattr(self._local, "db", None)
        if db is None or db.conn.suspect:
            with self._opening:
                db = connect(self._path, self._key)
                db.conn.execute("PRAGMA query_only = ON")
                db.conn.writer = False
                self._local.db = db
        return db

    @contextmanager
    def in_turn(self) -> Iterator[Connection]:
        """Have the one connection between changes, or within the thread's own change."""
        with self._lock:
            if self._owner != threading.get_ident():
                self._make_sure()
            yield self._writer.conn

    @contextmanager
    def writing(
        self, committed: Nothing = lambda: None, undone: Nothing = lambda: None
    ) -> Iterator[sqlite_utils.Database]:
        """Hold the writer in one IMMEDIATE transaction: committed at the end or undone.

        ``committed`` or ``undone`` is called before the next writer can begin. When the
        disk fails at the very commit, it is called only once the disk is back and has
        shown which it was, and ``StorageAway`` is raised unless that is at once.
        """
        if self._owner == threading.get_ident():
            raise RuntimeError("a change within a change: pass the outer one on instead")
        with self._lock, storage_told():
            self._owner = threading.get_ident()
            try:
                self._make_sure()
                try:
                    self._writer.conn.execute("BEGIN IMMEDIATE")
                    commit = _Commit(_mark(self._writer), committed, undone)
                    yield self._writer
                except BaseException:
                    _roll_back(self._writer)
                    undone()
                    raise
                self._commit(commit)
            finally:
                self._owner = None

    def _commit(self, commit: _Commit) -> None:
        try:
            try:
                self._writer.conn.execute("COMMIT")
            except sqlcipher3.Error as error:
                self._writer.conn.tell(error)
                raise
        except BaseException:
            _roll_back(self._writer)
            if not self._writer.conn.suspect:
                commit.undone()
                raise
            self._unsure = commit
            self._make_sure()
            if not commit.happened:
                raise
        else:
            commit.committed()

    def _make_sure(self) -> None:
        """After a fault of the disk: find out what it holds, and that it holds again.

        A failed sync may have dropped what was written, and a later sync would not say so
        (Rebello et al., "Can Applications Recover from fsync Failures?", 2020). So all
        that the failed commit may have left is written anew before anything else is.
        """
        if not self._writer.conn.suspect and self._unsure is None:
            return
        # The log's index in memory knows what was committed; a new connection would have
        # to believe the log. A network disk has no such index, but old handles that died.
        if self.alone or not _holds(self._writer):
            self._reopen()
        self._writer.conn.suspect = False
        commit, self._unsure = self._unsure, None
        if commit is not None:
            commit.happened = _mark(self._writer) != commit.before
            (commit.committed if commit.happened else commit.undone)()

    def _reopen(self) -> None:
        with suppress(FokusError, sqlcipher3.Error):
            self._writer.conn.close()
        self._local = threading.local()
        db = connect(self._path, self._key, alone=self.alone)
        # Into the file with all of the log, part of which may be in memory alone.
        folded = self.alone or str(
            db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        ) == "0"  # fmt: skip
        if not folded or not _holds(db):
            db.conn.close()
            raise StorageAway(AWAY_MESSAGE)
        self._writer = db

    def copy_to(self, path: Path) -> None:
        """Write a copy, under the same key, as the database stands at this moment.

        ``VACUUM INTO`` is one step in one reading transaction: writers go on meanwhile
        (stepwise copying starts over with every write and may never end). The caller
        syncs the file.
        """
        create_private(path).close()
        if self.alone:
            with self.in_turn() as connection:
                connection.execute("VACUUM INTO ?", [str(path)])
            return
        own = self.reader.conn
        own.execute("PRAGMA query_only = OFF")
        try:
            own.execute("VACUUM INTO ?", [str(path)])
        finally:
            own.execute("PRAGMA query_only = ON")

    @contextmanager
    def still(self) -> Iterator[None]:
        """Let nobody write for a block."""
        with self._lock, storage_told():
            self._owner = threading.get_ident()
            try:
                self._make_sure()
                yield
            finally:
                self._owner = None

    def export_to(self, path: Path, key: bytes) -> None:
        """Write a copy under another key, within ``still``; the caller syncs the file.

        Not by ``PRAGMA rekey``: that rewrites the one file there is, under the eyes of the
        other connections.
        """
        create_private(path).close()
        own = self._writer.conn
        own.execute("ATTACH DATABASE ? AS moved KEY ?", [str(path), f"x'{key.hex()}'"])
        try:
            own.execute("BEGIN IMMEDIATE")
            own.execute("SELECT sqlcipher_export('moved')").fetchall()
            own.execute(f"PRAGMA moved.user_version = {_version(self._writer)}")
            own.execute("COMMIT")
        finally:
            _roll_back(self._writer)
            own.execute("DETACH DATABASE moved")

    def move_to(self, path: Path, key: bytes) -> None:
        """Go over, within ``still``, to an exported copy, which takes the file's name."""
        with self._opening:
            self._key, self._local = key, threading.local()
            self._writer.conn.close()
            take_over(path, self._path)
            self._writer = connect(self._path, key, alone=self.alone)

    def altered_pages(self) -> int:
        """Count the pages whose authentication fails; writers wait meanwhile.

        The write-ahead log is folded in first: after a crash the file holds older pages
        that the log replaces, and they would be false alarms.
        """
        with self._lock:
            if not self.alone:
                self._writer.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            return len(self._writer.conn.execute("PRAGMA cipher_integrity_check").fetchall())

    def close(self) -> None:
        """Fold the write-ahead log into the file and close; on a failing disk just close."""
        with self._lock, suppress(FokusError, sqlcipher3.Error):
            self._local = threading.local()
            try:
                if not self.alone:
                    self._writer.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:
                self._writer.conn.close()


def recover(path: Path, key: bytes) -> None:
    """Fold the journal that a crash left beside a database into it."""
    connection = keyed(path, key)
    try:
        connection.execute("PRAGMA journal_mode = DELETE").fetchall()
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlcipher3.DatabaseError:
        raise DamagedFile(NOT_OURS) from None
    finally:
        connection.close()


@contextmanager
def changing_copy(path: Path, key: bytes) -> Iterator[sqlite_utils.Database]:
    """Change a copy that nobody else has open, in one transaction; then it is closed."""
    db = connect(path, key, alone=True)
    try:
        db.conn.execute("BEGIN IMMEDIATE")
        yield db
        db.conn.execute("COMMIT")
    finally:
        db.conn.close()


def take_over(copy: Path, path: Path) -> None:
    """Put a closed copy in a database's place, whose journals must not be played into it."""
    for suffix in ("-wal", "-shm", "-journal"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    sync_folder(path.parent)
    copy.replace(path)
    sync_folder(path.parent)


def meta(db: sqlite_utils.Database, key: str) -> str:
    """Read one of the study's own facts."""
    row = db.conn.execute("SELECT value FROM meta WHERE key = ?", [key]).fetchone()
    return str(row[0]) if row else ""


def set_meta(db: sqlite_utils.Database, key: str, value: str) -> None:
    """Write one of the study's own facts."""
    db.conn.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (key, value))


def _mark(db: Encrypted) -> object:
    """Read what every change changes, the journal's last number, to recognise a commit by it."""
    return db.conn.execute("SELECT max(rowid) FROM events").fetchone()


def _roll_back(db: Encrypted) -> None:
    # A failing disk may have undone it already, or may undo it when it is next opened.
    with suppress(FokusError, sqlcipher3.Error):
        if db.conn.in_transaction:
            db.conn.execute("ROLLBACK")


def _holds(db: Encrypted) -> bool:
    """Commit something that changes nothing; False when the disk still fails."""
    try:
        db.conn.execute("BEGIN IMMEDIATE")
        db.conn.execute(f"PRAGMA user_version = {_version(db)}")
        db.conn.execute("COMMIT")
    except (FokusError, sqlcipher3.Error):
        _roll_back(db)
        return False
    return True


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
            db.conn.executescript(script)
        finally:
            if db.conn.in_transaction:
                db.conn.execute("ROLLBACK")
    if db.conn.execute("PRAGMA foreign_key_check").fetchone():
        raise DamagedFile("The study's database points to rows that are missing.")
