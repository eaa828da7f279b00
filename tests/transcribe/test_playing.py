"""What the player needs: waveforms, and copies of what no browser plays as it came."""

import io
import threading
import wave
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from secure_storage import Study
from secure_storage.audio_route import _opened as opened_sound
from transcribe import (
    Sentence,
    Transcription,
    Turn,
    add_recording,
    playing,
    recording,
    save_transcription,
    transcript,
)
from transcribe import store as rows
from transcribe.browsers import plays
from transcribe.intake import Unsealed
from transcribe.playing import playing as asked
from transcribe.sound_parts import sound_parts
from transcribe.store import silence_media
from transcribe.waveform import PER_SECOND, peaks, silent

TALK = Transcription("en", (Turn("S1", (Sentence("We stay.", 0.0, 2.0),)),))
Tone = Callable[..., Path]


@pytest.fixture
def wma(tmp_path: Path) -> Path:
    """Three seconds as Windows Media: a tone, which no browser plays."""
    path = tmp_path / "talk.wma"
    samples = (0.4 * np.sin(np.arange(3 * 16_000) / 8)).astype(np.float32)[None]
    with av.open(str(path), "w", format="asf") as out:
        made = out.add_stream("wmav2", rate=16_000, layout="mono")
        made.bit_rate = 64_000
        for place in range(0, samples.shape[1], 1600):
            piece = np.ascontiguousarray(samples[:, place : place + 1600])
            frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 16_000, place
            out.mux(made.encode(frame))
        out.mux(made.encode(None))
    return path


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Four microphones of a table: only the last hears something."""
    path = tmp_path / "table.wav"
    heard = np.zeros((16_000, 4), "<i2")
    heard[8000:, 3] = (8000 * np.sin(np.arange(8000) / 8)).astype("<i2")
    with wave.open(str(path), "wb") as out:
        out.setnchannels(4)
        out.setsampwidth(2)
        out.setframerate(16_000)
        out.writeframes(heard.tobytes())
    return path


def finished(study: Study, recording_id: int) -> playing.Playing:
    """Ask for it, wait until the thread that makes it ends, and ask again."""
    asked(study, recording_id)
    for thread in threading.enumerate():
        if thread.name.startswith("playing"):
            thread.join()
    return asked(study, recording_id)


def played(study: Study, recording_id: int) -> tuple[str, bytes]:
    """What the browser is sent, and called what."""

    class Session:
        pass

    session = Session()
    session.study = study  # type: ignore[attr-defined]
    sound = opened_sound(session, recording_id, 0)  # type: ignore[arg-type]
    assert sound is not None
    with Unsealed(sound.reader) as stream:
        return sound.media_type, stream.read()


def decoded(data: bytes) -> "np.ndarray[tuple[int, ...], np.dtype[np.int16]]":
    with av.open(io.BytesIO(data)) as container:
        frames = [frame.to_ndarray() for frame in container.decode(audio=0)]
    return np.concatenate(frames, axis=1)


def test_a_waveform_is_there_from_the_start(study: Study, tone: Tone) -> None:
    found = asked(
        study, add_recording(study, "Tone", 1, [tone(seconds=2.0), tone("b.wav", hertz=9)])
    )
    assert found.ready and [len(one) for one in found.peaks] == [2 * PER_SECOND] * 2
    assert set(found.peaks[0]) == {round(255 * 9000 / 32768)}


def test_a_recording_of_before_gets_one_when_it_is_played(study: Study, tone: Tone) -> None:
    number = add_recording(study, "Tone", 1, [tone()])
    with study.change() as change:
        change.db.execute("DELETE FROM part_media")
        change.record("test.before", "part_media")
    first = asked(study, number)
    assert not first.ready and first.peaks == (b"",)
    assert finished(study, number).ready


def test_what_no_browser_plays_gets_a_copy(study: Study, wma: Path) -> None:
    number = add_recording(study, "Dictaphone", 1, [wma])
    assert played(study, number)[0] == "audio/x-ms-asf"
    talk = transcript(
        study, save_transcription(study, TALK, title="Talk", group=1, recording_id=number)
    )
    assert sound_parts(study, talk) == []  # nothing is offered that cannot be played
    assert not asked(study, number).ready
    found = finished(study, number)
    assert (found.ready, found.problem) == (True, "")
    assert [one["src"] for one in sound_parts(study, talk)] == [f"/audio/{number}?part=0&copy=1"]
    kind, data = played(study, number)
    assert kind == "audio/flac" and data.startswith(b"fLaC")
    assert abs(decoded(data).shape[1] / 16_000 - 3) < 0.2
    # The original stays the original.
    (part,) = recording(study, number).parts
    with Unsealed(study.files.open(part.file_id)) as stream:
        assert stream.read() == wma.read_bytes()


def test_the_microphones_of_a_table_are_mixed_for_listening(study: Study, table: Path) -> None:
    number = add_recording(study, "Table", 1, [table])
    assert finished(study, number).ready
    heard = decoded(played(study, number)[1])
    assert heard.shape == (1, 16_000)
    assert not heard[:, :8000].any() and 1500 < abs(heard).max() <= 2000


def test_a_copy_goes_with_the_sound_it_was_made_of(study: Study, wma: Path) -> None:
    number = add_recording(study, "Dictaphone", 1, [wma])
    finished(study, number)
    (row,) = rows.media(study, number)
    (copy,) = rows.copies_of(study.db, [row.part_id])
    with study.change() as change:
        silence_media(change, study.files, row.part_id, [(1.0, 2.0)])
        change.record("test.silenced", "part_media")
    (now,) = rows.media(study, number)
    assert now.peaks is not None and row.peaks is not None
    assert not any(now.peaks[PER_SECOND : 2 * PER_SECOND])
    assert now.peaks[:PER_SECOND] == row.peaks[:PER_SECOND]
    # What took the file's place is FLAC, which browsers play.
    assert now.ready and not now.copied
    assert copy not in {path.name for path in (study.home / "files").iterdir()}
    assert not study.db.execute("SELECT 1 FROM files WHERE id = ?", [copy]).fetchone()


def test_a_copy_of_sound_that_was_silenced_meanwhile_is_dropped(
    study: Study, wma: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = add_recording(study, "Dictaphone", 1, [wma])
    before = len(list((study.home / "files").iterdir()))
    monkeypatch.setattr("transcribe.playing.store.set_copy", lambda *given: False)
    finished(study, number)
    assert len(list((study.home / "files").iterdir())) == before


def test_what_cannot_be_made_is_told_and_not_tried_for_ever(
    study: Study, wma: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[int] = []

    def broken(*given: object, **more: object) -> None:
        tries.append(1)
        raise RuntimeError("what somebody said")

    monkeypatch.setattr("transcribe.playing.silenced", broken)
    number = add_recording(study, "Dictaphone", 1, [wma])
    for _ in range(3):
        found = finished(study, number)
    assert "because of a fault (RuntimeError)" in found.problem and len(tries) == 1
    # A while later somebody may have mended it.
    monkeypatch.undo()
    monkeypatch.setattr("transcribe.playing._REST", 0.0)
    assert finished(study, number).ready


@pytest.mark.parametrize(
    ("container", "codec", "channels", "answer"),
    [
        ("wav", "pcm_s16le", 2, True), ("mov,mp4,m4a,3gp,3g2,mj2", "aac", 2, True),
        ("mov,mp4,m4a,3gp,3g2,mj2", "amrnb", 1, False), ("amr", "amrnb", 1, False),
        ("asf", "wmav2", 2, False), ("wav", "pcm_s16le", 4, False), ("mp3", "mp3float", 1, True),
        ("wav", "adpcm_ima_wav", 1, False), ("aiff", "pcm_s16be", 2, False),
    ],
)  # fmt: skip
def test_what_browsers_play(container: str, codec: str, channels: int, answer: bool) -> None:
    assert plays(container, codec, channels) is answer


def test_peaks_of_odd_lengths_and_silence() -> None:
    samples = np.zeros(16_000 + 1, np.float32)
    samples[0], samples[-1] = -2.0, 0.5
    found = peaks(samples, 16_000)
    assert (len(found), found[0], found[1], found[-1]) == (PER_SECOND + 1, 255, 0, 128)
    assert peaks(samples[:0], 16_000) == b""
    assert silent(b"\x09" * 20, [(-1.0, 0.01), (0.49, 0.51), (0.99, 9.0)]) == (
        b"\0" + b"\x09" * 8 + b"\0\0" + b"\x09" * 8 + b"\0"
    )
