"""Themes and quotes in a real study: what is kept, told, refused and repeated."""

from collections.abc import Callable

import pytest

import coding
import themes
from secure_storage import BadInput, NotAllowed, StaleWrite, Study
from themes import Line


def last(study: Study) -> tuple[str, str, dict[str, object] | None]:
    event = study.events()[-1]
    return event.action, event.object, event.after


def test_themes_stand_in_the_order_they_came(desk) -> None:
    first = themes.add_theme(desk.lead, "  Hands   stay ", " Care is touch. ")
    themes.add_theme(desk.coder, "Screens may visit")
    assert last(desk.lead)[0] == "theme.created"
    found = themes.list_themes(desk.reader)
    assert [(one.name, one.concept) for one in found] == [
        ("Hands stay", "Care is touch."), ("Screens may visit", ""),
    ]  # fmt: skip
    assert themes.theme(desk.reader, first) == found[0]


def test_a_theme_is_rewritten_by_whoever_read_it_last(desk) -> None:
    number = themes.add_theme(desk.lead, "Hands", "One")
    edited = themes.edit_theme(desk.coder, number, "Hands stay", "Two", 1)
    assert (edited.name, edited.version) == ("Hands stay", 2)
    with pytest.raises(StaleWrite):
        themes.edit_theme(desk.lead, number, "Hands go", "Three", 1)
    assert themes.theme(desk.lead, number) == edited
    assert desk.lead.events()[-1].before == {"name": "Hands", "concept": "One", "version": 1}


def test_a_removed_theme_leaves_codes_and_quotes(desk) -> None:
    number = themes.add_theme(desk.lead, "Hands stay")
    themes.add_code(desk.lead, number, desk.hands)
    quote = themes.mark_quote(desk.lead, desk.transcript, desk.lines[1], desk.lines[1])
    themes.add_quote_to_theme(desk.lead, quote, number)
    themes.remove_theme(desk.lead, number)
    assert themes.list_themes(desk.lead) == []
    assert [one.themes for one in themes.quotes(desk.lead)] == [()]
    assert len(coding.list_codes(desk.lead)) == 2
    with pytest.raises(BadInput):
        themes.theme(desk.lead, number)
    with pytest.raises(BadInput):
        themes.remove_theme(desk.lead, number)


def test_a_code_may_be_in_several_themes(desk) -> None:
    one, two = (themes.add_theme(desk.lead, name) for name in ("Hands stay", "Screens visit us"))
    for theme in (one, two):
        themes.add_code(desk.coder, theme, desk.hands)
    assert last(desk.lead) == (
        "theme.code_added", f"theme:{two}", {"theme": two, "code": desk.hands},
    )  # fmt: skip
    themes.remove_code(desk.coder, one, desk.hands)
    assert last(desk.lead)[0] == "theme.code_removed"
    assert [theme.codes for theme in themes.list_themes(desk.lead)] == [(), (desk.hands,)]


def test_doing_it_twice_is_told_once(desk) -> None:
    number = themes.add_theme(desk.lead, "Hands stay")
    acts: list[Callable[[], object]] = [
        lambda: themes.add_code(desk.lead, number, desk.hands),
        lambda: themes.mark_quote(desk.lead, desk.transcript, desk.lines[1], desk.lines[2]),
        lambda: themes.add_quote_to_theme(desk.lead, 1, number),
        lambda: themes.remove_quote_from_theme(desk.lead, 1, number),
        lambda: themes.unmark_quote(desk.lead, desk.transcript, desk.lines[1], desk.lines[2]),
        lambda: themes.remove_code(desk.lead, number, desk.hands),
    ]
    for act in acts:
        before = desk.lead.head()
        assert act() == act()
        assert desk.lead.head() == before + 1


def test_a_repeated_message_changes_nothing(desk) -> None:
    lead, lines = desk.lead, desk.lines
    number = themes.add_theme(lead, "Hands stay", client_id="a")
    assert themes.add_theme(lead, "Hands stay", client_id="a") == number
    themes.edit_theme(lead, number, "Hands will stay", "", 1, client_id="b")
    assert themes.edit_theme(lead, number, "Hands will stay", "", 1, client_id="b").version == 2
    quote = themes.mark_quote(lead, desk.transcript, lines[1], lines[1], client_id="c")
    themes.unmark_quote(lead, desk.transcript, lines[1], lines[1])
    assert themes.mark_quote(lead, desk.transcript, lines[1], lines[1], client_id="c") == quote
    assert themes.quotes(lead) == []
    themes.remove_theme(lead, number, client_id="d")
    themes.remove_theme(lead, number, client_id="d")


def test_quotes_are_attributed_and_stand_in_context(desk) -> None:
    themes.mark_quote(desk.coder, desk.transcript, desk.lines[2], desk.lines[1])
    (quote,) = themes.quotes(desk.reader)
    assert quote.excerpt.lines == (
        Line("Occupational therapist, group 3", "Hands should stay. A screen may visit."),
    )
    assert (quote.excerpt.first, quote.excerpt.last) == (2, 3)
    assert quote.excerpt.before == "What do you hope for?"
    assert quote.status == "candidate"


def test_no_name_reaches_a_quote(desk) -> None:
    themes.mark_quote(desk.coder, desk.transcript, desk.lines[0], desk.lines[4])
    (quote,) = themes.quotes(desk.reader)
    assert [line.voice for line in quote.excerpt.lines] == [
        "Moderator, group 3", "Occupational therapist, group 3", "Speaker 1, group 3",
        "Speaker 2, group 3",
    ]  # fmt: skip


def test_a_mark_can_be_taken_off_and_set_again(desk) -> None:
    mark = (desk.transcript, desk.lines[1], desk.lines[1])
    quote = themes.mark_quote(desk.coder, *mark)
    themes.set_quote_status(desk.coder, quote, "shortlisted")
    themes.unmark_quote(desk.coder, *mark)
    assert themes.quotes(desk.lead) == []
    with pytest.raises(BadInput):
        themes.set_quote_status(desk.coder, quote, "used")
    assert themes.mark_quote(desk.coder, *mark) == quote
    assert [one.status for one in themes.quotes(desk.lead)] == ["shortlisted"]


def test_quotes_of_one_theme(desk) -> None:
    number = themes.add_theme(desk.lead, "Hands stay")
    quote = themes.mark_quote(desk.lead, desk.transcript, desk.lines[1], desk.lines[1])
    themes.mark_quote(desk.lead, desk.transcript, desk.lines[2], desk.lines[2])
    themes.add_quote_to_theme(desk.lead, quote, number)
    assert [one.id for one in themes.quotes(desk.lead, number)] == [quote]
    assert len(themes.quotes(desk.lead)) == 2


def test_excerpts_of_a_code_and_of_a_theme(desk) -> None:
    number = themes.add_theme(desk.lead, "Hands stay")
    for code in (desk.hands, desk.visits):
        themes.add_code(desk.lead, number, code)
    assert [one.text for one in themes.excerpts_of_code(desk.reader, desk.hands)] == [
        "Hands should stay."
    ]
    assert len(themes.excerpts_of_theme(desk.reader, number)) == 2


@pytest.mark.parametrize("name", ["", "  ", "x" * 201])
def test_a_theme_needs_a_name(desk, name: str) -> None:
    with pytest.raises(BadInput):
        themes.add_theme(desk.lead, name)


def test_what_is_not_there_is_refused(desk) -> None:
    number = themes.add_theme(desk.lead, "Hands stay")
    for act in (
        lambda: themes.add_code(desk.lead, number, 999),
        lambda: themes.add_code(desk.lead, 999, desk.hands),
        lambda: themes.mark_quote(desk.lead, desk.transcript, 999, desk.lines[0]),
        lambda: themes.add_quote_to_theme(desk.lead, 999, number),
    ):
        before = desk.lead.head()
        with pytest.raises(BadInput):
            act()
        assert desk.lead.head() == before


def test_a_reader_changes_nothing(desk) -> None:
    number = themes.add_theme(desk.lead, "Hands stay")
    mark = (desk.transcript, desk.lines[1], desk.lines[1])
    quote = themes.mark_quote(desk.lead, *mark)
    head = desk.lead.head()
    for act in (
        lambda: themes.add_theme(desk.reader, "Mine"),
        lambda: themes.edit_theme(desk.reader, number, "Mine", "", 1),
        lambda: themes.remove_theme(desk.reader, number),
        lambda: themes.add_code(desk.reader, number, desk.hands),
        lambda: themes.remove_code(desk.reader, number, desk.hands),
        lambda: themes.mark_quote(desk.reader, *mark),
        lambda: themes.unmark_quote(desk.reader, *mark),
        lambda: themes.add_quote_to_theme(desk.reader, quote, number),
        lambda: themes.set_quote_status(desk.reader, quote, "used"),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert desk.lead.head() == head
