"""Which sentences, doubts and stretches of sound are one participant's. Pure but for reading.

A recording may have been transcribed more than once, and speakers were perhaps told apart
in one of the transcripts only. What is heard in another at the participant's time, by a
speaker who is nobody else, is theirs as well.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from . import store
from .store import Said

if TYPE_CHECKING:
    from sqlite_utils import Database

MARGIN: Final = 0.25
"""Seconds around what they say: word times err by about this much."""
_SAME: Final = 0.5
"""Share of a sentence of another transcript that must lie in their time to be theirs."""

Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Traces:
    """What of this stage is a participant's."""

    said: tuple[Said, ...]
    doubts: tuple[tuple[int, int, str], ...]
    """Number, transcript and text."""
    spans: dict[int, tuple[Span, ...]]
    """Of each recording, the seconds in which they speak, margins included."""
    crowded: int
    """How many of these hold words of others too."""

    @property
    def sentences(self) -> frozenset[int]:
        """Ids of their sentences."""
        return frozenset(one.id for one in self.said)


def sentences_of(db: "Database", participant_id: int) -> frozenset[int]:
    """Give the ids of a participant's sentences, for the stages that hold something on them."""
    return traces(db, participant_id).sentences


def traces(db: "Database", participant_id: int) -> Traces:
    """Find what is a participant's."""
    own = store.transcripts_with(db, participant_id)
    everything = {one: store.said(db, one) for one in (*own, *store.siblings(db, own))}
    times = {one: store.word_times(db, one) for one in everything}
    theirs = [
        line for one in own for line in everything[one] if line.participant_id == participant_id
    ]
    spoken = _spoken(theirs)
    for one in everything.keys() - set(own):
        theirs += [line for line in everything[one] if _same(line, spoken)]
    mine = {line.id for line in theirs}
    spans: dict[int, tuple[Span, ...]] = {}
    crowded = 0
    for recording in {line.recording_id for line in theirs} - {None}:
        assert recording is not None
        others = [
            span
            for one, lines in everything.items()
            for line in lines
            if line.id not in mine and line.recording_id == recording
            for span in times[one].get(line.id) or _timed(line)
        ]
        stretches = _stretches([one for one in theirs if one.recording_id == recording], others)
        crowded += sum(any(_meet(one, other) for other in others) for one in stretches)
        spans[recording] = joined(widened(stretches, others))
    doubts = [
        (number, transcript, text)
        for transcript, lines in everything.items()
        for number, start, end, text in store.spans_of_doubts(db, transcript)
        if lines
        and any(_meet((start, end), one) for one in spans.get(lines[0].recording_id or 0, ()))
    ]
    return Traces(tuple(theirs), tuple(doubts), spans, crowded)


def widened(spans: Sequence[Span], others: Sequence[Span]) -> list[Span]:
    """Add the margin on both sides, as far as nobody else speaks there."""
    wide = []
    for start, end in spans:
        if any(a < start < b for a, b in others):
            first = start
        else:
            first = max([start - MARGIN, 0.0, *(b for _, b in others if b <= start)])
        if any(a < end < b for a, b in others):
            last = end
        else:
            last = min([end + MARGIN, *(a for a, _ in others if a >= end)])
        wide.append((first, last))
    return wide


def joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Join what meets, in order."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return tuple(found)


def _stretches(lines: Sequence[Said], others: Sequence[Span]) -> list[Span]:
    """Their sentences; the pauses within one turn too, unless somebody else speaks in them."""
    found: list[Span] = []
    turn = None
    for line in lines:
        for start, end in _timed(line):
            gap = (found[-1][1], start) if found and line.turn_id == turn else None
            if gap and not any(_meet(gap, one) for one in others):
                found[-1] = (found[-1][0], max(end, found[-1][1]))
            else:
                found.append((start, end))
            turn = line.turn_id
    return found


def _spoken(lines: Iterable[Said]) -> dict[int, list[Span]]:
    spoken: dict[int, list[Span]] = {}
    for line in lines:
        if line.recording_id is not None:
            spoken.setdefault(line.recording_id, []).extend(_timed(line))
    return {recording: list(joined(spans)) for recording, spans in spoken.items()}


def _same(line: Said, spoken: dict[int, list[Span]]) -> bool:
    if line.participant_id is not None or line.recording_id is None:
        return False
    for start, end in _timed(line):
        shared = sum(
            max(0.0, min(end, b) - max(start, a)) for a, b in spoken.get(line.recording_id, ())
        )
        return shared >= _SAME * (end - start)
    return False


def _timed(line: Said) -> list[Span]:
    if line.start is None or line.end is None or line.end <= line.start:
        return []
    return [(line.start, line.end)]


def _meet(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]
