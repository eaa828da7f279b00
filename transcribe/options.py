"""What a person asks of a transcription, and how its progress is told. Light."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, get_args

from secure_storage import BadInput

from .languages import NAMES

LANGUAGES: Final = ("no", "nn", "en", "sv", "da")
"""Languages among which an unknown one is looked for; any other can be given."""

LONGEST_PROMPT: Final = 400
"""Characters. Whisper reads 223 tokens; Norwegian names take one for every 2.2 characters,
and hesitations, where verbatim text is asked for, 38 of them (measured)."""

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
        if self.language is not None:
            object.__setattr__(self, "language", language_code(self.language))
        object.__setattr__(self, "allowed", allowed_languages(self.allowed))
        object.__setattr__(self, "prompt", checked_prompt(self.prompt))
        if self.engine not in get_args(Engine):
            raise BadInput(f"«{self.engine}» is no engine: choose {', '.join(get_args(Engine))}.")

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


def language_code(given: str) -> str:
    """Give Whisper's code for a language; ``nb`` is what others call its ``no``."""
    code = given.strip().lower()
    code = "no" if code == "nb" else code
    if code not in NAMES:
        raise BadInput(
            f"«{given}» is not a language code the recogniser knows: give no (Bokmål), nn, en, "
            "sv, da or another two-letter code."
        )
    return code


def allowed_languages(given: Iterable[str]) -> tuple[str, ...]:
    """Give the codes of the languages among which an unknown one is voted, each once."""
    codes = tuple(dict.fromkeys(map(language_code, given)))
    if not codes:
        raise BadInput("Choose at least one language that can be spoken in the recordings.")
    return codes


def checked_prompt(given: str) -> str:
    """Give the expected words as they are kept; refuse what a recogniser would not read."""
    prompt = given.strip()
    if len(prompt) > LONGEST_PROMPT:
        raise BadInput(
            f"The expected words take {len(prompt)} characters, and the recogniser reads no more "
            f"than about {LONGEST_PROMPT}. Keep the names and terms that are said often."
        )
    if "<|" in prompt:  # Whisper's own marks, which its tokenizer refuses in plain text
        raise BadInput("The expected words cannot have «<|» in them.")
    return prompt
