"""Sentences with all that a page shows of them: words as they were heard, verbatim text."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from secure_storage import Study

from ..transcript import Sentence, Word
from .rows import SentenceRow

_BEFORE: Final = 8
"""Sentences before the first that is asked for: a pause is known by what came before it."""
_LINES: Final = """
SELECT s.id, s.turn_id, s.position, t.speaker_id, s.text, s.start, s.end, s.version, s.verbatim
FROM sentences s JOIN turns t ON t.id = s.turn_id
WHERE s.transcript_id = ? AND s.position BETWEEN ? AND ? ORDER BY s.position
"""
# Where a person gave the speaker (by_hand), nothing is uncertain about that.
_WORDS: Final = """
SELECT s.id, w.text, w.start, w.end, w.confidence, max(w.margin, 1.0 * t.by_hand), w.overlap
FROM sentences s JOIN turns t ON t.id = s.turn_id JOIN words w ON w.sentence_id = s.id
WHERE s.transcript_id = ? AND s.position BETWEEN ? AND ? ORDER BY s.position, w.position
"""
_RANGE: Final = """
SELECT min(position), max(position) FROM sentences
WHERE transcript_id = ? AND id IN (SELECT value FROM json_each(?))
"""


@dataclass(frozen=True, slots=True)
class LineRow:
    """One sentence, with its words."""

    row: SentenceRow
    said: Sentence
    verbatim: str | None


def lines(study: Study, transcript_id: int) -> list[LineRow]:
    """All sentences of a transcript, in order."""
    study.require("read")
    return _read(study, transcript_id, 0, 2**62)


def lines_around(study: Study, transcript_id: int, ids: Collection[int]) -> list[LineRow]:
    """The sentences with these ids, those between, and some before; in order."""
    study.require("read")
    known = "[" + ",".join(map(str, ids)) + "]"
    first, last = study.db.execute(_RANGE, [transcript_id, known]).fetchone()
    if first is None:
        return []
    before = study.db.execute(
        "SELECT min(position) FROM (SELECT position FROM sentences WHERE transcript_id = ?"
        " AND position <= ? ORDER BY position DESC LIMIT ?)",
        [transcript_id, first, _BEFORE],
    ).fetchone()[0]
    return _read(study, transcript_id, before, last)


def _read(study: Study, transcript_id: int, first: int, last: int) -> list[LineRow]:
    # Two queries: sentences need not travel with each of their words.
    heard: dict[int, list[Word]] = {}
    where = [transcript_id, first, last]
    for number, text, start, end, sure, margin, overlap in study.db.execute(
        _WORDS, where
    ).fetchall():
        word = Word(text, start, end, sure, margin=margin, overlap=bool(overlap))
        heard.setdefault(number, []).append(word)
    rows = study.db.execute(_LINES, where).fetchall()
    return [_line(row, tuple(heard.get(row[0], ()))) for row in rows]


def _line(row: tuple[Any, ...], words: tuple[Word, ...]) -> LineRow:
    number, turn, position, speaker, text, start, end, version, verbatim = row
    told = SentenceRow(
        number, turn, position, speaker, text, start, end, version,
        min([word.confidence for word in words], default=None),
        min([word.margin for word in words], default=None),
        any(word.overlap for word in words),
    )  # fmt: skip
    return LineRow(told, Sentence(text, start, end, words), verbatim)
