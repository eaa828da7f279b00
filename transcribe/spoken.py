"""What of the recogniser's text was spoken: it invents some where nobody speaks. Pure.

Nothing goes unseen: what is dropped is a doubt that the reviewer is shown.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

from .transcript import Doubt, Utterance, Word
from .windows import LONGEST_GAP, MARGIN, Region

UNHEARD: Final = "dropped: no speech was detected here"
INVENTED: Final = "dropped: a phrase that recognisers invent, and hardly anybody speaks here"
SUSPECTED: Final = "kept with doubt: a phrase that recognisers are known to invent"
MISSED: Final = "nothing was written here though speech was detected"
_HARDLY: Final = 0.5
"""Share of an utterance below which hardly anybody speaks."""
_MUCH: Final = 1.0
"""Seconds of speech that do not go by without a word."""


def spoken(
    utterances: Sequence[Utterance],
    regions: Sequence[Region],
    invention: Callable[[str], bool],
) -> tuple[tuple[Utterance, ...], tuple[Doubt, ...]]:
    """Drop what nobody said, and end words where speech ends; also give the doubts.

    ``regions`` is where somebody speaks, in order; ``invention`` tells whether a text is a
    phrase that recognisers invent. Attention stays on a word through the pause after it: a
    word keeps the stretch of speech that it shares most time with.
    """
    speech, stretches = _Speech(regions), _Speech(_widened(regions))
    kept: list[Utterance] = []
    doubts: list[Doubt] = []
    for one in utterances:
        reason = _reason(one, speech.within(one.start, one.end), invention)
        if reason is not None:
            doubts.append(Doubt(one.start, one.end, one.text, reason))
        if reason in (None, SUSPECTED):
            words = tuple(_ended(word, stretches) for word in one.words)
            kept.append(replace(one, words=words))
    return tuple(kept), tuple(doubts)


def _reason(
    one: Utterance, heard: Sequence[Region], invention: Callable[[str], bool]
) -> str | None:
    if not heard:
        return UNHEARD
    if not invention(one.text):
        return None
    seconds = sum(region.duration for region in heard)
    return INVENTED if seconds < _HARDLY * (one.end - one.start) else SUSPECTED


def missed(
    utterances: Sequence[Utterance], doubts: Sequence[Doubt], regions: Sequence[Region]
) -> tuple[Doubt, ...]:
    """Give a doubt for every second and more of speech without a word or a doubt.

    ``regions`` is where somebody speaks, in order. A recogniser may end its text in the
    middle of a window. A breath counts to the speech around it.
    """
    spans = [(word.start, word.end) for one in utterances for word in one.words]
    told = sorted([*spans, *((doubt.start, doubt.end) for doubt in doubts)])
    gaps = pairwise([(0.0, 0.0), *_joined(told), (math.inf, math.inf)])
    speech = _Speech(regions)
    found = []
    for (_, start), (end, _) in gaps:
        for stretch in _stretches(speech.within(start, end)):
            if sum(region.duration for region in stretch) >= _MUCH:
                first, last = stretch[0].start, stretch[-1].end
                found.append(Doubt(round(first, 3), round(last, 3), "", MISSED))
    return tuple(found)


def _stretches(regions: Sequence[Region]) -> list[list[Region]]:
    """Regions with no long silence between them, together."""
    found: list[list[Region]] = []
    for region in regions:
        if found and region.start - found[-1][-1].end <= LONGEST_GAP:
            found[-1].append(region)
        else:
            found.append([region])
    return found


def _joined(spans: Sequence[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    """Spans by their start, each from where the ones before it have ended."""
    latest = 0.0
    for start, end in spans:
        latest = max(latest, end)
        yield start, latest


class _Speech:
    """Regions that do not touch, by time."""

    def __init__(self, regions: Sequence[Region]) -> None:
        self._regions = regions
        self._starts = [region.start for region in regions]
        self._ends = [region.end for region in regions]

    def within(self, start: float, end: float) -> list[Region]:
        """Give the parts of regions between two moments."""
        first, last = bisect_right(self._ends, start), bisect_left(self._starts, end)
        return [
            Region(max(region.start, start), min(region.end, end))
            for region in self._regions[first:last]
        ]


def _widened(regions: Sequence[Region]) -> list[Region]:
    """Regions with the soft beginnings and ends of words, joined where they then touch."""
    wide: list[Region] = []
    for region in regions:
        start, end = region.start - MARGIN, region.end + MARGIN
        if wide and start <= wide[-1].end:
            wide[-1] = Region(wide[-1].start, end)
        else:
            wide.append(Region(start, end))
    return wide


def _ended(word: Word, stretches: _Speech) -> Word:
    longest = max(
        stretches.within(word.start, word.end), key=lambda one: one.duration, default=None
    )
    if longest is None:
        return word
    return replace(word, start=round(longest.start, 3), end=round(longest.end, 3))
