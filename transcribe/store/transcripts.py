"""Reading transcripts: lists, sentences, speakers, words, doubts, and what made them."""

import json
from typing import Any, Final

from sqlite_utils import Database

from secure_storage import BadInput, Study

from ..transcript import UNKNOWN, Word
from .rows import DoubtRow, SentenceRow, SpeakerRow, TranscriptRow

_TRANSCRIPTS: Final = """
SELECT t.id, t.title, t.group_number, t.language, t.source, t.demo, t.revision, t.recording_id,
       coalesce(
           (SELECT sum(p.duration) FROM recording_parts p WHERE p.recording_id = t.recording_id),
           (SELECT max(s.end) FROM sentences s WHERE s.transcript_id = t.id))
FROM transcripts t WHERE t.deleted_at IS NULL
"""
# Where a person gave the speaker (by_hand), nothing is uncertain about that.
_SENTENCES: Final = """
SELECT s.id, s.turn_id, s.position, t.speaker_id, s.text, s.start, s.end, s.version,
       min(w.confidence), min(max(w.margin, 1.0 * t.by_hand)), coalesce(max(w.overlap), 0)
FROM sentences s JOIN turns t ON t.id = s.turn_id LEFT JOIN words w ON w.sentence_id = s.id
"""
_SPEAKERS: Final = """
SELECT s.id, s.label, s.participant_id, coalesce(p.pseudonym, s.label),
       coalesce(p.profession, ''), coalesce(p.role, 'participant')
FROM speakers s LEFT JOIN participants p ON p.id = s.participant_id
"""


def list_transcripts(study: Study) -> list[TranscriptRow]:
    """All transcripts, group by group."""
    study.require("read")
    rows = study.db.execute(_TRANSCRIPTS + " ORDER BY t.group_number, t.id")
    return [_transcript(row) for row in rows]


def transcript(study: Study, transcript_id: int) -> TranscriptRow:
    """One transcript."""
    study.require("read")
    row = study.db.execute(_TRANSCRIPTS + " AND t.id = ?", [transcript_id]).fetchone()
    if row is None:
        raise BadInput("This transcript does not exist (any more). Go back to the list.")
    return _transcript(row)


def how_made(study: Study, transcript_id: int) -> tuple[tuple[str, str], ...]:
    """What made a transcript, as (what, how) pairs."""
    study.require("read")
    row = study.db.execute(
        "SELECT provenance FROM transcripts WHERE id = ?", [transcript_id]
    ).fetchone()
    if row is None:
        raise BadInput("This transcript does not exist (any more). Reload the page.")
    return tuple((str(what), str(how)) for what, how in json.loads(row[0]))


def sentences(study: Study, transcript_id: int) -> list[SentenceRow]:
    """All sentences of a transcript, in order."""
    study.require("read")
    rows = study.db.execute(
        _SENTENCES + " WHERE s.transcript_id = ? GROUP BY s.id ORDER BY s.position",
        [transcript_id],
    )
    return [_sentence(row) for row in rows]


def sentence(study: Study, sentence_id: int) -> SentenceRow:
    """One sentence as it stands."""
    study.require("read")
    return read_sentence(study.db, sentence_id)


def read_sentence(db: Database, sentence_id: int) -> SentenceRow:
    """One sentence as ``db`` sees it (within a change: as the change leaves it)."""
    row = db.execute(_SENTENCES + " WHERE s.id = ? GROUP BY s.id", [sentence_id]).fetchone()
    if row is None:
        raise BadInput("This sentence does not exist (any more). Reload the transcript.")
    return _sentence(row)


def speakers(study: Study, transcript_id: int) -> list[SpeakerRow]:
    """The speakers of a transcript in the order in which they first speak."""
    study.require("read")
    rows = study.db.execute(_SPEAKERS + " WHERE s.transcript_id = ? ORDER BY s.id", [transcript_id])
    return [SpeakerRow(*row) for row in rows]


def words(study: Study, sentence_id: int) -> list[Word]:
    """The words that were heard in a sentence; editing its text leaves them as they were."""
    study.require("read")
    rows = study.db.execute(
        "SELECT w.text, w.start, w.end, w.confidence, coalesce(k.label, ?), w.margin, w.overlap"
        " FROM words w JOIN sentences s ON s.id = w.sentence_id JOIN turns t ON t.id = s.turn_id"
        " LEFT JOIN speakers k ON k.id = t.speaker_id"
        " WHERE w.sentence_id = ? ORDER BY w.position",
        [UNKNOWN, sentence_id],
    )
    return [
        Word(text, start, end, confidence, speaker, margin, bool(overlap))
        for text, start, end, confidence, speaker, margin, overlap in rows
    ]


def heard(study: Study, sentence_id: int) -> str:
    """What the recogniser gave, whatever people made of it since."""
    study.require("read")
    row = study.db.execute("SELECT heard FROM sentences WHERE id = ?", [sentence_id]).fetchone()
    if row is None:
        raise BadInput("This sentence does not exist (any more). Reload the transcript.")
    return str(row[0])


def doubts(study: Study, transcript_id: int) -> list[DoubtRow]:
    """What was dropped or doubted while recognising, in order."""
    study.require("read")
    rows = study.db.execute(
        "SELECT id, start, end, text, reason FROM doubts WHERE transcript_id = ? ORDER BY start",
        [transcript_id],
    )
    return [DoubtRow(*row) for row in rows]


def _transcript(row: tuple[Any, ...]) -> TranscriptRow:
    number, title, group, language, source, demo, revision, recording, duration = row
    return TranscriptRow(
        number, title, group, language, source, bool(demo), revision, recording, duration
    )


def _sentence(row: tuple[Any, ...]) -> SentenceRow:
    number, turn, position, speaker, text, start, end, version, sure, margin, overlap = row
    return SentenceRow(
        number, turn, position, speaker, text, start, end, version, sure, margin, bool(overlap)
    )
