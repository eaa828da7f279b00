"""What is asked of databases for backups: the live study's, and copies."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import sqlite_utils

from .. import events
from ..connection import connect
from ..opened import OpenedStudy
from .shelf import Backup


@dataclass(frozen=True, slots=True)
class Head:
    """The last event of a database."""

    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class RowsCompared:
    """How many rows of two databases are the same, told by their hashes."""

    rows: int
    """In the first database."""
    equal: int
    """Of these, how many the second has too."""
    differing: tuple[str, ...]
    """Names of the tables that differ."""


def head(db: sqlite_utils.Database) -> Head:
    """Give the last event."""
    seq, chained = events.last(db)
    return Head(seq, chained.hex())


def hash_at(db: sqlite_utils.Database, seq: int) -> str | None:
    """Give the hash of an event, ``None`` where there is none of this number."""
    row = db.conn.execute("SELECT hash FROM events WHERE seq = ?", [seq]).fetchone()
    return bytes(row[0]).hex() if row else None


def changes_since(db: sqlite_utils.Database, seq: int) -> int:
    """Count the changes after an event, those of backups and keys themselves left out."""
    row = db.conn.execute(
        "SELECT count(*) FROM events WHERE seq > ? AND action NOT LIKE 'read.%'"
        " AND action NOT LIKE 'backup.%'",
        [seq],
    ).fetchone()
    return int(row[0])


def file_names(db: sqlite_utils.Database) -> list[str]:
    """Name the sealed files that the database knows, as they are called on the disk."""
    columns = {row[1] for row in db.conn.execute("PRAGMA table_info(files)").fetchall()}
    # Before the second migration a file had no name of its own.
    chosen = "coalesce(name, id)" if "name" in columns else "id"
    return [str(row[0]) for row in db.conn.execute(f"SELECT {chosen} FROM files ORDER BY 1")]


def fold_journal(path: Path, key: bytes) -> None:
    """Fold the journal that a crash left beside a database into it."""
    # Alone: then no shared memory is needed, and it leaves a database without a journal.
    connect(path, key, alone=True).conn.close()


def faults(db: sqlite_utils.Database) -> str:
    """Check every page's seal and the database's own structure; empty if sound."""
    if db.conn.execute("PRAGMA cipher_integrity_check").fetchall():
        return "pages of its database were altered or damaged"
    found = db.conn.execute("PRAGMA integrity_check(1)").fetchone()[0]
    return "" if found == "ok" else "its database is not consistent"


def row_hashes(db: sqlite_utils.Database) -> dict[str, Counter[bytes]]:
    """Hash each row of each table."""
    named = db.conn.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    ).fetchall()
    return {
        str(name): Counter(
            hashlib.sha256(repr(row).encode()).digest()
            for row in db.conn.execute(f'SELECT {_columns(db, name)} FROM "{name}"')
        )
        for (name,) in named
    }


def _columns(db: sqlite_utils.Database, table: str) -> str:
    names = [row[1] for row in db.conn.execute(f'PRAGMA table_info("{table}")').fetchall()]
    # Each sign-in with a one-time code moves it.
    return ", ".join(f'"{name}"' for name in names if (table, name) != ("members", "code_step"))


def compared(
    one: dict[str, Counter[bytes]], other: dict[str, Counter[bytes]], but: Iterable[str] = ()
) -> RowsCompared:
    """Compare all rows of two databases; the second may have more events than the first."""
    left_out = set(but)
    tables = sorted({*one, *other} - left_out)
    empty: Counter[bytes] = Counter()
    pairs = [(name, one.get(name, empty), other.get(name, empty)) for name in tables]
    differing = [
        name
        for name, first, second in pairs
        if (first - second if name == "events" else first != second)
    ]
    return RowsCompared(
        sum(first.total() for _, first, _ in pairs),
        sum((first & second).total() for _, first, second in pairs),
        tuple(differing),
    )


def recorded(core: OpenedStudy) -> dict[str, str | None]:
    """Name the backups that the study has on record, with the time of their verification."""
    rows = core.reader.conn.execute("SELECT name, verified_at FROM backups").fetchall()
    return {str(name): verified for name, verified in rows}


def record_made(db: sqlite_utils.Database, backup: Backup) -> None:
    """Put a backup into the list."""
    db.table("backups").insert(
        {
            "name": backup.name, "made_at": backup.made_at, "kind": backup.kind,
            "size": backup.size, "verified_at": backup.verified_at, "problem": backup.problem,
        },
        replace=True,
    )  # fmt: skip


def record_gone(db: sqlite_utils.Database, name: str) -> None:
    """Take a backup off the list."""
    db.conn.execute("DELETE FROM backups WHERE name = ?", [name])


def record_by_nobody(
    core: OpenedStudy, action: str, backup: Backup, after: dict[str, object]
) -> None:
    """Record what happened to a backup without a member: made at night, verified."""
    with core._connections.writing() as db:
        record_made(db, backup)
        _append(db, action, backup.name, after)


def record_gone_by_nobody(core: OpenedStudy, name: str) -> None:
    """Record that a backup is gone: it expired, or somebody removed its folder."""
    with core._connections.writing() as db:
        record_gone(db, name)
        _append(db, "backup.removed", name, {})


def _append(db: sqlite_utils.Database, action: str, name: str, after: dict[str, object]) -> None:
    events.append(
        db, events.now(), None, action, f"backup:{name}",
        before=None, after=after, client_id=None,
    )  # fmt: skip
