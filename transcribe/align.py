"""Which speaker said which word, and where turns change. Pure.

A word belongs to the speaker who holds most of its first 0.6 s: recognisers stretch
words over pauses, so a word's end says little. Words in gaps take the nearest speaker
within half a second, else nobody: UNKNOWN is a valid answer. One or two doubtful words
inside someone's utterance are given to them, unless the diarization heard a turn of its
own there: «mm» and «yes» of the others are data in a focus group.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Final

from .transcript import UNKNOWN, SpeakerSpan, Utterance, Word

LONGEST_WORD: Final = 0.6
"""Seconds of a word that count."""
SHORTEST_WORD: Final = 0.02
"""Seconds; words without length still need a stretch to compare."""
NEAREST: Final = 0.5
"""Seconds a word may lie outside every span and still be given to the nearest."""
LOW_MARGIN: Final = 0.5
"""Below this a word's speaker may be overruled by its neighbours."""
LONGEST_FLIP: Final = 2
"""Words of a run that may be overruled."""


@dataclass(frozen=True, slots=True)
class SpokenTurn:
    """Words of one speaker in a row."""

    speaker: str
    words: tuple[Word, ...]


def assign(
    utterances: Iterable[Utterance],
    exclusive: Sequence[SpeakerSpan],
    overlapping: Sequence[SpeakerSpan],
) -> tuple[Word, ...]:
    """Give every word a speaker, a margin and an overlap flag; keeps words and their order."""
    spans, all_spans = _Sorted(exclusive), _Sorted(overlapping)
    words: list[Word] = []
    for utterance in sorted(utterances, key=lambda one: (one.start, one.end)):
        labelled = [_label(word, spans, all_spans) for word in utterance.words]
        words += _smoothed(labelled, spans)
    return tuple(words)


def turns(words: Sequence[Word]) -> tuple[SpokenTurn, ...]:
    """Cut words into turns where the speaker changes."""
    return tuple(
        SpokenTurn(speaker, tuple(run)) for speaker, run in groupby(words, lambda w: w.speaker)
    )


class _Sorted:
    """Spans by start, with a bound on where those that reach a time can begin."""

    def __init__(self, spans: Sequence[SpeakerSpan]) -> None:
        self._spans = sorted(spans)
        self._starts = [span.start for span in self._spans]
        self._longest = max((span.end - span.start for span in self._spans), default=0.0)

    def near(self, start: float, end: float) -> Iterator[SpeakerSpan]:
        """Spans that touch the stretch."""
        from bisect import bisect_left, bisect_right

        first = bisect_left(self._starts, start - self._longest)
        last = bisect_right(self._starts, end)
        return (span for span in self._spans[first:last] if span.end >= start)


def heard_for(word: Word) -> tuple[float, float]:
    """Give the stretch of a word that counts: recognisers draw words out over pauses."""
    length = min(max(word.end - word.start, SHORTEST_WORD), LONGEST_WORD)
    return word.start, word.start + length


def _label(word: Word, spans: _Sorted, all_spans: _Sorted) -> Word:
    start, end = heard_for(word)
    shares: dict[str, float] = {}
    for span in spans.near(start, end):
        shared = min(end, span.end) - max(start, span.start)
        if shared > 0:
            shares[span.speaker] = shares.get(span.speaker, 0.0) + shared
    if not shares:
        return replace(word, speaker=_nearest(start, end, spans), margin=0.0, overlap=False)
    ranked = sorted(shares.items(), key=lambda item: (-item[1], item[0]))
    speaker, best = ranked[0]
    second = ranked[1][1] if len(ranked) > 1 else 0.0
    margin = round(min(1.0, max(0.0, (best - second) / (end - start))), 3)
    beside = _beside(speaker, all_spans, start, end)
    return replace(word, speaker=speaker, margin=margin, overlap=bool(beside), beside=beside)


def _beside(speaker: str, spans: _Sorted, start: float, end: float) -> str:
    """Name who is heard longest over the speaker's own voice, if anybody is."""
    shares: dict[str, float] = {}
    for span in spans.near(start, end):
        shared = min(end, span.end) - max(start, span.start)
        if span.speaker != speaker and shared > 0 and _both(span, speaker, spans, start, end):
            shares[span.speaker] = shares.get(span.speaker, 0.0) + shared
    return min(shares, key=lambda name: (-shares[name], name), default="")


def _both(other: SpeakerSpan, speaker: str, spans: _Sorted, start: float, end: float) -> bool:
    """The speaker talks during the other's part of the word, and not only before or after."""
    first, last = max(start, other.start), min(end, other.end)
    return any(
        span.speaker == speaker and min(last, span.end) > max(first, span.start)
        for span in spans.near(first, last)
    )


def _nearest(start: float, end: float, spans: _Sorted) -> str:
    candidates = [
        (max(span.start - end, start - span.end, 0.0), span.speaker)
        for span in spans.near(start - NEAREST, end + NEAREST)
    ]
    distance, speaker = min(candidates, default=(NEAREST + 1, UNKNOWN))
    return speaker if distance <= NEAREST else UNKNOWN


def _smoothed(words: Sequence[Word], spans: _Sorted) -> list[Word]:
    """Overrule short doubtful runs inside an utterance."""
    runs = [list(run) for _, run in groupby(words, lambda word: word.speaker)]
    kept: list[Word] = []
    for index, run in enumerate(runs):
        before = kept[-1].speaker if kept else None
        after = runs[index + 1][0].speaker if index + 1 < len(runs) else None
        heir = _heir(run, before, after)
        if heir is None or _own_turn(run, spans):
            kept += run
        else:
            kept += [_given(word, heir) for word in run]
    return kept


def _given(word: Word, heir: str) -> Word:
    """Give a word to its heir, who then is not whom it is said over."""
    beside = word.speaker if word.beside == heir else word.beside
    return replace(word, speaker=heir, margin=0.0, beside=beside)


def _heir(run: Sequence[Word], before: str | None, after: str | None) -> str | None:
    """Say who gets a doubtful run: its neighbour on both sides, or on the only side."""
    if run[0].speaker != UNKNOWN:
        longest = LONGEST_FLIP if before is not None and after is not None else 1
        if len(run) > longest or any(word.margin >= LOW_MARGIN for word in run):
            return None
    elif before is None or after is None or len(run) > LONGEST_FLIP:
        return None  # whom the diarization did not hear at all may be somebody else
    neighbours = {name for name in (before, after) if name is not None}
    heir = neighbours.pop() if len(neighbours) == 1 else None
    return None if heir == UNKNOWN else heir


def _own_turn(run: Sequence[Word], spans: _Sorted) -> bool:
    """Diarization heard a turn that lies mostly inside this run."""
    start, end = run[0].start - 0.2, heard_for(run[-1])[1] + 0.2
    return any(
        span.speaker == run[0].speaker
        and min(end, span.end) - max(start, span.start) > (span.end - span.start) / 2
        for span in spans.near(start, end)
    )
