"""The repair list: segments whose words a correction took away, for a person to put right."""

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from secure_storage import BadInput, Change, NotAllowed, Repeated, Study

from ..codebook import Repair
from .segments import ends

if TYPE_CHECKING:
    from sqlite_utils import Database

_OPEN: Final = """
SELECT r.id, r.segment_id, r.text, r.near,
       EXISTS (SELECT 1 FROM quotes q WHERE q.segment_id = r.segment_id AND q.deleted_at IS NULL)
FROM repairs r JOIN segments g ON g.id = r.segment_id
WHERE r.state = 'open' AND g.transcript_id = ? ORDER BY r.id
"""
_READ_UNDER: Final = """
SELECT c.code_id, c.coder_id FROM codings c JOIN codes k ON k.id = c.code_id
WHERE c.segment_id = ? AND c.deleted_at IS NULL AND k.deleted_at IS NULL ORDER BY c.id
"""
_GONE: Final = "This is not on the repair list (any more). Reload the page."


def repairs(study: Study, transcript_id: int) -> list[Repair]:
    """What of a transcript waits to be put right, the oldest first.

    A segment that nobody reads under a code or quotes any more is left out.
    """
    study.require("read")
    rows = study.db.execute(_OPEN, [transcript_id]).fetchall()
    found = [
        Repair(number, text, near, bool(quote), tuple(study.db.execute(_READ_UNDER, [segment])))
        for number, segment, text, near, quote in rows
    ]
    return [one for one in found if one.quote or one.codings]


def repair(
    study: Study, repair_id: int, first: int, last: int, client_id: str | None = None
) -> None:
    """Put a segment that lost its words onto a run of sentences, with all its codings."""
    study.require("code")
    with suppress(Repeated), study.change("code") as change:
        change.once(client_id)
        segment, transcript = _listed(change.db, repair_id, "open")
        _put(change, segment, *ends(change.db, transcript, first, last))
        _mark(change, repair_id, "repaired")
        change.record(
            "segment.repaired", f"segment:{segment}", after={"transcript": transcript},
            client_id=client_id,
        )  # fmt: skip


def let_go(study: Study, repair_id: int, client_id: str | None = None) -> None:
    """Let a segment that lost its words go; its codings stay with it, out of sight.

    Others' codings are for a lead to let go. ``reopen`` takes it back.
    """
    study.require("code")
    with suppress(Repeated), study.change("code") as change:
        change.once(client_id)
        segment, transcript = _listed(change.db, repair_id, "open")
        coders = {int(coder) for _, coder in change.db.execute(_READ_UNDER, [segment])}
        if study.member.role != "lead" and coders - {study.member.id}:
            raise NotAllowed("Others coded this, too. Only a lead can let it go.")
        _mark(change, repair_id, "let_go")
        change.record(
            "segment.let_go", f"segment:{segment}", after={"transcript": transcript},
            client_id=client_id,
        )  # fmt: skip


def reopen(study: Study, repair_id: int, client_id: str | None = None) -> None:
    """Put what was repaired or let go back on the list."""
    study.require("code")
    with suppress(Repeated), study.change("code") as change:
        change.once(client_id)
        segment, transcript = _listed(change.db, repair_id, "repaired", "let_go")
        _put(change, segment, None, None)
        _mark(change, repair_id, "open")
        change.record(
            "segment.reopened", f"segment:{segment}", after={"transcript": transcript},
            client_id=client_id,
        )  # fmt: skip


def _listed(db: "Database", repair_id: int, *states: str) -> tuple[int, int]:
    """Find the segment, and its transcript, that an entry in one of some states is about.

    Only its last entry counts: it can have lost its words again since.
    """
    row = db.execute(
        "SELECT r.segment_id, g.transcript_id, r.state,"
        " (SELECT max(id) FROM repairs o WHERE o.segment_id = r.segment_id)"
        " FROM repairs r JOIN segments g ON g.id = r.segment_id WHERE r.id = ?",
        [repair_id],
    ).fetchone()
    if row is None or row[2] not in states or row[3] != repair_id:
        raise BadInput(_GONE)
    return int(row[0]), int(row[1])


def _put(change: Change, segment: int, first: int | None, last: int | None) -> None:
    change.db.execute(
        "UPDATE segments SET first_sentence_id = ?, last_sentence_id = ?, trim_start = 0,"
        " trim_end = 0 WHERE id = ?",
        [first, last, segment],
    )


def _mark(change: Change, repair_id: int, state: str) -> None:
    by, at = (None, None) if state == "open" else (change.member.id, change.now)
    change.db.execute(
        "UPDATE repairs SET state = ?, closed_by = ?, closed_at = ? WHERE id = ?",
        [state, by, at, repair_id],
    )
