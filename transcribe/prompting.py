"""What a recogniser is told before it listens: expected words, and the style of the text.

Whisper continues the text it is given (Radford et al. 2022, section 4.5), so names that
stand there are spelled that way, and hesitations that stand there are written down
rather than tidied away. It helps; it compels nothing.
"""

import re
from typing import Final

from .options import TranscribeOptions

_HESITATIONS: Final = {
    "da": "Øh, altså, mm, jeg, jeg ved det ikke, ligesom. Hm, ja, nej, det, det er jo sådan, øh.",
    "en": "Um, so, mm, I, I don't know, you know. Uh, yeah, no, it, it's like, er, right.",
    "nn": "Eh, altså, mm, eg, eg veit ikkje, liksom. Hm, ja, nei, det, det er jo sånn, øh, ja.",
    "no": "Eh, altså, mm, jeg, jeg vet ikke, liksom. Hm, ja, nei, det, det er jo sånn, øh, ja.",
    "sv": "Eh, alltså, mm, jag, jag vet inte, liksom. Hm, ja, nej, det, det är ju så, öh, ja.",
}

_LEAST_ECHO: Final = 3
"""Expected words in a row; fewer (a name, «ja») are often said."""
_LEAST_HESITATIONS: Final = 8
"""Words in a row; fewer («jeg vet ikke») are often said."""


def prompt_for(options: TranscribeOptions, language: str) -> str:
    """Give the text that stands before every window; empty when there is nothing to say.

    The hesitations come last, because what stands nearest weighs most and because Whisper
    reads no more than the last 223 tokens (``LONGEST_PROMPT`` keeps both within that).
    """
    parts = [_as_text(options.prompt)]
    if options.verbatim and not options.translate:
        parts.append(_HESITATIONS.get(language, ""))
    return " ".join(part for part in parts if part)


def echoes(text: str, options: TranscribeOptions, language: str) -> bool:
    """Say whether a text only repeats what was said beforehand, as Whisper does in silence."""
    return _repeats(text, options.prompt, _LEAST_ECHO) or _repeats(
        text, prompt_for(options, language), _LEAST_HESITATIONS
    )


def _repeats(text: str, prompt: str, least: int) -> bool:
    words, told = (re.findall(r"\w+", one.casefold()) for one in (text, prompt))
    if len(words) < least:
        return False
    return f" {' '.join(words)} " in f" {' '.join(told)} "


def has_hesitations(language: str) -> bool:
    """Hesitations of this language are known, so that verbatim text can be asked for."""
    return language in _HESITATIONS


def _as_text(words: str) -> str:
    """Join a list with one name a line; end with a full stop, as written text does."""
    lines = (" ".join(line.split()).strip(" ,;") for line in words.splitlines())
    text = ", ".join(line for line in lines if line)
    return text if not text or text[-1] in ".!?…" else f"{text}."
