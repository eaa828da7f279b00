"""Putting something else in the place of what identifies somebody."""

import re
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
        form = rf"(?<!\w){re.escape(plain)}(?!\w)"
        found = re.compile(form).search(text, at) if plain else None
        spans.append(found.span() if found else None)
        at = found.end() if found else at
    return spans


def said_there(spans: Sequence[tuple[int, int] | None], start: int, end: int, most: int) -> range:
    """Give which words (``word_spans``) were heard where a stretch of the text stands.

    These are all between the words found before it and after it, so also those that were
    heard otherwise than they are written now; nothing if that are more than ``most`` and none
    of them is written there.
    """
    known = [(number, *span) for number, span in enumerate(spans) if span is not None]
    first = max((number for number, _, last in known if last <= start), default=-1) + 1
    last = min((number for number, begin, _ in known if begin >= end), default=len(spans))
    sure = any(first <= number < last for number, _, _ in known)
    return range(first, last) if sure or last - first <= most else range(0)
