"""Who talks how much, who answers whom, who breaks in: a group's talk in numbers. Pure.

Neighbouring sentences of one person are one turn. A back-channel (Yngve 1970, «On getting a
word in edgewise»: the «mm» with which a listener goes along) is no turn of its own: one or
two words within somebody's turn, who then goes on, unless it answers a question. Somebody
breaks in where a turn begins while the one before is not over («between-speaker overlap» in
Heldner and Edlund 2010, «Pauses, gaps and overlaps in conversations», J. Phonetics 38:555).
Whether that was rude or eager is not for numbers to say.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from .transcript import UNKNOWN

BACK_CHANNEL: Final = 2
"""Words at most."""
OVERLAP: Final = 0.12
"""Seconds at least: shorter overlaps are not heard as such (Heldner 2011, JASA 130:508)."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A sentence without its words: who said it, when, and how much that is."""

    sentence_id: int
    who: str
    """A person's name; UNKNOWN where nobody is known."""
    start: float | None
    end: float | None
    """Seconds; None in texts without times."""
    words: int
    asks: bool = False
    """It ends with a question mark."""
    begins_over: bool = False
    """Somebody else is heard during its first word."""
    ends_over: bool = False
    """Somebody else is heard during its last word."""

    @property
    def seconds(self) -> float:
        """How long it takes; 0 where that is not known."""
        return 0.0 if self.start is None or self.end is None else max(0.0, self.end - self.start)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A turn: what one person says in a row, the others' back-channels left out."""

    who: str
    said: tuple[Spoken, ...]

    @property
    def start(self) -> float | None:
        """When it begins, if that is known."""
        return next((one.start for one in self.said if one.start is not None), None)

    @property
    def end(self) -> float | None:
        """When it ends, if that is known."""
        return max((one.end for one in self.said if one.end is not None), default=None)

    @property
    def words(self) -> int:
        """How many words it has."""
        return sum(one.words for one in self.said)


@dataclass(frozen=True, slots=True)
class Share:
    """One person's part in the talk."""

    who: str
    seconds: float
    words: int
    share: float
    """Of all time that somebody speaks (of all words, in texts without times), 0 to 1."""
    turns: int
    broke_in: int
    """Turns begun while somebody else's was not over."""
    was_broken_into: int
    back_channels: int


@dataclass(frozen=True, slots=True)
class Answer:
    """How often one person's turn came next after another's."""

    before: str
    after: str
    times: int


@dataclass(frozen=True, slots=True)
class Section:
    """What was said to a question of the guide, from its mark to the next one's."""

    question_id: int | None
    """None: before the first question was asked."""
    said: tuple[Spoken, ...]


def stretches(said: Iterable[Spoken]) -> tuple[Stretch, ...]:
    """Cut talk into turns, without back-channels."""
    return _turns(said)[0]


def shares(said: Sequence[Spoken]) -> tuple[Share, ...]:
    """Give each person's part, the greatest first."""
    turns, aside = _turns(said)
    timed = any(one.seconds for one in said)
    seconds: defaultdict[str, float] = defaultdict(float)
    words: Counter[str] = Counter()
    for one in said:
        seconds[one.who] += one.seconds
        words[one.who] += one.words
    taken = Counter(turn.who for turn in turns)
    broken = [pair for pair in zip(turns, turns[1:], strict=False) if _breaks_in(*pair)]
    made, suffered = Counter(b.who for _, b in broken), Counter(a.who for a, _ in broken)
    measure: Mapping[str, float] = seconds if timed else words
    total = sum(measure.values()) or 1.0
    found = [
        Share(who, seconds[who], words[who], measure[who] / total, taken[who], made[who],
              suffered[who], aside[who])
        for who in words
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda one: (-one.share, one.who)))


def answers(said: Iterable[Spoken]) -> tuple[Answer, ...]:
    """Count who speaks after whom; where somebody unknown speaks, nothing is counted."""
    turns = stretches(said)
    pairs = Counter(
        (a.who, b.who)
        for a, b in zip(turns, turns[1:], strict=False)
        if UNKNOWN not in (a.who, b.who)
    )
    return tuple(Answer(a, b, times) for (a, b), times in sorted(pairs.items()))


def sections(said: Iterable[Spoken], marks: Mapping[int, int]) -> tuple[Section, ...]:
    """Cut talk where questions are asked; ``marks`` gives the question by sentence id."""
    found: list[tuple[int | None, list[Spoken]]] = []
    for one in said:
        question = marks.get(one.sentence_id)
        if not found or question is not None:
            found.append((question, []))
        found[-1][1].append(one)
    return tuple(Section(question, tuple(run)) for question, run in found)


def _turns(said: Iterable[Spoken]) -> tuple[tuple[Stretch, ...], Counter[str]]:
    runs: list[list[Spoken]] = []
    for one in said:
        if runs and runs[-1][-1].who == one.who:
            runs[-1].append(one)
        else:
            runs.append([one])
    aside: Counter[str] = Counter()
    kept: list[list[Spoken]] = []
    for place, run in enumerate(runs):
        if kept and _goes_along(kept[-1], runs, place):
            aside[run[0].who] += 1
        elif kept and kept[-1][-1].who == run[0].who:
            kept[-1] += run
        else:
            kept.append(list(run))
    return tuple(Stretch(run[0].who, tuple(run)) for run in kept), aside


def _goes_along(before: Sequence[Spoken], runs: Sequence[Sequence[Spoken]], place: int) -> bool:
    """A word or two within somebody's turn, who is not waiting for an answer.

    Others may go along right after: «mm», «yes», and the one who has the word goes on.
    """
    if not _short(runs[place]) or before[-1].asks:
        return False
    who = before[0].who
    later = (run for run in islice(runs, place + 1, None) if run[0].who == who or not _short(run))
    return next(later, runs[place])[0].who == who


def _short(run: Iterable[Spoken]) -> bool:
    return sum(one.words for one in run) <= BACK_CHANNEL


def _breaks_in(before: Stretch, after: Stretch) -> bool:
    if UNKNOWN in (before.who, after.who):
        return False
    if before.said[-1].ends_over or after.said[0].begins_over:
        return True
    return before.end is not None and after.start is not None and before.end - after.start > OVERLAP
