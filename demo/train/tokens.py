"""The tokens that training uses, of Whisper's English-only vocabulary."""

import re
from dataclasses import dataclass
from functools import cache

from whisper.tokenizer import Tokenizer, get_tokenizer

STAMPS = 1501
"""Timestamp tokens: 0.00 to 30.00 s in steps of 0.02 s."""


@cache
def tokenizer() -> Tokenizer:
    """Whisper's English-only tokenizer."""
    return get_tokenizer(multilingual=False)


def pieces(text: str) -> list[tuple[bool, tuple[int, ...]]]:
    """Words and marks of ``text`` in order: whether it is a word, and its tokens."""
    found = re.findall(r"[A-Za-z']+|[^A-Za-z'\s]+", text)
    return [(g[0].isalpha(), _encode(" " + g if g[0].isalpha() else g)) for g in found]


@cache
def _encode(text: str) -> tuple[int, ...]:
    return tuple(tokenizer().encode(text))


@dataclass(frozen=True)
class Vocabulary:
    """Used token ids (sorted rows of the small embedding) and their row numbers."""

    ids: tuple[int, ...]
    phones: dict[str, int]
    words: dict[str, int]

    @property
    def rows(self) -> dict[int, int]:
        """Token id -> row."""
        return {k: i for i, k in enumerate(self.ids)}


def build(words: list[str], phones: list[str]) -> Vocabulary:
    """Vocabulary of ``words``, written small or with a capital, and the marks."""
    t = tokenizer()
    used = {k for w in words for f in (w, w.capitalize()) for k in _encode(" " + f)}
    used |= {k for mark in (".", ",", "?", "...") for k in _encode(mark)}
    special = [t.sot, t.eot, t.no_timestamps, t.no_speech, t.sot_prev]
    stamps = range(t.timestamp_begin, t.timestamp_begin + STAMPS)
    return Vocabulary(
        (*sorted(used), *special, *stamps),
        {p: i + 1 for i, p in enumerate(sorted(phones))},
        {w: i + 1 for i, w in enumerate(sorted(words))},
    )
