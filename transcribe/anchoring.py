"""Times for a text that somebody else wrote: found by the words a recogniser heard. Pure.

The words of both run in the same order, so that the longest common run of words is looked
for: words, or runs of three, that are unique on both sides are anchors (patience diff,
Bram Cohen), of which the longest increasing sequence is kept; what lies between two anchors
is treated the same way, and what is short is compared outright. What was heard otherwise
lies between what was heard alike, and is given its share of the time there.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Final

from .transcript import Word

_SMALL: Final = 250_000
"""Pairs of words that are compared outright."""
_LONGEST_WORD: Final = 0.5
"""Seconds that a word is given which was not heard, beside one that was."""
_SHORTEST_WORD: Final = 0.08
"""Seconds: nobody speaks faster, so that a text for which there is less was not said here."""
_MARKS: Final = re.compile(r"[\W_]+")

Time = tuple[float, float]
_Range = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Anchored:
    """When a sentence was said."""

    start: float | None
    """None, with ``end``: it was not found in the sound, nor is there room for it."""
    end: float | None
    words: tuple[Time, ...]
    """Of each word of its text (split at spaces); empty where the sentence has no time."""


@dataclass(frozen=True, slots=True)
class Anchoring:
    """A whole text with its times."""

    sentences: tuple[Anchored, ...]
    share: float
    """Of its words, how many were heard alike."""


def anchored(texts: Sequence[str], heard: Sequence[Word], duration: float) -> Anchoring:
    """Give each sentence of ``texts`` its time in a sound of ``duration`` seconds."""
    said = [(place, _plain(word)) for place, text in enumerate(texts) for word in text.split()]
    times: list[Time | None] = [None] * len(said)
    alike = matches([word for _, word in said], [_plain(word.text) for word in heard])
    for mine, theirs in alike:
        times[mine] = (heard[theirs].start, heard[theirs].end)
    _fill(times, [place for place, _ in said], duration)
    ahead = iter(times)
    sentences = tuple(_sentence([next(ahead) for _ in text.split()]) for text in texts)
    spoken = sum(1 for _, word in said if word)
    return Anchoring(sentences, len(alike) / spoken if spoken else 0.0)


def matches(said: Sequence[str], heard: Sequence[str]) -> list[tuple[int, int]]:
    """Pair equal words of two texts, in order; empty words are equal to none."""
    found: list[tuple[int, int]] = []
    ahead: list[_Range] = [(0, len(said), 0, len(heard))]
    while ahead:
        one = first, end, at, until = ahead.pop()
        if first == end or at == until:
            continue
        small = (end - first) * (until - at) <= _SMALL
        anchors = _anchors(said, heard, one, 3) or ([] if small else _anchors(said, heard, one, 1))
        if anchors:
            found += anchors
            edges = [(first - 1, at - 1), *anchors, (end, until)]
            ahead += [(a + 1, c, b + 1, d) for (a, b), (c, d) in pairwise(edges)]
        elif small:
            found += _compared(said, heard, one)
    return sorted(found)


def _anchors(
    said: Sequence[str], heard: Sequence[str], within: _Range, length: int
) -> list[tuple[int, int]]:
    first, end, at, until = within
    mine, theirs = _unique(said, first, end, length), _unique(heard, at, until, length)
    return _increasing([(place, theirs[run]) for run, place in mine.items() if run in theirs])


def _unique(words: Sequence[str], start: int, end: int, length: int) -> dict[tuple[str, ...], int]:
    """Give the places of the runs of words that are there once, in order."""
    places: dict[tuple[str, ...], int] = {}
    often: set[tuple[str, ...]] = set()
    for place in range(start, end - length + 1):
        run = tuple(words[place : place + length])
        if run in places:
            often.add(run)
        elif all(run):
            places[run] = place
    return {run: place for run, place in places.items() if run not in often}


def _increasing(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Keep the longest sequence of pairs (sorted by the first) in which the second grows."""
    ends: list[int] = []
    last: list[int] = []
    before: list[int | None] = []
    for number, (_, place) in enumerate(pairs):
        length = bisect_left(ends, place)
        before.append(last[length - 1] if length else None)
        ends[length : length + 1] = [place]
        last[length : length + 1] = [number]
    kept: list[tuple[int, int]] = []
    at = last[-1] if last else None
    while at is not None:
        kept.append(pairs[at])
        at = before[at]
    return kept[::-1]


def _compared(
    said: Sequence[str], heard: Sequence[str], within: _Range
) -> Iterator[tuple[int, int]]:
    first, end, at, until = within
    alike = SequenceMatcher(None, said[first:end], heard[at:until], autojunk=False)
    for mine, theirs, size in alike.get_matching_blocks():
        for step in range(size):
            if said[first + mine + step]:
                yield first + mine + step, at + theirs + step


def _fill(times: list[Time | None], places: Sequence[int], duration: float) -> None:
    """Give words that were not heard a time between those that were."""
    known = [number for number, time in enumerate(times) if time is not None]
    for left, right in pairwise([-1, *known, len(times)]):
        if right - left == 1:
            continue
        before, after = times[left] if left >= 0 else None, None
        if right < len(times):
            after = times[right]
        start = before[1] if before else 0.0
        end = max(start, after[0] if after else duration)
        run = range(left + 1, right)
        with_left = [n for n in run if before and places[n] == places[left]]
        with_right = [n for n in run if after and places[n] == places[right] and n not in with_left]
        step = min(_LONGEST_WORD, (end - start) / len(run))
        for count, number in enumerate(with_left):
            times[number] = (start + count * step, start + (count + 1) * step)
        for count, number in enumerate(reversed(with_right)):
            times[number] = (end - (count + 1) * step, end - count * step)
        _spread(
            times,
            [n for n in run if n not in with_left and n not in with_right],
            start + len(with_left) * step,
            end - len(with_right) * step,
        )


def _spread(times: list[Time | None], run: Sequence[int], start: float, end: float) -> None:
    """Share a stretch out among whole sentences of which nothing was heard, if it can hold them."""
    if run and (step := (end - start) / len(run)) >= _SHORTEST_WORD:
        for count, number in enumerate(run):
            times[number] = (start + count * step, start + (count + 1) * step)


def _sentence(words: Sequence[Time | None]) -> Anchored:
    timed = [time for time in words if time is not None]
    if not timed or len(timed) < len(words):
        return Anchored(None, None, ())
    return Anchored(timed[0][0], max(end for _, end in timed), tuple(timed))


def _plain(word: str) -> str:
    return _MARKS.sub("", word.casefold())
