"""How loud a recording is: some are written at another scale, or far too quietly.

Whisper hears only what lies less than 80 dB below the loudest moment, so that one broken
sample may hide all the rest; and both it and the speech detector have learned from sound of
common loudness.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

_PIECE: Final = 1600
"""Samples of a tenth of a second."""
_QUIET: Final = 0.04
"""Peak of speech that lies at about -40 dB of full scale."""
_NOTHING: Final = 2e-4
"""Peak of the noise of a converter: there is nothing to be made louder."""
_WANTED: Final = 0.5
_CLEARLY: Final = 2.0
"""Compressed sound goes a little beyond full scale where it was loud; that is no fault."""


def levelled(samples: NDArray[np.float32]) -> tuple[str, ...]:
    """Bring samples to full scale, in place; give what a person should know of it.

    Sound within full scale that is not very quiet stays as it is.
    """
    if not len(samples):
        return ()
    peaks = _peaks(samples)
    peak, loudest = _peak(peaks), float(peaks.max())
    notices: tuple[str, ...] = ()
    if peak > 1:
        samples /= np.float32(peak)
        if peak > _CLEARLY:
            notices = (f"The sound is {peak:.4g} times louder than full scale: scaled down.",)
    elif _NOTHING < peak < _QUIET:
        gain = max(1.0, min(_WANTED / peak, 1 / loudest))
        samples *= np.float32(gain)
        notices = (
            f"Very quiet recording, taken {gain:.1f} times louder: expect more recognition errors.",
        )
    elif loudest > _CLEARLY:
        notices = ("Single moments far louder than full scale were cut off.",)
    if loudest > 1:
        np.clip(samples, -1, 1, out=samples)
    return notices


def _peaks(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give the greatest value of every tenth of a second; the last may be longer."""
    starts = np.arange(0, max(1, len(samples) - _PIECE + 1), _PIECE)
    return np.maximum(np.maximum.reduceat(samples, starts), -np.minimum.reduceat(samples, starts))


def _peak(peaks: NDArray[np.float32]) -> float:
    """Give the greatest value without stray clicks: a few, or one in a thousand pieces."""
    stray = max(min(3, len(peaks) // 20), len(peaks) // 1000)
    return float(np.sort(peaks)[len(peaks) - 1 - stray])
