"""The page «Erasure»: for who asks and for who confirms, empty and at work."""

import sys
from collections.abc import Callable, Iterator
from types import ModuleType

import pytest
from streamlit.testing.v1 import AppTest

import themes  # noqa: F401  (nothing is erased unless every stage is there)
import transcribe
from secure_storage import (
    NotAllowed,
    Role,
    Study,
    ask_erasure,
    carry_out_erasure,
    confirm_erasure,
    erasure_run,
    fresh_backup,
    list_erasures,
    start_erasure,
)
from secure_storage.backup import backups
from secure_storage.erasure import Theirs
from secure_storage.page import erasure as page_of_erasure
from transcribe import Sentence, Transcription, Turn

Join = Callable[[str, Role], Study]
SAID = "The machine lifted my mother gently."
TALK = Transcription("en", (Turn("S1", (Sentence(SAID, 0.0, 1.0),)),))
HERE: dict[str, Study] = {}


def _draw() -> None:
    from tests_erasure_here import HERE

    from secure_storage.page import erasure_page

    erasure_page(HERE["study"])


@pytest.fixture
def draw(monkeypatch: pytest.MonkeyPatch) -> Callable[[Study], AppTest]:
    shelf = ModuleType("tests_erasure_here")
    shelf.HERE = HERE  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tests_erasure_here", shelf)

    def drawn(study: Study) -> AppTest:
        HERE["study"] = study
        return AppTest.from_function(_draw, default_timeout=60).run()

    return drawn


@pytest.fixture
def kari(study: Study) -> int:
    transcript = transcribe.save_transcription(
        study, TALK, title="First", group=1, recording_id=None
    )
    who = transcribe.add_participant(study, 1, "Kari", "nurse")
    transcribe.link_speaker(study, transcribe.speakers(study, transcript)[0].id, who)
    return who


@pytest.fixture(autouse=True)
def finished(study: Study) -> Iterator[None]:
    yield
    run = erasure_run(study)
    if run is not None and run.thread is not None:
        run.thread.join(60)


def words(page: AppTest) -> str:
    assert not page.exception
    return "\n".join(one.value for one in [*page.caption, *page.text, *page.error, *page.warning])


def button(page: AppTest, label: str):  # type: ignore[no-untyped-def]
    return next(one for one in page.button if one.label == label)


def test_an_empty_study_says_what_to_do(study: Study, draw) -> None:
    said = words(draw(study))
    assert "There is nobody to choose. Participants are added on the page" in said
    assert "Nothing waits." in said and "No erasure was carried out yet." in said


def test_what_is_theirs_is_shown_before_it_is_asked_for(study: Study, draw, kari: int) -> None:
    page = draw(study)
    page.selectbox[0].select_index(0).run()
    counts = page.dataframe[0].value
    assert dict(zip(counts["What"], counts["How many"], strict=True))["Sentences"] == 1
    assert SAID in page.dataframe[1].value["Text"][0]
    button(page, "Ask for the erasure").click().run()
    assert "Tick the box" in words(page) and list_erasures(study) == []
    page.checkbox[1].check()
    button(page, "Ask for the erasure").click().run()
    assert [one.state for one in list_erasures(study)] == ["waiting"]
    assert "You asked for it" in words(page)
    assert not [one for one in page.button if one.label == "Confirm and erase"]


def test_a_second_person_confirms_and_sees_the_certificate(
    study: Study, join: Join, draw, kari: int
) -> None:
    coder = join("Bo Lund", "coder")
    ask_erasure(study, kari, "remove")
    page = draw(coder)
    assert button(page, "Confirm and erase").disabled
    next(one for one in page.checkbox if "looked at it" in one.label).check().run()
    button(page, "Confirm and erase").click().run()
    run = erasure_run(coder)
    assert run is not None and run.thread is not None
    run.thread.join(60)
    assert not run.problem
    page = draw(coder)
    assert "CERTIFICATE OF ERASURE" in page.code[0].value and "Kari" not in page.code[0].value
    assert transcribe.sentences(study, 1) == []


def test_a_lead_removes_the_backups_of_before(study: Study, join: Join, draw, kari: int) -> None:
    before = fresh_backup(study)
    coder = join("Bo Lund", "coder")
    erasure = ask_erasure(study, kari, "redact")
    confirm_erasure(coder, erasure)
    carry_out_erasure(coder, erasure)
    label = "Remove older backups now"
    assert not [one for one in draw(coder).button if one.label == label]
    page = draw(study)
    assert "not expired yet: 1" in words(page) and button(page, label).disabled
    next(one for one in page.checkbox if "for good" in one.label).check().run()
    button(page, label).click().run()
    assert not before.folder.exists() and [one.good for one in backups(study.home)] == [True]
    assert "not expired yet" not in words(page)
    assert not [one for one in page.button if one.label == label]


def test_what_waits_is_looked_through_only_when_somebody_asks(
    study: Study, join: Join, draw, kari: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []
    find = page_of_erasure.find_theirs

    def counted(study: Study, participant_id: int) -> Theirs:
        looked.append(participant_id)
        return find(study, participant_id)

    monkeypatch.setattr(page_of_erasure, "find_theirs", counted)
    coder = join("Bo Lund", "coder")
    ask_erasure(study, kari, "remove")
    page = draw(coder).run()
    assert not looked and not page.dataframe
    page.toggle[0].set_value(True).run()
    assert looked == [kari] and SAID in page.dataframe[1].value["Text"][0]


def test_one_can_be_taken_back(study: Study, draw, kari: int) -> None:
    ask_erasure(study, kari, "redact")
    button(draw(study), "Cancel").click().run()
    assert [one.state for one in list_erasures(study)] == ["cancelled"]


def test_an_interrupted_one_goes_on_by_itself(study: Study, join: Join, draw, kari: int) -> None:
    coder = join("Bo Lund", "coder")
    confirm_erasure(coder, ask_erasure(study, kari, "redact"))
    draw(study)
    run = erasure_run(study)
    assert run is not None and run.thread is not None
    run.thread.join(60)
    assert [one.state for one in list_erasures(study)] == ["done"]


def test_a_failed_one_says_why_and_waits_for_a_person(
    study: Study, join: Join, draw, kari: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    coder = join("Bo Lund", "coder")
    confirm_erasure(coder, ask_erasure(study, kari, "redact"))
    with monkeypatch.context() as broken:
        broken.setattr("secure_storage.erasure.backups.fresh", lambda core: 1 // 0)
        start_erasure(study, 1)
        run = erasure_run(study)
        assert run is not None and run.thread is not None
        run.thread.join(60)
    page = draw(study)
    assert "A fault of Fokus" in words(page)
    assert list_erasures(study)[0].state == "erased"
    button(page, "Continue").click().run()
    again = erasure_run(study)
    assert again is not None and again.thread is not None
    again.thread.join(60)
    assert list_erasures(study)[0].state == "done"


def test_readers_are_shown_nothing(study: Study, join: Join, draw, kari: int) -> None:
    reader = join("Cia Dahl", "reader")
    assert draw(reader).exception
    with pytest.raises(NotAllowed):
        carry_out_erasure(reader, 1)
