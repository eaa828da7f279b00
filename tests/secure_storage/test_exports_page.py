"""The page Exports: what waits and for whom, what left, what came in, and the rules."""

import sys
from collections.abc import Callable
from types import ModuleType

import pyrage
import pytest
from streamlit.testing.v1 import AppTest

from secure_storage import (
    Request,
    Role,
    Rules,
    Study,
    approve_export,
    create_linking,
    export_rules,
    list_exports,
    list_requests,
    record_import,
    request_export,
    set_export_rules,
)
from secure_storage.audit.words import anchor_words
from secure_storage.linking import Person

Join = Callable[[str, Role], Study]
Draw = Callable[[Study], AppTest]
HOSTILE = "![x](http://evil.example/x.png) <img src=http://evil.example/y.png>"
SHELF: dict[str, Study] = {}


def _draw() -> None:
    from exports_page_shelf import SHELF  # type: ignore[import-not-found]

    from secure_storage.page import exports_page

    exports_page(SHELF["study"])


@pytest.fixture
def draw(monkeypatch: pytest.MonkeyPatch) -> Draw:
    shelf = ModuleType("exports_page_shelf")
    shelf.SHELF = SHELF  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "exports_page_shelf", shelf)

    def drawn(study: Study) -> AppTest:
        SHELF["study"] = study
        page = AppTest.from_function(_draw, default_timeout=60).run()
        assert not page.exception
        return page

    return drawn


def said(page: AppTest) -> str:
    shown = [page.caption, page.text, page.warning, page.error, page.success]
    return "\n".join(one.value.replace("\\", "") for kind in shown for one in kind)


def press(page: AppTest, label: str) -> AppTest:
    next(one for one in page.button if one.label == label).click()
    page.run()
    assert not page.exception
    return page


def labels(page: AppTest) -> list[str]:
    return [one.label for one in page.button]


def ask(study: Study) -> Request:
    return request_export(
        study, data=b"PK", form="docx", file_name="quotes.docx", purpose=HOSTILE, recipient="BMC"
    )


def test_an_empty_page_says_what_to_do_next(study: Study, draw: Draw) -> None:
    words = said(draw(study))
    assert "asked for on the page **Export**" in words
    assert "Nothing has left the study so far." in words
    assert "Open **Recordings**" in words


@pytest.mark.parametrize("role", ["lead", "coder", "reader"])
def test_a_full_page_draws_for_every_role(study: Study, join: Join, draw: Draw, role: Role) -> None:
    coder = join("Bo Coder", "coder")
    approve_export(coder, ask(study).id)
    ask(study)
    with study.change() as change:
        record_import(change, "audio", 12, "ab" * 32, source=HOSTILE)
        change.record("recording.added", "recording:1")
    page = draw(join("Third", role))
    assert not [one.value for one in page.markdown if "evil.example" in one.value]
    (row,) = list_exports(study)
    left = next(one.value for one in page.dataframe if "Receipt" in one.value)
    assert left["SHA-256"].tolist() == [row.sha256]
    assert left["Receipt"].tolist() == [anchor_words(row.head)]
    assert left["Approved by"].tolist() == ["Bo Coder"]
    came = next(one.value for one in page.dataframe if "How it came" in one.value)
    assert came["How it came"].tolist() == [HOSTILE]
    assert ("Approve and release" in labels(page)) == (role != "reader")


def test_it_says_whom_a_request_waits_for_and_what_is_missing(
    study: Study, join: Join, draw: Draw
) -> None:
    ask(study)
    page = draw(study)
    assert "Nobody else in this study can agree to it yet." in said(page)
    assert "names not checked" in said(page)
    assert "Approve and release" not in labels(page) and "Release" not in labels(page)
    join("Bo Coder", "coder")
    assert "Waits for one of: Bo Coder" in said(draw(study))


def test_a_second_person_approves(study: Study, join: Join, draw: Draw) -> None:
    coder = join("Bo Coder", "coder")
    ask(study)
    page = press(draw(coder), "Approve and release")
    assert "The file was released." in said(page)
    assert list_requests(study)[0].state == "released"
    assert "Approve and release" not in labels(page)


def test_the_names_found_are_shown_on_demand(study: Study, join: Join, draw: Draw) -> None:
    linking = create_linking(join("Cy Custodian", "custodian"))
    linking.save_person(Person(1, "P1", "Kari Nordmann"))
    linking.close()
    text = f"{HOSTILE} Kari sa det."
    request_export(
        study, data=text.encode(), form="txt", file_name="quotes.txt", purpose="article",
        recipient="BMC", texts=[text],
    )  # fmt: skip
    page = draw(join("Bo Coder", "coder"))
    assert "»Kari«" not in said(page) and "1 name found" in said(page)
    page = press(page, "Show the names found")
    assert "»Kari« sa det." in "".join(one.value for one in page.text)
    assert not [one for one in page.markdown if "Kari" in one.value]
    assert "Show the names found" not in labels(draw(join("Rita Reader", "reader")))


def test_a_second_person_refuses_with_a_reason(study: Study, join: Join, draw: Draw) -> None:
    coder = join("Bo Coder", "coder")
    ask(study)
    page = press(draw(coder), "Refuse the export")
    assert "Say why" in said(page)
    page.text_input[0].set_value("A ward is named.")
    press(page, "Refuse the export")
    assert list_requests(study)[0].reason == "A ward is named."
    table = next(one.value for one in draw(study).dataframe if "Why" in one.value)
    assert table["Why"].tolist() == ["A ward is named."]


def test_who_asked_withdraws(study: Study, draw: Draw) -> None:
    ask(study)
    page = press(draw(study), "Withdraw")
    assert "The request was withdrawn." in said(page)
    assert list_requests(study)[0].state == "withdrawn"


def test_a_decision_that_came_too_late_is_told(study: Study, join: Join, draw: Draw) -> None:
    coder, other = join("Bo Coder", "coder"), join("Eva Coder", "coder")
    asked = ask(study)
    page = draw(coder)
    approve_export(other, asked.id)
    press(page, "Approve and release")
    assert len(list_exports(study)) == 1
    assert "not waiting any more" in said(page) or "Nothing waits" in said(page)


def test_a_lead_alone_lets_one_person_release_and_that_is_said_plainly(
    study: Study, join: Join, draw: Draw
) -> None:
    ask(study)
    page = draw(study)
    unchecked = next(one for one in page.checkbox if "not checked" in one.label)
    assert unchecked.value
    unchecked.uncheck()
    press(page, "Save")
    assert export_rules(study) == Rules(second_for_unchecked=False)
    assert "One person alone may release" in said(page)
    press(page, "Release")
    assert list_requests(study)[0].state == "released"


def test_only_a_lead_changes_the_rules(join: Join, draw: Draw) -> None:
    page = draw(join("Bo Coder", "coder"))
    assert all(one.disabled for one in page.checkbox)
    assert next(one for one in page.button if one.label == "Save").disabled


def test_an_age_file_is_made_for_keys_or_with_a_drawn_passphrase(study: Study, draw: Draw) -> None:
    set_export_rules(study, Rules(second_for_unchecked=False))
    ask(study)
    page = press(draw(study), "Make the age file")
    assert "one of the two" in said(page)
    page.text_area[0].set_value("nonsense")
    press(page, "Make the age file")
    assert "Recipient 1 is not a public key" in said(page)
    page.text_area[0].set_value(str(pyrage.x25519.Identity.generate().to_public()))
    press(page, "Make the age file")
    assert not page.error and not page.code
    assert list_exports(study)[0].age
    page.text_area[0].set_value("")
    next(one for one in page.checkbox if "passphrase" in one.label).check()
    press(page, "Make the age file")
    assert len(page.code[0].value) >= 20
    assert page.code[0].value not in repr(page.session_state)
