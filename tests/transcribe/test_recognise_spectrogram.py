"""The spectrogram of a whole recording, against openai-whisper's."""

import numpy as np
import pytest
import whisper

from transcribe.audio import SAMPLE_RATE
from transcribe.recognise import spectrogram
from transcribe.windows import Window

PIECE = 120 * SAMPLE_RATE


def noise(samples: int) -> np.ndarray:
    swelling = np.linspace(0.01, 1, samples) ** 2
    return (np.random.default_rng(0).normal(0, 0.1, samples) * swelling).astype(np.float32)


@pytest.mark.parametrize("bands", [80, 128])
@pytest.mark.parametrize(
    "samples", [0, 1, 201, 3_200, 2 * PIECE + 7, PIECE + SAMPLE_RATE - 80], ids=str
)
def test_pieces_are_the_whole(samples: int, bands: int) -> None:
    sound = noise(samples)
    own = whisper.log_mel_spectrogram(sound, bands, padding=30 * SAMPLE_RATE).numpy()
    mine = spectrogram(sound, bands)
    heard = mine.values.shape[1]
    assert heard >= samples // 160
    np.testing.assert_allclose(mine.values, own[:, :heard], rtol=0, atol=2e-6)
    np.testing.assert_allclose(own[:, heard:], mine.silence, rtol=0, atol=2e-6)


def test_a_window_is_its_stretch_and_then_silence() -> None:
    whole = spectrogram(noise(40 * SAMPLE_RATE), 80)
    cut = whole.of([Window(1.5, 3.0), Window(9.0, 39.0), Window(39.9, 41.0)])
    assert cut.shape == (3, 80, 3000) and cut.dtype == np.float32
    assert np.array_equal(cut[0, :, :150], whole.values[:, 150:300])
    assert (cut[0, :, 150:] == np.float32(whole.silence)).all()
    assert np.array_equal(cut[1], whole.values[:, 900:3900])
    assert (cut[2, :, 30:] == np.float32(whole.silence)).all()


def test_quiet_talk_keeps_the_floor_of_the_loudest() -> None:
    sound = noise(20 * SAMPLE_RATE)
    sound[: 10 * SAMPLE_RATE] *= 1e-4
    whole = spectrogram(sound, 80)
    alone = spectrogram(sound[: 10 * SAMPLE_RATE], 80)
    assert whole.silence > alone.silence
    assert whole.values.min() == np.float32(whole.silence)
