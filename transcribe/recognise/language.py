"""Which language a recording is in: given, or voted by windows all over it. Light."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from secure_storage import BadInput

from ..options import TranscribeOptions
from ..windows import Window
from .engine import Engine
from .halving import halved
from .spectrogram import Spectrogram

_VOTERS: Final = 16
"""Windows that vote; one alone is often wrong (laughter, an English name, a cough)."""
_CLEAR: Final = 0.7
"""Share of the vote below which a person should check the language."""


@dataclass(frozen=True, slots=True)
class Language:
    """The language of a recording and how it is known."""

    code: str
    how: str


def find_language(
    engine: Engine, spectrogram: Spectrogram, windows: Sequence[Window], options: TranscribeOptions
) -> Language:
    """Take the given language, or let windows spread over the recording vote.

    Every voter gives each allowed language its probability times its own length in
    seconds. Raises BadInput where the model cannot know what is asked of it.
    """
    return given_language(engine, options) or _voted(engine, spectrogram, windows, options.allowed)


def given_language(engine: Engine, options: TranscribeOptions) -> Language | None:
    """Give the language where it is known without the sound, else None.

    Raises BadInput where the model does not know it.
    """
    if engine.english_only:
        if options.language not in (None, "en"):
            raise BadInput(
                f"This model knows English only and cannot transcribe «{options.language}». "
                "Choose another."
            )
        return Language("en", "given" if options.language else "the model knows English only")
    if options.language is not None:
        return Language(_known(engine, options.language), "given")
    if len(options.allowed) == 1:
        return Language(_known(engine, options.allowed[0]), "the only one allowed")
    return None


def _known(engine: Engine, code: str) -> str:
    try:
        engine.tokenizer(code)
    except (KeyError, ValueError):  # «yue» came with large-v3
        raise BadInput(f"This model does not know the language «{code}». Choose another.") from None
    return code


def _voted(
    engine: Engine, spectrogram: Spectrogram, windows: Sequence[Window], allowed: Sequence[str]
) -> Language:
    voters = [windows[i] for i in sorted({*np.linspace(0, len(windows) - 1, _VOTERS, dtype=int)})]
    size = engine.largest_batch
    votes = [
        vote
        for first in range(0, len(voters), size)
        for vote in halved(
            lambda some: engine.languages(engine.encode(spectrogram.of(some))),
            voters[first : first + size],
        )
    ]
    shares = dict.fromkeys(allowed, 0.0)
    for window, vote in zip(voters, votes, strict=True):
        for code in shares:
            shares[code] += vote.get(code, 0.0) * (window.end - window.start)
    code = max(shares, key=shares.__getitem__)
    share = shares[code] / max(sum(shares.values()), 1e-12)
    how = f"voted by {len(voters)} windows among {', '.join(allowed)} ({share:.0%})"
    return Language(code, how if share >= _CLEAR else f"{how}; not a clear vote, check it")
