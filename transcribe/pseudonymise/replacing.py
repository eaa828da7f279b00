"""Putting something else in the place of what identifies somebody."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .finding import Kind


@dataclass(frozen=True, slots=True)
class Replaced:
    """A stretch of a text (code points, half-open), and what is to stand there."""

    start: int
    end: int
    text: str


def replaced(text: str, places: Iterable[Replaced]) -> str:
    """Put replacements into a text; ``ValueError`` if two of them share letters."""
    done, at = [], 0
    for one in sorted(places, key=lambda place: place.start):
        if one.start < at:
            raise ValueError("two replacements share letters")
        done += [text[at : one.start], one.text]
        at = one.end
    return "".join(done) + text[at:]


def next_label(kind: Kind, taken: Iterable[str]) -> str:
    """Give the next free replacement of a kind: [Name 1], [Name 2] …"""
    used = set(taken)
    number = 1
    while (label := f"[{kind.capitalize()} {number}]") in used:
        number += 1
    return label


def word_spans(text: str, words: Sequence[str]) -> list[tuple[int, int] | None]:
    """Give where the words of a sentence stand in its text; None for one that is not there.

    Corrections leave words that were never said in the text, and heard ones out of it.
    """
    spans: list[tuple[int, int] | None] = []
    at = 0
    for word in words:
        plain = word.strip()
        start = text.find(plain, at) if plain else -1
        if start < 0:
            spans.append(None)
            continue
        at = start + len(plain)
        spans.append((start, at))
    return spans
