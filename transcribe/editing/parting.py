"""Splitting what was said in two at a place in its text, and joining two into one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from ..transcript import Word
from .placing import Place, place_words, tokens_of


@dataclass(frozen=True, slots=True)
class Spoken:
    """All that is kept of one sentence."""

    text: str
    heard: str
    """What the recogniser gave; empty where a person typed."""
    verbatim: str | None
    """What was said, where the text was put into written language."""
    start: float | None
    end: float | None
    words: tuple[Word, ...] = ()
    """As they were heard, whatever the text is by now."""


def part(one: Spoken, at: int) -> tuple[Spoken, Spoken]:
    """Split at offset ``at`` of the text (code points); both parts must hold something.

    Words go where they stand in the text; what was heard and the verbatim text are cut where
    the same words are. The time between comes from the words, or else from the share of
    characters.
    """
    left, right = one.text[:at].strip(), one.text[at:].strip()
    count = _cut([word.text for word in one.words], one.text, at)
    until, since = _between(one, at, count)
    heard = _halves(one.heard, one.text, at)
    verbatim = (None, None) if one.verbatim is None else _halves(one.verbatim, one.text, at)
    return (
        Spoken(left, heard[0], verbatim[0], one.start, until, one.words[:count]),
        Spoken(right, heard[1], verbatim[1], since, one.end, one.words[count:]),
    )


def join(first: Spoken, second: Spoken) -> Spoken:
    """Put two neighbours together, with one space between."""
    verbatim = None
    if first.verbatim is not None or second.verbatim is not None:
        said = [one.text if one.verbatim is None else one.verbatim for one in (first, second)]
        verbatim = " ".join(text for text in said if text)
    ends = [one.end for one in (first, second) if one.end is not None]
    return replace(
        first,
        text=f"{first.text} {second.text}",
        heard=" ".join(one.heard for one in (first, second) if one.heard),
        verbatim=verbatim,
        start=second.start if first.start is None else first.start,
        end=max(ends, default=None),
        words=first.words + second.words,
    )


def _halves(said: str, text: str, at: int) -> tuple[str, str]:
    if said == text:
        return said[:at].strip(), said[at:].strip()
    tokens = tokens_of(said)
    count = _cut(tokens, text, at)
    return " ".join(tokens[:count]), " ".join(tokens[count:])


def _cut(words: Sequence[str], text: str, at: int) -> int:
    """How many of ``words`` come before the place ``at`` of ``text``."""
    places = place_words(words, text)
    before = [number for number, place in enumerate(places) if place and _is_before(place, at)]
    after = [number for number, place in enumerate(places) if place and not _is_before(place, at)]
    least, most = (before[-1] + 1 if before else 0), (after[0] if after else len(words))
    # Words in between are no longer in the text as they were.
    since, until = _end(places, before), _start(places, after, text)
    return least + _letter_by_letter(words[least:most], text[since:until], at - since)


def _letter_by_letter(words: Sequence[str], text: str, at: int) -> int:
    """How many of ``words`` come before ``at``, by the letters that they share with ``text``."""
    said = " ".join(words)
    place = round(len(said) * at / max(1, len(text)))
    for there, here, size in SequenceMatcher(
        None, said, text, autojunk=False
    ).get_matching_blocks():
        if size and here + size > at:
            place = there + max(0, at - here)
            break
    starts = [0, *(number + 1 for number, sign in enumerate(said) if sign == " ")]
    return sum(start < place for start in starts[: len(words)])


def _is_before(place: Place, at: int) -> bool:
    # A word that is cut itself stays with its beginning.
    return place[0] < at


def _end(places: Sequence[Place | None], before: Sequence[int]) -> int:
    place = places[before[-1]] if before else None
    return place[1] if place else 0


def _start(places: Sequence[Place | None], after: Sequence[int], text: str) -> int:
    place = places[after[0]] if after else None
    return place[0] if place else len(text)


def _between(one: Spoken, at: int, count: int) -> tuple[float | None, float | None]:
    if 0 < count < len(one.words):
        return one.words[count - 1].end, one.words[count].start
    if one.start is None or one.end is None:
        return None, None
    middle = one.start + (one.end - one.start) * at / max(1, len(one.text))
    return round(middle, 3), round(middle, 3)
