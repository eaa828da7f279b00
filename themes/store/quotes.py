"""Quotes: segments marked for the manuscript, and the themes they speak for."""

from typing import TYPE_CHECKING, Final

from coding import segment_ids
from secure_storage import BadInput, Change, Repeated, Study

from ..theme import STATUSES, Quote, Status
from .excerpts import Reading
from .themes import read_theme

if TYPE_CHECKING:
    from sqlite_utils import Database

_QUOTES: Final = """
SELECT q.id, q.status, s.id, s.transcript_id, s.first_sentence_id, s.last_sentence_id,
       s.trim_start, s.trim_end
FROM quotes q JOIN segments s ON s.id = q.segment_id
JOIN sentences f ON f.id = s.first_sentence_id
WHERE q.deleted_at IS NULL ORDER BY s.transcript_id, f.position, q.id
"""


def quotes(study: Study, theme_id: int | None = None) -> list[Quote]:
    """All quotes in the order of the transcripts, or those of one theme."""
    study.require("read")
    in_themes: dict[int, list[int]] = {}
    for row in study.db.execute(
        "SELECT q.quote_id, q.theme_id FROM quote_themes q JOIN themes t ON t.id = q.theme_id"
        " WHERE t.deleted_at IS NULL ORDER BY t.position, t.id"
    ):
        in_themes.setdefault(row[0], []).append(row[1])
    reading = Reading(study)
    found = []
    for quote_id, status, *segment in study.db.execute(_QUOTES).fetchall():
        themes = tuple(in_themes.get(quote_id, ()))
        if theme_id is None or theme_id in themes:
            excerpt = reading.excerpt(segment)
            if excerpt is not None:
                found.append(Quote(quote_id, excerpt, status, themes))
    return found


def mark_quote(
    study: Study, transcript_id: int, first: int, last: int, *,
    trims: tuple[int, int] = (0, 0), client_id: str | None = None,
) -> int:  # fmt: skip
    """Mark a run of sentences as a quote and return its id; twice changes nothing.

    ``trims``: code points left out at its start and at its end.
    """
    study.require("theme")
    try:
        with study.change("theme") as change:
            segments = segment_ids(change, transcript_id, first, last, trims)
            row = change.db.execute(
                "SELECT id, deleted_at FROM quotes"
                f" WHERE segment_id IN ({','.join('?' * len(segments))})"
                " ORDER BY deleted_at IS NOT NULL, id",
                segments,
            ).fetchone()
            if row is not None and row[1] is None:
                return int(row[0])
            quote_id = _mark(change, segments[0], None if row is None else int(row[0]))
            after = _place_of(change.db, quote_id)
            change.record("quote.marked", f"quote:{quote_id}", after=after, client_id=client_id)
            return quote_id
    except Repeated as repeated:
        (event,) = study.events(repeated.seq - 1, 1)
        return int(event.object.partition(":")[2])


def unmark_quote(
    study: Study, transcript_id: int, first: int, last: int, *,
    trims: tuple[int, int] = (0, 0), client_id: str | None = None,
) -> None:  # fmt: skip
    """Take the mark off a run of sentences; twice changes nothing."""
    study.require("theme")
    try:
        with study.change("theme") as change:
            change.once(client_id)
            rows = change.db.execute(
                "SELECT q.id FROM quotes q JOIN segments s ON s.id = q.segment_id"
                " WHERE s.transcript_id = ? AND (s.first_sentence_id, s.last_sentence_id)"
                " IN (VALUES (?, ?), (?, ?)) AND s.trim_start = ? AND s.trim_end = ?"
                " AND q.deleted_at IS NULL",
                [transcript_id, first, last, last, first, *trims],
            ).fetchall()
            # Corrections can bring several onto the same words.
            for number, (quote_id,) in enumerate(rows):
                _unmark(change, int(quote_id), None if number else client_id)
    except Repeated:
        return


def remove_quote(study: Study, quote_id: int) -> None:
    """Take the mark off a quote, however its segment is trimmed."""
    study.require("theme")
    with study.change("theme") as change:
        _status(change.db, quote_id)
        _unmark(change, quote_id, None)


def add_quote_to_theme(
    study: Study, quote_id: int, theme_id: int, *, client_id: str | None = None
) -> None:
    """Let a quote speak for a theme; twice changes nothing."""
    _place(study, quote_id, theme_id, inside=True, client_id=client_id)


def remove_quote_from_theme(
    study: Study, quote_id: int, theme_id: int, *, client_id: str | None = None
) -> None:
    """Take a quote out of a theme; twice changes nothing."""
    _place(study, quote_id, theme_id, inside=False, client_id=client_id)


def set_quote_status(study: Study, quote_id: int, status: Status) -> None:
    """Say how near a quote is to the manuscript."""
    study.require("theme")
    if status not in STATUSES:
        raise BadInput(f"A quote is one of: {', '.join(STATUSES)}.")
    with study.change("theme") as change:
        before = _status(change.db, quote_id)
        if before != status:
            change.db.execute("UPDATE quotes SET status = ? WHERE id = ?", [status, quote_id])
            change.record(
                "quote.status_set",
                f"quote:{quote_id}",
                before={"status": before},
                after={"status": status},
            )


def _mark(change: Change, segment: int, again: int | None) -> int:
    if again is not None:
        change.db.execute("UPDATE quotes SET deleted_at = NULL WHERE id = ?", [again])
        return again
    made = change.db.execute(
        "INSERT INTO quotes (segment_id, created_by, created_at) VALUES (?, ?, ?)",
        [segment, change.member.id, change.now],
    ).lastrowid
    assert made is not None
    return made


def _unmark(change: Change, quote_id: int, client_id: str | None) -> None:
    after = _place_of(change.db, quote_id)
    change.db.execute("UPDATE quotes SET deleted_at = ? WHERE id = ?", [change.now, quote_id])
    change.record("quote.unmarked", f"quote:{quote_id}", after=after, client_id=client_id)


def _place_of(db: "Database", quote_id: int) -> dict[str, int]:
    """What an event carries, so that who listens needs no query."""
    row = db.execute(
        "SELECT s.transcript_id, s.first_sentence_id, s.last_sentence_id, s.trim_start, s.trim_end"
        " FROM quotes q JOIN segments s ON s.id = q.segment_id WHERE q.id = ?",
        [quote_id],
    ).fetchone()
    return dict(zip(("transcript", "first", "last", "trim_start", "trim_end"), row, strict=True))


def _place(
    study: Study, quote_id: int, theme_id: int, *, inside: bool, client_id: str | None
) -> None:
    study.require("theme")
    try:
        with study.change("theme") as change:
            _status(change.db, quote_id)
            read_theme(change.db, theme_id)
            values = [quote_id, theme_id]
            there = change.db.execute(
                "SELECT 1 FROM quote_themes WHERE quote_id = ? AND theme_id = ?", values
            ).fetchone()
            if (there is not None) == inside:
                return
            change.db.execute(
                "INSERT INTO quote_themes VALUES (?, ?)"
                if inside
                else "DELETE FROM quote_themes WHERE quote_id = ? AND theme_id = ?",
                values,
            )
            change.record(
                "quote.themed",
                f"quote:{quote_id}",
                after={"theme": theme_id, "set": inside},
                client_id=client_id,
            )
    except Repeated:
        return


def _status(db: "Database", quote_id: int) -> str:
    row = db.execute(
        "SELECT status FROM quotes WHERE id = ? AND deleted_at IS NULL", [quote_id]
    ).fetchone()
    if row is None:
        raise BadInput("This quote does not exist (any more). Reload the page.")
    return str(row[0])
