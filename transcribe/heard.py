"""How much of a sound somebody heard, from the ranges that stand on record. Pure."""

from collections.abc import Iterable, Sequence

Range = tuple[float, float]


def covered(ranges: Iterable[Range], duration: float) -> float:
    """Give the seconds of a sound that lie in any of the ranges."""
    seconds, until = 0.0, 0.0
    for start, end in sorted(ranges):
        begin = max(start, until)
        until = max(until, min(end, duration))
        seconds += max(0.0, until - begin)
    return seconds


def gaps(ranges: Iterable[Range], duration: float, least: float) -> Sequence[Range]:
    """Give the stretches of at least ``least`` seconds that lie in none of the ranges."""
    found, until = [], 0.0
    for start, end in [*sorted(ranges), (duration, duration)]:
        if min(start, duration) - until >= least:
            found.append((until, min(start, duration)))
        until = max(until, end)
    return found
