"""Transcripts that leave: what the file says, whom it names, and that it waits at the door."""

import io
import json
import zipfile
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from secure_storage import BadInput, NotAllowed, Role, Study, approve_export, list_exports
from transcribe import (
    Sentence,
    Transcription,
    Turn,
    Word,
    add_participant,
    edit_sentence,
    export_transcript,
    link_speaker,
    save_transcription,
    sentences,
    speakers,
)
from transcribe.export import filled

SECRET = "Kari Nordmann"
HEARD = (Word("Hands", 2.0, 2.5, 0.9), Word("stay.", 6.0, 6.4, 0.9))
TALK = Transcription(
    "en",
    (
        Turn("S1", (Sentence("What do you hope for?", 0.0, 1.5),)),
        Turn(SECRET, (Sentence("Hands stay.", 2.0, 6.4, HEARD), Sentence("Always.", None, None))),
        Turn("UNKNOWN", (Sentence("Mm.", 7.0, 7.2),)),
    ),
    provenance=(("recogniser", "none"),),
)
Enter = Callable[[str, Role], Study]


@pytest.fixture
def talk(study: Study) -> int:
    made = save_transcription(study, TALK, title="Third group", group=3, recording_id=None)
    person = add_participant(study, 3, "P1", "occupational therapist")
    link_speaker(study, speakers(study, made)[0].id, person)
    return made


@pytest.fixture
def left(study: Study, sign_in: Enter, talk: int) -> Callable[..., bytes]:
    """Ask for the transcript, agree as a second person, and give what left."""
    second = sign_in("Bo", "coder")

    def ask(form: str, *, times: bool = True) -> bytes:
        asked = export_transcript(study, talk, form, "Member check", "P1", times=times)
        assert asked.state == "waiting"  # names were not checked: a second person agrees
        approve_export(second, asked.id)
        data = (study.home / "exports" / list_exports(study)[0].file_name).read_bytes()
        assert SECRET.encode() not in data
        return data

    return ask


def test_text_names_pseudonym_and_role_and_nobody_else(left: Callable[..., bytes]) -> None:
    assert left("txt").decode() == (
        "[0:00:00] P1 (occupational therapist): What do you hope for?\n\n"
        "[0:00:02] Speaker 1: Hands (4 s) stay. Always.\n\n"
        "[0:00:07] UNKNOWN: Mm.\n"
    )
    assert left("txt", times=False).decode() == (
        "P1 (occupational therapist): What do you hope for?\n\n"
        "Speaker 1: Hands stay. Always.\n\nUNKNOWN: Mm.\n"
    )


def test_subtitles_leave_no_sentence_out(left: Callable[..., bytes]) -> None:
    assert "00:00:06.400 --> 00:00:07.000\n<v Speaker 1>Always." in left("vtt").decode()
    assert "00:00:06,400 --> 00:00:07,000\nSpeaker 1: Always." in left("srt").decode()
    with pytest.raises(BadInput, match="without times"):
        left("srt", times=False)


def test_word_says_whether_names_were_looked_for(left: Callable[..., bytes]) -> None:
    with zipfile.ZipFile(io.BytesIO(left("docx"))) as archive:
        said = archive.read("word/document.xml").decode()
    assert "P1 (occupational therapist)" in said and "0:00:02" in said
    assert "not checked; read the file through" in said
    with zipfile.ZipFile(io.BytesIO(left("docx", times=False))) as archive:
        assert "0:00:02" not in archive.read("word/document.xml").decode()


def test_what_was_heard_before_a_correction_does_not_leave(
    study: Study, talk: int, left: Callable[..., bytes]
) -> None:
    words = json.loads(left("json"))["turns"][1]["sentences"][0]["words"]
    assert [(one["text"], one["speaker"]) for one in words] == [
        ("Hands", "Speaker 1"), ("stay.", "Speaker 1"),
    ]  # fmt: skip
    row = sentences(study, talk)[1]
    edit_sentence(study, row.id, "P2 stays.", row.version, "e-1")
    data = left("json")
    assert json.loads(data)["turns"][1]["sentences"][0] == {
        "text": "P2 stays.", "start": 2.0, "end": 6.4, "words": [],
    }  # fmt: skip
    assert b"Hands" not in data


def test_what_cannot_be_written_is_refused(study: Study, sign_in: Enter, talk: int) -> None:
    with pytest.raises(BadInput, match="one of docx"):
        export_transcript(study, talk, "pdf", "For", "Them")
    with pytest.raises(NotAllowed):
        export_transcript(sign_in("Cia", "reader"), talk, "txt", "For", "Them")
    notes = Transcription("en", (Turn("UNKNOWN", (Sentence("Notes.", None, None),)),))
    untimed = save_transcription(study, notes, title="Notes", group=1, recording_id=None)
    with pytest.raises(BadInput, match="no times"):
        export_transcript(study, untimed, "vtt", "For", "Them")


def test_times_are_filled_between_neighbours() -> None:
    lines = [Sentence(text, start, end) for text, start, end in (
        ("a", None, None), ("b", 4.0, 5.0), ("c", None, None), ("d", None, None),
        ("e", 8.0, None), ("f", None, None),
    )]  # fmt: skip
    assert [(one.start, one.end) for one in filled(lines)] == [
        (0.0, 4.0), (4.0, 5.0), (5.0, 6.5), (6.5, 8.0), (8.0, 8.0), (8.0, 10.0),
    ]  # fmt: skip
    backwards = [Sentence("a", 9.0, 9.5), Sentence("b", None, None), Sentence("c", 3.0, 4.0)]
    assert [(one.start, one.end) for one in filled(backwards)][1] == (9.5, 9.5)


def test_the_page_asks_and_tells_where_the_file_stands(study: Study, talk: int) -> None:
    def script(study: "Study", number: int) -> None:  # noqa: UP037  (it runs without our imports)
        from transcribe import transcript
        from transcribe.page.exporting import exporting_part

        exporting_part(study, transcript(study, number))

    at = AppTest.from_function(script, args=(study, talk), default_timeout=30).run()
    at.text_input[0].input("Member check")
    at.text_input[1].input("P1")
    at.button[0].click().run()
    assert not at.exception
    assert any("It waits on the page" in one.value for one in at.caption)
