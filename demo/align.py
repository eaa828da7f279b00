"""Word times from a phone sequence: the engines give phones, training wants words."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Phone = tuple[str, float, float]
"""A phone with its start and end, in seconds."""

Span = tuple[float, float]
"""Start and end, in seconds."""

VOWELS = frozenset(
    ("aa", "ae", "ah", "ao", "aw", "ax", "ay", "eh", "er", "ey", "ih", "iy", "ow", "oy", "uh", "uw")
)
SILENCES = frozenset({"pau", "h#", "brth"})


@dataclass(frozen=True)
class Speech:
    """One synthesised utterance: 16 kHz samples with the times of words and phones."""

    samples: NDArray[np.float32]
    words: tuple[str, ...]
    spans: tuple[Span, ...]
    phones: tuple[Phone, ...]


def words_of(text: str) -> list[str]:
    """Lower-case words of ``text``, without punctuation."""
    return re.findall(r"[a-z']+", text.lower())


def _cost(a: str, b: str) -> float:
    if a == b:
        return 0.0
    return 0.5 if (a in VOWELS) == (b in VOWELS) else 1.2


def _table(said: Sequence[str], heard: Sequence[str]) -> NDArray[np.float64]:
    """Edit distances between all prefixes of the two phone sequences."""
    grid = np.zeros((len(said) + 1, len(heard) + 1))
    grid[:, 0] = np.arange(len(said) + 1)
    grid[0] = np.arange(len(heard) + 1)
    for i in range(1, len(said) + 1):
        for j in range(1, len(heard) + 1):
            step = grid[i - 1, j - 1] + _cost(said[i - 1], heard[j - 1])
            grid[i, j] = min(step, grid[i - 1, j] + 1, grid[i, j - 1] + 1)
    return grid


def _owners(said: Sequence[str], heard: Sequence[str], word_of: Sequence[int]) -> list[int]:
    """The word index that each heard phone belongs to."""
    grid = _table(said, heard)
    owner = [-1] * len(heard)
    i, j = len(said), len(heard)
    while i > 0 and j > 0:
        if grid[i, j] == grid[i - 1, j - 1] + _cost(said[i - 1], heard[j - 1]):
            owner[j - 1] = word_of[i - 1]
            i, j = i - 1, j - 1
        elif grid[i, j] == grid[i, j - 1] + 1:
            owner[j - 1] = word_of[i - 1]
            j -= 1
        else:
            i -= 1
    return [0 if o < 0 else o for o in owner]


def word_spans(
    words: Sequence[str], lexicon: dict[str, list[str]], phones: Sequence[Phone]
) -> tuple[Span, ...] | None:
    """Times of ``words`` in an utterance said as ``phones``; None if one got no phone."""
    said = [p for w in words for p in lexicon[w]]
    word_of = [i for i, w in enumerate(words) for _ in lexicon[w]]
    heard = [p for p in phones if p[0] not in SILENCES]
    owner = _owners(said, [p[0] for p in heard], word_of)
    spans: list[Span] = []
    for i in range(len(words)):
        mine = [p for p, o in zip(heard, owner, strict=True) if o == i]
        if not mine:
            return None
        spans.append((mine[0][1], mine[-1][2]))
    return tuple(spans)
