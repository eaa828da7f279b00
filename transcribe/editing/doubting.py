"""Which words of a text deserve a second listening, one by one."""

from collections.abc import Iterator, Sequence
from typing import Final

from ..transcript import Word
from .placing import place_words

Weak = tuple[int, int, str]
"""Start and end in the text, and why."""


LOW_CONFIDENCE: Final = 0.4
"""Of a word: below it, more are wrong than one would like."""
LOW_MARGIN: Final = 0.1
"""Of a word's speaker: below it the two best are all but equal."""


def weak_words(words: Sequence[Word], text: str) -> tuple[Weak, ...]:
    """Give the places of doubtful words that still stand in ``text``; neighbours are joined."""
    reasons = [_why(word) for word in words]
    if not any(reasons):
        return ()
    places = place_words([word.text for word in words], text)
    return tuple(_joined((place, why) for place, why in zip(places, reasons, strict=True)))


def _why(word: Word) -> str:
    reasons = []
    if word.confidence < LOW_CONFIDENCE:
        reasons.append("recognised with little confidence")
    if word.margin < LOW_MARGIN:
        reasons.append("uncertain who speaks")
    if word.overlap:
        reasons.append("somebody else speaks at the same time")
    return "; ".join(reasons)


def _joined(found: Iterator[tuple[tuple[int, int] | None, str]]) -> Iterator[Weak]:
    open_one: Weak | None = None
    for place, why in found:
        if open_one and (place is None or why != open_one[2] or place[0] > open_one[1] + 1):
            yield open_one
            open_one = None
        if place is not None and why:
            open_one = (open_one[0] if open_one else place[0], place[1], why)
    if open_one:
        yield open_one
