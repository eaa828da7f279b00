"""The part of the page Transcript that shows revisions, on a real study."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from secure_storage import Role, Study
from transcribe import Sentence, Transcription, Turn, edit_sentence, save_transcription, sentences

TALK = Transcription(
    "en",
    (
        Turn("S1", (Sentence("Hands *should* stay.", 0.0, 2.0), Sentence("Yes.", 2.0, 3.0))),
        Turn("S2", (Sentence("We hope so.", 65.0, 66.0),)),
    ),
)


@pytest.fixture
def talk(study: Study) -> int:
    return save_transcription(study, TALK, title="Talk", group=1, recording_id=None)


def part(study: Study, number: int) -> AppTest:
    def script(study: "Study", number: int) -> None:  # noqa: UP037  (it runs without our imports)
        from transcribe import transcript
        from transcribe.page.revisions import revisions_part

        revisions_part(study, transcript(study, number))

    at = AppTest.from_function(script, args=(study, number), default_timeout=30).run()
    assert not at.exception
    return at


def texts(at: AppTest) -> list[str]:
    return [one.value for one in at.text]


def test_an_unchanged_transcript_says_so_and_is_not_read(study: Study, talk: int) -> None:
    before = study.recent_events(1)[0].seq
    assert "Nobody has changed" in part(study, talk).caption[0].value
    assert study.recent_events(1)[0].seq == before


def test_who_changed_what_is_shown_word_by_word(
    study: Study, talk: int, sign_in: Callable[[str, Role], Study]
) -> None:
    second = sign_in("Bo Lund", "coder")
    first, _, last = sentences(study, talk)
    edit_sentence(study, first.id, "Hands *must* stay.", first.version, "e-1")
    edit_sentence(second, last.id, "We do hope so.", last.version, "e-2")
    at = part(study, talk)
    acts = at.dataframe[0].value
    assert list(acts["Who"]) == ["BL", "Ad"] and list(acts["Sentences"]) == [1, 1]
    assert "Hands [-*should*-] {+*must*+} stay." in texts(at)
    assert {"0:00  S1", "1:05  S2", "We {+do+} hope so."} <= set(texts(at))
    # Between the two acts only the second differs.
    at.selectbox(key="revision_from").select_index(1).run()
    assert not at.exception
    shown = texts(at)
    assert "We {+do+} hope so." in shown and "Hands [-*should*-] {+*must*+} stay." not in shown
    # One sentence's history, what it was before each act.
    assert "Hands *should* stay. → Hands *must* stay." in shown
    assert [one.action for one in study.events(0) if one.is_read].count("read.opened") == 1


def test_a_reader_sees_it_too(
    study: Study, talk: int, sign_in: Callable[[str, Role], Study]
) -> None:
    row = sentences(study, talk)[0]
    edit_sentence(study, row.id, "Hands stay.", row.version, "e-1")
    assert "Hands [-*should*-] stay." in texts(part(sign_in("Cia", "reader"), talk))
