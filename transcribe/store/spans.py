"""Who was heard when, as the diarization tells it: kept, so that speakers can be assigned again."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..transcript import UNKNOWN, SpeakerSpan, Transcription

if TYPE_CHECKING:
    from sqlite_utils import Database

    from secure_storage import Change


@dataclass(frozen=True, slots=True)
class KeptSpans:
    """The spans of a transcript under the names of its speakers as they are now: their ids."""

    exclusive: tuple[SpeakerSpan, ...]
    """One speaker at a time: these label words."""
    overlapping: tuple[SpeakerSpan, ...]
    """Everybody who speaks: these flag words."""


def insert_spans(
    change: "Change", transcript_id: int, result: Transcription, speakers: Mapping[str, int | None]
) -> None:
    """Keep the spans of a new transcript, whose ``speakers`` (id by label) are written."""
    exclusive = result.exclusive or result.spans
    voices: dict[str, int] = {}
    for label in dict.fromkeys(one.speaker for one in (*exclusive, *result.spans)):
        found = change.db.execute(
            "INSERT INTO voices (transcript_id, speaker_id) VALUES (?, ?)",
            [transcript_id, speakers.get(label)],
        ).lastrowid
        assert found is not None
        voices[label] = found
    change.db.conn.executemany(
        "INSERT INTO spans (voice_id, start, end, exclusive) VALUES (?, ?, ?, ?)",
        [
            (voices[one.speaker], one.start, one.end, alone)
            for alone, spans in ((1, exclusive), (0, result.spans))
            for one in spans
        ],
    )


def has_spans(db: "Database", transcript_id: int) -> bool:
    """Whether it is known when whom was heard in a transcript."""
    return bool(
        db.execute(
            "SELECT 1 FROM spans n JOIN voices v ON v.id = n.voice_id"
            " WHERE v.transcript_id = ? AND n.exclusive LIMIT 1",
            [transcript_id],
        ).fetchone()
    )


def kept_spans(db: "Database", transcript_id: int) -> KeptSpans:
    """Give a transcript's spans; a speaker's name is their id, UNKNOWN for nobody's."""
    rows = db.execute(
        "SELECT n.start, n.end, v.speaker_id, n.exclusive FROM spans n"
        " JOIN voices v ON v.id = n.voice_id WHERE v.transcript_id = ? ORDER BY n.start, n.end",
        [transcript_id],
    ).fetchall()
    found: tuple[list[SpeakerSpan], list[SpeakerSpan]] = ([], [])
    for start, end, speaker, alone in rows:
        name = UNKNOWN if speaker is None else str(speaker)
        found[alone].append(SpeakerSpan(start, end, name))
    return KeptSpans(tuple(found[1]), tuple(found[0]))


def erase_spans(change: "Change", speakers: Iterable[int]) -> None:
    """Take out when some speakers were heard."""
    for one in speakers:
        change.db.execute(
            "DELETE FROM spans WHERE voice_id IN (SELECT id FROM voices WHERE speaker_id = ?)",
            [one],
        )
