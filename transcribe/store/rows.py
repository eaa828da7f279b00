"""What the database of this stage gives back: one frozen value for each kind of row."""

from dataclasses import dataclass
from typing import Literal

from ..options import LANGUAGES
from ..questionnaire.values import Kind
from ..table_one import Rule

Source = Literal["whisper", "import", "typed", "document"]
GroupRole = Literal["participant", "moderator", "secretary"]
"""What somebody was in the group; only participants are counted and quoted as such."""
Consent = Literal["", "written", "electronic", "spoken", "not needed"]
LawfulBasis = Literal["", "consent", "public interest", "legitimate interests", "legal obligation"]
"""Of the GDPR, article 6 (1): letters a, e, f, c."""
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
    written: bool = False
    """Transcripts are put into written language; what was said is kept beside."""


@dataclass(frozen=True, slots=True)
class ParticipantRow:
    """Somebody in a group: a pseudonym with attributes, never a real name."""

    id: int
    group: int
    pseudonym: str
    profession: str
    role: GroupRole
    answers: tuple[tuple[int, str], ...] = ()
    """Attribute and answer, of those that were given."""
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class AttributeRow:
    """What the team asks of its participants, and what an answer holds."""

    id: int
    name: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A focus group, or an interview, with what is in the study of it."""

    number: int
    title: str = ""
    held_on: str = ""
    """A day (ISO 8601), or nothing."""
    left_out: bool = False
    """Kept out of the analysis, as a pilot is."""
    participants: int = 0
    seconds: float = 0.0
    """Of its recordings together; where it has none, of its longest transcript."""

    @property
    def name(self) -> str:
        """What it is called: «Group 3», «Group 1, pilot»."""
        return f"Group {self.number}, {self.title}" if self.title else f"Group {self.number}"


@dataclass(frozen=True, slots=True)
class GroundsRow:
    """On what it rests that a recording may be used."""

    recording_id: int
    approval: str = ""
    """The reference of an ethics committee or a data protection officer."""
    consent: Consent = ""
    lawful_basis: LawfulBasis = ""


@dataclass(frozen=True, slots=True)
class TableOneSettings:
    """How the study tells its Table 1."""

    threshold: int = 3
    rules: tuple[tuple[int | None, Rule], ...] = ()
    """Attribute (None is the profession) and line, in the team's order."""
    version: int = 0


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
    aligns: int | None
    """The transcript to whose text it gives times; None where it makes a transcript."""
    asked_by: int
    """The member who started it."""


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
    role: GroupRole


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
