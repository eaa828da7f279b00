"""The pages draw, empty and full, and let a member do what the role allows."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

import themes
from secure_storage import Study, approve_export, list_requests, refuse_export

from .conftest import made_by_demo

PAGES = ("study_page", "themes_page", "quotes_page", "export_page")
HERE: dict[str, tuple[Study, str]] = {}
"""What the page under test is given; AppTest runs it in this process."""


def _draw() -> None:
    from tests_themes_here import HERE

    import themes.page
    from secure_storage import Study  # noqa: F401

    study, name = HERE["page"]
    getattr(themes.page, name)(study)


@pytest.fixture
def draw(monkeypatch: pytest.MonkeyPatch) -> Callable[[Study, str], AppTest]:
    """Draw one page for one member."""
    import sys
    from types import ModuleType

    shelf = ModuleType("tests_themes_here")
    shelf.HERE = HERE
    monkeypatch.setitem(sys.modules, "tests_themes_here", shelf)

    def drawn(study: Study, name: str) -> AppTest:
        HERE["page"] = (study, name)
        page = AppTest.from_function(_draw, default_timeout=60).run()
        assert not page.exception
        return page

    return drawn


def words(page: AppTest) -> str:
    return "\n".join([*(one.value for one in page.caption), *(one.value for one in page.text)])


def button(page: AppTest, label: str):
    return next(one for one in page.button if one.label == label)


@pytest.mark.parametrize("name", PAGES)
def test_an_empty_page_says_what_to_do_next(empty, draw, name: str) -> None:
    assert "Open **" in words(draw(empty, name))


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("who", ["lead", "coder", "reader"])
def test_a_full_page_draws_for_every_role(desk, draw, name: str, who: str) -> None:
    number = themes.add_theme(desk.lead, "Hands stay, screens visit", "Care is touch.")
    themes.add_code(desk.lead, number, desk.hands)
    quote = themes.mark_quote(desk.lead, desk.transcript, desk.lines[3], desk.lines[3])
    themes.add_quote_to_theme(desk.lead, quote, number)
    themes.export_manuscript(desk.lead, [desk.transcript], "Article", "BMC")
    page = draw(getattr(desk, who), name)
    assert not [one.value for one in page.markdown if "evil.example" in one.value]


def test_the_overview_counts(desk, draw) -> None:
    page = draw(desk.reader, "study_page")
    assert {one.label: one.value for one in page.metric} == {
        "Transcripts": "1", "Sentences": "5", "Codes": "2", "Coded sentences": "2", "Themes": "0",
    }  # fmt: skip
    table = page.dataframe[0].value
    assert table["Coders"].tolist() == ["AB, BL"]
    assert table["Coded"].tolist() == [40]


def test_a_theme_is_named_nudged_written_and_removed(desk, draw) -> None:
    page = draw(desk.coder, "themes_page")
    page.text_input[0].set_value("Barriers to technology")
    button(page, "Add theme").click().run()
    assert "reads like a topic" in words(page)
    page.text_input(key="theme-name-1").set_value("Screens come second")
    page.text_area[0].set_value("Hands first.")
    button(page, "Save").click().run()
    (theme,) = themes.list_themes(desk.lead)
    assert (theme.name, theme.concept, theme.version) == ("Screens come second", "Hands first.", 2)
    assert "reads like a topic" not in words(page)
    page.checkbox[0].check().run()
    button(page, "Remove the theme").click().run()
    assert themes.list_themes(desk.lead) == []


def test_codes_go_in_and_out_without_the_board(desk, draw) -> None:
    themes.add_theme(desk.lead, "Hands stay, screens visit")
    page = draw(desk.coder, "themes_page")
    page.multiselect[0].set_value([desk.hands, desk.visits])
    button(page, "Save codes").click().run()
    assert set(themes.list_themes(desk.lead)[0].codes) == {desk.hands, desk.visits}
    page.multiselect[0].set_value([desk.visits])
    button(page, "Save codes").click().run()
    assert themes.list_themes(desk.lead)[0].codes == (desk.visits,)


def test_two_who_write_one_theme_see_both_versions(desk, draw) -> None:
    number = themes.add_theme(desk.lead, "Hands stay", "One")
    page = draw(desk.coder, "themes_page")
    themes.edit_theme(desk.lead, number, "Hands stay", "Two", 1)
    page.text_area[0].set_value("Three")
    button(page, "Save").click().run()
    assert themes.theme(desk.lead, number).concept == "Two"
    assert page.text_area[0].value == "Three"
    assert "Two" in words(page)
    button(page, "Keep mine").click().run()
    button(page, "Save").click().run()
    assert themes.theme(desk.lead, number).concept == "Three"


def test_a_reader_is_offered_nothing_to_change(desk, draw) -> None:
    themes.add_theme(desk.lead, "Hands stay", "Care is touch.")
    themes.mark_quote(desk.lead, desk.transcript, desk.lines[1], desk.lines[1])
    for name in PAGES:
        page = draw(desk.reader, name)
        assert not page.button
        assert not page.text_input


def test_a_quote_is_listed_with_its_attribution(desk, draw) -> None:
    themes.mark_quote(desk.lead, desk.transcript, desk.lines[1], desk.lines[1])
    page = draw(desk.reader, "quotes_page")
    table = page.dataframe[0].value
    assert table["Quote"].tolist() == ["Hands should stay."]
    assert table["Attribution"].tolist() == ["Occupational therapist, group 3"]


def test_the_demo_model_is_named_where_its_text_stands(desk, draw) -> None:
    number = themes.add_theme(desk.lead, "Hands stay, screens visit")
    themes.add_code(desk.lead, number, desk.hands)
    quote = themes.mark_quote(desk.lead, desk.transcript, desk.lines[1], desk.lines[1])
    themes.add_quote_to_theme(desk.lead, quote, number)
    assert "demo model" not in words(draw(desk.reader, "themes_page"))
    made_by_demo(desk)
    page = draw(desk.reader, "themes_page")
    assert "demo model" in words(page)
    assert page.dataframe[0].value["Model"].tolist() == ["demo model"]
    page = draw(desk.reader, "quotes_page")
    assert page.dataframe[0].value["Model"].tolist() == ["demo model"]
    (found,) = themes.quotes(desk.reader)
    assert "demo model" in words(AppTest.from_function(_read, args=(found,)).run())


def opened(study: Study) -> list[tuple[str, int | None]]:
    return [(one.object, one.actor) for one in study.events() if one.action == "read.opened"]


def test_who_opened_what_is_on_the_record_once(desk, draw) -> None:
    number = themes.add_theme(desk.lead, "Hands stay, screens visit")
    for _ in range(2):
        draw(desk.reader, "themes_page").run()
        draw(desk.reader, "quotes_page")
    assert opened(desk.lead) == []
    themes.add_code(desk.lead, number, desk.hands)
    themes.mark_quote(desk.lead, desk.transcript, desk.lines[1], desk.lines[1])
    for _ in range(2):
        draw(desk.reader, "themes_page").run()
        draw(desk.reader, "quotes_page")
    who = desk.reader.member.id
    assert opened(desk.lead) == [(f"theme:{number}", who), ("quotes", who)]


def _read(found) -> None:
    from themes.page.quotes import _reading

    _reading(found)


def test_an_export_is_asked_for_with_purpose_and_recipient(desk, draw) -> None:
    page = draw(desk.lead, "export_page")
    button(page, "Ask for the Word file").click().run()
    assert "Say what the file is for" in words(page)
    page.text_input[0].set_value("Article")
    page.text_input[1].set_value("BMC")
    button(page, "Ask for the Word file").click().run()
    (asked,) = list_requests(desk.lead)
    assert (asked.purpose, asked.recipient, asked.state) == ("Article", "BMC", "waiting")
    said = words(page)
    assert asked.file_name in said and "Names not checked." in said
    assert "It leaves when one of these agrees: Bo Lund" in said
    approve_export(desk.coder, asked.id)
    assert "Released, written to the study's exports folder" in words(page.run())


def test_a_refused_export_says_why_to_who_asked(desk, draw) -> None:
    page = draw(desk.coder, "export_page")
    page.text_input[0].set_value("Article")
    page.text_input[1].set_value("BMC")
    button(page, "Ask for the Word file").click().run()
    assert "agrees: Ann Berg" in words(page)
    refuse_export(desk.lead, list_requests(desk.lead)[0].id, "A ward is named.")
    assert "was refused. A ward is named." in words(page.run())


def test_a_reader_is_told_whom_to_ask(desk, draw) -> None:
    page = draw(desk.reader, "export_page")
    assert "Ask a lead or a coder" in words(page) and not page.button
