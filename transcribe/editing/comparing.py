"""Two revisions of a transcript, compared word by word."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

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

    Sentences that are the same in both come first; between them the words are matched (Ratcliff
    and Obershelp, by ``difflib``), across the borders of sentences that were split or merged.
    """
    pairs = SequenceMatcher(None, _keys(old), _keys(new), autojunk=False)
    return tuple(
        Difference(tuple(old[a:b]), tuple(new[c:d]), tuple(_words(old[a:b], new[c:d])))
        for kind, a, b, c, d in pairs.get_opcodes()
        if kind != "equal"
    )


def _keys(lines: Iterable[PastLine]) -> list[tuple[int, str, str]]:
    return [(one.id, one.text, one.speaker) for one in lines]


def _words(old: Sequence[PastLine], new: Sequence[PastLine]) -> Iterator[Piece]:
    was = [word for one in old for word in tokens_of(one.text)]
    now = [word for one in new for word in tokens_of(one.text)]
    for kind, a, b, c, d in SequenceMatcher(None, was, now, autojunk=False).get_opcodes():
        if kind == "equal":
            yield "same", " ".join(was[a:b])
            continue
        if a < b:
            yield "gone", " ".join(was[a:b])
        if c < d:
            yield "new", " ".join(now[c:d])
