"""The codebook: codes with definitions, kept from being overwritten unread."""

import pytest

from coding import (
    PALETTE,
    add_code,
    edit_code,
    list_codes,
    remove_code,
    set_coding,
)
from secure_storage import BadInput, StaleWrite

from .conftest import Desk


def test_codes_come_by_name_with_different_colours(desk: Desk) -> None:
    add_code(desk.ann, "worry", "Fear of what may happen.", "latent")
    add_code(desk.bo, "  Alarm   fatigue ")
    codes = list_codes(desk.ann)
    assert [code.name for code in codes] == ["Alarm fatigue", "worry"]
    assert [code.created_by for code in codes] == [2, 1]
    assert codes[1].kind == "latent"
    assert codes[0].color != codes[1].color


def test_colours_repeat_only_when_all_are_used(desk: Desk) -> None:
    made = [add_code(desk.ann, f"Code {number}").color for number in range(len(PALETTE) + 1)]
    assert made == [*PALETTE, PALETTE[0]]


@pytest.mark.parametrize("name", ["", "   ", "x" * 121, "COMFORT", "ÆRLIGHET"])
def test_a_name_must_be_new_and_of_a_length(desk: Desk, name: str) -> None:
    add_code(desk.ann, "Comfort")
    add_code(desk.ann, "Ærlighet")
    with pytest.raises(BadInput):
        add_code(desk.ann, name)
    assert len(list_codes(desk.ann)) == 2


def test_a_repeated_message_gives_the_code_of_the_first_time(desk: Desk) -> None:
    first = add_code(desk.ann, "Comfort", client_id="k1")
    assert add_code(desk.ann, "Comfort", client_id="k1") == first
    assert len(list_codes(desk.ann)) == 1


def test_an_edit_counts_the_version_and_keeps_both_texts_in_the_journal(desk: Desk) -> None:
    old = add_code(desk.ann, "Comfort", "Being at ease.")
    new = edit_code(desk.bo, old.id, "Comforts", "Being at ease at home.", "latent", old.version)
    assert (new.version, new.kind) == (2, "latent")
    event = desk.ann.events(since=desk.ann.head() - 1)[0]
    assert event.action == "code.renamed"
    assert event.before == {"name": "Comfort", "definition": "Being at ease.", "kind": "semantic"}


def test_an_edit_of_an_old_version_is_refused(desk: Desk) -> None:
    old = add_code(desk.ann, "Comfort")
    edit_code(desk.bo, old.id, "Ease", "", "semantic", old.version)
    with pytest.raises(StaleWrite):
        edit_code(desk.ann, old.id, "Calm", "", "semantic", old.version)
    assert [code.name for code in list_codes(desk.ann)] == ["Ease"]


def test_the_case_of_a_name_can_be_changed_but_not_taken(desk: Desk) -> None:
    old = add_code(desk.ann, "comfort")
    add_code(desk.ann, "Ease")
    changed = edit_code(desk.ann, old.id, "Comfort", "", "semantic", 1)
    with pytest.raises(BadInput):
        edit_code(desk.ann, old.id, "ease", "", "semantic", changed.version)


def test_a_code_in_use_is_removed_only_on_purpose(desk: Desk) -> None:
    code = add_code(desk.ann, "Comfort")
    set_coding(desk.bo, desk.transcript, desk.lines[0], desk.lines[0], code.id)
    with pytest.raises(BadInput, match="codings: 1"):
        remove_code(desk.ann, code.id)
    remove_code(desk.ann, code.id, with_codings=True)
    assert list_codes(desk.ann) == []


def test_a_removed_name_is_free_again(desk: Desk) -> None:
    remove_code(desk.ann, add_code(desk.ann, "Comfort").id)
    assert add_code(desk.ann, "Comfort").name == "Comfort"
