"""Sound made anew with silence in it: the same elsewhere, to the sample."""

import io
import json
import math
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from secure_storage import BadInput
from transcribe.silence import silenced

Tone = Callable[..., Path]
FORMS = (("wav", "pcm_s16le", 44_100), ("ogg", "libopus", 48_000), ("mp4", "aac", 32_000),
         ("wav", "pcm_s24le", 22_050))  # fmt: skip
"""Containers, codecs and rates in which recorders deliver."""


def recorded(form: str, codec: str, rate: int, seconds: float = 2.0) -> bytes:
    times = np.arange(int(rate * seconds)) / rate
    left = 0.4 * np.sin(2 * math.pi * 300 * times) + 0.1
    planes = np.stack([left, 0.3 * np.cos(2 * math.pi * 700 * times)]).astype(np.float32)
    out = io.BytesIO()
    with av.open(out, "w", format=form) as target:
        stream = target.add_stream(codec, rate=rate, layout="stereo")
        frame = av.AudioFrame.from_ndarray(planes, format="fltp", layout="stereo")
        frame.sample_rate, frame.pts = rate, 0
        resampler = av.AudioResampler(format=stream.format, layout="stereo", rate=rate)
        for piece in resampler.resample(frame):
            target.mux(stream.encode(piece))
        target.mux(stream.encode(None))
    return out.getvalue()


def heard(data: bytes) -> np.ndarray:  # type: ignore[type-arg]
    """All samples, in 16 bits."""
    with av.open(io.BytesIO(data)) as opened:
        track = opened.streams.audio[0]
        resampler = av.AudioResampler(format="s16", layout=track.layout, rate=track.rate)
        frames = [*opened.decode(audio=0), None]
        for frame in frames:
            if frame is not None:
                frame.pts = None
        return np.concatenate(
            [
                piece.to_ndarray().reshape(piece.samples, -1)
                for frame in frames
                for piece in resampler.resample(frame)
            ]
        )


@pytest.mark.parametrize(("form", "codec", "rate"), FORMS)
def test_silence_inside_and_the_same_outside(
    form: str, codec: str, rate: int, tmp_path: Path
) -> None:
    data = recorded(form, codec, rate)
    told: list[int] = []
    made = b"".join(silenced(tmp_path, [data], [(0.25, 0.5), (1.9, 9.0)], told.append))
    before, after = heard(data), heard(made)
    assert before.shape == after.shape
    silent = np.zeros(len(after), dtype=bool)
    silent[math.floor(0.25 * rate) : math.ceil(0.5 * rate)] = True
    silent[math.floor(1.9 * rate) :] = True
    assert not after[silent].any() and before[silent].any()
    assert (after[~silent] == before[~silent]).all()
    assert told and max(told) == len(after)
    assert list(tmp_path.iterdir()) == []


def test_the_file_says_how_long_it_is_and_what_its_sum_is(tmp_path: Path) -> None:
    made = b"".join(silenced(tmp_path, [recorded(*FORMS[0])], [], lambda samples: None))
    assert made[:4] == b"fLaC"
    samples = int.from_bytes(made[18:26], "big") & (1 << 36) - 1
    assert samples == 2 * 44_100
    assert any(made[26:42])
    with av.open(io.BytesIO(made)) as opened:
        assert opened.duration == 2_000_000


def test_whoever_is_told_can_stop_it(tmp_path: Path) -> None:
    def stop(samples: int) -> None:
        raise BadInput("Stopped.")

    with pytest.raises(BadInput, match="Stopped"):
        b"".join(silenced(tmp_path, [recorded(*FORMS[0])], [], stop))
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_sound_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="could not be made anew"):
        b"".join(silenced(tmp_path, [json.dumps({}).encode()], [], lambda samples: None))
    assert list(tmp_path.iterdir()) == []
