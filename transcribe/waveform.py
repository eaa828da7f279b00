"""How loud a sound is from moment to moment, to be drawn under its transcript. Pure."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

PER_SECOND: Final = 20


def peaks(samples: NDArray[np.float32], rate: int) -> bytes:
    """Give the loudest sample of each twentieth of a second, from 0 to 255 (full scale)."""
    step = rate // PER_SECOND
    count = -(-len(samples) // step)
    # Piece by piece: the sound is long, and a copy of it is not to be made.
    loudest = [
        max(abs(float(piece.max())), abs(float(piece.min())))
        for piece in (samples[place * step : (place + 1) * step] for place in range(count))
    ]
    return bytes(min(255, round(255 * one)) for one in loudest)


def silent(known: bytes, spans: Sequence[tuple[float, float]]) -> bytes:
    """Take spans (seconds) out of what ``peaks`` gave, whole twentieths at their ends."""
    left = bytearray(known)
    for start, end in spans:
        first = max(0, math.floor(start * PER_SECOND))
        last = min(len(left), math.ceil(end * PER_SECOND))
        left[first:last] = bytes(max(0, last - first))
    return bytes(left)
