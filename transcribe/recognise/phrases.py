"""Phrases that recognisers are known to invent, in each language. Light.

The kind is described by Barański et al. 2025 («Investigation of Whisper ASR Hallucinations
Induced by Non-Speech Audio»); the list in ``phrases.toml`` is our own.
"""

import re
import tomllib
from functools import lru_cache
from importlib.resources import files


def known_invention(text: str, language: str) -> bool:
    """The whole text is such a phrase."""
    return _known(language).fullmatch(_plain(text)) is not None


@lru_cache(maxsize=8)
def _known(language: str) -> re.Pattern[str]:
    phrases = tomllib.loads(files(__package__).joinpath("phrases.toml").read_text("utf-8"))
    known = [*phrases["any"], *phrases.get(language, ())]
    return re.compile("|".join(_pattern(phrase) for phrase in known))


def _pattern(phrase: str) -> str:
    """Turn a phrase into a pattern of words, each with a space behind."""
    return "".join(
        r"(?:\w+ ){0,4}" if word == "*" else re.escape(word) + " " for word in phrase.split()
    )


def _plain(text: str) -> str:
    """Words in small letters, each with a space behind."""
    return "".join(f"{word} " for word in re.findall(r"\w+", text.casefold()))
