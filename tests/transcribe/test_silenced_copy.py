"""The recording that leaves is silent, or beeps, where words were replaced, and nowhere else."""

import io
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from secure_storage import BadInput, Study
from transcribe import Sentence, Transcription, Turn, Word, add_recording, save_transcription
from transcribe.silenced_copy import export_silenced, joined
from transcribe.store import choose_replacement, find_identifiers, replace_identifiers

TALK = Transcription(
    "no",
    (
        Turn("S0", (Sentence(
            "Hei Torvalda der.", 0.0, 1.8,
            (Word("Hei", 0.2, 0.5, 0.9), Word("Torvalda", 0.8, 1.2, 0.9),
             Word("der.", 1.5, 1.8, 0.9)),
        ),)),
    ),
)  # fmt: skip
RATE = 16_000


@pytest.fixture
def transcript(study: Study, tone: Callable[..., Path]) -> int:
    recording = add_recording(study, "One", 1, [tone()])
    return save_transcription(study, TALK, title="One", group=1, recording_id=recording)


def samples(study: Study, file_id: str) -> "np.ndarray[tuple[int], np.dtype[np.int16]]":
    with study.files.open(file_id) as sealed:
        data = sealed.read(0, sealed.size)
    with av.open(io.BytesIO(data)) as sound:
        return np.concatenate([frame.to_ndarray()[0] for frame in sound.decode(audio=0)])


def replaced(study: Study, transcript: int) -> None:
    choose_replacement(study, [one.id for one in find_identifiers(study, transcript)])
    replace_identifiers(study, transcript)


@pytest.mark.parametrize("beep", [False, True])
def test_the_replaced_word_is_not_heard(study: Study, transcript: int, beep: bool) -> None:
    replaced(study, transcript)
    told: list[float] = []
    (asked,) = export_silenced(study, transcript, "talk", "class", beep=beep, told=told.append)
    assert asked.file_id is not None
    heard = samples(study, asked.file_id)
    inside = heard[int(0.7 * RATE) : int(1.3 * RATE)]
    strongest = int(np.abs(np.fft.rfft(inside)).argmax()) / 0.6
    assert (inside.any(), round(strongest)) == ((True, 1000) if beep else (False, 0))
    assert heard[: int(0.6 * RATE)].any() and heard[int(1.4 * RATE) :].any()
    assert told and max(told) <= 1.0


def test_nothing_leaves_while_places_are_undecided(study: Study, transcript: int) -> None:
    find_identifiers(study, transcript)
    with pytest.raises(BadInput, match="Decide on every place"):
        export_silenced(study, transcript, "talk", "class")


def test_what_has_no_recording_or_no_times_is_refused(study: Study, transcript: int) -> None:
    untimed = Transcription("no", (Turn("S0", (Sentence("Hei Torvalda der.", None, None),)),))
    other = save_transcription(study, untimed, title="Two", group=1, recording_id=None)
    with pytest.raises(BadInput, match="no recording"):
        export_silenced(study, other, "talk", "class")
    third = save_transcription(study, untimed, title="Three", group=1, recording_id=1)
    replaced(study, third)
    with pytest.raises(BadInput, match="not known when"):
        export_silenced(study, third, "talk", "class")


def test_stretches_that_meet_are_one() -> None:
    assert joined([(5.0, 6.0), (0.05, 1.0), (1.2, 2.0)], 0.15) == [(0.0, 2.15), (4.85, 6.15)]
