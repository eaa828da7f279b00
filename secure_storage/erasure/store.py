"""The SQL of erasures: their rows, the journal's texts, exports, and every cell for the search."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

import sqlite_utils

from .. import events
from ..change import Change
from ..errors import BadInput
from ..opened import OpenedStudy
from .eraser import Mode

State = Literal["waiting", "confirmed", "erased", "done", "cancelled"]
_ERASURES: Final = (
    "SELECT id, participant_id, mode, mentions, asked_by, asked_at, state, decided_by,"
    " decided_at, certificate FROM erasures"
)
UNFINISHED: Final[tuple[State, ...]] = ("waiting", "confirmed", "erased")
Tells = Callable[[int, str, str, list[str]], bool]
_CUTS: Final = 5
"""Tries; each waits for readers as long as the connection's busy time (10 s)."""
_HOLDS: Final = {"TEXT", "BLOB", "ANY", ""}
"""Column types that can hold words; "" is a virtual table's."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """Somebody's withdrawal, asked for and what became of it."""

    id: int
    participant_id: int
    mode: Mode
    mentions: bool
    asked_by: int
    asked_at: str
    state: State
    decided_by: int | None
    """The second person, who confirmed (or the one who cancelled)."""
    decided_at: str | None
    certificate: str
    """JSON; what is known so far while ``erased``, the certificate once ``done``."""


@dataclass(frozen=True, slots=True)
class Person:
    """A participant as the page of erasures lists them."""

    id: int
    group: int
    pseudonym: str
    withdrawn_at: str | None
    """When the withdrawal was noted, before or by the erasure."""
    erased: bool


@dataclass(frozen=True, slots=True)
class Line:
    """What a member typed into a line of a ledger."""

    table: Literal["exports", "export_requests", "imports"]
    id: int
    column: str
    text: str


LEDGERS: Final[dict[Literal["exports", "export_requests", "imports"], tuple[str, ...]]] = {
    "exports": ("file_name", "purpose", "recipient"),
    "export_requests": ("file_name", "purpose", "recipient", "reason"),
    "imports": ("source", "purpose"),
}
"""Of each ledger, the columns in which members write freely."""


@dataclass(frozen=True, slots=True)
class SealedExport:
    """An export, or a request for one, with the file that it keeps sealed."""

    table: Literal["exports", "export_requests"]
    id: int
    at: str
    form: str
    recipient: str
    file_id: str
    file_name: str
    left: bool
    """It left the study; else it only was to."""


def people(db: sqlite_utils.Database) -> list[Person]:
    """All participants; those whose withdrawal was noted and not yet carried out first."""
    rows = db.execute(
        "SELECT id, group_number, pseudonym, withdrawn_at, id IN (SELECT participant_id FROM"
        " erasures WHERE state IN ('erased', 'done')) AS erased FROM participants"
        " ORDER BY withdrawn_at IS NULL OR erased, group_number, pseudonym"
    )
    return [
        Person(number, group, pseudonym, withdrawn, bool(erased))
        for number, group, pseudonym, withdrawn, erased in rows.fetchall()
    ]


def person(db: sqlite_utils.Database, participant_id: int) -> Person:
    """One participant."""
    for one in people(db):
        if one.id == participant_id:
            return one
    raise BadInput("This participant does not exist (any more). Reload the page.")


def erasures(db: sqlite_utils.Database) -> list[Erasure]:
    """All erasures, newest first."""
    return [_erasure(row) for row in db.execute(_ERASURES + " ORDER BY id DESC").fetchall()]


def erasure(db: sqlite_utils.Database, erasure_id: int) -> Erasure:
    """One erasure."""
    row = db.execute(_ERASURES + " WHERE id = ?", [erasure_id]).fetchone()
    if row is None:
        raise BadInput("Nobody has asked for this erasure. Reload the page.")
    return _erasure(row)


def insert(change: Change, participant_id: int, mode: Mode, mentions: bool) -> int:
    """Write down what somebody asks for."""
    erasure_id = change.db.execute(
        "INSERT INTO erasures (participant_id, mode, mentions, asked_by, asked_at, state)"
        " VALUES (?, ?, ?, ?, ?, 'waiting')",
        [participant_id, mode, int(mentions), change.member.id, change.now],
    ).lastrowid
    assert erasure_id is not None
    return erasure_id


def decide(change: Change, erasure_id: int, state: State) -> None:
    """Confirm or cancel, by the member of the change."""
    change.db.execute(
        "UPDATE erasures SET state = ?, decided_by = ?, decided_at = ? WHERE id = ?",
        [state, change.member.id, change.now, erasure_id],
    )


def advance(change: Change, erasure_id: int, state: State, certificate: str) -> None:
    """Move an erasure on, with what is known of it by now."""
    change.db.execute(
        "UPDATE erasures SET state = ?, certificate = ? WHERE id = ?",
        [state, certificate, erasure_id],
    )


def entomb(change: Change, participant_id: int, name: str) -> None:
    """Leave of a participant the number, the group and the fact."""
    change.db.execute(
        "UPDATE participants SET pseudonym = ?, profession = '',"
        " withdrawn_at = coalesce(withdrawn_at, ?) WHERE id = ?",
        [name, change.now, participant_id],
    )


def telling(db: sqlite_utils.Database, tells: Tells) -> list[int]:
    """Number the events that tell of somebody and are not empty yet.

    ``tells`` is given an event's number, its object, its payloads as they stand, and the strings in
    them.
    """
    return [
        int(seq)
        for seq, about, before, after in db.execute(
            "SELECT seq, object, before, after FROM events"
            " WHERE before IS NOT NULL OR after IS NOT NULL"
        ).fetchall()
        if tells(
            int(seq), about, f"{before or ''}\n{after or ''}", _strings(before) + _strings(after)
        )
    ]


def empty_events(change: Change, seqs: list[int]) -> None:
    """Empty events; their salt goes too, without which a guess at the digest proves nothing.

    Which ones is put on record, so that an event emptied by anybody else is noticed.
    """
    for seq in seqs:
        change.db.execute(
            "UPDATE events SET before = NULL, after = NULL, salt = NULL WHERE seq = ?", [seq]
        )
    change.record("erasure.emptied", "journal", after={"events": events.ranges(seqs)})


def sealed_exports(db: sqlite_utils.Database) -> list[SealedExport]:
    """All exports and requests of which a sealed file is kept."""
    return [
        SealedExport(table, number, at, form, recipient, file_id, file_name, bool(left))
        for table, number, at, form, recipient, file_id, file_name, left in db.execute(
            "SELECT 'exports', id, at, form, recipient, file_id, file_name, 1 FROM exports"
            " WHERE file_id IS NOT NULL UNION ALL SELECT 'export_requests', id, at, form,"
            " recipient, file_id, file_name, 0 FROM export_requests WHERE file_id IS NOT NULL"
        ).fetchall()
    ]  # fmt: skip


def drop_exports(change: Change, file_id: str, reason: str) -> None:
    """Part the exports from their sealed file; a request that still waits is taken back."""
    change.db.execute(
        "UPDATE exports SET file_id = NULL, erased_at = ? WHERE file_id = ?", [change.now, file_id]
    )
    change.db.execute(
        "UPDATE export_requests SET state = 'withdrawn', decided_by = ?, decided_at = ?,"
        " reason = ? WHERE file_id = ? AND state = 'waiting'",
        [change.member.id, change.now, reason, file_id],
    )
    change.db.execute("UPDATE export_requests SET file_id = NULL WHERE file_id = ?", [file_id])


def lines(db: sqlite_utils.Database) -> list[Line]:
    """All that members typed into the ledgers."""
    return [
        Line(table, int(row[0]), column, str(text))
        for table, columns in LEDGERS.items()
        for row in db.execute(f"SELECT id, {', '.join(columns)} FROM {table}").fetchall()
        for column, text in zip(columns, row[1:], strict=True)
        if text
    ]


def rewrite(change: Change, line: Line, text: str) -> None:
    """Put another text in place of what a member typed."""
    change.db.execute(f"UPDATE {line.table} SET {line.column} = ? WHERE id = ?", [text, line.id])


def export_lines(db: sqlite_utils.Database) -> dict[int, tuple[str, ...]]:
    """What is typed into each line of the ledger of exports, the file's name first."""
    rows = db.execute(f"SELECT id, {', '.join(LEDGERS['exports'])} FROM exports")
    return {int(row[0]): tuple(row[1:]) for row in rows.fetchall()}


def exports_erased(db: sqlite_utils.Database, at: str) -> list[str]:
    """Tell of the exports whose sealed copy was destroyed at a time: which, and who has them."""
    rows = db.execute(
        "SELECT id, at, file_name, recipient FROM exports WHERE erased_at = ? ORDER BY id", [at]
    )
    return [f"no. {row[0]}, {row[1][:10]}  {row[2]}, for {row[3]}" for row in rows.fetchall()]


def erased_export_names(db: sqlite_utils.Database) -> list[str]:
    """Names, in the exports folder, of the files whose sealed copies were destroyed."""
    rows = db.execute("SELECT file_name FROM exports WHERE erased_at IS NOT NULL")
    return [str(row[0]) for row in rows.fetchall()]


def file_key(db: sqlite_utils.Database, file_id: str) -> bytes | None:
    """A file's own key; None in files of the first version."""
    row = db.execute("SELECT key FROM files WHERE id = ?", [file_id]).fetchone()
    return bytes(row[0]) if row and row[0] is not None else None


def columns(db: sqlite_utils.Database) -> list[str]:
    """Every column that can hold words, as ``table.column``."""
    return [f"{table}.{column}" for table, column in _columns(db)]


def kinds(db: sqlite_utils.Database) -> list[str]:
    """Every kind of sealed file that there is."""
    rows = db.execute("SELECT DISTINCT kind FROM files ORDER BY kind")
    return [str(row[0]) for row in rows.fetchall()]


def files_of(db: sqlite_utils.Database, kind: str) -> list[str]:
    """Ids of the sealed files of a kind."""
    rows = db.execute("SELECT id FROM files WHERE kind = ? ORDER BY id", [kind])
    return [str(row[0]) for row in rows.fetchall()]


def file_names(db: sqlite_utils.Database) -> list[str]:
    """Names, on the disk, of all sealed files."""
    rows = db.execute("SELECT coalesce(name, id) FROM files").fetchall()
    return [str(row[0]) for row in rows]


def compact(core: OpenedStudy) -> None:
    """Write the database anew, without its free pages, and cut its log to nothing.

    ``secure_delete`` has overwritten what was deleted; this leaves no page on which that
    would have to be believed. A reader in the middle of something delays the cut.
    """
    connections = core._connections
    with connections.in_turn() as connection:
        connection.execute("VACUUM")
        if connections.alone:
            return
        for _ in range(_CUTS):
            if not int(connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]):
                return
    raise BadInput(
        "The database is busy, so its log could not be cut. Continue the erasure in a moment."
    )


def cells(db: sqlite_utils.Database) -> Iterator[bytes]:
    """Every text and blob in the database, each followed by a byte that parts it."""
    for table, column in _columns(db):
        for (value,) in db.execute(f'SELECT "{column}" FROM "{table}"'):
            if value is not None:
                yield value.encode() if isinstance(value, str) else bytes(value)
                yield b"\0"


def texts_of(db: sqlite_utils.Database, column: str) -> list[str]:
    """Every text in a column (``table.column``)."""
    table, _, name = column.partition(".")
    rows = db.execute(f'SELECT "{name}" FROM "{table}" WHERE typeof("{name}") = \'text\'')
    return [str(row[0]) for row in rows.fetchall()]


def columns_where(db: sqlite_utils.Database, holds: Callable[[bytes], bool]) -> list[str]:
    """Columns in which ``holds`` is true of any cell."""
    return [
        f"{table}.{column}"
        for table, column in _columns(db)
        if any(
            value is not None and holds(value.encode() if isinstance(value, str) else bytes(value))
            for (value,) in db.execute(f'SELECT "{column}" FROM "{table}"').fetchall()
        )
    ]


def tables(db: sqlite_utils.Database) -> list[str]:
    """Every table of the study."""
    rows = db.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        " ORDER BY name"
    )
    return [str(row[0]) for row in rows.fetchall()]


def _columns(db: sqlite_utils.Database) -> list[tuple[str, str]]:
    return [
        (table, str(column[1]))
        for table in tables(db)
        for column in db.execute(f'PRAGMA table_info("{table}")').fetchall()
        if str(column[2]).upper() in _HOLDS
    ]


def _erasure(row: tuple[Any, ...]) -> Erasure:
    number, participant, mode, mentions, *rest = row
    return Erasure(number, participant, mode, bool(mentions), *rest)


def _strings(payload: str | None) -> list[str]:
    found: list[str] = []

    def gather(value: object) -> None:
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, dict):
            for one in value.values():
                gather(one)
        elif isinstance(value, list):
            for one in value:
                gather(one)

    gather(json.loads(payload) if payload else None)
    return found
