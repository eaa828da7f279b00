"""Where a file that waits names a registered person: shown to who decides, and on record."""

import io
import zipfile
from collections.abc import Callable, Iterator

import pytest

from secure_storage import (
    BadInput,
    NotAllowed,
    Request,
    Role,
    StaleWrite,
    Study,
    create_linking,
    request_export,
    withdraw_request,
)
from secure_storage.ledger import NamePlace, names_shown, showing
from secure_storage.linking import Person
from transcribe import Sentence, Transcription, Turn
from transcribe.excel import Sheet, write_workbook
from transcribe.formats import render

Join = Callable[[str, Role], Study]
SAID = ("Først spurte vi naboen.", "Så kom Kari Nordmann & de andre <hjem>.", "Takk, Ola.")


@pytest.fixture
def named(join: Join) -> Iterator[None]:
    """The study looks for Kari and Ola."""
    linking = create_linking(join("Cy Custodian", "custodian"))
    for number, name in enumerate(("Kari Nordmann", "Ola Hansen"), 1):
        linking.save_person(Person(number, f"P{number}", name))
    yield
    linking.close()


def word_file(*said: str) -> bytes:
    turns = tuple(Turn("P1", (Sentence(one, 0.0, 1.0),)) for one in said)
    return render(Transcription(language="no", turns=turns), "docx", "Group 1")


def ask(study: Study, data: bytes, form: str = "docx") -> Request:
    return request_export(
        study, data=data, form=form, file_name=f"quotes.{form}", purpose="article",
        recipient="BMC", texts=SAID,
    )  # fmt: skip


@pytest.mark.usefixtures("named")
def test_each_name_in_a_word_file_is_shown_in_its_place(study: Study) -> None:
    asked = ask(study, word_file(*SAID))
    assert asked.names_found == 2
    kari, ola = names_shown(study, asked.id)
    assert kari.found == "Kari Nordmann" and kari.before.endswith("Så kom ")
    assert kari.after == " & de andre <hjem>." and "naboen" not in kari.before
    assert (ola.found, ola.after) == ("Ola", ".") and ola.before.endswith("Takk, ")
    event = study.recent_events(1)[0]
    assert (event.action, event.object) == ("read.names_shown", f"export_request:{asked.id}")
    assert event.after == {"places": 2} and "Kari" not in repr(event)


@pytest.mark.usefixtures("named")
def test_plain_text_is_searched_line_by_line(study: Study) -> None:
    asked = ask(study, "\n".join(SAID).encode(), "txt")
    assert names_shown(study, asked.id) == [
        NamePlace("Så kom ", "Kari Nordmann", " & de andre <hjem>."),
        NamePlace("Takk, ", "Ola", "."),
    ]


@pytest.mark.usefixtures("named")
def test_an_excel_file_is_searched_cell_by_cell(study: Study) -> None:
    book = write_workbook("Said", [Sheet("Said", ("Kari", "Hansen"), ((SAID[1], 3),), ())])
    asked = ask(study, book, "xlsx")
    assert names_shown(study, asked.id)[-1] == NamePlace(
        "Så kom ", "Kari Nordmann", " & de andre <hjem>."
    )


@pytest.mark.usefixtures("named")
def test_only_who_asked_or_decides_sees_them(study: Study, join: Join) -> None:
    coder, reader = join("Bo Coder", "coder"), join("Rita Reader", "reader")
    asked = ask(study, word_file(*SAID))
    assert len(names_shown(coder, asked.id)) == 2
    before = study._core.newest
    with pytest.raises(NotAllowed):
        names_shown(reader, asked.id)
    assert study._core.newest == before
    withdraw_request(study, asked.id)
    with pytest.raises(StaleWrite):
        names_shown(coder, asked.id)


def packed(**parts: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as target:
        for name, text in parts.items():
            target.writestr(f"word/{name}.xml", text)
    return made.getvalue()


@pytest.mark.usefixtures("named")
@pytest.mark.parametrize(
    ("data", "form"), [(b"PK no archive", "docx"), (b"%PDF", "pdf"), (packed(a="x" * 99), "docx")]
)
def test_what_cannot_be_searched_is_told(
    study: Study, monkeypatch: pytest.MonkeyPatch, data: bytes, form: str
) -> None:
    monkeypatch.setattr(showing, "MOST", 90 if form == "docx" else showing.MOST)
    asked = ask(study, data, form)
    with pytest.raises(BadInput, match="Read it through"):
        names_shown(study, asked.id)


@pytest.mark.usefixtures("named")
def test_names_do_not_reach_over_paragraphs(study: Study) -> None:
    one = "<w:p><w:r><w:t xml:space='preserve'>{}</w:t></w:r></w:p>"
    data = packed(document=one.format("Nordmann") + one.format("Kari"))
    assert [place.found for place in names_shown(study, ask(study, data).id)] == [
        "Nordmann", "Kari",
    ]  # fmt: skip
