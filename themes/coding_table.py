"""The coding table: excerpts with markers C1, C2 … set in the text, beside their codes.

What a reviewer asks for and Braun and Clarke show: each coded stretch of a transcript
in order, so that anybody can see how the words became codes. One row holds one coded
sentence, or several where a coding reaches over several.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .attribution import Voice, attributions


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence, as far as an excerpt needs it."""

    id: int
    speaker_id: int | None
    text: str
    start: float | None


@dataclass(frozen=True, slots=True)
class Stretch:
    """A coded run of sentences, by their places in the transcript (from 0)."""

    first: int
    last: int
    code: int
    coder: str
    """Initials of who coded it."""
    trim_start: int = 0
    trim_end: int = 0


@dataclass(frozen=True, slots=True)
class Piece:
    """Text of an excerpt, or a marker in it."""

    text: str
    marker: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the coding table."""

    number: str
    """Its sentences, «12» or «12–14»."""
    start: float | None
    voices: tuple[str, ...]
    excerpt: tuple[tuple[Piece, ...], ...]
    """Paragraphs, one for each turn."""
    codes: tuple[str, ...]
    """«C1 code - AB», in the order of the markers."""


def number_codes(stretches: Iterable[Iterable[Stretch]]) -> dict[int, int]:
    """Number codes by their first appearance, transcript after transcript."""
    order: dict[int, int] = {}
    for transcript in stretches:
        for stretch in sorted(transcript, key=_place):
            order.setdefault(stretch.code, len(order) + 1)
    return order


def rows(
    sentences: Sequence[Said],
    stretches: Sequence[Stretch],
    voices: Mapping[int | None, Voice],
    numbers: Mapping[int, int],
    names: Mapping[int, str],
) -> tuple[Row, ...]:
    """Lay out a transcript's coded sentences in its order; what is not coded is left out."""
    made = []
    for together in _overlapping(stretches):
        first = min(stretch.first for stretch in together)
        last = max(stretch.last for stretch in together)
        said = sentences[first : last + 1]
        spoken = [voices[sentence.speaker_id] for sentence in said]
        made.append(
            Row(
                _span(first, last),
                said[0].start,
                tuple(dict.fromkeys(attributions(spoken))),
                _excerpt(said, first, attributions(spoken), together, numbers),
                _codes(together, first, last, numbers, names),
            )
        )
    return tuple(made)


def _place(stretch: Stretch) -> tuple[int, int, int]:
    return stretch.last, stretch.first, stretch.code


def _overlapping(stretches: Sequence[Stretch]) -> list[list[Stretch]]:
    """Put stretches that share a sentence together, in the order of the transcript."""
    groups: list[list[Stretch]] = []
    end = -1
    for stretch in sorted(stretches, key=lambda one: (one.first, one.last, one.code)):
        if stretch.first > end:
            groups.append([])
        groups[-1].append(stretch)
        end = max(end, stretch.last)
    return groups


def _span(first: int, last: int) -> str:
    return str(first + 1) if first == last else f"{first + 1}–{last + 1}"


def _excerpt(
    said: Sequence[Said],
    first: int,
    voices: Sequence[str],
    stretches: Sequence[Stretch],
    numbers: Mapping[int, int],
) -> tuple[tuple[Piece, ...], ...]:
    paragraphs: list[list[Piece]] = []
    several = len(set(voices)) > 1
    for place, (sentence, voice) in enumerate(zip(said, voices, strict=True), start=first):
        if place == first or (several and voice != voices[place - first - 1]):
            paragraphs.append([Piece(f"{voice.rpartition(', ')[0]}: ")] if several else [])
        else:
            paragraphs[-1].append(Piece(" "))
        ending = [stretch for stretch in stretches if stretch.last == place]
        paragraphs[-1].extend(_marked(sentence.text, ending, numbers))
    return tuple(tuple(paragraph) for paragraph in paragraphs)


def _marked(text: str, ending: Sequence[Stretch], numbers: Mapping[int, int]) -> list[Piece]:
    """Set each marker where its stretch ends, which a trimmed one does within the text."""
    pieces: list[Piece] = []
    done = 0
    for cut in sorted({max(len(text) - stretch.trim_end, 0) for stretch in ending}):
        marks = {numbers[s.code] for s in ending if max(len(text) - s.trim_end, 0) == cut}
        pieces.append(Piece(text[done:cut]))
        pieces.extend(Piece(f" [C{number}]", marker=True) for number in sorted(marks))
        done = cut
    pieces.append(Piece(text[done:]))
    return [piece for piece in pieces if piece.text]


def _codes(
    stretches: Sequence[Stretch],
    first: int,
    last: int,
    numbers: Mapping[int, int],
    names: Mapping[int, str],
) -> tuple[str, ...]:
    coders: dict[tuple[int, str], list[str]] = {}
    for stretch in sorted(stretches, key=lambda one: (numbers[one.code], *_place(one))):
        whole = (stretch.first, stretch.last) == (first, last)
        where = "" if whole else f" ({_span(stretch.first, stretch.last)})"
        initials = coders.setdefault((stretch.code, where), [])
        if stretch.coder not in initials:
            initials.append(stretch.coder)
    return tuple(
        f"C{numbers[code]} {names[code]}{where} - {', '.join(initials)}"
        for (code, where), initials in coders.items()
    )
