"""Transcripts, sentences, speakers and participants in a real encrypted database."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

import transcribe
from secure_storage import BadInput, NotAllowed, Role, StaleWrite, Study
from transcribe import (
    UNKNOWN,
    Doubt,
    SameFile,
    Sentence,
    Transcription,
    Turn,
    Word,
    add_participant,
    doubts,
    edit_sentence,
    heard,
    link_speaker,
    list_transcripts,
    participants,
    rename_speaker,
    save_transcription,
    sentence,
    sentences,
    speakers,
    transcript,
    words,
)
from transcribe.importing import Preview
from transcribe.store import save_import

TALK = Transcription(
    language="en",
    turns=(
        Turn(
            "SPEAKER_00",
            (
                Sentence(
                    "I try the lift.", 0.0, 1.2,
                    (
                        Word("I", 0.0, 0.1, 0.9, "SPEAKER_00", 0.8),
                        Word("try", 0.1, 0.4, 0.5, "SPEAKER_00", 0.3, overlap=True),
                    ),
                ),
                Sentence("It helps.", 1.2, 2.0),
            ),
        ),
        Turn(UNKNOWN, (Sentence("Mm.", 2.0, 2.2),)),
        Turn("SPEAKER_01", (Sentence("So «they» say; DROP TABLE sentences.", None, None),)),
    ),
    doubts=(Doubt(3.0, 4.0, "thanks for watching", "no speech"),),
    provenance=(("recogniser", "demo"),),
    demo=True,
)  # fmt: skip


@pytest.fixture
def talk(study: Study) -> int:
    return save_transcription(study, TALK, title=" Group  3 ", group=3, recording_id=None)


def test_a_transcription_comes_back_as_it_was_saved(study: Study, talk: int) -> None:
    row = transcript(study, talk)
    assert list_transcripts(study) == [row]
    assert (row.title, row.group, row.language, row.source) == ("Group 3", 3, "en", "import")
    assert (row.demo, row.revision, row.duration) == (True, 1, 2.2)
    first, second, third, fourth = sentences(study, talk)
    assert (first.text, first.start, first.end, first.version) == ("I try the lift.", 0.0, 1.2, 1)
    assert (first.confidence, first.margin, first.overlap) == (0.5, 0.3, True)
    assert (second.confidence, second.overlap) == (None, False)
    assert first.turn_id == second.turn_id != third.turn_id
    assert third.speaker_id is None
    assert fourth.start is None
    one, two = speakers(study, talk)
    assert [one.label, two.label] == ["SPEAKER_00", "SPEAKER_01"]
    assert first.speaker_id == one.id and fourth.speaker_id == two.id
    assert words(study, first.id) == list(TALK.turns[0].sentences[0].words)
    assert [doubt.reason for doubt in doubts(study, talk)] == ["no speech"]


def test_a_correction_keeps_what_was_heard(study: Study, talk: int) -> None:
    first = sentences(study, talk)[0]
    edited = edit_sentence(study, first.id, "  I tried  the lift. ", 1, "a")
    assert (edited.text, edited.version, edited.id) == ("I tried the lift.", 2, first.id)
    assert heard(study, first.id) == "I try the lift."
    assert words(study, first.id)[1].text == "try"
    assert transcript(study, talk).revision == 2
    last = study.events(since=study.head() - 1)[0]
    assert (last.action, last.object) == ("sentence.edited", f"sentence:{first.id}")
    assert last.before is not None
    assert last.before["rows"] == {"sentences": {str(first.id): {"text": "I try the lift."}}}
    assert last.after is not None and last.after["transcript"] == talk


def test_a_stale_correction_is_refused_and_changes_nothing(study: Study, talk: int) -> None:
    first = sentences(study, talk)[0]
    edit_sentence(study, first.id, "Ada's text.", 1, "a")
    head = study.head()
    with pytest.raises(StaleWrite):
        edit_sentence(study, first.id, "Bo's text.", 1, "b")
    assert sentence(study, first.id).text == "Ada's text."
    assert study.head() == head
    assert edit_sentence(study, first.id, "Bo's text.", 2, "b").version == 3


def test_a_repeated_correction_changes_nothing(study: Study, talk: int) -> None:
    first = sentences(study, talk)[0]
    once = edit_sentence(study, first.id, "I tried it.", 1, "same")
    assert edit_sentence(study, first.id, "I tried it.", 1, "same") == once
    assert transcript(study, talk).revision == 2


@pytest.mark.parametrize("text", ["", "  \n ", "x" * 20_001])
def test_a_sentence_is_neither_empty_nor_endless(study: Study, talk: int, text: str) -> None:
    first = sentences(study, talk)[0]
    with pytest.raises(BadInput):
        edit_sentence(study, first.id, text, 1, None)


def test_what_is_not_there_is_said_to_be_missing(study: Study) -> None:
    for look in (transcript, sentence, heard):
        with pytest.raises(BadInput, match="does not exist"):
            look(study, 99)
    with pytest.raises(BadInput, match="does not exist"):
        rename_speaker(study, 99, "Anna")


def test_a_speaker_is_renamed_and_linked(study: Study, talk: int) -> None:
    one, two = speakers(study, talk)
    rename_speaker(study, one.id, "Anna")
    with pytest.raises(BadInput, match="already"):
        rename_speaker(study, two.id, "Anna")
    with pytest.raises(BadInput):
        rename_speaker(study, two.id, UNKNOWN)
    person = add_participant(study, 3, "Berit", "Occupational therapist")
    link_speaker(study, two.id, person)
    assert [row.name for row in speakers(study, talk)] == ["Anna", "Berit"]
    linked = speakers(study, talk)[1]
    assert (linked.profession, linked.role, linked.label) == (
        "Occupational therapist", "participant", "SPEAKER_01",
    )  # fmt: skip
    link_speaker(study, two.id, None)
    assert speakers(study, talk)[1].name == "SPEAKER_01"
    assert transcript(study, talk).revision == 4


def test_a_speaker_is_somebody_of_the_same_group(study: Study, talk: int) -> None:
    other = add_participant(study, 4, "Carl", "Nurse")
    with pytest.raises(BadInput, match="group"):
        link_speaker(study, speakers(study, talk)[0].id, other)


def test_participants_are_listed_group_by_group_moderators_first(study: Study) -> None:
    add_participant(study, 2, "Dag", "Nurse")
    add_participant(study, 1, "Anna", "Nurse")
    add_participant(study, 1, " Berit  B ", "", role="moderator")
    assert [row.pseudonym for row in participants(study)] == ["Berit B", "Anna", "Dag"]
    with pytest.raises(BadInput, match="already"):
        add_participant(study, 1, "Anna", "Physician")
    for group, pseudonym in ((0, "X"), (1, " "), (1, "x" * 81)):
        with pytest.raises(BadInput):
            add_participant(study, group, pseudonym, "")


def test_a_reader_reads_and_writes_nothing(
    study: Study, talk: int, sign_in: Callable[[str, Role], Study]
) -> None:
    reader = sign_in("Rita", "reader")
    first = sentences(reader, talk)[0]
    person = add_participant(study, 3, "Berit", "")
    speaker = speakers(reader, talk)[0].id
    head = study.head()
    for write in (
        lambda: edit_sentence(reader, first.id, "No.", 1, None),
        lambda: rename_speaker(reader, speaker, "No"),
        lambda: link_speaker(reader, speaker, person),
        lambda: add_participant(reader, 1, "No", ""),
        lambda: save_transcription(reader, TALK, title="No", group=1, recording_id=None),
    ):
        with pytest.raises(NotAllowed):
            write()
    assert study.head() == head


def test_a_failed_save_leaves_nothing(study: Study) -> None:
    head = study.head()
    broken = Transcription("en", (Turn("A", (Sentence("One.", 0.0, "late"),)),))  # type: ignore[arg-type]
    with pytest.raises(Exception, match="store TEXT value in REAL column"):
        save_transcription(study, broken, title="Half", group=1, recording_id=None)
    assert list_transcripts(study) == []
    assert study.head() == head


def test_the_same_transcript_is_imported_once(study: Study) -> None:
    read = Preview(TALK, "transcript", "WebVTT", "UTF-8", ())
    made = save_import(study, read, b"WEBVTT one", title="Group 3", group=3)
    assert save_import(study, read, b"WEBVTT two", title="Other", group=4) != made
    with pytest.raises(SameFile, match="transcript «Group 3»"):
        save_import(study, read, b"WEBVTT one", title="Again", group=5)
    assert len(list_transcripts(study)) == 2


def test_a_document_is_kept_as_one(study: Study) -> None:
    read = Preview(TALK, "document", "Word", "", ())
    made = save_import(study, read, b"PK", title="Field notes", group=1)
    assert transcript(study, made).source == "document"


def test_no_module_hides_a_name_of_the_package() -> None:
    """A module imported later would take the place of a function of the same name."""
    folder = Path(transcribe.__file__).parent
    for path in folder.iterdir():
        if path.stem in transcribe.__all__:
            assert not isinstance(getattr(transcribe, path.stem), ModuleType)
            assert f"transcribe.{path.stem}" in __import__("sys").modules, (
                f"{path.name} would replace transcribe.{path.stem} when it is first imported"
            )
