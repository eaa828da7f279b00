"""One batch of windows to text with times. Light: the engine does the work.

Greedy first, all windows together, never conditioned on previous text (that is how Whisper
starts to loop). What its own tests do not pass is decoded again; what is dropped or stays
doubtful is reported, never hidden.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from ..transcript import Doubt, Utterance
from ..windows import Window
from . import pieces as cutting
from . import retry
from .engine import Ask, Decoded, Engine, Features
from .halving import halved
from .spectrogram import Spectrogram

DROPPED: Final = "dropped: the recogniser heard no speech here"
HALF_HEARD: Final = "kept with doubt: the recogniser hardly heard speech here"
UNWRITTEN: Final = "nothing was written though speech was detected"
NO_NUMBERS: Final = "nothing was written: the recogniser could not compute this sound"
CUT_SHORT: Final = "kept with doubt: the text is cut off, there was more than fits a window"
DRAWN: Final = "kept with doubt: the recogniser was unsure until it guessed freely"
REPETITIVE: Final = "kept with doubt: the text repeats itself"
IMPROBABLE: Final = "kept with doubt: the recogniser was unsure"
UNTIMED: Final = "kept: word times are estimates"
_GUESSED: Final = 0.5
"""Temperature above which openai-whisper, too, does not rely on a text."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """What was heard in one window."""

    utterances: tuple[Utterance, ...]
    doubts: tuple[Doubt, ...]


def recognise(
    engine: Engine,
    spectrogram: Spectrogram,
    windows: Sequence[Window],
    ask: Ask,
    watch: Callable[[], None] = lambda: None,
) -> list[Recognised]:
    """Recognise windows as one batch; the same windows give the same text.

    ``watch`` is called between the steps and may raise to stop the work. A batch that does
    not fit into memory is done in halves. Raises TooLittleMemory.
    """
    if not windows:
        return []
    return halved(partial(_recognise, engine, spectrogram, ask, watch), windows)


def _recognise(
    engine: Engine,
    spectrogram: Spectrogram,
    ask: Ask,
    watch: Callable[[], None],
    windows: Sequence[Window],
) -> list[Recognised]:
    watch()
    sounds = spectrogram.of(windows)
    features = engine.encode(sounds)
    watch()
    greedy = engine.decode(features, ask)
    decoded = [
        one
        if retry.passed(one)
        else retry.retried(engine, engine.rows(features, [row]), sounds[row], ask, one, watch)
        for row, one in enumerate(greedy)
    ]
    watch()
    return _timed(engine, features, windows, ask, greedy, decoded)


def _timed(
    engine: Engine,
    features: Features,
    windows: Sequence[Window],
    ask: Ask,
    greedy: Sequence[Decoded],
    decoded: Sequence[Decoded],
) -> list[Recognised]:
    """Add word times to what is kept; windows in their order."""
    tokenizer = engine.tokenizer(ask.language, ask.translate)
    lengths = [window.end - window.start for window in windows]
    pieces = [
        ()
        if retry.silent(one) or retry.unreadable(one)
        else cutting.cut(one.tokens, tokenizer, length)
        for one, length in zip(decoded, lengths, strict=True)
    ]
    rows = [row for row, some in enumerate(pieces) if some]
    timings = {}
    if rows:
        texts = [[token for piece in pieces[row] for token in piece.tokens] for row in rows]
        seconds = [lengths[row] for row in rows]
        some = features if len(rows) == len(windows) else engine.rows(features, rows)
        found = engine.align(some, texts, seconds, ask)
        timings = dict(zip(rows, found, strict=True))
    heard = []
    for row, (window, one) in enumerate(zip(windows, decoded, strict=True)):
        probability = math.exp(min(0.0, one.avg_logprob))
        said, guessed = cutting.utterances(window, pieces[row], timings.get(row), probability)
        text = "" if retry.unreadable(one) else one.text.strip()
        reasons = _reasons(one, greedy[row], guessed)
        doubts = [Doubt(window.start, window.end, text, reason) for reason in reasons]
        heard.append(Recognised(tuple(said), tuple(doubts)))
    return heard


def _reasons(one: Decoded, greedy: Decoded, guessed: bool) -> list[str]:
    """Why a reviewer should look at a window; the first reason is the weightiest."""
    if retry.unreadable(one):
        return [NO_NUMBERS]
    if not one.text.strip():
        return [UNWRITTEN]
    if retry.silent(one):
        return [DROPPED]
    reasons = []
    if retry.repetitive(one):
        reasons.append(REPETITIVE)
    elif retry.improbable(one):
        reasons.append(IMPROBABLE)
    elif retry.silent(greedy):
        reasons.append(HALF_HEARD)
    elif one.temperature > _GUESSED:
        reasons.append(DRAWN)
    if one.cut_short:
        reasons.append(CUT_SHORT)
    if guessed:
        reasons.append(UNTIMED)
    return reasons
