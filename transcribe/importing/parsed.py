"""What the reader of each form gives: pieces of speech in order, and what it did not understand.

Pure values. Sentences, turns and clean names are made of them in ``assembling``.
"""

import re
from dataclasses import dataclass
from typing import Final, Literal

from ..transcript import UNKNOWN, Doubt, SpeakerSpan, Word

Kind = Literal["transcript", "document"]
"""People talking, or paragraphs that nobody in particular says."""

_LONGEST_QUOTE: Final = 120
_LINE_END: Final = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Note:
    """Something that was not understood, or understood in a way a person should look at."""

    place: str
    """Where: «line 12», «entry 3»; empty for the whole file."""
    said: str
    text: str = ""
    """The words it is about, shortened; they are a participant's."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line or paragraph of a text and where it stands."""

    text: str
    place: str


@dataclass(frozen=True, slots=True)
class Piece:
    """What stands together in the file: a cue, a paragraph of speech, a segment."""

    text: str
    place: str
    speaker: str = UNKNOWN
    start: float | None = None
    """Seconds; None where the file gives no time."""
    end: float | None = None
    words: tuple[Word, ...] = ()
    """With their own times, where the file has them."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A file as its reader understood it."""

    form: str
    """The name of the form, for people."""
    pieces: tuple[Piece, ...]
    notes: tuple[Note, ...] = ()
    kind: Kind = "transcript"
    language: str | None = None
    """As the file says."""
    spans: tuple[SpeakerSpan, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    provenance: tuple[tuple[str, str], ...] = ()
    demo: bool = False
    cut: bool = False
    """The pieces are sentences already."""


def quote(text: str) -> str:
    """Shorten words for a note."""
    text = " ".join(text[: 4 * _LONGEST_QUOTE].split())
    return text if len(text) <= _LONGEST_QUOTE else f"{text[: _LONGEST_QUOTE - 1]}…"


def lines_of(text: str) -> list[str]:
    """Cut a text at the line ends of Unix, Windows, old Macs and word processors."""
    return _LINE_END.sub("\n", text).split("\n")
