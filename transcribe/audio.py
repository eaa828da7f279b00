"""Sound from any audio or video file, in memory: the only importer of PyAV.

Everything downstream sees one form: 16 kHz, one channel, float32. Channels are
averaged, not mixed by a loudspeaker layout, because the channels of a table recorder
are microphones (a 5.1 mix would throw the fourth one away). Where averaging cancels
the sound (one channel with inverted polarity), the loudest channel is taken instead.
Nothing is written to disk and no other program is started.
"""

import hashlib
import io
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from secure_storage import BadInput, still_alive

from .browsers import plays
from .level import levelled
from .wav_head import promised_seconds
from .waveform import peaks

if TYPE_CHECKING:
    import av
    import av.container

SAMPLE_RATE: Final = 16_000
SHORTEST: Final = 0.5
"""Seconds; shorter sound holds no word that could be recognised honestly."""
TELEPHONE_RATE: Final = 11_025
"""Hz; at or below this the sound lacks everything above 5.5 kHz, as telephones do."""
_TRUNCATED: Final = 0.98
"""A file that yields less than this share of the length it promises was cut off."""
_TRUNCATED_SLACK: Final = 1.0
"""Seconds a header may promise too much (padding, rounding) before we call it cut off."""
_CANCELLED: Final = 0.01
"""Averaging that leaves less than this share of the loudest channel's energy cancels it."""
_ENDLESS: Final = 60 * 60 * 48.0
"""Seconds; headers written by a recorder that never finished promise absurd lengths."""

_MEDIA_NAMES: Final = {"mov": "mp4", "matroska": "webm", "mp3": "mpeg", "asf": "x-ms-asf"}
"""What browsers call the containers that FFmpeg calls otherwise."""
_SOUND_ONLY: Final = ("mp3", "flac", "wav", "aac", "aiff")
"""A picture in these is a cover, not a film."""

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Facts:
    """What a file says and proves about its sound."""

    duration: float
    channels: int
    sample_rate: int
    codec: str
    media_type: str
    playable: bool
    """Browsers can play the file as it is."""
    peaks: bytes
    """How loud it is (``waveform``)."""


@dataclass(frozen=True, slots=True)
class Sound:
    """Decoded sound: 16 kHz, mono, float32."""

    samples: Samples = field(repr=False)
    channels: int
    sample_rate: int
    """Of the file, before conversion."""
    codec: str
    media_type: str
    playable: bool = True
    notices: tuple[str, ...] = ()
    """What a person should know about the sound's quality."""

    @property
    def duration(self) -> float:
        """Seconds."""
        return len(self.samples) / SAMPLE_RATE

    @property
    def facts(self) -> Facts:
        """The sound's description without the sound."""
        return Facts(
            self.duration, self.channels, self.sample_rate, self.codec, self.media_type,
            self.playable, peaks(self.samples, SAMPLE_RATE),
        )  # fmt: skip


@dataclass(slots=True)
class _Pass:
    """One run through the file: the mono sound and what was seen on the way."""

    chunks: list[Samples] = field(default_factory=list)
    energy: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    mixed: float = 0.0
    damaged: int = 0

    def add(self, planes: Samples, pick: int | None) -> None:
        mono = planes.mean(axis=0) if pick is None else planes[pick]
        mono = np.nan_to_num(mono, nan=0.0, posinf=0.0, neginf=0.0).astype(np.float32)
        if len(self.energy) != len(planes):
            self.energy = np.zeros(len(planes))
        wide = np.nan_to_num(planes).astype(np.float64)
        self.energy += np.einsum("ij,ij->i", wide, wide)
        self.mixed += float(np.dot(mono.astype(np.float64), mono))
        self.chunks.append(mono)

    @property
    def cancelled(self) -> bool:
        return len(self.energy) > 1 and self.mixed < _CANCELLED * float(self.energy.max())


def decode(stream: BinaryIO) -> Sound:
    """Decode the first sound track of ``stream`` (seekable), or say what is wrong with it."""
    import av

    if stream.seek(0, io.SEEK_END) == 0:
        raise BadInput("This file is empty (0 bytes). Copy it again from the recorder.")
    try:
        promised = promised_seconds(stream)
        stream.seek(0)
        with av.open(stream, mode="r", metadata_errors="replace") as container:
            return _decode_container(container, promised)
    except av.FFmpegError as error:
        raise _not_audio() from error
    except OSError as error:
        raise BadInput(
            "The file could no longer be read while it was being decoded: it was moved, "
            "removed, or its disk went away. Put it back and try again."
        ) from error


def load_decoder() -> None:
    """Load what decodes, for a process that is about to be shut in."""
    import av

    av.AudioResampler(format="fltp", rate=SAMPLE_RATE)


def probe(stream: BinaryIO) -> Facts:
    """Describe a sound file; decodes it, because headers lie about length."""
    return decode(stream).facts


def _decode_container(container: "av.container.InputContainer", promised: float | None) -> Sound:
    if not container.streams.audio:
        raise BadInput(
            "This file holds no sound track. Choose the recording itself (audio, or video with "
            "sound)."
        )
    track = container.streams.audio[0]
    rate, channels = int(track.rate or 0), int(track.channels or 0)
    if rate <= 0 or channels <= 0:
        raise _not_audio()
    promised = promised or _promised(container)
    heard = _run(container, pick=None)
    notices = _notices(rate, channels, heard.damaged)
    if heard.cancelled:
        pick = int(heard.energy.argmax())
        container.seek(0)
        heard = _run(container, pick=pick)
        notices += (
            f"The channels cancel each other when mixed (inverted polarity): only channel "
            f"{pick + 1} was used.",
        )
    samples = np.concatenate(heard.chunks) if heard.chunks else np.zeros(0, np.float32)
    _check_length(len(samples) / SAMPLE_RATE, promised)
    notices += levelled(samples)
    media_type = media_type_of(container.format.name, video=bool(container.streams.video))
    codec = track.codec_context.name
    playable = plays(container.format.name, codec, channels)
    return Sound(samples, channels, rate, codec, media_type, playable, notices)


def media_type_of(container: str, *, video: bool = False) -> str:
    """What a browser is told a file is; it may refuse to play what has another name.

    ``container`` is FFmpeg's name, or names, as in ``mov,mp4,m4a,3gp,3g2,mj2``.
    """
    name = container.split(",")[0]
    kind = "video" if video and name not in _SOUND_ONLY else "audio"
    return f"{kind}/{_MEDIA_NAMES.get(name, name)}"


def _run(container: "av.container.InputContainer", *, pick: int | None) -> _Pass:
    import av

    resampler = av.AudioResampler(format="fltp", rate=SAMPLE_RATE)
    heard = _Pass()
    try:
        for frame in _frames(container, heard):
            frame.pts = None  # a recorder's jumping clock must not make the resampler drop sound
            for piece in resampler.resample(frame):
                heard.add(piece.to_ndarray().astype(np.float32), pick)
        for piece in resampler.resample(None):
            heard.add(piece.to_ndarray().astype(np.float32), pick)
    except ValueError as error:  # the layout or rate changed in the middle of the file
        raise BadInput(
            "The sound changes its form (channels or sampling rate) in the middle of the file. "
            "Save it again as WAV or FLAC with any audio program, then add that."
        ) from error
    return heard


def _frames(container: "av.container.InputContainer", heard: _Pass) -> "Iterator[av.AudioFrame]":
    import av

    for packet in container.demux(container.streams.audio[0]):
        still_alive()
        try:
            frames = packet.decode()
        except av.error.InvalidDataError:
            heard.damaged += 1  # one bad frame must not cost an hour of interview
            continue
        yield from frames


def _promised(container: "av.container.InputContainer") -> float | None:
    track = container.streams.audio[0]
    if track.duration and track.time_base:
        seconds = float(track.duration * track.time_base)
    elif container.duration:
        seconds = container.duration / 1_000_000
    else:
        return None
    return seconds if 0 < seconds < _ENDLESS else None


def _check_length(seconds: float, promised: float | None) -> None:
    if seconds == 0:
        raise BadInput(
            "This file holds no sound: it has a header and nothing after it. Copy it again from "
            "the recorder."
        )
    if promised and seconds < promised * _TRUNCATED and seconds < promised - _TRUNCATED_SLACK:
        raise BadInput(
            f"This file is truncated: it promises {_clock(promised)} but ends after "
            f"{_clock(seconds)}. Copy it again from the recorder; if this is all there is, save "
            "it again with any audio program, then add that."
        )
    if seconds < SHORTEST:
        raise BadInput(
            f"This sound is only {seconds:.1f} s long; at least {SHORTEST} s are needed. Check "
            "that it is the right file."
        )


def _notices(rate: int, channels: int, damaged: int) -> tuple[str, ...]:
    notices = []
    if rate <= TELEPHONE_RATE:
        notices.append(
            f"Telephone quality ({rate} Hz): expect more recognition errors and speakers that "
            "are harder to tell apart."
        )
    if channels > 1:
        notices.append(f"{channels} channels were mixed into one.")
    if damaged:
        notices.append(f"{damaged} damaged pieces of the file could not be decoded.")
    return tuple(notices)


def _not_audio() -> BadInput:
    return BadInput(
        "This is not an audio or video file that can be read, or it is damaged or cut off. Play "
        "it with any player to check; if it plays, save it again as WAV or FLAC and add that."
    )


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}"


def join(parts: Sequence[tuple[Sound, float]]) -> Sound:
    """Lay sounds on one timeline, each at its offset in seconds; where two meet, they mix."""
    if len(parts) == 1 and parts[0][1] == 0:
        return parts[0][0]
    places = [round(offset * SAMPLE_RATE) for _, offset in parts]
    length = max(place + len(one.samples) for (one, _), place in zip(parts, places, strict=True))
    samples = np.zeros(length, np.float32)
    for (one, _), place in zip(parts, places, strict=True):
        samples[place : place + len(one.samples)] += one.samples
    first = parts[0][0]
    notices = dict.fromkeys(notice for one, _ in parts for notice in one.notices)
    return replace(first, samples=samples, notices=tuple(notices))


@dataclass(frozen=True, slots=True)
class Measure:
    """What a sound of 16-bit samples comes to once parts of it are silent."""

    samples: int
    """Of one channel."""
    md5: bytes
    """Of the samples, channels interleaved, little-endian."""


_MOST_CHANNELS: Final = 8
"""Of FLAC (RFC 9639)."""
Spans = Sequence[tuple[float, float]]
_BEEP_HERTZ: Final = 1000.0
_BEEP_LEVEL: Final = 3277
"""A tenth of full scale."""


def measure_silenced(
    stream: BinaryIO, spans: Spans, done: Callable[[int], object], *, mixed: bool = False,
    beep: bool = False,
) -> Measure:  # fmt: skip
    """Measure the sound of ``stream`` with silence in ``spans`` (seconds of the sound)."""
    sum_, samples = hashlib.md5(usedforsecurity=False), 0
    with _opened_sound(stream, mixed) as container:
        for samples, _, piece in _silenced(container, spans, mixed, beep):
            sum_.update(piece.tobytes())
            done(samples)
    return Measure(samples, sum_.digest())


def write_silenced(
    stream: BinaryIO, spans: Spans, out: object, done: Callable[[int], object], *,
    mixed: bool = False, beep: bool = False,
) -> None:  # fmt: skip
    """Write the sound at its own rate as 16-bit FLAC with silence, or a tone, in ``spans``.

    All channels, or one that is their average.
    """
    import av

    with _opened_sound(stream, mixed) as container, av.open(out, "w", format="flac") as target:
        track = container.streams.audio[0]
        layout = "mono" if mixed else track.layout
        made = target.add_stream("flac", rate=track.rate, layout=layout)
        made.format = "s16"
        for samples, frame, piece in _silenced(container, spans, mixed, beep):
            whole = av.AudioFrame.from_ndarray(piece, format="s16", layout=layout)
            whole.sample_rate, whole.pts = frame.sample_rate, samples - frame.samples
            target.mux(made.encode(whole))
            done(samples)
        target.mux(made.encode(None))


@contextmanager
def _opened_sound(stream: BinaryIO, mixed: bool) -> "Iterator[av.container.InputContainer]":
    import av

    stream.seek(0)
    with av.open(stream, mode="r", metadata_errors="replace") as container:
        if container.streams.audio[0].channels > _MOST_CHANNELS and not mixed:
            raise BadInput("The sound has more than 8 channels, which FLAC cannot hold.")
        yield container


def _silenced(
    container: "av.container.InputContainer", spans: Spans, mixed: bool, beep: bool
) -> "Iterator[tuple[int, av.AudioFrame, NDArray[np.int16]]]":
    """Give, piece by piece, where it ends (samples), its frame, and its samples."""
    import av

    track = container.streams.audio[0]
    resampler = av.AudioResampler(format="s16", layout=track.layout, rate=track.rate)
    turn = 2 * math.pi * _BEEP_HERTZ / track.rate if beep else 0.0
    silent = [(math.floor(a * track.rate), math.ceil(b * track.rate)) for a, b in spans]
    place = 0
    for frame in chain(_frames(container, _Pass()), [None]):
        if frame is not None:
            frame.pts = None
        for piece in resampler.resample(frame):
            samples = piece.to_ndarray().astype(np.int16)
            by_time = samples.reshape(piece.samples, -1)
            for start, end in silent:
                first, last = max(0, start - place), min(max(0, end - place), len(by_time))
                tone = _BEEP_LEVEL * np.sin(turn * np.arange(place + first, place + last))
                by_time[first:last] = tone.astype(np.int16)[:, None]
            place += piece.samples
            yield place, piece, by_time.mean(1).astype(np.int16)[None] if mixed else samples
