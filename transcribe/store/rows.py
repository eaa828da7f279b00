"""What the database of this stage gives back: one frozen value for each kind of row."""

from dataclasses import dataclass
from typing import Literal

from ..options import LANGUAGES

Source = Literal["whisper", "import", "typed", "document"]
JobState = Literal["queued", "running", "done", "failed", "cancelled"]


@dataclass(frozen=True, slots=True)
class StudyDefaults:
    """What every transcription of the study starts from."""

    prompt: str = ""
    """Names and terms the recogniser is to expect."""
    verbatim: bool = False
    allowed: tuple[str, ...] = LANGUAGES
    """Languages that can be spoken in the recordings."""
    version: int = 0


@dataclass(frozen=True, slots=True)
class ParticipantRow:
    """Somebody in a group: a pseudonym with attributes, never a real name."""

    id: int
    group: int
    pseudonym: str
    profession: str
    moderator: bool


@dataclass(frozen=True, slots=True)
class PartRow:
    """One file of a recording and where it begins on the recording's timeline."""

    id: int
    position: int
    file_id: str
    media_type: str
    offset: float
    duration: float
    channels: int
    sample_rate: int
    sha256: str


@dataclass(frozen=True, slots=True)
class RecordingRow:
    """An audio recording of one group or interview: its parts on one timeline."""

    id: int
    title: str
    group: int
    created_at: str
    parts: tuple[PartRow, ...]
    transcript_id: int | None
    """The newest transcript made from it."""

    @property
    def duration(self) -> float:
        """Seconds of all parts together."""
        return sum(part.duration for part in self.parts)


@dataclass(frozen=True, slots=True)
class JobRow:
    """A transcription that was asked for; its capsule holds the work itself."""

    id: int
    recording_id: int
    capsule: str
    """Name of the folder below ``jobs/``."""
    options: str
    """JSON, as the capsule was given them."""
    state: JobState
    message: str
    created_at: str
    finished_at: str | None
    transcript_id: int | None
    resumable: bool
    """Its key is still known, so its capsule can be taken up again."""


@dataclass(frozen=True, slots=True)
class TranscriptRow:
    """A transcript as lists show it."""

    id: int
    title: str
    group: int
    language: str
    source: Source
    demo: bool
    revision: int
    recording_id: int | None
    duration: float | None


@dataclass(frozen=True, slots=True)
class SpeakerRow:
    """A speaker of one transcript, and the participant it was found to be."""

    id: int
    label: str
    participant_id: int | None
    name: str
    """The participant's pseudonym when linked, else the label."""
    profession: str
    moderator: bool


@dataclass(frozen=True, slots=True)
class SentenceRow:
    """The unit of reading and coding, with the worst of what its words are known by."""

    id: int
    turn_id: int
    position: int
    speaker_id: int | None
    text: str
    start: float | None
    end: float | None
    version: int
    confidence: float | None
    """Of its least certain word; None where no words are known (imports)."""
    margin: float | None
    """Of the word whose speaker is least certain."""
    overlap: bool


@dataclass(frozen=True, slots=True)
class DoubtRow:
    """Text that the recogniser dropped or doubted, and why."""

    id: int
    start: float
    end: float
    text: str
    reason: str
