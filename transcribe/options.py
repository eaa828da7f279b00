"""What a person asks of a transcription, and how its progress is told. Light."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from secure_storage import BadInput

LANGUAGES: Final = ("no", "nn", "en", "sv", "da")
"""Languages among which an unknown one is looked for; any other can be given."""

STEPS: Final = ("Decode", "Find speech", "Recognise", "Tell speakers apart", "Put together")
"""Names of the steps, which progress gives as numbers from 0."""

Engine = Literal["auto", "torch", "ctranslate2"]
"""What runs the recogniser; «auto» takes the fastest that is right for the machine."""

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
    allowed: tuple[str, ...] = LANGUAGES
    """Languages among which an unknown one is voted."""
    prompt: str = ""
    """Names, jargon or a sentence in the wanted style, for the recogniser to expect."""
    verbatim: bool = False
    """Write hesitations and false starts, where the model can; else clean."""
    translate: bool = False
    """Write English whatever is spoken; never unless asked for."""
    drop_phrases: bool = True
    """Drop known inventions (subtitle credits) where hardly anybody speaks."""
    engine: Engine = "auto"

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        for count in (self.speakers, self.min_speakers, self.max_speakers):
            if count is not None and not 1 <= count <= 30:
                raise BadInput(f"{count} speakers cannot be told apart: give 1 to 30.")
        if self.min_speakers and self.max_speakers and self.min_speakers > self.max_speakers:
            raise BadInput("The least number of speakers is greater than the most.")
        if self.language == "nb":  # Whisper's name for Norwegian Bokmål
            object.__setattr__(self, "language", "no")

    def to_json(self) -> dict[str, object]:
        """Give the options as JSON can hold them."""
        return {**asdict(self), "allowed": list(self.allowed)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "TranscribeOptions":
        """Read what ``to_json`` gave; unknown keys are refused."""
        try:
            return cls(**{**values, "allowed": tuple(values.get("allowed", LANGUAGES))})
        except TypeError as error:
            raise BadInput("These transcription options are of another version.") from error
