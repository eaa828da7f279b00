"""Two revisions of a transcript, compared word by word."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from ..anchoring import matches
from .placing import tokens_of

Piece = tuple[Literal["same", "gone", "new"], str]
"""Words in a row, and whether they stand in both revisions, the old or the new one alone."""


@dataclass(frozen=True, slots=True)
class PastLine:
    """A sentence as a revision has it."""

    id: int
    text: str
    speaker: str
    start: float | None = None
    verbatim: str | None = None
    speaker_id: int | None = None
    """Who that is, whatever they are called."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A run of sentences that is not what it was."""

    old: tuple[PastLine, ...]
    new: tuple[PastLine, ...]
    pieces: tuple[Piece, ...]
    """All words of the run."""

    @property
    def spoken_by_another(self) -> bool:
        """The words are what they were, but not who says them."""
        return all(kind == "same" for kind, _ in self.pieces) and (
            {one.speaker for one in self.old} != {one.speaker for one in self.new}
        )


def compare(old: Sequence[PastLine], new: Sequence[PastLine]) -> tuple[Difference, ...]:
    """Give the runs in which two revisions differ in words, their sentences or who says them.

    Sentences that are the same in both come first; between them the words are matched, across
    the borders of sentences that were split or merged. That a speaker is called otherwise is no
    difference.
    """
    pairs = SequenceMatcher(None, _keys(old), _keys(new), autojunk=False)
    return tuple(
        Difference(tuple(old[a:b]), tuple(new[c:d]), tuple(_words(old[a:b], new[c:d])))
        for kind, a, b, c, d in pairs.get_opcodes()
        if kind != "equal"
    )


def _keys(lines: Iterable[PastLine]) -> list[tuple[int, str, int | str]]:
    return [(one.id, one.text, one.speaker_id or one.speaker) for one in lines]


def _words(old: Sequence[PastLine], new: Sequence[PastLine]) -> Iterator[Piece]:
    was = [word for one in old for word in tokens_of(one.text)]
    now = [word for one in new for word in tokens_of(one.text)]
    # By what is unique first: all words of a long talk against each other would take minutes.
    a = c = 0
    same: list[str] = []
    for b, d in [*matches(was, now), (len(was), len(now))]:
        if (a, c) != (b, d) and same:
            yield "same", " ".join(same)
            same = []
        if a < b:
            yield "gone", " ".join(was[a:b])
        if c < d:
            yield "new", " ".join(now[c:d])
        same += was[b : b + 1]
        a, c = b + 1, d + 1
    if same:
        yield "same", " ".join(same)
