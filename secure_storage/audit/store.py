"""What the audit asks the database: its soundness, its files, its anchors, its journal."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import sqlite_utils

from .. import events
from ..events import Event
from ..opened import OpenedStudy


@dataclass(frozen=True, slots=True)
class FileRow:
    """What the database says of a sealed file."""

    id: str
    name: str
    """Of the file in the folder."""
    kind: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Trace:
    """What an event left besides its words: their digest, and its place in the chain."""

    digest: str
    previous: str
    hash: str
    erased: bool
    """The words of the event were erased; its digest stays."""


def files(db: sqlite_utils.Database) -> list[FileRow]:
    """List the sealed files."""
    rows = db.conn.execute(
        "SELECT id, coalesce(name, id), kind, size, sha256 FROM files ORDER BY created_at, id"
    )
    return [FileRow(*row) for row in rows.fetchall()]


def head_at(db: sqlite_utils.Database, seq: int) -> str:
    """Give the hash of one event, empty when there is no such event."""
    row = db.conn.execute("SELECT hash FROM events WHERE seq = ?", [seq]).fetchone()
    return bytes(row[0]).hex() if row else ""


def restarts(db: sqlite_utils.Database) -> list[Event]:
    """List the events by which a lead began the anchors anew."""
    rows = db.conn.execute(
        "SELECT seq FROM events WHERE action = 'audit.anchors_restarted' ORDER BY seq"
    )
    return [events.read(db, seq - 1, 1)[0] for (seq,) in rows.fetchall()]


def database_faults(core: OpenedStudy) -> Iterator[str]:
    """Find damage in the database: altered pages, then broken structure, then lost rows."""
    pages = core._connections.altered_pages()
    if pages:
        yield f"altered or damaged on the disk ({pages} of its pages fail their authentication)"
    told = [row[0] for row in core.reader.conn.execute("PRAGMA integrity_check(5)").fetchall()]
    if told != ["ok"]:
        yield "its structure is damaged"
    if core.reader.conn.execute("PRAGMA foreign_key_check").fetchone():
        yield "it points to rows that are missing"


def trace(db: sqlite_utils.Database, seq: int) -> Trace:
    """Give what stands in the chain for one event."""
    digest, previous, chained, erased = db.conn.execute(
        "SELECT digest, prev, hash, salt IS NULL FROM events WHERE seq = ?", [seq]
    ).fetchone()
    return Trace(digest.hex(), previous.hex(), chained.hex(), bool(erased))


def found(
    db: sqlite_utils.Database, where: Sequence[str], values: Sequence[object], limit: int
) -> list[Event]:
    """List the events that meet all conditions, newest first."""
    conditions = " AND ".join(f"({one})" for one in where) or "1"
    rows = db.conn.execute(
        f"SELECT seq FROM events WHERE {conditions} ORDER BY seq DESC LIMIT ?", [*values, limit]
    )
    # The words lie on pages of their own: they are read of the few that are shown.
    return [events.read(db, seq - 1, 1)[0] for (seq,) in rows.fetchall()]
