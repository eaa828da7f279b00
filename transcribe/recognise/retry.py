"""Decoding again what Whisper's own tests do not pass. Light.

The tests and thresholds are openai-whisper's (Radford et al. 2022, section 4.5). A window
is decoded again alone, from the features that are there, at rising temperatures; the seed
comes from the window's sound and the temperature, so the same recording gives the same text.
"""

import hashlib
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .engine import Ask, Decoded, Engine, Features

_REPETITIVE: Final = 2.4
_IMPROBABLE: Final = -1.0
_NO_SPEECH: Final = 0.6
_TEMPERATURES: Final = (0.2, 0.4, 0.6, 0.8, 1.0)


def silent(one: Decoded) -> bool:
    """The recogniser believes that nobody speaks, and is unsure of what it wrote."""
    return one.no_speech > _NO_SPEECH and improbable(one)


def repetitive(one: Decoded) -> bool:
    """The text repeats itself."""
    return one.looped or one.compression > _REPETITIVE


def improbable(one: Decoded) -> bool:
    """The text is improbable even to the recogniser."""
    return not one.avg_logprob >= _IMPROBABLE  # not a number is no probability either


def unreadable(one: Decoded) -> bool:
    """The numbers of the model were none: what it wrote means nothing."""
    return math.isnan(one.avg_logprob)


def passed(one: Decoded) -> bool:
    """Nothing speaks against the text."""
    return not repetitive(one) and not improbable(one)


def retried(
    engine: Engine, features: Features, sound: NDArray[np.float32], ask: Ask, first: Decoded,
    watch: Callable[[], None],
) -> Decoded:  # fmt: skip
    """Decode one window (``features`` of one row) until it passes; else give the best try.

    ``sound`` is the window's spectrogram, for the seed; ``watch`` is called before each
    try. The best try repeats itself least and is the most probable; one without text is no
    answer to one with text. Raises OutOfMemory.
    """
    if unreadable(first):  # there is nothing to draw from
        return first
    tried = [first]
    for temperature in _TEMPERATURES:
        watch()
        warmer = replace(ask, temperature=temperature, seed=_seed(sound, temperature))
        (one,) = engine.decode(features, warmer)
        if passed(one) and (one.text.strip() or not any(map(_readable, tried))):
            return one
        tried.append(one)
    return max(tried, key=_worth)


def _worth(one: Decoded) -> tuple[bool, bool, bool, float]:
    probability = -math.inf if unreadable(one) else one.avg_logprob
    return _readable(one), not repetitive(one), not improbable(one), probability


def _readable(one: Decoded) -> bool:
    return bool(one.text.strip()) and not unreadable(one)


def _seed(sound: NDArray[np.float32], temperature: float) -> int:
    digest = hashlib.blake2b(sound.tobytes(), digest_size=6, key=f"{temperature:.1f}".encode())
    return int.from_bytes(digest.digest(), "little")
