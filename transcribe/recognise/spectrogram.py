"""The log-mel spectrogram of a whole recording, computed in pieces. Light until it is asked.

It equals ``whisper.log_mel_spectrogram(sound, bands, padding=30 s)``, whose darkest value is
set by the loudest moment of the whole recording: a window computed alone would lift the
noise between quiet words. Pieces keep the memory of the transform small; on a GPU they are
computed there and fetched, so that a long recording takes no GPU memory.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..audio import SAMPLE_RATE, Samples
from ..windows import Window
from .engine import Spectrograms

RATE: Final = 100
"""Frames a second."""
FRAMES: Final = 3000
"""Of a window as the encoder wants it: 30 s."""
_TRANSFORM: Final = 400
_HOP: Final = SAMPLE_RATE // RATE
_PIECE: Final = 12_000
"""Frames computed at once: two minutes, about 40 MB in passing."""
_FAINTEST: Final = 1e-10
_RANGE: Final = 8.0
"""What lies 80 dB below the loudest moment is silence to Whisper."""


@dataclass(frozen=True, slots=True)
class Spectrogram:
    """A recording as Whisper's encoder sees it."""

    values: NDArray[np.float32] = field(repr=False)
    """Shape (bands, frames), scaled as openai-whisper does."""
    silence: float
    """The value of complete silence."""

    def of(self, windows: Sequence[Window]) -> Spectrograms:
        """Cut out windows, each followed by silence up to 30 s."""
        bands = len(self.values)
        cut = np.full((len(windows), bands, FRAMES), self.silence, np.float32)
        for row, window in enumerate(windows):
            first = round(window.start * RATE)
            frames = self.values[:, first : min(round(window.end * RATE), first + FRAMES)]
            cut[row, :, : frames.shape[1]] = frames
        return cut


def spectrogram(samples: Samples, bands: int) -> Spectrogram:
    """Compute the spectrogram of a whole recording (80 or 128 bands)."""
    import torch
    from whisper.audio import mel_filters

    device = "cuda" if torch.cuda.is_available() else "cpu"
    filters, shape = mel_filters(device, bands), torch.hann_window(_TRANSFORM).to(device)
    frames = len(samples) // _HOP + _TRANSFORM // _HOP  # the last ones hear the sound's end
    values = np.empty((bands, frames), np.float32)
    for first in range(0, frames, _PIECE):
        last = min(first + _PIECE, frames)
        sound = torch.from_numpy(_sound(samples, first, last)).to(device)
        waves = torch.stft(sound, _TRANSFORM, _HOP, window=shape, center=False, return_complex=True)
        mel = filters @ waves.abs() ** 2
        values[:, first:last] = mel.clamp_(min=_FAINTEST).log10_().cpu().numpy()
    silence = max(float(values.max()) - _RANGE, np.log10(_FAINTEST))
    np.maximum(values, np.float32(silence), out=values)
    values += 4.0
    values /= 4.0
    return Spectrogram(values, (silence + 4.0) / 4.0)


def _sound(samples: Samples, first: int, last: int) -> Samples:
    """Sound of some frames, each centred on its moment: mirrored before the start."""
    half = _TRANSFORM // 2
    begin, end = first * _HOP - half, (last - 1) * _HOP + half
    inside = samples[max(begin, 0) : end]
    sound = np.zeros(end - begin, np.float32)
    before = max(-begin, 0)
    sound[before : before + len(inside)] = inside
    if before:
        sound[:before] = sound[before + 1 : 2 * before + 1][::-1]
    return sound
