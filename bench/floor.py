"""How fast recognition could be: arithmetic and bytes of a shape against what a GPU does.

Counted as two operations a multiplication. The encoder and the keys and values of the sound
are bound by arithmetic; a step of the decoder is bound by what it reads, the weights once
for the batch and the keys and values of the sound for every window.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from .shaped import SHAPES

_HALF: Final = 2
"""Bytes of a number."""
_SOUND: Final = 1500
"""Places of the features of a window."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one window, or one step, takes."""

    encoder: float
    """Operations a window."""
    listening: float
    """Operations a window, for keys and values of the sound."""
    weights: float
    """Bytes that a step of the decoder reads, whatever the batch."""
    heard: float
    """Bytes that a step reads for each window: keys and values of the sound."""


@dataclass(frozen=True, slots=True)
class Rates:
    """What a device does, measured."""

    operations: float
    """Operations a second in a large matrix product."""
    bytes: float
    """Bytes read a second."""


@dataclass(frozen=True, slots=True)
class Floor:
    """Seconds, at least, for a recording."""

    encode: float
    decode: float


def cost(shape: str) -> Cost:
    """Count a shape."""
    bands, vocabulary, width, _, hearing, writing = SHAPES[shape]
    layer = _SOUND * 12 * width**2 * 2 + 4 * _SOUND**2 * width
    convolutions = 2 * 3 * width * (2 * _SOUND * bands + _SOUND * width)
    return Cost(
        encoder=hearing * layer + convolutions,
        listening=writing * 4 * _SOUND * width**2,
        weights=_HALF * (writing * 14 * width**2 + vocabulary * width),
        heard=_HALF * writing * 2 * _SOUND * width,
    )


def floor(shape: str, windows: int, tokens: int, batch: int, rates: Rates) -> Floor:
    """Give the least seconds for ``windows`` of ``tokens`` each, in batches."""
    one = cost(shape)
    steps = math.ceil(windows / batch) * tokens
    read = steps * one.weights + windows * tokens * one.heard
    return Floor(
        encode=windows * one.encoder / rates.operations,
        decode=windows * one.listening / rates.operations + read / rates.bytes,
    )


def measured_rates() -> Rates:
    """Measure the GPU, else the processor: a product of matrices, a sum over many numbers."""
    import torch

    gpu = torch.cuda.is_available()
    device, precision = ("cuda", torch.float16) if gpu else ("cpu", torch.float32)
    size = 8192 if gpu else 512
    matrix = torch.ones(size, size, device=device, dtype=precision)
    numbers = torch.ones(1 << (30 if gpu else 24), device=device, dtype=precision)
    product = _seconds(lambda: matrix @ matrix)
    reading = _seconds(numbers.sum)
    return Rates(2 * size**3 / product, numbers.numel() * numbers.itemsize / reading)


def _seconds(work: Callable[[], Any], times: int = 10) -> float:
    work()
    wait()
    began = time.perf_counter()
    for _ in range(times):
        work()
    wait()
    return (time.perf_counter() - began) / times


def wait() -> None:
    """Wait until a GPU has done what it was told."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.synchronize()
