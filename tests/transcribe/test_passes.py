"""Listening through and approving: what was heard is counted, what is approved is locked."""

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from secure_storage import BadInput, NotAllowed, Role, StaleWrite, Study
from secure_storage.plays import Plays
from transcribe import Sentence, Transcription, Turn, add_recording, save_transcription, transcript
from transcribe.heard import covered, gaps
from transcribe.store import (
    approval,
    approve_transcript,
    listening,
    mark_pass,
    passes,
    unlock_transcript,
    unmark_pass,
)
from transcribe.store.acting import acting

Enter = Callable[[str, Role], Study]
TALK = Transcription("en", (Turn("S1", (Sentence("We stay.", 0.0, 2.0),)),))


@pytest.fixture
def talk(study: Study, tone: Callable[..., Path]) -> int:
    """A transcript of two parts of two and four seconds."""
    sound = add_recording(study, "Talk", 1, [tone(), tone("b.wav", seconds=4.0, hertz=500.0)])
    return save_transcription(study, TALK, title="Talk", group=1, recording_id=sound)


def plays(study: Study) -> Plays:
    return Plays(study, lambda: 0.0)


def test_what_was_heard_is_counted_once_and_told_at_once(study: Study, talk: int) -> None:
    player = plays(study)
    player.heard(1, 0, (0.0, 1.5))
    player.heard(1, 0, (0.5, 2.0))
    player.heard(1, 1, (3.0, 4.5))  # a player may say a little more than there is
    now = listening(study, talk)  # though nothing is due to be recorded yet
    assert (now.heard, now.length, now.missed) == (3.0, 6.0, ((2.0, 5.0),))
    player.heard(1, 1, (0.0, 3.0))
    assert listening(study, talk).missed == ()


def test_each_pass_counts_from_the_one_before(study: Study, talk: int, sign_in: Enter) -> None:
    with pytest.raises(BadInput, match="nothing to mark"):
        mark_pass(study, talk)
    player = plays(study)
    player.heard(1, 0, (0.0, 2.0))
    mark_pass(study, talk)
    player.heard(1, 1, (0.0, 4.0))
    mark_pass(study, talk)
    second = sign_in("Bo", "coder")
    assert listening(second, talk).heard == 0  # what somebody else heard is theirs
    plays(second).heard(1, 1, (1.0, 2.0))
    mark_pass(second, talk)
    assert [(one.member_id, one.number, one.heard, one.length) for one in passes(study, talk)] == [
        (study.member.id, 1, 2.0, 6.0), (study.member.id, 2, 4.0, 6.0),
        (second.member.id, 1, 1.0, 6.0),
    ]  # fmt: skip
    last = passes(study, talk)[1].id
    with pytest.raises(BadInput, match="another member's"):
        unmark_pass(second, last)
    unmark_pass(study, last)
    assert listening(study, talk).heard == 4.0


def test_what_is_approved_is_locked_until_it_is_unlocked(
    study: Study, talk: int, sign_in: Enter
) -> None:
    second, third = sign_in("Bo", "coder"), sign_in("Cia", "coder")
    was = transcript(study, talk).revision
    with pytest.raises(StaleWrite):
        approve_transcript(second, talk, was - 1)
    approve_transcript(second, talk, was)
    approve_transcript(second, talk, was)  # a repetition changes nothing
    found = approval(study, talk)
    assert found is not None and found.member_id == second.member.id
    assert transcript(study, talk).revision == was + 1  # who has it open hears of it
    with pytest.raises(BadInput, match="approved"), acting(study, talk, "test.edited"):
        pass
    with pytest.raises(NotAllowed):
        unlock_transcript(third, talk)
    unlock_transcript(study, talk)
    unlock_transcript(study, talk)
    assert approval(study, talk) is None
    with acting(study, talk, "test.edited"):
        pass


def part(study: Study, number: int) -> AppTest:
    def script(study: "Study", number: int) -> None:  # noqa: UP037  (it runs without our imports)
        from transcribe import transcript
        from transcribe.page.passes import passes_part

        passes_part(study, transcript(study, number))

    return AppTest.from_function(script, args=(study, number), default_timeout=30).run()


def button(at: AppTest, label: str) -> None:
    next(one for one in at.button if one.label == label).click().run()
    assert not at.exception


def test_the_page_counts_marks_approves_and_unlocks(study: Study, talk: int) -> None:
    at = part(study, talk)
    assert "Nobody has listened through" in at.caption[0].value
    plays(study).heard(1, 1, (0.0, 4.0))
    at.run()
    assert at.text[0].value == "Your pass 1: 0:04 of 0:06 heard so far (67 %)."
    assert any(one.value == "Not heard yet: 0:00 to 0:02" for one in at.text)
    button(at, "I have listened through")
    assert list(at.dataframe[0].value["Heard"]) == ["67 %"]
    button(at, "Approve and lock")
    assert any("It is locked" in one.value for one in at.text)
    button(at, "Unlock")
    button(at, "Take my last pass back")
    assert passes(study, talk) == []


def test_a_transcript_without_sound_says_what_to_do(study: Study, sign_in: Enter) -> None:
    number = save_transcription(study, TALK, title="Notes", group=1, recording_id=None)
    assert any("no sound" in one.value for one in part(study, number).caption)
    reader = part(sign_in("Cia", "reader"), number)
    assert not reader.exception and not reader.button


def test_ranges_are_added_up_and_what_is_between_them_found() -> None:
    ranges = [(4.0, 9.0), (0.0, 1.0), (0.5, 2.0), (8.0, 20.0)]
    assert covered(ranges, 10.0) == 8.0
    assert list(gaps(ranges, 10.0, 1.0)) == [(2.0, 4.0)]
    assert list(gaps([], 10.0, 1.0)) == [(0.0, 10.0)] and covered([], 10.0) == 0
    assert list(gaps([(0.0, 9.5)], 10.0, 1.0)) == []
