"""Where nobody says anything for a second or longer: marks for reading, never text. Pure.

Pauses are found from words, because imported and corrected transcripts have nothing else.
Recognisers draw the word before a pause out over it, so that no word counts for longer
than a second: hardly any is.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from .transcript import Sentence, Transcription, Turn

SHORTEST: Final = 1.0
"""Seconds; shorter silences are breath and rhythm."""
_LONGEST_WORD: Final = 1.0
"""Seconds of a word that count."""


@dataclass(frozen=True, slots=True)
class Pause:
    """A silence before the character at ``offset`` of a sentence's text."""

    offset: int
    seconds: float

    @property
    def mark(self) -> str:
        """How it is written for a reader, in whole seconds."""
        return f"({round(self.seconds)} s)"


Marked = tuple[tuple[Pause | None, str], ...]
"""A sentence in pieces, each with the pause before it."""


def find_pauses(sentences: Sequence[Sentence]) -> tuple[tuple[Pause, ...], ...]:
    """Give the pauses before and inside each of the sentences of one transcript, in order.

    Inside a sentence they are known only while its text is what was heard; in front of one,
    as long as its time is known.
    """
    found = []
    until: float | None = None
    for sentence in sentences:
        pauses = []
        for offset, start, end in _stretches(sentence):
            if until is not None and offset is not None and start - until >= SHORTEST:
                pauses.append(Pause(offset, round(start - until, 3)))
            until = end if until is None else max(until, end)
        found.append(tuple(pauses))
    return tuple(found)


def marked_turns(transcription: Transcription) -> Iterator[tuple[Turn, tuple[Marked, ...]]]:
    """Give each turn with its sentences cut at their pauses."""
    every = iter(find_pauses([one for turn in transcription.turns for one in turn.sentences]))
    for turn in transcription.turns:
        yield turn, tuple(_cut(sentence, next(every)) for sentence in turn.sentences)


def read_aloud(marked: Marked) -> str:
    """Write a sentence for a reader, its pauses as «(3 s)»."""
    return " ".join(
        part for pause, text in marked for part in ((pause and pause.mark), text) if part
    )


def _cut(sentence: Sentence, pauses: Sequence[Pause]) -> Marked:
    ends = [pause.offset for pause in pauses] + [len(sentence.text)]
    pieces: list[tuple[Pause | None, str]] = []
    if not pauses or pauses[0].offset > 0:
        pieces.append((None, sentence.text[: ends[0]].strip()))
    for pause, end in zip(pauses, ends[1:], strict=True):
        pieces.append((pause, sentence.text[pause.offset : end].strip()))
    return tuple(pieces)


def _stretches(sentence: Sentence) -> Iterator[tuple[int | None, float, float]]:
    """Offset, start and end of each thing said; words of a changed text have no place in it."""
    heard = " ".join(word.text for word in sentence.words) == sentence.text
    offset = 0
    for word in sentence.words:
        length = min(word.end - word.start, _LONGEST_WORD)
        yield offset if heard or offset == 0 else None, word.start, word.start + length
        offset += len(word.text) + 1
    if not sentence.words and sentence.start is not None and sentence.end is not None:
        yield 0, sentence.start, sentence.end
