"""The SQL of the ledgers."""

from typing import Any, Final

import sqlite_utils

from ..change import Change
from ..database import meta, set_meta
from ..errors import BadInput
from ..files import StoredFile
from .decision import Rules
from .entries import Export, Import, Request, State

_REQUESTS: Final = """
SELECT id, at, asked_by, form, purpose, recipient, file_id, file_name, size, sha256,
       names_checked, names_found, state, decided_by, decided_at, reason, export_id
FROM export_requests
"""
_EXPORTS: Final = """
SELECT x.id, x.at, x.member_id, x.form, x.purpose, x.recipient, x.file_id, x.file_name, x.size,
       x.sha256, x.names_checked, x.names_found, coalesce(x.asked_by, x.member_id) AS asked_by,
       x.approved_by, x.age, x.erased_at, e.seq AS event, e.hash AS head
FROM exports x
JOIN events e ON e.seq = (SELECT min(seq) FROM events
                          WHERE object = 'export:' || x.id AND action = 'read.exported')
"""


def imports(db: sqlite_utils.Database) -> list[Import]:
    """All that came in, newest first."""
    rows = db.query(
        "SELECT id, at, member_id, kind, size, sha256, source, purpose FROM imports"
        " ORDER BY id DESC"
    )
    return [Import(**row) for row in rows]


def insert_import(
    change: Change, kind: str, size: int, sha256: str, source: str, purpose: str
) -> int:
    """Write a line of the import ledger."""
    return _inserted(change, "imports", {
        "at": change.now, "member_id": change.member.id, "kind": kind, "size": size,
        "sha256": sha256, "source": source, "purpose": purpose,
    })  # fmt: skip


def requests(db: sqlite_utils.Database) -> list[Request]:
    """All that was asked for, newest first."""
    return [_request(row) for row in db.query(_REQUESTS + " ORDER BY id DESC")]


def request(db: sqlite_utils.Database, request_id: int) -> Request:
    """One request."""
    for row in db.query(_REQUESTS + " WHERE id = ?", [request_id]):
        return _request(row)
    raise BadInput("Nobody has asked for this export. Go back to the page Exports.")


def insert_request(
    change: Change, stored: StoredFile, *, form: str, purpose: str, recipient: str,
    file_name: str, checked: bool, found: int,
) -> int:  # fmt: skip
    """Write a request that waits."""
    return _inserted(change, "export_requests", {
        "at": change.now, "asked_by": change.member.id, "form": form, "purpose": purpose,
        "recipient": recipient, "file_id": stored.id, "file_name": file_name,
        "size": stored.size, "sha256": stored.sha256, "names_checked": int(checked),
        "names_found": found, "state": "waiting",
    })  # fmt: skip


def settle(
    change: Change, request_id: int, state: State, *, reason: str = "", export_id: int | None = None
) -> None:
    """Write what became of a request, and by whom; only a released one keeps its file."""
    change.db.execute(
        "UPDATE export_requests SET state = ?, decided_by = ?, decided_at = ?, reason = ?,"
        " export_id = ? WHERE id = ?",
        [state, change.member.id, change.now, reason, export_id, request_id],
    )
    if state != "released":
        change.db.execute("UPDATE export_requests SET file_id = NULL WHERE id = ?", [request_id])


def exports(db: sqlite_utils.Database) -> list[Export]:
    """All that left, newest first."""
    return [_export(row) for row in db.query(_EXPORTS + " ORDER BY x.id DESC")]


def export(db: sqlite_utils.Database, export_id: int) -> Export:
    """One line of the export ledger."""
    for row in db.query(_EXPORTS + " WHERE x.id = ?", [export_id]):
        return _export(row)
    raise BadInput("This export does not exist. Go back to the page Exports.")


def insert_export(change: Change, asked: Request, file_name: str, approved_by: int | None) -> int:
    """Write a line of the export ledger."""
    return _inserted(change, "exports", {
        "at": change.now, "member_id": change.member.id, "form": asked.form,
        "purpose": asked.purpose, "recipient": asked.recipient, "file_id": asked.file_id,
        "file_name": file_name, "size": asked.size, "sha256": asked.sha256,
        "names_checked": int(asked.names_checked), "names_found": asked.names_found,
        "asked_by": asked.asked_by, "approved_by": approved_by,
    })  # fmt: skip


def mark_age(change: Change, export_id: int) -> None:
    """Note that an export was also given out as an age file."""
    change.db.execute("UPDATE exports SET age = 1 WHERE id = ?", [export_id])


def names_used(db: sqlite_utils.Database) -> dict[str, int]:
    """File names in the exports folder that were ever given, with the export of each."""
    rows = db.execute("SELECT file_name, id FROM exports").fetchall()
    return {str(name): int(number) for name, number in rows}


def rules(db: sqlite_utils.Database) -> Rules:
    """What the study asks for before something leaves."""
    return Rules(meta(db, "two_person") == "1", meta(db, "second_for_unchecked") != "0")


def set_rules(change: Change, wanted: Rules) -> None:
    """Write what the study asks for."""
    set_meta(change.db, "two_person", str(int(wanted.two_person)))
    set_meta(change.db, "second_for_unchecked", str(int(wanted.second_for_unchecked)))


def _request(row: dict[str, Any]) -> Request:
    return Request(**{**row, "names_checked": bool(row["names_checked"])})


def _export(row: dict[str, Any]) -> Export:
    flags = {name: bool(row[name]) for name in ("names_checked", "age")}
    return Export(**{**row, **flags, "head": bytes(row["head"])})


def _inserted(change: Change, table: str, row: dict[str, object]) -> int:
    number = change.db.table(table).insert(row).last_pk
    assert isinstance(number, int)
    return number
