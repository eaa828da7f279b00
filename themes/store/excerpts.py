"""Segments as people read them: attributed, and with what was said around them."""

from collections.abc import Sequence
from typing import Any, Final

import transcribe
from secure_storage import Study

from ..attribution import Voice, exchange
from ..coding_table import Said
from ..theme import Excerpt

_SEGMENT: Final = (
    "s.id, s.transcript_id, s.first_sentence_id, s.last_sentence_id, s.trim_start, s.trim_end"
)
_SAID: Final = """
SELECT s.id, t.speaker_id, s.text, s.start FROM sentences s JOIN turns t ON t.id = s.turn_id
WHERE s.transcript_id = ? ORDER BY s.position
"""
_ORDER: Final = " ORDER BY s.transcript_id, f.position, s.id"


class Reading:
    """Transcripts as they are now, each read once however many excerpts it gives."""

    def __init__(self, study: Study) -> None:
        """Read nothing yet."""
        study.require("read")
        self._study = study
        self._titles = {row.id: row for row in transcribe.list_transcripts(study)}
        self._sentences: dict[int, list[Said]] = {}
        self._voices: dict[int, dict[int | None, Voice]] = {}
        self._places: dict[int, dict[int, int]] = {}

    def sentences(self, transcript_id: int) -> list[Said]:
        """The sentences of a transcript, in order."""
        if transcript_id not in self._sentences:
            # Not transcribe.sentences: that one also weighs every word, which takes longer.
            found = [Said(*row) for row in self._study.db.execute(_SAID, [transcript_id])]
            self._sentences[transcript_id] = found
            self._places[transcript_id] = {row.id: place for place, row in enumerate(found)}
        return self._sentences[transcript_id]

    def places(self, transcript_id: int) -> dict[int, int]:
        """Where each sentence of a transcript stands, from 0."""
        self.sentences(transcript_id)
        return self._places[transcript_id]

    def voices(self, transcript_id: int) -> dict[int | None, Voice]:
        """What may be said about the speakers of a transcript; None is UNKNOWN."""
        if transcript_id not in self._voices:
            group = self._titles[transcript_id].group
            voices: dict[int | None, Voice] = {None: Voice("", group)}
            for row in transcribe.speakers(self._study, transcript_id):
                linked = row.participant_id is not None
                voices[row.id] = Voice(
                    f"participant {row.participant_id}" if linked else f"speaker {row.id}",
                    group,
                    # An unlinked label is what somebody typed, often a name: never shown.
                    pseudonym=row.name if linked else "",
                    profession=row.profession if linked else "",
                    role=row.role,
                )
            self._voices[transcript_id] = voices
        return self._voices[transcript_id]

    def excerpt(self, segment: Sequence[Any]) -> Excerpt | None:
        """Read one segment; None when its transcript is gone."""
        segment_id, transcript_id, first_id, last_id, trim_start, trim_end = segment
        if transcript_id not in self._titles:
            return None
        said, places = self.sentences(transcript_id), self.places(transcript_id)
        voices = self.voices(transcript_id)
        first, last = places[first_id], places[last_id]
        texts = [row.text for row in said[first : last + 1]]
        texts[-1] = texts[-1][: len(texts[-1]) - trim_end]
        texts[0] = texts[0][trim_start:]
        speakers = [voices[row.speaker_id] for row in said[first : last + 1]]
        return Excerpt(
            segment_id,
            transcript_id,
            self._titles[transcript_id].title,
            first + 1,
            last + 1,
            exchange(list(zip(speakers, texts, strict=True))),
            before=said[first - 1].text if first else "",
            after=said[last + 1].text if last + 1 < len(said) else "",
            demo=self._titles[transcript_id].demo,
        )


def excerpts_of_code(study: Study, code_id: int) -> list[Excerpt]:
    """Everything coded with a code, by anybody, each segment once."""
    return _coded(study, "c.code_id = ?", code_id)


def excerpts_of_theme(study: Study, theme_id: int) -> list[Excerpt]:
    """Everything coded with any code of a theme, each segment once."""
    return _coded(
        study, "c.code_id IN (SELECT code_id FROM theme_codes WHERE theme_id = ?)", theme_id
    )


def _coded(study: Study, which: str, value: int) -> list[Excerpt]:
    reading = Reading(study)
    rows = study.db.execute(
        f"SELECT {_SEGMENT.replace('s.id', 'min(s.id)', 1)} FROM segments s"
        " JOIN sentences f ON f.id = s.first_sentence_id"
        " JOIN codings c ON c.segment_id = s.id JOIN codes k ON k.id = c.code_id"
        f" WHERE {which} AND c.deleted_at IS NULL AND k.deleted_at IS NULL"
        # Corrections can bring several onto the same words: these are read once.
        " GROUP BY s.first_sentence_id, s.last_sentence_id, s.trim_start, s.trim_end" + _ORDER,
        [value],
    ).fetchall()
    return [found for row in rows if (found := reading.excerpt(row)) is not None]
