"""From tokens and word times to utterances on the recording's timeline. Pure."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..transcript import Utterance, Word
from ..windows import Window
from .engine import WordTiming

_STEP: Final = 0.02
"""Seconds between two of Whisper's time stamps, and between two places of its features."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Text between two time stamps (seconds in the window)."""

    start: float
    end: float
    tokens: tuple[int, ...]
    text: str


def cut(tokens: Sequence[int], tokenizer: Any, length: float) -> tuple[Piece, ...]:
    """Cut a window's tokens at their time stamps; text after the last ends with the window.

    ``tokenizer`` is openai-whisper's; ``length`` is the window's in seconds. Pieces
    without a visible letter are left out.
    """
    begin, eot, decode = tokenizer.timestamp_begin, tokenizer.eot, tokenizer.decode
    return tuple(one for one in _cut(tokens, begin, eot, decode, length) if one.text.strip())


def _cut(
    tokens: Sequence[int], begin: int, eot: int, decode: Callable[[list[int]], str], length: float
) -> Iterator[Piece]:
    start, held = 0.0, list[int]()
    for token in tokens:
        if token >= begin:
            time = min((token - begin) * _STEP, length)
            if held:
                yield Piece(start, max(time, start), tuple(held), decode(held))
                held = []
            start = time
        elif token < eot:
            held.append(token)
    if held:
        yield Piece(start, length, tuple(held), decode(held))


def utterances(
    window: Window,
    pieces: Sequence[Piece],
    timings: Sequence[WordTiming] | None,
    probability: float,
) -> tuple[list[Utterance], bool]:
    """Give a window's utterances, and whether word times had to be guessed.

    ``timings`` are those of the whole window; where there are none, a piece's words share
    its time, with ``probability`` for their confidence.
    """
    timed = _by_piece(pieces, timings) if timings else [[] for _ in pieces]
    found, guessed = [], False
    for piece, heard in zip(pieces, timed, strict=True):
        words = _tidy(heard, piece)
        if not words:
            guessed = True
            words = _spread(piece, probability)
        words = [_shifted(word, window.start) for word in words]
        start, end = round(window.start + piece.start, 3), round(window.start + piece.end, 3)
        text = " ".join(word.text for word in words)
        found.append(Utterance(start, max(start, end), text, tuple(words)))
    return found, guessed


def words_on_path(
    tokenizer: Any,
    text: Sequence[int],
    tokens: NDArray[np.intp],
    places: NDArray[np.intp],
    probabilities: Sequence[float],
) -> list[WordTiming] | None:
    """Read word times off the path of a text's tokens through the places of the sound.

    A word begins where its first token is reached, and is as probable as its tokens are on
    average. None for a path that does not reach all tokens.
    """
    reached = places[np.diff(tokens, prepend=-1) > 0] * _STEP
    if len(reached) <= len(text):
        return None
    words, parts = tokenizer.split_to_word_tokens([*text, tokenizer.eot])
    ends = list(accumulate(len(part) for part in parts[:-1]))
    return [
        WordTiming(
            word, float(reached[first]), float(reached[end]),
            float(np.mean(probabilities[first:end])),
        )
        for word, first, end in zip(words, [0, *ends], ends, strict=False)
    ]  # fmt: skip


def _by_piece(pieces: Sequence[Piece], timings: Sequence[WordTiming]) -> list[list[WordTiming]]:
    """Share the words out among the pieces, by how many letters come before each."""
    ends = list(accumulate(len(piece.text) for piece in pieces))
    shared: list[list[WordTiming]] = [[] for _ in pieces]
    place = 0
    for timing in timings:
        shared[min(bisect_right(ends, place), len(pieces) - 1)].append(timing)
        place += len(timing.text)
    # Other letters than the pieces have: nothing would stand where it belongs.
    return shared if place == ends[-1] else [[] for _ in pieces]


def _tidy(timings: Sequence[WordTiming], piece: Piece) -> list[Word]:
    """Words between the piece's time stamps, in order; parts without a space are joined.

    A sign that is joined to a word gives it neither time nor doubt: attention rests on a
    full stop for as long as the pause after it lasts.
    """
    words: list[Word] = []
    for timing in timings:
        text = timing.text
        start = min(max(timing.start, words[-1].end if words else piece.start), piece.end)
        end = min(max(timing.end, start), piece.end)
        confidence = round(timing.probability, 4)
        if words and not text.startswith(" "):
            last = words.pop()
            start, text = last.start, last.text + text
            if not any(letter.isalnum() for letter in timing.text):
                end, confidence = last.end, last.confidence
            confidence = min(last.confidence, confidence)
        if text.strip():
            words.append(Word(text.strip(), start, end, confidence))
    return words


def _spread(piece: Piece, confidence: float) -> list[Word]:
    """Share a piece's time among its words by their length."""
    parts = piece.text.split()
    total = sum(len(part) + 1 for part in parts)
    words, place = [], piece.start
    for part in parts:
        end = place + (piece.end - piece.start) * (len(part) + 1) / total
        words.append(Word(part, place, end, round(confidence, 4)))
        place = end
    return words


def _shifted(word: Word, offset: float) -> Word:
    start = round(word.start + offset, 3)
    return Word(word.text, start, max(start, round(word.end + offset, 3)), word.confidence)
