"""Speakers of a transcript assigned again, from what the diarization heard. Pure.

As ``align`` does it when a transcript is made, but sentence by sentence, for sentences are
what people have read, corrected and coded since: a sentence goes to whoever holds most of
its words. After labels were merged, words that lay between two of them are no longer in
doubt.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from .align import assign, heard_for
from .transcript import SpeakerSpan, Utterance, Word


@dataclass(frozen=True, slots=True)
class Voiced:
    """A sentence, whose it is, and the words that were heard in it."""

    id: int
    speaker: str
    words: tuple[Word, ...]


def assigned_again(
    sentences: Iterable[Voiced],
    exclusive: Sequence[SpeakerSpan],
    overlapping: Sequence[SpeakerSpan],
) -> tuple[Voiced, ...]:
    """Give those sentences whose speaker, margins or overlaps come out otherwise now.

    Sentences in which no words were heard (typed by a person) stay as they are.
    """
    # All at once, for the spans are sorted each time; in the order in which words are given.
    heard = sorted((one for one in sentences if one.words), key=_time)
    assigned = iter(
        assign([Utterance(*_time(one), "", one.words) for one in heard], exclusive, overlapping)
    )
    found = []
    for one in heard:
        words = tuple(islice(assigned, len(one.words)))
        now = Voiced(one.id, _most(words, one.speaker), words)
        if now.speaker != one.speaker or _known(words) != _known(one.words):
            found.append(now)
    return tuple(found)


def _time(one: Voiced) -> tuple[float, float]:
    return one.words[0].start, one.words[-1].end


def _most(words: Sequence[Word], before: str) -> str:
    """Whoever is heard longest; of two who are heard as long, the one it was."""
    seconds: dict[str, float] = {}
    for word in words:
        start, end = heard_for(word)
        seconds[word.speaker] = seconds.get(word.speaker, 0.0) + end - start
    return max(seconds, key=lambda name: (round(seconds[name], 3), name == before))


def _known(words: Sequence[Word]) -> list[tuple[float, bool]]:
    return [(word.margin, word.overlap) for word in words]
