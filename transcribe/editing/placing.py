"""Where the words that were heard stand in a text that people corrected since."""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Final

_TOKEN: Final = re.compile(r"\S+")
_BARE: Final = re.compile(r"[^\w]+")

Place = tuple[int, int]
"""Offsets into a text, in code points, half-open."""


def place_words(words: Sequence[str], text: str) -> list[Place | None]:
    """Give each word its place in ``text``; None where it is not in it (any more).

    A longest matching of words that ignores capitals and punctuation (Ratcliff and Obershelp,
    by ``difflib``); words keep their order.
    """
    if " ".join(words) == text:
        return _one_after_another(words)
    tokens = [(one.start(), one.end()) for one in _TOKEN.finditer(text)]
    found: list[Place | None] = [None] * len(words)
    pairs = SequenceMatcher(
        None, [bare(one) for one in words], [bare(text[a:b]) for a, b in tokens], autojunk=False
    )
    for word, token, size in pairs.get_matching_blocks():
        found[word : word + size] = tokens[token : token + size]
    return found


def bare(word: str) -> str:
    """Reduce a word to what two spellings of it share; a mark alone stays what it is."""
    return _BARE.sub("", word).casefold() or word


def tokens_of(text: str) -> list[str]:
    """Cut a text at its spaces."""
    return _TOKEN.findall(text)


def _one_after_another(words: Sequence[str]) -> list[Place | None]:
    found: list[Place | None] = []
    at = 0
    for word in words:
        found.append((at, at + len(word)))
        at += len(word) + 1
    return found
