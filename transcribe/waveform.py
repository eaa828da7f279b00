"""How loud a sound is from moment to moment, to be drawn under its transcript. Pure."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

PER_SECOND: Final = 20


def peaks(samples: NDArray[np.float32], rate: int) -> bytes:
    """Give the loudest sample of each twentieth of a second, from 0 to 255 (full scale)."""
    starts = np.arange(0, len(samples), rate // PER_SECOND)
    if not len(starts):
        return b""
    # No copy of the sound, which is long, is made on the way.
    loudest = np.maximum(
        np.abs(np.maximum.reduceat(samples, starts)), np.abs(np.minimum.reduceat(samples, starts))
    )
    return bytes(np.minimum(255, np.rint(255 * loudest)).astype(np.uint8))


def silent(known: bytes, spans: Sequence[tuple[float, float]]) -> bytes:
    """Take spans (seconds) out of what ``peaks`` gave, whole twentieths at their ends."""
    left = bytearray(known)
    for start, end in spans:
        first = max(0, math.floor(start * PER_SECOND))
        last = min(len(left), math.ceil(end * PER_SECOND))
        left[first:last] = bytes(max(0, last - first))
    return bytes(left)
