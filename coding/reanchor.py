"""Where a segment's words stand after sentences were corrected, split, merged or removed.

Pure. What was and what is are compared word by word, by their longest common subsequence.
Many of these are equally long, and picking one would be a guess: so all are asked at once. A
cut between two old words may lie before new word j when what stands left of both and what
stands right of both have, together, as much in common as the whole (Hirschberg, Comm. ACM
18, 1975). Where more than one place is left and what is known does not decide, the answer is
that nobody knows, and a person is asked. Rows of the table are had by bits in parallel
(Hyyrö, «Bit-parallel LCS-length computation revisited», AWOCA 2004).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Final

Run = Sequence[tuple[int, str]]
"""Neighbouring sentences in order: id and text."""

_WORD: Final = re.compile(r"[^\w\s]*(\w+(?:['’-]\w+)*)[^\w\s]*")
"""A word with the signs around it, which are no words: they come and go as sentences do."""


@dataclass(frozen=True, slots=True)
class End:
    """One end of a segment: a sentence, and how many code points of it are left out there."""

    sentence: int
    trim: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """Where a segment lies now. None: that end lies outside the run, beside it."""

    first: End | None
    last: End | None


@dataclass(frozen=True, slots=True)
class _Cut:
    """A place between words: before the word ``at``, or ``inside`` code points into it."""

    at: int
    inside: int = 0
    bare: bool = False
    """It lies between a word and a sign that stands at it."""


@dataclass(frozen=True, slots=True)
class _Landing:
    """Where a cut came to lie."""

    at: int
    inside: int = 0
    bare: bool = False
    sentence: int | None = None
    """The place of a sentence at whose outer edge it lies: nothing of it is left out."""


class Recasting:
    """A run of sentences as it was and as it is, to find any segment of the one in the other."""

    def __init__(self, before: Run, after: Run) -> None:
        """Take both runs apart into words."""
        self._old, self._new = _Words(before), _Words(after)
        self._common = _Common(self._old.words, self._new.words)

    def follow(self, first: End | None, last: End | None) -> Found | None:
        """Find a segment again; None when nobody can tell where it is, or it is gone.

        An end that is None lies outside the run, and stays where it is.
        """
        start = None if first is None else self._start(first)
        end = None if last is None else self._end(last)
        if (first and not start) or (last and not end):
            return None
        if first and last and start and end and not self._holds(first, last, start, end):
            return None
        return Found(
            None if start is None else self._new.first(start),
            None if end is None else self._new.last(end),
        )

    def _start(self, first: End) -> _Landing | None:
        place = self._old.places[first.sentence]
        cut = self._old.cut(place, first.trim)
        if not first.trim:
            if place == 0:
                return _Landing(0, sentence=0)
            same = self._new.places.get(first.sentence)
            if same is not None and self._new.firsts[same] in self._common.landings(cut.at):
                return _Landing(self._new.firsts[same], sentence=same)
        if cut.inside:
            return self._within(cut)
        at = self._common.lands(cut.at, starts=True)
        return None if at is None else _Landing(at, bare=cut.bare)

    def _end(self, last: End) -> _Landing | None:
        place = self._old.places[last.sentence]
        cut = self._old.cut(place, len(self._old.texts[place]) - last.trim)
        if not last.trim:
            if place == len(self._old.texts) - 1:
                return _Landing(len(self._new.words), sentence=len(self._new.texts) - 1)
            same = self._new.places.get(last.sentence)
            if same is not None and self._new.firsts[same + 1] in self._common.landings(cut.at):
                return _Landing(self._new.firsts[same + 1], sentence=same)
        if cut.inside:
            return self._within(cut)
        at = self._common.lands(cut.at, starts=False)
        return None if at is None else _Landing(at, bare=cut.bare)

    def _within(self, cut: _Cut) -> _Landing | None:
        """A cut within a word is found where that word is, letter by letter."""
        at = self._common.stays(cut.at)
        if at is None or self._old.spelled(cut.at) != self._new.spelled(at):
            return None
        return _Landing(at, cut.inside)

    def _holds(self, first: End, last: End, start: _Landing, end: _Landing) -> bool:
        """Whole sentences may be said anew; of less, a word must be left that was there."""
        if start.sentence is not None and end.sentence is not None:
            return start.sentence <= end.sentence
        begins = self._old.cut(self._old.places[first.sentence], first.trim).at
        place = self._old.places[last.sentence]
        ends = self._old.cut(place, len(self._old.texts[place]) - last.trim)
        was = self._old.words[begins : ends.at + (ends.inside > 0)]
        now = self._new.words[start.at : end.at + (end.inside > 0)]
        return _row(was, now)[-1] > 0


@dataclass(frozen=True, slots=True)
class _Span:
    """Where a word stands, in code points of its sentence's text."""

    place: int
    """That of the sentence in the run."""
    opens: int
    """With the signs before it."""
    start: int
    end: int
    closes: int
    """With the signs behind it."""


class _Words:
    """A run of sentences, as words that know where they stand."""

    def __init__(self, run: Run) -> None:
        self.ids = [number for number, _ in run]
        self.texts = [text for _, text in run]
        self.places = {number: place for place, number in enumerate(self.ids)}
        self._spans: list[_Span] = []
        self.firsts = [0]
        """Of each sentence the first word, and behind the last sentence the end."""
        for place, text in enumerate(self.texts):
            self._spans += [
                _Span(place, one.start(), one.start(1), one.end(1), one.end())
                for one in _WORD.finditer(text)
            ]
            self.firsts.append(len(self._spans))
        # A capital letter where a sentence was split makes no other word.
        self.words = [self.spelled(at).casefold() for at in range(len(self._spans))]

    def spelled(self, at: int) -> str:
        span = self._spans[at]
        return self.texts[span.place][span.start : span.end]

    def cut(self, place: int, offset: int) -> _Cut:
        """Give the cut at an offset of a sentence's text."""
        for at in range(self.firsts[place], self.firsts[place + 1]):
            span = self._spans[at]
            if span.end > offset:
                bare = offset == span.start > span.opens
                return _Cut(at, max(0, offset - span.start), bare)
            if span.closes > offset:
                return _Cut(at + 1, bare=offset == span.end)
        return _Cut(self.firsts[place + 1])

    def first(self, start: _Landing) -> End | None:
        """Give the end of a segment that starts here; None: behind this run."""
        if start.sentence is not None and self.ids:
            return End(self.ids[start.sentence])
        if start.at == len(self._spans):
            return None
        span = self._spans[start.at]
        if start.inside or start.bare:
            return End(self.ids[span.place], span.start + start.inside)
        leads = start.at == self.firsts[span.place]
        return End(self.ids[span.place], 0 if leads else span.opens)

    def last(self, end: _Landing) -> End | None:
        """Give the end of a segment that ends here; None: before this run."""
        if end.sentence is not None and self.ids:
            return End(self.ids[end.sentence])
        if end.inside:
            span = self._spans[end.at]
            return End(self.ids[span.place], len(self.texts[span.place]) - span.start - end.inside)
        if end.at == 0:
            return None
        span = self._spans[end.at - 1]
        length = len(self.texts[span.place])
        if end.bare:
            return End(self.ids[span.place], length - span.end)
        closes = end.at == self.firsts[span.place + 1]
        return End(self.ids[span.place], 0 if closes else length - span.closes)


class _Common:
    """What two rows of words have in common, left and right of any place."""

    def __init__(self, old: list[str], new: list[str]) -> None:
        self._old, self._new = old, new
        self._left: dict[int, list[int]] = {}
        self._right: dict[int, list[int]] = {}

    @cached_property
    def _most(self) -> int:
        return self.left(len(self._old))[-1]

    def left(self, cut: int) -> list[int]:
        """Of each new place: what stands left of it has in common with what is left of ``cut``."""
        if cut not in self._left:
            self._left[cut] = _row(self._old[:cut], self._new)
        return self._left[cut]

    def right(self, cut: int) -> list[int]:
        """The same of what stands right of both."""
        if cut not in self._right:
            self._right[cut] = _row(self._old[cut:][::-1], self._new[::-1])[::-1]
        return self._right[cut]

    def landings(self, cut: int) -> list[int]:
        """All places at which an old cut can lie when as much as can be is in common."""
        sides = zip(self.left(cut), self.right(cut), strict=True)
        return [at for at, (left, right) in enumerate(sides) if left + right == self._most]

    def lands(self, cut: int, *, starts: bool) -> int | None:
        """Where what starts (or ends) at ``cut`` does so now; None when it cannot be told.

        New words at a cut stand for the old word beside it that is gone, if only one is.
        """
        places, left, right = self.landings(cut), self.left(cut), self.right(cut)
        low, high = places[0], places[-1]
        if low == high:
            return low
        left_gone = cut > 0 and self.left(cut - 1)[low] == left[low]
        right_gone = cut < len(self._old) and self.right(cut + 1)[high] == right[high]
        if left[low] != left[high] or (left_gone and right_gone):
            return None
        width = 1 + high - low
        sides = {*self._old[max(0, cut - width) : cut]}, {*self._old[cut : cut + width]}
        inside, beside = sides[::-1] if starts else sides
        taken_in = right_gone if starts else left_gone
        if {*self._new[low:high]} & (beside if taken_in else inside):
            return None  # a word is there twice, and either could be the one that stayed
        return low if taken_in == starts else high

    def stays(self, word: int) -> int | None:
        """Where an old word is now, if it is there and can be nowhere else."""
        follows = {*self.landings(word + 1)}
        places = [
            at for at in self.landings(word)
            if at + 1 in follows and self._old[word] == self._new[at]
        ]  # fmt: skip
        sides = zip(self.left(word), self.right(word + 1), strict=True)
        needed = all(left + right < self._most for left, right in sides)
        return places[0] if needed and len(places) == 1 else None


def _row(old: Sequence[str], new: Sequence[str]) -> list[int]:
    """Length of the longest common subsequence of ``old`` with the first 0, 1, ... of ``new``."""
    masks: dict[str, int] = {}
    for place, word in enumerate(new):
        masks[word] = masks.get(word, 0) | 1 << place
    full = (1 << len(new)) - 1
    row = full
    for word in old:
        hits = row & masks.get(word, 0)
        row = (row + hits | row - hits) & full
    steps = f"{row:0{len(new)}b}"[::-1] if new else ""
    return list(accumulate((bit == "0" for bit in steps), initial=0))
