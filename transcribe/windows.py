"""From speech probabilities to speech regions to windows for the recogniser. Pure.

A window holds contiguous sound: pauses inside it stay, because splicing speech
together shifts times and makes the recogniser invent bridges. Cuts lie in silence, or,
where somebody talks longer than a window without a pause, where speech is least likely.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

FRAME_SECONDS: Final = 0.032
LONGEST: Final = 30.0
"""Seconds the recogniser can hear at once."""
LONGEST_GAP: Final = 3.0
"""Seconds of silence that end a window: recognisers invent text in long silences."""
MARGIN: Final = 0.2
"""Seconds of silence kept around speech, so that soft onsets are not cut off."""

# Silero's own defaults, but for the shortest speech: «mm» and «ja» last 0.1 s and matter.
_ONSET: Final = 0.5
_OFFSET: Final = 0.35
_SHORTEST_SPEECH: Final = 0.1
_SHORTEST_SILENCE: Final = 0.1


@dataclass(frozen=True, slots=True, order=True)
class Region:
    """Somebody speaks from start to end (seconds)."""

    start: float
    end: float

    @property
    def duration(self) -> float:
        """Seconds."""
        return self.end - self.start


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """A stretch of contiguous sound for one run of the recogniser (seconds)."""

    start: float
    end: float


def speech_regions(probabilities: NDArray[np.float32], total: float) -> tuple[Region, ...]:
    """Turn probabilities (one for each 32 ms) into regions, with hysteresis."""
    regions: list[Region] = []
    for first, last in _runs(probabilities):
        region = Region(first * FRAME_SECONDS, min(last * FRAME_SECONDS, total))
        if regions and region.start - regions[-1].end < _SHORTEST_SILENCE:
            regions[-1] = Region(regions[-1].start, region.end)
        else:
            regions.append(region)
    return tuple(region for region in regions if region.duration >= _SHORTEST_SPEECH)


def _runs(probabilities: NDArray[np.float32]) -> Iterator[tuple[int, int]]:
    start: int | None = None
    for index, value in enumerate(probabilities.tolist()):
        if start is None and value >= _ONSET:
            start = index
        elif start is not None and value < _OFFSET:
            yield start, index
            start = None
    if start is not None:
        yield start, len(probabilities)


def pack(
    regions: Sequence[Region],
    probabilities: NDArray[np.float32],
    total: float,
    longest: float = LONGEST,
) -> tuple[Window, ...]:
    """Pack regions into windows of at most ``longest`` seconds that do not overlap."""
    pieces = [
        piece for region in regions for piece in _split(region, probabilities, longest - 2 * MARGIN)
    ]
    groups: list[Region] = []
    for piece in pieces:
        if groups and _fits(groups[-1], piece, longest - 2 * MARGIN):
            groups[-1] = Region(groups[-1].start, piece.end)
        else:
            groups.append(piece)
    return tuple(_with_margins(groups, total))


def _fits(group: Region, piece: Region, longest: float) -> bool:
    return piece.end - group.start <= longest and piece.start - group.end <= LONGEST_GAP


def _with_margins(groups: Sequence[Region], total: float) -> Iterator[Window]:
    for index, group in enumerate(groups):
        before = groups[index - 1].end if index else 0.0
        after = groups[index + 1].start if index + 1 < len(groups) else total
        # A gap narrower than two margins is shared, so that no sound is heard twice.
        start = max(group.start - MARGIN, (before + group.start) / 2 if index else 0.0)
        last = index + 1 == len(groups)
        end = min(group.end + MARGIN, after if last else (group.end + after) / 2)
        yield Window(round(start, 3), round(end, 3))


def _split(region: Region, probabilities: NDArray[np.float32], longest: float) -> Iterator[Region]:
    """Cut a region that is too long where speech is least likely, late in the window."""
    while region.duration > longest:
        low = int((region.start + longest / 2) / FRAME_SECONDS) + 1
        high = int((region.start + longest) / FRAME_SECONDS)
        cut = (low + int(np.argmin(probabilities[low:high]))) * FRAME_SECONDS
        yield Region(region.start, cut)
        region = Region(cut, region.end)
    yield region
