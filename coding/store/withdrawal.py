"""What of this stage is a withdrawn participant's, and erasing it.

Whoever coded an exchange coded others' words too: a segment that also holds sentences of
others keeps those, and its codings.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

import transcribe
from secure_storage import (
    LEAST,
    MARK,
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

_FEW: Final = 3
"""Words; a shorter name that stands in a sentence of theirs says nothing about them."""


def segments_touching(db: "Database", sentences: Iterable[int]) -> list[int]:
    """Segments in which any of some sentences lies."""
    positions: dict[int, list[int]] = {}
    for one in sentences:
        row = db.execute(
            "SELECT transcript_id, position FROM sentences WHERE id = ?", [one]
        ).fetchone()
        if row:
            positions.setdefault(row[0], []).append(row[1])
    rows = db.execute(
        "SELECT g.id, g.transcript_id, f.position, l.position FROM segments g"
        " JOIN sentences f ON f.id = g.first_sentence_id"
        " JOIN sentences l ON l.id = g.last_sentence_id ORDER BY g.id"
    ).fetchall()
    return [
        int(segment)
        for segment, transcript, first, last in rows
        if any(first <= place <= last for place in positions.get(transcript, ()))
    ]


def _find(ground: Ground, participant_id: int, so_far: Theirs) -> Theirs:
    db = ground.db
    sentences = transcribe.sentences_of(db, participant_id)
    segments = segments_touching(db, sentences)
    lost = _lost_near(db, participant_id, sentences)
    row = db.execute("SELECT pseudonym FROM participants WHERE id = ?", [participant_id]).fetchone()
    name = str(row[0]) if row else ""
    codes = _codes(db)
    named = tuple(title for _, title, text in codes if mentions(name, f"{title} {text}"))
    quoting = tuple(title for _, title, text in codes if _quotes(so_far.texts, title, text))
    words = Words(so_far.texts)
    partly = tuple(
        f"{title}: {text}"
        for _, title, text in codes
        if words.stand_in(unquoted(so_far.texts, text))
    )
    in_vivo = tuple(
        title
        for _, title, _ in codes
        if len(title.split()) >= _FEW
        and any(title.casefold() in text.casefold() for text in so_far.texts)
    )
    return Theirs((
        Found("Segments with their sentences", len(segments),
              "Removing cuts their sentences off; a segment that held nothing else goes."),
        Found("Codings on these", _codings(db, segments), "Go with the segment, or stay."),
        Found("Old words on the repair list of their transcripts", len(lost),
              "Erased, whoever said them: the list does not know. The codings stay on it.",
              tuple(text for _, text in lost)),
        Found("Codes that mention the pseudonym", len(named),
              "It is replaced there, if you choose so.", named),
        Found("Codes that quote a whole sentence of theirs", len(quoting),
              "The quotation is replaced.", quoting),
        Found("Codes that quote a part of what they said", len(partly),
              "These stay: rewrite the definitions that could give the person away.", partly,
              stays=True),
        Found("Codes named in words of theirs", len(in_vivo),
              "These stay: rename those that could give the person away.", in_vivo,
              stays=True),
    ))  # fmt: skip


def _erase(change: Change, ground: Ground, withdrawal: Withdrawal) -> None:
    sentences = transcribe.sentences_of(change.db, withdrawal.participant_id)
    for segment in segments_touching(change.db, sentences):
        if withdrawal.mode == "remove":
            _cut(change, segment, sentences)
        else:
            _untrim(change, segment, sentences)
    for number, _ in _lost_near(change.db, withdrawal.participant_id, sentences):
        change.db.execute("UPDATE repairs SET text = ? WHERE id = ?", [MARK, number])
    _rewrite_codes(change, ground, withdrawal)


def _lost_near(
    db: "Database", participant_id: int, sentences: Iterable[int]
) -> list[tuple[int, str]]:
    """Number and text of what lost its words in transcripts with them."""
    rows = db.execute(
        "SELECT r.id, r.text, g.transcript_id FROM repairs r JOIN segments g"
        " ON g.id = r.segment_id ORDER BY r.id"
    ).fetchall()
    theirs = {
        row[0] for row in db.execute(
            "SELECT transcript_id FROM speakers WHERE participant_id = ?", [participant_id]
        ).fetchall()
    }  # fmt: skip
    for one in sentences if rows else ():
        theirs.update(
            db.execute("SELECT transcript_id FROM sentences WHERE id = ?", [one]).fetchone()
        )
    return [(int(row[0]), str(row[1])) for row in rows if row[2] in theirs and row[1] != MARK]


def _cut(change: Change, segment: int, sentences: frozenset[int]) -> None:
    """Leave of a segment what others said in it."""
    first, last, trim_start, trim_end = change.db.execute(
        "SELECT first_sentence_id, last_sentence_id, trim_start, trim_end FROM segments"
        " WHERE id = ?",
        [segment],
    ).fetchone()
    left = [one for one in _between(change.db, first, last) if one not in sentences]
    if not left:
        _drop(change, segment)
        return
    ends = [
        left[0], left[-1],
        trim_start if left[0] == first else 0, trim_end if left[-1] == last else 0,
    ]  # fmt: skip
    same = change.db.execute(
        "SELECT id FROM segments WHERE first_sentence_id = ? AND last_sentence_id = ?"
        " AND trim_start = ? AND trim_end = ? AND id <> ?",
        [*ends, segment],
    ).fetchone()
    if same is None:
        change.db.execute(
            "UPDATE segments SET first_sentence_id = ?, last_sentence_id = ?, trim_start = ?,"
            " trim_end = ? WHERE id = ?",
            [*ends, segment],
        )
    else:
        # What the other segment has from the same coder under the same code, it has once.
        change.db.execute(
            "UPDATE OR IGNORE codings SET segment_id = ? WHERE segment_id = ?", [same[0], segment]
        )
        _drop(change, segment)


def _drop(change: Change, segment: int) -> None:
    change.db.execute("DELETE FROM codings WHERE segment_id = ?", [segment])
    change.db.execute("DELETE FROM repairs WHERE segment_id = ?", [segment])
    change.db.execute("DELETE FROM segments WHERE id = ?", [segment])


def _untrim(change: Change, segment: int, sentences: frozenset[int]) -> None:
    """Show the mark whole: a trim counts the letters of a text that is gone."""
    marks = ",".join("?" * len(sentences))
    for end, trim in (("first_sentence_id", "trim_start"), ("last_sentence_id", "trim_end")):
        change.db.execute(
            f"UPDATE segments SET {trim} = 0 WHERE id = ? AND {end} IN ({marks})",
            [segment, *sentences],
        )


def _between(db: "Database", first: int, last: int) -> list[int]:
    rows = db.execute(
        "SELECT s.id FROM sentences s JOIN sentences f ON f.id = ? JOIN sentences l ON l.id = ?"
        " WHERE s.transcript_id = f.transcript_id AND s.position BETWEEN f.position AND l.position"
        " ORDER BY s.position",
        [first, last],
    )
    return [int(row[0]) for row in rows.fetchall()]


def _codings(db: "Database", segments: Iterable[int]) -> int:
    return sum(
        int(db.execute("SELECT count(*) FROM codings WHERE segment_id = ?", [one]).fetchone()[0])
        for one in segments
    )


def _codes(db: "Database") -> list[tuple[int, str, str]]:
    """Number, name and definition of every code, removed ones too."""
    rows = db.execute("SELECT id, name, definition FROM codes ORDER BY id").fetchall()
    return [(int(row[0]), str(row[1]), str(row[2])) for row in rows]


def _quotes(texts: frozenset[str], *written: str) -> bool:
    return any(len(one) >= LEAST and unquoted(texts, one) != one for one in written)


def _rewrite_codes(change: Change, ground: Ground, withdrawal: Withdrawal) -> None:
    codes = _codes(change.db)
    names = {name.casefold() for _, name, _ in codes}
    for number, name, definition in codes:
        put, told = rewritten(withdrawal, name), rewritten(withdrawal, definition)
        if (put, told) == (name, definition):
            continue
        if put != name and put.casefold() in names:
            put = f"{put} {number}"
        names.add(put.casefold())
        change.db.execute(
            "UPDATE codes SET name = ?, definition = ?, version = version + 1 WHERE id = ?",
            [put, told, number],
        )


register_eraser(Eraser(
    "coding", frozenset({"codes.name", "codes.definition", "repairs.text"}), _find, _erase,
    again=_rewrite_codes,
))  # fmt: skip
