"""Which words of a text deserve a second listening, one by one."""

from collections.abc import Iterator, Sequence

from ..transcript import Word
from .placing import place_words

Weak = tuple[int, int, str]
"""Start and end in the text, and why."""


def weak_words(
    words: Sequence[Word], text: str, low_confidence: float, low_margin: float
) -> tuple[Weak, ...]:
    """Give the places of doubtful words that still stand in ``text``; neighbours are joined."""
    reasons = [_why(word, low_confidence, low_margin) for word in words]
    if not any(reasons):
        return ()
    places = place_words([word.text for word in words], text)
    return tuple(_joined((place, why) for place, why in zip(places, reasons, strict=True)))


def _why(word: Word, low_confidence: float, low_margin: float) -> str:
    reasons = []
    if word.confidence < low_confidence:
        reasons.append("recognised with little confidence")
    if word.margin < low_margin:
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
