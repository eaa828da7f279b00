"""Codings: rows of (segment, code, coder), so that what two coders do at once commutes."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from secure_storage import BadInput, Change, NotAllowed, Repeated, Study

from ..codebook import Coding, Segment
from .segments import segment_ids

if TYPE_CHECKING:
    from sqlite_utils import Database

_CODINGS: Final = """
SELECT c.id, c.code_id, c.coder_id, m.initials, c.created_at, g.id, g.transcript_id,
       g.first_sentence_id, g.last_sentence_id, g.trim_start, g.trim_end
FROM codings c JOIN segments g ON g.id = c.segment_id JOIN members m ON m.id = c.coder_id
JOIN codes k ON k.id = c.code_id
WHERE c.deleted_at IS NULL AND k.deleted_at IS NULL AND g.first_sentence_id IS NOT NULL
"""


class _AsAsked(Exception):
    """The study is already as it should be: leave the change without writing."""


def codings(study: Study, transcript_id: int) -> list[Coding]:
    """All codings of a transcript, in the order in which they were made.

    One coder's codings of the same words under one code stand as one.
    """
    study.require("read")
    rows = study.db.execute(_CODINGS + " AND g.transcript_id = ? ORDER BY c.id", [transcript_id])
    found: dict[tuple[object, ...], Coding] = {}
    for coding in map(_coding, rows):
        found.setdefault((coding.code_id, coding.coder_id, coding.segment.place), coding)
    return list(found.values())


def set_coding(
    study: Study,
    transcript_id: int,
    first: int,
    last: int,
    code_id: int,
    client_id: str | None = None,
    *,
    trims: tuple[int, int] = (0, 0),
) -> Coding | None:
    """Put a segment under a code, as the acting member's reading.

    ``trims``: code points left out at its start and at its end. Setting what is set, or a
    repeated ``client_id``, changes nothing. The coding as it now stands is returned (None:
    the repeated act has been taken back since).
    """
    study.require("code")
    try:
        with study.change("code") as change:
            found = segment_ids(change, transcript_id, first, last, trims)
            _set(change, found, code_id, client_id)
    except (_AsAsked, Repeated):
        pass
    return _now(study, (transcript_id, first, last), trims, code_id, study.member.id)


def clear_coding(
    study: Study,
    transcript_id: int,
    first: int,
    last: int,
    code_id: int,
    client_id: str | None = None,
    coder_id: int | None = None,
    *,
    trims: tuple[int, int] = (0, 0),
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
            found = segment_ids(change, transcript_id, first, last, trims)
            _clear(change, found, code_id, coder, client_id)
    except (_AsAsked, Repeated):
        pass
    return _now(study, (transcript_id, first, last), trims, code_id, coder)


def _set(change: Change, segments: list[int], code_id: int, client_id: str | None) -> None:
    if not change.db.execute(
        "SELECT 1 FROM codes WHERE id = ? AND deleted_at IS NULL", [code_id]
    ).fetchone():
        raise BadInput("This code does not exist (any more). Nothing was saved.")
    coder = change.member.id
    rows = _rows(change.db, segments, code_id, coder)
    if any(deleted_at is None for _, deleted_at in rows):
        raise _AsAsked
    coding_id: int | None
    if rows:
        coding_id = rows[0][0]
        change.db.execute(
            "UPDATE codings SET deleted_at = NULL, created_at = ? WHERE id = ?",
            [change.now, coding_id],
        )
    else:
        coding_id = change.db.execute(
            "INSERT INTO codings (segment_id, code_id, coder_id, created_at) VALUES (?, ?, ?, ?)",
            [segments[0], code_id, coder, change.now],
        ).lastrowid
    after = _payload(change.db, segments[0], code_id, coder)
    change.record("coding.set", f"coding:{coding_id}", after=after, client_id=client_id)


def _clear(
    change: Change, segments: list[int], code_id: int, coder: int, client_id: str | None
) -> None:
    there = [
        number for number, deleted_at in _rows(change.db, segments, code_id, coder)
        if deleted_at is None
    ]  # fmt: skip
    if not there:
        raise _AsAsked
    for number in there:
        change.db.execute("UPDATE codings SET deleted_at = ? WHERE id = ?", [change.now, number])
    after = _payload(change.db, segments[0], code_id, coder)
    change.record("coding.cleared", f"coding:{there[0]}", after=after, client_id=client_id)


def _rows(
    db: "Database", segments: list[int], code_id: int, coder: int
) -> list[tuple[int, str | None]]:
    marks = ",".join("?" * len(segments))
    return db.execute(
        f"SELECT id, deleted_at FROM codings WHERE segment_id IN ({marks}) AND code_id = ?"
        " AND coder_id = ? ORDER BY id",
        [*segments, code_id, coder],
    ).fetchall()


def _payload(db: "Database", segment: int, code_id: int, coder: int) -> Mapping[str, object]:
    """What an event carries, so that who listens needs no query."""
    transcript, first, last, trim_start, trim_end = db.execute(
        "SELECT transcript_id, first_sentence_id, last_sentence_id, trim_start, trim_end"
        " FROM segments WHERE id = ?",
        [segment],
    ).fetchone()
    return {
        "transcript": transcript, "first": first, "last": last,
        "trim_start": trim_start, "trim_end": trim_end, "code": code_id, "coder": coder,
    }  # fmt: skip


def _now(
    study: Study, place: tuple[int, int, int], trims: tuple[int, int], code_id: int, coder: int
) -> Coding | None:
    transcript_id, first, last = place
    row = study.db.execute(
        _CODINGS + " AND g.transcript_id = ? AND c.code_id = ? AND c.coder_id = ?"
        " AND g.trim_start = ? AND g.trim_end = ? AND g.first_sentence_id IN (?, ?)"
        " AND g.last_sentence_id IN (?, ?) AND (g.first_sentence_id <> g.last_sentence_id) = ?"
        " ORDER BY c.id",
        [transcript_id, code_id, coder, *trims, first, last, first, last, int(first != last)],
    ).fetchone()
    return None if row is None else _coding(row)


def _coding(row: tuple[object, ...]) -> Coding:
    coding_id, code_id, coder_id, initials, created_at, *ends = row
    segment = Segment(*ends)  # type: ignore[arg-type]  # columns are STRICT
    return Coding(coding_id, segment, code_id, coder_id, initials, created_at)  # type: ignore[arg-type]
