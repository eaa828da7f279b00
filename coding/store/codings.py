"""Codings: rows of (segment, code, coder), so that what two coders do at once commutes."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from secure_storage import BadInput, Change, NotAllowed, Repeated, Study

from ..codebook import Coding, Segment
from .segments import segment_id

if TYPE_CHECKING:
    from sqlite_utils import Database

_CODINGS: Final = """
SELECT c.id, c.code_id, c.coder_id, m.initials, c.created_at, g.id, g.transcript_id,
       g.first_sentence_id, g.last_sentence_id, g.trim_start, g.trim_end
FROM codings c JOIN segments g ON g.id = c.segment_id JOIN members m ON m.id = c.coder_id
JOIN codes k ON k.id = c.code_id
WHERE c.deleted_at IS NULL AND k.deleted_at IS NULL
"""


class _AsAsked(Exception):
    """The study is already as it should be: leave the change without writing."""


def codings(study: Study, transcript_id: int) -> list[Coding]:
    """All codings of a transcript, in the order in which they were made."""
    study.require("read")
    rows = study.db.execute(_CODINGS + " AND g.transcript_id = ? ORDER BY c.id", [transcript_id])
    return [_coding(row) for row in rows]


def set_coding(
    study: Study,
    transcript_id: int,
    first: int,
    last: int,
    code_id: int,
    client_id: str | None = None,
) -> Coding | None:
    """Put a segment under a code, as the acting member's reading.

    Setting what is set, or a repeated ``client_id``, changes nothing. The coding as it now
    stands is returned (None: the repeated act has been taken back since).
    """
    study.require("code")
    try:
        with study.change("code") as change:
            found = segment_id(change, transcript_id, first, last)
            _set(change, found, code_id, client_id)
    except (_AsAsked, Repeated):
        pass
    return _now(study, transcript_id, first, last, code_id, study.member.id)


def clear_coding(
    study: Study,
    transcript_id: int,
    first: int,
    last: int,
    code_id: int,
    client_id: str | None = None,
    coder_id: int | None = None,
) -> Coding | None:
    """Take a coding back: the acting member's own, or, for a lead, anybody's.

    Clearing what is clear, or a repeated ``client_id``, changes nothing. The coding as it
    now stands is returned: None, unless it was set again since.
    """
    study.require("code")
    coder = study.member.id if coder_id is None else coder_id
    if coder != study.member.id and study.member.role != "lead":
        raise NotAllowed("This is another coder's coding. Only its coder or a lead can clear it.")
    try:
        with study.change("code") as change:
            found = segment_id(change, transcript_id, first, last)
            _clear(change, found, code_id, coder, client_id)
    except (_AsAsked, Repeated):
        pass
    return _now(study, transcript_id, first, last, code_id, coder)


def _set(change: Change, segment: int, code_id: int, client_id: str | None) -> None:
    if not change.db.execute(
        "SELECT 1 FROM codes WHERE id = ? AND deleted_at IS NULL", [code_id]
    ).fetchone():
        raise BadInput("This code does not exist (any more). Nothing was saved.")
    coder = change.member.id
    row = _row(change.db, segment, code_id, coder)
    if row is not None and row[1] is None:
        raise _AsAsked
    coding_id: int | None
    if row is not None:
        coding_id = row[0]
        change.db.execute(
            "UPDATE codings SET deleted_at = NULL, created_at = ? WHERE id = ?",
            [change.now, coding_id],
        )
    else:
        coding_id = change.db.execute(
            "INSERT INTO codings (segment_id, code_id, coder_id, created_at) VALUES (?, ?, ?, ?)",
            [segment, code_id, coder, change.now],
        ).lastrowid
    after = _payload(change.db, segment, code_id, coder)
    change.record("coding.set", f"coding:{coding_id}", after=after, client_id=client_id)


def _clear(change: Change, segment: int, code_id: int, coder: int, client_id: str | None) -> None:
    row = _row(change.db, segment, code_id, coder)
    if row is None or row[1] is not None:
        raise _AsAsked
    change.db.execute("UPDATE codings SET deleted_at = ? WHERE id = ?", [change.now, row[0]])
    after = _payload(change.db, segment, code_id, coder)
    change.record("coding.cleared", f"coding:{row[0]}", after=after, client_id=client_id)


def _row(db: "Database", segment: int, code_id: int, coder: int) -> tuple[int, str | None] | None:
    row: tuple[int, str | None] | None = db.execute(
        "SELECT id, deleted_at FROM codings WHERE segment_id = ? AND code_id = ? AND coder_id = ?",
        [segment, code_id, coder],
    ).fetchone()
    return row


def _payload(db: "Database", segment: int, code_id: int, coder: int) -> Mapping[str, object]:
    """What an event carries, so that who listens needs no query."""
    transcript, first, last = db.execute(
        "SELECT transcript_id, first_sentence_id, last_sentence_id FROM segments WHERE id = ?",
        [segment],
    ).fetchone()
    return {
        "transcript": transcript, "first": first, "last": last, "code": code_id, "coder": coder
    }  # fmt: skip


def _now(
    study: Study, transcript_id: int, first: int, last: int, code_id: int, coder: int
) -> Coding | None:
    row = study.db.execute(
        _CODINGS + " AND g.transcript_id = ? AND c.code_id = ? AND c.coder_id = ?"
        " AND g.trim_start = 0 AND g.trim_end = 0 AND g.first_sentence_id IN (?, ?)"
        " AND g.last_sentence_id IN (?, ?) AND (g.first_sentence_id <> g.last_sentence_id) = ?",
        [transcript_id, code_id, coder, first, last, first, last, int(first != last)],
    ).fetchone()
    return None if row is None else _coding(row)


def _coding(row: tuple[object, ...]) -> Coding:
    coding_id, code_id, coder_id, initials, created_at, *ends = row
    segment = Segment(*ends)  # type: ignore[arg-type]  # columns are STRICT
    return Coding(coding_id, segment, code_id, coder_id, initials, created_at)  # type: ignore[arg-type]
