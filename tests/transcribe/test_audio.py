"""Sound from files, good and bad."""

import io
import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from secure_storage import BadInput
from transcribe.audio import SAMPLE_RATE, decode, join, media_type_of, probe

RNG = np.random.default_rng(1)


def tone_of(seconds: float, rate: int, hertz: float = 440.0) -> np.ndarray:
    return 0.3 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


def encoded(
    planes: np.ndarray, rate: int, form: str, codec: str, layout: str, sample: str = "s16"
) -> bytes:
    """A file of the given planes (channels, samples), values -1 to 1."""
    target = io.BytesIO()
    with av.open(target, "w", format=form) as container:
        stream = container.add_stream(codec, rate=rate, layout=layout)
        graph = av.AudioResampler(format=stream.codec_context.format.name, layout=layout, rate=rate)
        data = np.ascontiguousarray((planes.T * 32767).astype(np.int16).reshape(1, -1))
        frame = av.AudioFrame.from_ndarray(data, format="s16", layout=layout)
        frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
        size = stream.codec_context.frame_size or 0
        fifo = av.AudioFifo()
        for piece in graph.resample(frame):
            fifo.write(piece)
        while part := fifo.read(size or 4096, partial=True):
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))
    return target.getvalue()


def wav(planes: np.ndarray, rate: int = 16_000, layout: str = "mono") -> bytes:
    return encoded(planes, rate, "wav", "pcm_s16le", layout)


@pytest.mark.parametrize(
    ("form", "codec", "rate", "told"),
    [("wav", "pcm_s16le", 44_100, "audio/wav"), ("flac", "flac", 48_000, "audio/flac"),
     ("ogg", "libopus", 48_000, "audio/ogg"), ("mp3", "libmp3lame", 44_100, "audio/mpeg"),
     ("mp4", "aac", 44_100, "audio/mp4"), ("matroska", "aac", 16_000, "audio/webm")],
)  # fmt: skip
def test_common_forms_become_16_khz_mono(form: str, codec: str, rate: int, told: str) -> None:
    data = encoded(tone_of(2.0, rate)[None], rate, form, codec, "mono")
    sound = decode(io.BytesIO(data))
    assert sound.samples.dtype == np.float32
    assert sound.duration == pytest.approx(2.0, abs=0.1)
    peak = np.abs(np.fft.rfft(sound.samples)).argmax() / sound.duration
    assert peak == pytest.approx(440, abs=3)
    assert (sound.sample_rate, sound.channels, sound.media_type) == (rate, 1, told)
    assert sound.notices == ()


def test_a_cover_picture_makes_no_film_of_a_song() -> None:
    assert media_type_of("mp3", video=True) == "audio/mpeg"
    assert media_type_of("mov,mp4,m4a,3gp,3g2,mj2", video=True) == "video/mp4"


def test_telephone_sound_is_taken_with_a_notice() -> None:
    sound = decode(io.BytesIO(wav(tone_of(1.0, 8000)[None], 8000)))
    assert len(sound.samples) == pytest.approx(SAMPLE_RATE, abs=50)
    assert any("Telephone" in notice for notice in sound.notices)


def test_every_microphone_of_a_table_recorder_is_heard() -> None:
    # In a 5.1 layout the fourth channel is a subwoofer, which loudspeaker mixes drop.
    planes = np.zeros((6, 16_000))
    planes[3] = tone_of(1.0, 16_000)
    sound = decode(io.BytesIO(wav(planes, layout="5.1")))
    assert np.abs(sound.samples).max() == pytest.approx(0.05, abs=0.01)
    assert any("6 channels" in notice for notice in sound.notices)


def test_channels_that_cancel_are_not_lost() -> None:
    one = tone_of(1.0, 16_000)
    sound = decode(io.BytesIO(wav(np.stack([one, -one]), layout="stereo")))
    assert np.abs(sound.samples).max() == pytest.approx(0.3, abs=0.01)
    assert any("cancel" in notice for notice in sound.notices)


def test_silence_is_sound() -> None:
    assert decode(io.BytesIO(wav(np.zeros((1, 16_000))))).duration == 1.0


def float_wav(values: np.ndarray, rate: int = 16_000) -> bytes:
    """A file of 32-bit floats, which know no full scale."""
    data = values.astype("<f4").tobytes()
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 3, 1, rate, 4 * rate, 4, 32)
    body = b"WAVE" + form + struct.pack("<4sI", b"data", len(data)) + data
    return struct.pack("<4sI", b"RIFF", len(body)) + body


def spoken_like(seconds: float = 6.0) -> np.ndarray:
    """Noise that comes and goes as syllables do, up to about half of full scale."""
    times = np.arange(round(seconds * 16_000)) / 16_000
    noise = np.random.default_rng(2).normal(0, 0.1, len(times))
    return np.asarray(noise * np.abs(np.sin(2 * np.pi * 2 * times)) ** 2)


def test_sound_at_another_scale_is_scaled_down_and_told() -> None:
    plain = decode(io.BytesIO(float_wav(spoken_like())))
    assert plain.notices == ()
    for scale in (3e4, 2**31):
        sound = decode(io.BytesIO(float_wav(spoken_like() * scale)))
        assert np.abs(sound.samples).max() == 1
        assert np.corrcoef(sound.samples, plain.samples)[0, 1] > 0.999
        assert any("full scale" in notice for notice in sound.notices)


@pytest.mark.parametrize("click", [1e3, -1e30])
@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_one_broken_sample_does_not_hide_the_rest(click: float, rate: int) -> None:
    values = spoken_like(12.0)
    values[50_000] = click
    sound = decode(io.BytesIO(float_wav(values, rate)))
    assert np.abs(sound.samples).max() <= 1
    assert np.median(np.abs(sound.samples)) > 0.01
    assert any("Single moments" in notice for notice in sound.notices)


def test_a_very_quiet_recording_is_taken_louder_and_told() -> None:
    for scale in (0.05, 0.01, 0.001):
        sound = decode(io.BytesIO(float_wav(spoken_like() * scale)))
        assert 0.4 < np.abs(sound.samples).max() <= 1
        assert any("Very quiet" in notice for notice in sound.notices)


def test_a_word_in_a_quiet_room_is_not_distorted() -> None:
    values = spoken_like(10.0) * 0.01
    values[80_000:84_000] = 0.5 * np.sin(np.arange(4000) / 5)
    before = decode(io.BytesIO(float_wav(values))).samples
    assert np.corrcoef(before[80_000:84_000], values[80_000:84_000])[0, 1] > 0.999


def test_silence_with_the_noise_of_its_converter_stays_silence() -> None:
    noise = np.random.default_rng(3).choice([-1, 0, 1], 48_000) / 32_768
    sound = decode(io.BytesIO(float_wav(noise)))
    assert np.abs(sound.samples).max() < 1e-4 and sound.notices == ()


def test_sound_a_little_over_full_scale_is_cut_without_a_word() -> None:
    values = spoken_like()
    values[values.argmax()] = 1.2
    sound = decode(io.BytesIO(float_wav(values)))
    assert np.abs(sound.samples).max() <= 1 and sound.notices == ()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        (b"Dear diary, this is not sound. " * 100, "not an audio"),
        (bytes(5000), "not an audio"),
        (RNG.bytes(5000), "not an audio"),
        (b"RIFF\x24\x00\x00\x00WAVE", "not an audio"),
        (b"\x89PNG" + bytes(64), "no sound track"),
    ],
)
def test_what_is_no_sound_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        decode(io.BytesIO(data))


def test_a_header_without_sound_is_refused() -> None:
    with pytest.raises(BadInput, match="cut off"):
        decode(io.BytesIO(wav(np.zeros((1, 16_000)))[:44]))


def test_a_fifth_of_a_second_is_too_short() -> None:
    with pytest.raises(BadInput, match="only 0.2 s"):
        decode(io.BytesIO(wav(tone_of(0.2, 16_000)[None])))


@pytest.mark.parametrize(
    ("form", "codec"), [("wav", "pcm_s16le"), ("flac", "flac"), ("mp4", "aac")]
)
def test_a_truncated_file_is_refused(form: str, codec: str) -> None:
    noise = RNG.uniform(-0.5, 0.5, (1, 44_100 * 6))
    data = encoded(noise, 44_100, form, codec, "mono")
    with pytest.raises(BadInput, match="truncated|cut off"):
        decode(io.BytesIO(data[: len(data) // 2]))


def test_a_film_without_sound_is_refused() -> None:
    target = io.BytesIO()
    with av.open(target, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 64
        for _ in range(10):
            frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(BadInput, match="no sound track"):
        decode(io.BytesIO(target.getvalue()))


def test_a_file_that_vanishes_while_read_is_told() -> None:
    class Vanishing(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() > 100_000:
                raise OSError(5, "Input/output error")
            return super().read(size)

    data = wav(RNG.uniform(-0.5, 0.5, (1, 16_000 * 20)))
    with pytest.raises(BadInput, match="no longer be read"):
        decode(Vanishing(data))


def test_facts_come_from_the_sound_not_the_header(tone: Callable[..., Path]) -> None:
    with tone(seconds=1.5).open("rb") as stream:
        facts = probe(stream)
    assert (facts.duration, facts.channels, facts.sample_rate) == (1.5, 1, 16_000)
    assert facts.media_type == "audio/wav"


def test_parts_lie_on_one_timeline() -> None:
    one = decode(io.BytesIO(wav(np.full((1, 16_000), 0.25))))
    both = join([(one, 0.0), (one, 2.0)])
    assert both.duration == 3.0
    assert both.samples[8000] == pytest.approx(0.25, abs=0.001)
    assert both.samples[24_000] == 0
    assert join([(one, 0.0)]) is one
