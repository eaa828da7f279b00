"""A text without sound gets its recording, and the times of what is heard in it."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from secure_storage import BadInput, Role, Study
from transcribe import (
    Sentence,
    TranscribeOptions,
    Transcription,
    Turn,
    Word,
    add_recording,
    capsule,
    jobs,
    save_transcription,
    sentences,
    start_jobs,
    store,
    take_in,
    transcript,
)
from transcribe.store import approve_transcript, attach_recording
from transcribe.store.acting import redo, undo

TEXT = Transcription(
    "en",
    (
        Turn("Moderator", (Sentence("What do you hope for?", None, None),)),
        Turn("Kari", (Sentence("Hands should stay.", 90.0, 99.0), Sentence("Always.", None, None))),
    ),
)


def spoken(text: str) -> Sentence:
    words = text.split()
    return Sentence(
        text, 0.0, len(words) / 4,
        tuple(Word(one, n / 4, (n + 1) / 4, 0.9) for n, one in enumerate(words)),
    )  # fmt: skip


@pytest.fixture
def text(study: Study) -> int:
    return save_transcription(study, TEXT, title="By hand", group=1, recording_id=None)


@pytest.fixture
def sound(study: Study, tone: Callable[..., Path]) -> int:
    return add_recording(study, "Tone", 1, [tone()])


@pytest.fixture
def listened(
    study: Study, text: int, sound: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], None]:
    """Have a job end with what it heard, as a worker leaves it."""
    monkeypatch.setattr("transcribe.line._hand_over", lambda *given, **more: None)
    monkeypatch.setattr(sys.modules["transcribe.jobs"], "watch", lambda study: None)
    (tmp_path / "model.pt").write_bytes(b"")

    def hear(words: str, by: Study = study) -> None:
        options = TranscribeOptions(model=str(tmp_path / "model.pt"), language="en")
        (number,) = start_jobs(by, [sound], options, aligns=text)
        row, key = store.job(study, number), store.job_key(study, number)
        assert key is not None and row.aligns == text
        path = study.home / "jobs" / row.capsule
        outcome = Transcription("en", (Turn("S1", (spoken(words),)),))
        capsule.put_result(path, outcome, key)
        capsule.write_progress(path, "done")
        take_in(study)

    return hear


def times(study: Study, text: int) -> list[tuple[float | None, float | None]]:
    return [(one.start, one.end) for one in sentences(study, text)]


def test_the_text_stays_and_gets_the_times_of_what_was_heard(
    study: Study, text: int, sound: int, listened: Callable[[str], None]
) -> None:
    attach_recording(study, text, sound)
    assert transcript(study, text).recording_id == sound
    listened("what do you hope four hands should stay")
    assert times(study, text) == [(0.0, 1.25), (1.25, 2.0), (None, None)]
    assert [one.text for one in sentences(study, text)] == [
        "What do you hope for?", "Hands should stay.", "Always.",
    ]  # fmt: skip
    assert [one.text for one in store.words(study, sentences(study, text)[1].id)] == [
        "Hands", "should", "stay.",
    ]  # fmt: skip
    assert sentences(study, text)[1].confidence == 1.0
    (job,) = jobs(study)
    assert (job.state, job.transcript_id) == ("done", text)
    take_in(study)
    # One act, which can be taken back and done again, like the attaching before it.
    assert undo(study, text) and times(study, text)[1] == (90.0, 99.0)
    assert undo(study, text) and transcript(study, text).recording_id is None
    assert redo(study, text) and redo(study, text)
    assert times(study, text)[1] == (1.25, 2.0)


def test_the_wrong_recording_is_told_and_changes_nothing(
    study: Study, text: int, listened: Callable[[str], None]
) -> None:
    listened("something else is talked about in this one always")
    (job,) = jobs(study)
    assert job.state == "failed" and "Only 11 % of the words" in job.message
    assert times(study, text)[1] == (90.0, 99.0)


def test_sound_that_was_taken_away_meanwhile_gives_no_times(
    study: Study, text: int, sound: int, listened: Callable[[str], None]
) -> None:
    attach_recording(study, text, sound)
    undo(study, text)
    listened("what do you hope for hands should stay always")
    (job,) = jobs(study)
    assert job.state == "failed" and "taken from this text" in job.message
    assert times(study, text)[1] == (90.0, 99.0)


def test_who_asked_for_the_times_takes_them_back_whoever_took_them_in(
    study: Study, text: int, sound: int, listened: Callable[..., None],
    sign_in: Callable[[str, Role], Study],
) -> None:  # fmt: skip
    attach_recording(study, text, sound)
    bo = sign_in("Bo", "coder")
    listened("what do you hope for hands should stay always", by=bo)
    assert times(study, text)[1] == (1.25, 2.0)
    assert undo(bo, text) == "Taken back: times found in the sound"
    assert times(study, text)[1] == (90.0, 99.0)


def test_what_was_approved_meanwhile_keeps_its_times(
    study: Study, text: int, listened: Callable[[str], None]
) -> None:
    approve_transcript(study, text, transcript(study, text).revision)
    listened("what do you hope for hands should stay always")
    (job,) = jobs(study)
    assert job.state == "failed" and "approved" in job.message
    assert times(study, text)[1] == (90.0, 99.0)


def test_sound_is_attached_once(study: Study, text: int, sound: int) -> None:
    with pytest.raises(BadInput, match="does not exist"):
        attach_recording(study, text, 99)
    attach_recording(study, text, sound)
    with pytest.raises(BadInput, match="already"):
        attach_recording(study, text, sound)


def part(study: Study, number: int) -> AppTest:
    def script(study: "Study", number: int) -> None:  # noqa: UP037  (it runs without our imports)
        from transcribe import transcript
        from transcribe.page.sound import sound_part

        sound_part(study, transcript(study, number))

    return AppTest.from_function(script, args=(study, number), default_timeout=30).run()


def test_the_page_attaches_and_starts(
    study: Study, text: int, tone: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Add its recording" in part(study, text).caption[0].value
    number = add_recording(study, "Tone", 1, [tone()])
    at = part(study, text)
    at.button[0].click().run()
    assert not at.exception and transcript(study, text).recording_id == number
    assert "2 of 3 sentences have no times." in [one.value for one in at.text]
    assert any("goes on until 1:39, the recording until 0:02" in one.value for one in at.text)
    asked: list[int | None] = []
    monkeypatch.setattr(
        "transcribe.page.sound.start_jobs",
        lambda study, chosen, options, *, aligns: asked.append(aligns),
    )
    at.button[0].click().run()
    assert not at.exception and asked == [text]
