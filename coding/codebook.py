"""What coding is made of: codes, segments and the codings that join them.

Pure values and rules. A segment is a run of sentences; a coding says that one coder read
one segment under one code. Two coders' codings of the same segment stand side by side:
in reflexive analysis the second is another reading, not a vote.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, get_args

Kind = Literal["semantic", "latent"]
"""Says what was said, or what lies beneath it."""

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

PALETTE: Final = (
    "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9",
    "#b3a200", "#7a5ba6", "#8c564b", "#44aa99", "#aa4466", "#6f7d8c",
)  # fmt: skip
"""Okabe and Ito's colours, without black and with a yellow that shows on white, then six
more of different lightness. A colour is never the only sign: the name stands beside it."""


@dataclass(frozen=True, slots=True)
class Code:
    """An analytic label with its definition."""

    id: int
    name: str
    definition: str
    kind: Kind
    color: str
    version: int
    created_by: int
    """Member who created it."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of sentences of one transcript, trimmed by characters at both ends."""

    id: int
    transcript_id: int
    first: int
    """Id of its first sentence."""
    last: int
    trim_start: int = 0
    """Code points of its first sentence that are left out."""
    trim_end: int = 0

    @property
    def place(self) -> tuple[int, int, int, int]:
        """Which words it covers: the same for several on the same words."""
        return self.first, self.last, self.trim_start, self.trim_end


@dataclass(frozen=True, slots=True)
class Coding:
    """One coder's reading of one segment under one code."""

    id: int
    segment: Segment
    code_id: int
    coder_id: int
    initials: str
    """The coder's."""
    created_at: str


@dataclass(frozen=True, slots=True)
class Repair:
    """A segment that lost its words when the transcript was corrected."""

    id: int
    text: str
    """What it covered."""
    near: int | None
    """A sentence near to where it was, if that is still there."""
    quote: bool
    """It is marked as a quote."""
    codings: tuple[tuple[int, int], ...]
    """Ids of the code and the coder of each reading."""


@dataclass(frozen=True, slots=True)
class CodedSegment:
    """A segment under a code, with what a reader needs to judge it."""

    segment: Segment
    transcript: str
    """Title."""
    group: int
    speakers: tuple[str, ...]
    text: str
    before: str
    """The sentence before it, empty at the start."""
    after: str
    coders: tuple[str, ...]
    """Initials, in the order in which they coded."""
    demo: bool
    """The demo model made the text."""


def next_color(used: Iterable[str]) -> str:
    """Pick the palette's colour that is used least, the earlier one among equals."""
    count = Counter(used)
    return min(PALETTE, key=lambda color: count[color])
