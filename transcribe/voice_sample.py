"""The ten seconds in which a speaker is best recognised by ear. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

LENGTH: Final = 10.0
"""Seconds at most."""


@dataclass(frozen=True, slots=True)
class Sounded:
    """A stretch of a turn (a word, or a sentence without word times) and how clear it is."""

    turn: int
    start: float
    end: float
    clear: float
    """0 (somebody else speaks too) to 1 (surely this speaker, surely these words)."""


def clearness(confidence: float, margin: float, overlap: bool) -> float:
    """Judge a word: nothing is worth less than two voices at once."""
    return 0.0 if overlap else confidence * (1 + margin) / 2


def clearest(stretches: Iterable[Sounded]) -> tuple[float, float] | None:
    """Give begin and end of the clearest ten seconds within one turn of a speaker.

    The most seconds, weighed by how clear they are; of equals, the earliest.
    """
    turns: dict[int, list[Sounded]] = {}
    for one in stretches:
        if one.end > one.start:
            turns.setdefault(one.turn, []).append(one)
    found = [_within(sorted(run, key=lambda one: one.start)) for run in turns.values()]
    best = max(found, key=lambda one: (one[0], -one[1]), default=None)
    return None if best is None else (best[1], best[2])


def _within(run: Sequence[Sounded]) -> tuple[float, float, float]:
    """Worth, begin and end of the best stretch of one turn."""
    worth = [0.0, *accumulate(one.clear * min(one.end - one.start, LENGTH) for one in run)]
    best = (-1.0, 0.0, 0.0)
    last = 0
    for first, one in enumerate(run):
        last = max(last, first + 1)
        while last < len(run) and run[last].end <= one.start + LENGTH:
            last += 1
        value = round(worth[last] - worth[first], 6)
        if value > best[0]:
            end = max(other.end for other in run[first:last])
            best = (value, one.start, min(end, one.start + LENGTH))
    return best
