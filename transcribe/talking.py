"""The talk of a transcript, without its words: who says how much when, and how clearly."""

from typing import Final

from secure_storage import Study

from . import store
from .store import SpeakerRow
from .store.lines import lines
from .talk import Spoken
from .transcript import UNKNOWN
from .voice_sample import Sounded, clearest, clearness

_UNKNOWN_CLEARNESS: Final = 0.25
"""Of a sentence of which no words were heard: better than nothing, if nothing is clear."""


def talk_of(study: Study, transcript_id: int) -> tuple[Spoken, ...]:
    """Give who said how much when, in order; two labels of one participant are one person."""
    names = {one.id: _called(one) for one in store.speakers(study, transcript_id)}
    found = []
    for one in lines(study, transcript_id):
        row, heard = one.row, one.said.words
        who = UNKNOWN if row.speaker_id is None else names[row.speaker_id]
        found.append(
            Spoken(
                row.id, who, row.start, row.end, len(row.text.split()),
                row.text.rstrip("\"'»”’)* ").endswith("?"),
                bool(heard) and heard[0].overlap, bool(heard) and heard[-1].overlap,
            )
        )  # fmt: skip
    return tuple(found)


def _called(one: SpeakerRow) -> str:
    """Who leads the talk is told from those whose talk it is."""
    told = one.role == "participant" or one.role == one.name.lower()
    return one.name if told else f"{one.name}, {one.role}"


def samples_of(study: Study, transcript_id: int) -> dict[int, tuple[float, float]]:
    """Give begin and end of the ten seconds in which each speaker (id) is best known by ear."""
    sounding: dict[int, list[Sounded]] = {}
    for one in lines(study, transcript_id):
        row, words = one.row, one.said.words
        if row.speaker_id is None:
            continue
        found = sounding.setdefault(row.speaker_id, [])
        found += [
            Sounded(row.turn_id, word.start, word.end,
                    clearness(word.confidence, word.margin, word.overlap))
            for word in words
        ]  # fmt: skip
        if not words and row.start is not None and row.end is not None:
            found.append(Sounded(row.turn_id, row.start, row.end, _UNKNOWN_CLEARNESS))
    samples = {speaker: clearest(found) for speaker, found in sounding.items()}
    return {speaker: sample for speaker, sample in samples.items() if sample}
