"""The words of a transcript: what recognition, diarization and people produce.

Pure values: no database, no screen, no model. Times are seconds from the start of
the recording's timeline.
"""

from dataclasses import dataclass
from typing import Final

UNKNOWN: Final = "UNKNOWN"
"""The speaker label of words that no speaker can honestly be given."""


@dataclass(frozen=True, slots=True)
class Word:
    """One recognised word."""

    text: str
    start: float
    end: float
    confidence: float
    """Probability of the word's tokens, 0 to 1 (their mean)."""
    speaker: str = UNKNOWN
    margin: float = 0.0
    """How clearly this speaker won: share of the best minus the second best, 0 to 1."""
    overlap: bool = False
    """Somebody else speaks at the same time."""
    beside: str = ""
    """Who that is; empty where nobody is known to."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """A stretch the recogniser put between two time stamps; speaker not yet known."""

    start: float
    end: float
    text: str
    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True, order=True)
class SpeakerSpan:
    """One speaker speaks from start to end."""

    start: float
    end: float
    speaker: str


@dataclass(frozen=True, slots=True)
class Doubt:
    """Text that was dropped, or kept with doubt, and why (for the reviewer)."""

    start: float
    end: float
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """The unit of reading and coding; never crosses a turn."""

    text: str
    start: float | None
    end: float | None
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class Turn:
    """A stretch of one speaker."""

    speaker: str
    sentences: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True)
class Transcription:
    """A whole recording as text: the result of a job or of an import."""

    language: str
    turns: tuple[Turn, ...]
    spans: tuple[SpeakerSpan, ...] = ()
    """Diarization with overlaps, for flags and RTTM."""
    doubts: tuple[Doubt, ...] = ()
    provenance: tuple[tuple[str, str], ...] = ()
    """What made it, in words a methods section can use: (what, how) pairs."""
    demo: bool = False
    """Made by the demo model, which knows only the sample's vocabulary and voices."""
    exclusive: tuple[SpeakerSpan, ...] = ()
    """Diarization with one speaker at a time, which labels words; empty where it is ``spans``."""
