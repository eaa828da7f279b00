"""Small signal helpers shared by the sample and by training."""

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 16_000

Wave = NDArray[np.float32]


def resample(samples: NDArray[np.floating], rate: int, target: int = SAMPLE_RATE) -> Wave:
    """Band-limited resampling in the frequency domain (whole signal at once)."""
    if rate == target:
        return samples.astype(np.float32)
    count = int(len(samples) * target / rate)
    spectrum = np.fft.rfft(samples)
    wanted = np.zeros(count // 2 + 1, np.complex128)
    keep = min(len(wanted), len(spectrum))
    wanted[:keep] = spectrum[:keep]
    out: Wave = (np.fft.irfft(wanted, count) * count / len(samples)).astype(np.float32)
    return out


def change_speed(samples: Wave, factor: float) -> Wave:
    """Play ``samples`` ``factor`` times as fast, pitch and formants included."""
    if factor == 1.0:
        return samples
    return resample(samples, int(SAMPLE_RATE * factor))


def level(samples: Wave, rms: float = 0.06) -> Wave:
    """``samples`` at the given root mean square, kept below full scale."""
    loud = samples[np.abs(samples) > 0.02 * np.abs(samples).max()]
    gain = rms / (float(np.sqrt(np.mean(loud**2))) + 1e-9)
    peak = float(np.abs(samples).max()) * gain
    return (samples * (gain if peak < 0.95 else gain * 0.95 / peak)).astype(np.float32)
