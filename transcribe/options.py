"""What a person asks of a transcription, and how its progress is told. Light."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Final

from secure_storage import BadInput

LANGUAGES: Final = ("no", "nn", "en", "sv", "da")
"""Languages among which an unknown one is looked for; any other can be given."""

STEPS: Final = ("Decode", "Find speech", "Recognise", "Tell speakers apart", "Put together")
"""Names of the steps, which progress gives as numbers from 0."""

Progress = Callable[[int, int, int], None]
"""Called with (step, done, total); numbers only, because it crosses process borders."""


@dataclass(frozen=True, slots=True)
class TranscribeOptions:
    """How to transcribe; None means «find out»."""

    model: str = "demo"
    language: str | None = None
    speakers: int | None = None
    min_speakers: int | None = None
    max_speakers: int | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        for count in (self.speakers, self.min_speakers, self.max_speakers):
            if count is not None and not 1 <= count <= 30:
                raise BadInput(f"{count} speakers cannot be told apart: give 1 to 30.")
        if self.min_speakers and self.max_speakers and self.min_speakers > self.max_speakers:
            raise BadInput("The least number of speakers is greater than the most.")
        if self.language == "nb":  # Whisper's name for Norwegian Bokmål
            object.__setattr__(self, "language", "no")

    def to_json(self) -> dict[str, str | int | None]:
        """Give the options as JSON can hold them."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, str | int | None]) -> "TranscribeOptions":
        """Read what ``to_json`` gave; unknown keys are refused."""
        try:
            return cls(**values)  # type: ignore[arg-type]
        except TypeError as error:
            raise BadInput("These transcription options are of another version.") from error
