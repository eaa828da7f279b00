"""What may identify somebody: where it stands, of which kind it is, and why it was found."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, Protocol, get_args

Kind = Literal[
    "name", "place", "workplace", "number", "contact", "link", "date", "age", "address",
    "vehicle", "other",
]  # fmt: skip
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A stretch of one text (code points, half-open) that may identify somebody."""

    start: int
    end: int
    kind: Kind
    why: str
    """For the person who decides: by what it was found. Never words of the text."""


class Registry(Protocol):
    """Names or terms that a study looks for, which need not be readable."""

    def places(self, text: str) -> list[tuple[int, int]]:
        """Give where a text holds one of them, in any form."""

    def known(self, word: str) -> bool:
        """Tell whether a small-lettered word is a form of one."""

    def near(self, word: str) -> bool:
        """Tell whether a word may be one of them, heard wrongly."""


REGISTERED: Final = "registered"
"""Why of what a study looks for by name."""


def without_overlap(findings: Iterable[Finding]) -> list[Finding]:
    """Keep, of findings that share letters, what is surest, then the longest, then the first.

    Surest is what has the form of an identifier, then what is registered.
    """
    kept: list[Finding] = []
    sure_first = sorted(findings, key=lambda found: (_doubt(found), found.start - found.end))
    taken = bytearray(max((one.end for one in sure_first), default=0))
    for one in sure_first:
        if 1 not in taken[one.start : one.end]:
            kept.append(one)
            taken[one.start : one.end] = b"\1" * (one.end - one.start)
    return sorted(kept)


def _doubt(one: Finding) -> int:
    if one.kind not in ("name", "place", "workplace"):
        return 0
    return 1 if one.why == REGISTERED else 2
