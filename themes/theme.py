"""A theme and a quote: what the analysis ends in.

Pure values. A theme is an interpretation, not a folder: it has a central organising
concept, and a code may belong to several. A quote is a segment prepared for a
manuscript; each of its lines says whose kind of voice it is, never who.
"""

from dataclasses import dataclass
from typing import Final, Literal, get_args

Status = Literal["candidate", "shortlisted", "used"]
"""How near a quote is to the manuscript."""

STATUSES: Final[tuple[Status, ...]] = get_args(Status)


@dataclass(frozen=True, slots=True)
class Theme:
    """A pattern of shared meaning, candidate or settled."""

    id: int
    name: str
    concept: str
    """The central organising concept: the one idea that holds the theme together."""
    position: int
    version: int
    codes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """What one voice says in an excerpt."""

    voice: str
    """Attribution as printed, «Occupational therapist, group 3»."""
    text: str


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A segment with what was said just before and after it."""

    segment_id: int
    transcript_id: int
    transcript: str
    """Title of the transcript."""
    first: int
    last: int
    """Numbers of its sentences in the transcript, counted from 1."""
    lines: tuple[Line, ...]
    before: str = ""
    after: str = ""
    demo: bool = False
    """The demo model made the text."""

    @property
    def text(self) -> str:
        """What was said, without the voices."""
        return " ".join(line.text for line in self.lines)

    @property
    def voices(self) -> str:
        """Whose voices it holds, each once."""
        return "; ".join(dict.fromkeys(line.voice for line in self.lines))


@dataclass(frozen=True, slots=True)
class Quote:
    """An excerpt picked for the manuscript."""

    id: int
    excerpt: Excerpt
    status: Status = "candidate"
    themes: tuple[int, ...] = ()


def printed(excerpt: Excerpt) -> tuple[str, ...]:
    """Give an excerpt as a manuscript prints it, one line per voice in an exchange."""
    return tuple(f"«{line.text}» ({line.voice})" for line in excerpt.lines)
