"""The interview guide, its marks in a transcript, and the page Group."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from secure_storage import BadInput, Role, StaleWrite, Study
from transcribe import (
    UNKNOWN,
    Run,
    Sentence,
    Transcription,
    Turn,
    WordDocument,
    save_transcription,
    sentences,
)
from transcribe.archiving import archive
from transcribe.interview_guide import LONGEST, MOST, clean_questions, matched
from transcribe.reading_guide import questions_in
from transcribe.store import (
    mark_question,
    question_marks,
    questions,
    redo,
    save_guide,
    undo,
)
from transcribe.store.editing import merge_sentences

TALK = Transcription(
    "en",
    (
        Turn("Mod", (Sentence("Welcome, all.", 0, 2), Sentence("What do you *hope*?", 2, 5))),
        Turn("Anna", (Sentence("I hope for time.", 5, 65),)),
        Turn("Mod", (Sentence("And what worries you?", 65, 68),)),
        Turn("Berit", (Sentence("The machines do.", 68, 90), Sentence("They break.", 90, 95))),
    ),
)
GUIDE = ("What do you hope for?", "What worries you?")


@pytest.fixture
def talk(study: Study) -> int:
    return save_transcription(study, TALK, title="Group", group=1, recording_id=None)


def texts(study: Study) -> list[str]:
    return [one.text for one in questions(study)]


def test_numbers_bullets_and_empty_lines_are_no_part_of_a_question() -> None:
    lines = ["1. What  now?", "", " - And then?", "2.3) Why?", "a) Who?", "• So?", "1.2 Where?"]
    assert clean_questions(lines) == ("What now?", "And then?", "Why?", "Who?", "So?", "Where?")
    for whole in ("3 of you?", "F.eks. hjemme?", "10:30 is late?", "A friend?"):
        assert clean_questions([whole]) == (whole,)
    for wrong in (["x" * (LONGEST + 1)], ["What?"] * (MOST + 1)):
        with pytest.raises(BadInput):
            clean_questions(wrong)


def test_a_reworded_or_moved_question_stays_itself() -> None:
    old = [(1, "What do you hope for?"), (2, "What worries you?"), (3, "Anything else?")]
    new = ["What worries you?", "What do you all hope for?", "Who decides?"]
    assert matched(old, new) == ((2, new[0]), (1, new[1]), (None, new[2]))
    assert matched([(1, "Same?"), (2, "Same?")], ["Same?"] * 3) == (
        (1, "Same?"), (2, "Same?"), (None, "Same?"),
    )  # fmt: skip


@given(st.lists(st.text("abc ?", max_size=9)), st.lists(st.text("abc ?", max_size=9)))
def test_no_question_is_two(old: list[str], new: list[str]) -> None:
    found = matched(list(enumerate(old, 1)), new)
    ids = [number for number, _ in found if number is not None]
    assert [text for _, text in found] == new
    assert len(ids) == len(set(ids)) and set(ids) <= set(range(1, len(old) + 1))


def test_the_guide_is_saved_and_keeps_its_marks(study: Study, talk: int) -> None:
    save_guide(study, [f"1. {GUIDE[0]}", GUIDE[1]], [])
    hope, worry = questions(study)
    lines = sentences(study, talk)
    mark_question(study, talk, lines[1].id, hope.id)
    mark_question(study, talk, lines[3].id, worry.id)
    save_guide(study, ["What do you all hope for?"], GUIDE)
    assert [(one.id, one.text) for one in questions(study)] == [
        (hope.id, "What do you all hope for?")
    ]
    assert [one.sentence_id for one in question_marks(study, talk)] == [lines[1].id]
    with pytest.raises(StaleWrite, match="meanwhile"):
        save_guide(study, ["Mine?"], GUIDE)
    head = study.head()
    save_guide(study, ["What do you all hope for?"], ["What do you all hope for?"])
    assert study.head() == head


def test_a_question_that_was_left_out_brings_its_marks_back(study: Study, talk: int) -> None:
    save_guide(study, GUIDE, [])
    first, asked = sentences(study, talk)[:2]
    hope, worry = questions(study)
    mark_question(study, talk, asked.id, hope.id)
    save_guide(study, [], GUIDE)
    assert question_marks(study, talk) == []
    save_guide(study, [GUIDE[1], GUIDE[0]], [])
    assert questions(study) == [worry, hope]
    assert [one.question_id for one in question_marks(study, talk)] == [hope.id]
    # One that is out of the guide does not keep another from its place.
    mark_question(study, talk, first.id, worry.id)
    save_guide(study, [GUIDE[0]], [GUIDE[1], GUIDE[0]])
    merge_sentences(study, talk, [(first.id, 1), (asked.id, 1)], None)
    assert [(one.sentence_id, one.question_id) for one in question_marks(study, talk)] == [
        (first.id, hope.id)
    ]


def test_a_mark_is_set_moved_and_taken_back(study: Study, talk: int) -> None:
    save_guide(study, GUIDE, [])
    hope, worry = questions(study)
    line = sentences(study, talk)[1].id
    for question in (hope.id, worry.id, None):
        mark_question(study, talk, line, question)
        assert [one.question_id for one in question_marks(study, talk)] == (
            [question] if question else []
        )
    for left in ([worry.id], [hope.id], []):
        undo(study, talk)
        assert [one.question_id for one in question_marks(study, talk)] == left
    redo(study, talk)
    assert [one.question_id for one in question_marks(study, talk)] == [hope.id]
    for wrong in ((99, hope.id), (line, 99)):
        with pytest.raises(BadInput):
            mark_question(study, talk, *wrong)


def test_the_mark_of_a_sentence_that_goes_is_handed_on(study: Study, talk: int) -> None:
    save_guide(study, GUIDE, [])
    first, asked = sentences(study, talk)[:2]
    mark_question(study, talk, asked.id, questions(study)[0].id)
    merge_sentences(study, talk, [(first.id, 1), (asked.id, 1)], None)
    assert [one.sentence_id for one in question_marks(study, talk)] == [first.id]
    undo(study, talk)
    assert [one.sentence_id for one in question_marks(study, talk)] == [asked.id]


def test_the_archive_of_a_closed_study_tells_what_was_asked_where(study: Study, talk: int) -> None:
    assert "transcripts/interview guide.csv" not in dict(archive(study))
    save_guide(study, GUIDE, [])
    mark_question(study, talk, sentences(study, talk)[1].id, questions(study)[0].id)
    said = dict(archive(study))["transcripts/interview guide.csv"].decode("utf-8-sig")
    assert said.splitlines() == [
        "question,text,transcript,sentence,seconds", f"1,{GUIDE[0]},1,2,2.0", f"2,{GUIDE[1]},,,",
    ]  # fmt: skip


def test_a_guide_is_read_from_word_and_from_text() -> None:
    document = WordDocument("Interview guide")
    for number, one in enumerate(GUIDE, 1):
        document.paragraph([Run(f"{number}. {one}")])
    assert questions_in(document.to_bytes(), "guide.docx") == ("Interview guide", *GUIDE)
    assert questions_in(b"1. What?\n\n2. Why? Tell us.\n", "guide.txt") == (
        "What?", "Why? Tell us.",
    )  # fmt: skip
    for wrong in ((b"\x00\x01", "guide.docx"), (b"1.\n2.\n", "numbers.txt")):
        with pytest.raises(BadInput):
            questions_in(*wrong)


def page(study: Study) -> AppTest:
    def script(study: "Study") -> None:
        from transcribe.page import group_page

        group_page(study)

    at = AppTest.from_function(script, args=(study,), default_timeout=30).run()
    assert not at.exception
    return at


def test_an_empty_study_and_an_unnamed_talk_say_what_to_do(study: Study) -> None:
    assert "There is no transcript yet" in page(study).caption[0].value
    plain = Transcription("en", (Turn(UNKNOWN, (Sentence("Notes.", None, None),)),))
    save_transcription(study, plain, title="Notes", group=1, recording_id=None)
    said = " ".join(one.value for one in page(study).caption)
    assert "say whose words these are" in said and "There is no interview guide yet" in said


def test_the_page_counts_and_a_question_is_marked_on_it(study: Study, talk: int) -> None:
    at = page(study)
    (field,) = at.text_area
    field.set_value("\n".join(GUIDE))
    next(one for one in at.button if one.label == "Save the guide").click().run()
    assert texts(study) == list(GUIDE)
    marks = {"What do you hope for?": 1, "What worries you?": 3}
    for question, place in marks.items():
        asked = next(one for one in at.selectbox if one.label == "Question")
        asked.set_value(next(one.id for one in questions(study) if one.text == question))
        where = next(one for one in at.selectbox if one.label == "Asked with the sentence")
        where.set_value(sentences(study, talk)[place].id)
        next(one for one in at.button if one.label == "Mark").click().run()
        assert not at.exception
    assert any("may mean that it could not be heard" in one.value for one in at.caption)
    shares = at.dataframe[0].value
    assert list(shares["Who"]) == ["Anna", "Berit", "Mod"]
    assert list(shares["Time"]) == ["1:00", "0:27", "0:08"]
    answers = at.dataframe[1].value
    assert list(answers["After"]) == ["Anna", "Berit", "Mod"] and answers["Anna speaks"][2] == 1
    asked_at = at.dataframe[2].value
    assert list(asked_at["Question"]) == ["Before the first question", *GUIDE]
    assert list(asked_at["Time"]) == ["0:02", "1:03", "0:30"]
    assert "Berit 90 %" in asked_at["Who talks"][2]
    assert any(one.action == "read.opened" for one in study.recent_events(50))


def test_two_who_change_the_guide_lose_nothing(study: Study, talk: int) -> None:
    at = page(study)
    save_guide(study, ["Theirs?"], [])
    at.text_area[0].set_value("Mine?")
    next(one for one in at.button if one.label == "Save the guide").click().run()
    assert not at.exception
    assert texts(study) == ["Theirs?"] and at.text_area[0].value == "Mine?"
    assert any("Theirs?" in one.value for one in at.text)
    assert any("meanwhile" in one.value for one in at.text)


def test_a_reader_reads_only(
    study: Study, talk: int, sign_in: Callable[[str, Role], Study], tmp_path: Path
) -> None:
    save_guide(study, GUIDE, [])
    at = page(sign_in("Rita", "reader"))
    assert not at.button and not at.text_area
