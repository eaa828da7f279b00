"""Putting other words into a text at known places."""

from collections.abc import Iterable
from dataclasses import dataclass

from secure_storage import BadInput


@dataclass(frozen=True, slots=True)
class Replacement:
    """Other words for a stretch of a sentence."""

    sentence: int
    version: int
    """In which the sentence was read; the offsets are those of its text then."""
    start: int
    end: int
    text: str


def replaced(text: str, places: Iterable[Replacement]) -> str:
    """Put all replacements into one text; ``BadInput`` when they overlap or lie outside it."""
    pieces, at = [], 0
    for one in sorted(places, key=lambda place: (place.start, place.end)):
        if not at <= one.start < one.end <= len(text):
            raise BadInput("What is to be replaced is not there. Search again.")
        pieces += [text[at : one.start], one.text]
        at = one.end
    return "".join([*pieces, text[at:]])
