"""What of this stage is a withdrawn participant's, and erasing it.

A quote that holds their words is withdrawn, whoever else speaks in it: it was chosen and
read as it stood.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import coding
import transcribe
from secure_storage import (
    Change,
    Eraser,
    Found,
    Ground,
    Theirs,
    Withdrawal,
    Words,
    mentions,
    register_eraser,
    rewritten,
    unquoted,
)

if TYPE_CHECKING:
    from sqlite_utils import Database


def _find(ground: Ground, participant_id: int, so_far: Theirs) -> Theirs:
    db = ground.db
    sentences = transcribe.sentences_of(db, participant_id)
    quotes = _quotes(db, coding.segments_touching(db, sentences))
    row = db.execute("SELECT pseudonym FROM participants WHERE id = ?", [participant_id]).fetchone()
    name = str(row[0]) if row else ""
    named = tuple(one for _, one, text in _themes(db) if mentions(name, f"{one} {text}"))
    quoting = tuple(
        one
        for _, one, text in _themes(db)
        if unquoted(so_far.texts, f"{one}\n{text}") != f"{one}\n{text}"
    )
    words = Words(so_far.texts)
    partly = tuple(
        f"{one}: {text}"
        for _, one, text in _themes(db)
        if any(words.stand_in(unquoted(so_far.texts, part)) for part in (one, text))
    )
    return Theirs((
        Found("Quotes with their words", len(quotes), "Withdrawn; removing takes the rows out."),
        Found("Themes that mention the pseudonym", len(named),
              "It is replaced there, if you choose so.", named),
        Found("Themes that quote a whole sentence of theirs", len(quoting),
              "The quotation is replaced.", quoting),
        Found("Themes that quote a part of what they said", len(partly),
              "These stay: rewrite those that could give the person away.", partly, stays=True),
    ))  # fmt: skip


def _erase(change: Change, ground: Ground, withdrawal: Withdrawal) -> None:
    sentences = transcribe.sentences_of(change.db, withdrawal.participant_id)
    for quote in _quotes(change.db, coding.segments_touching(change.db, sentences)):
        if withdrawal.mode == "remove":
            change.db.execute("DELETE FROM quote_themes WHERE quote_id = ?", [quote])
            change.db.execute("DELETE FROM quotes WHERE id = ?", [quote])
        else:
            change.db.execute(
                "UPDATE quotes SET deleted_at = coalesce(deleted_at, ?) WHERE id = ?",
                [change.now, quote],
            )
    _rewrite_themes(change, ground, withdrawal)


def _rewrite_themes(change: Change, ground: Ground, withdrawal: Withdrawal) -> None:
    for number, name, concept in _themes(change.db):
        put, told = rewritten(withdrawal, name), rewritten(withdrawal, concept)
        if (put, told) != (name, concept):
            change.db.execute(
                "UPDATE themes SET name = ?, concept = ?, version = version + 1 WHERE id = ?",
                [put, told, number],
            )


def _quotes(db: "Database", segments: Iterable[int]) -> list[int]:
    chosen = set(segments)
    rows = db.execute("SELECT id, segment_id FROM quotes ORDER BY id").fetchall()
    return [int(row[0]) for row in rows if row[1] in chosen]


def _themes(db: "Database") -> list[tuple[int, str, str]]:
    """Number, name and concept of every theme, removed ones too."""
    rows = db.execute("SELECT id, name, concept FROM themes ORDER BY id").fetchall()
    return [(int(row[0]), str(row[1]), str(row[2])) for row in rows]


register_eraser(Eraser(
    "themes", frozenset({"themes.name", "themes.concept"}), _find, _erase, again=_rewrite_themes,
))  # fmt: skip
