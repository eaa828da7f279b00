"""The page «Members & security»."""

import base64
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from streamlit.testing.v1 import AppTest

from secure_storage import Role, Study, make_kit
from secure_storage.one_time_codes import propose, switch_on
from secure_storage.sessions import HEADER, sessions_of

LEAD, PASSPHRASE = "Ada Lead", "correct horse battery"
Join = Callable[[str, Role], Study]
Open = Callable[[str, str], Any]


def script(handle: str, header: str) -> None:
    from secure_storage import web_session
    from secure_storage.page import members_page

    members_page(web_session({header: handle}))


@pytest.fixture
def page(home: Path) -> Iterator[Open]:
    """Sign in and open the page."""
    table = sessions_of(home)

    def open_page(name: str = LEAD, passphrase: str = PASSPHRASE) -> Any:
        session = table.find(table.sign_in(name, passphrase))
        assert session is not None
        return AppTest.from_function(script, kwargs={"handle": session.handle, "header": HEADER})

    yield open_page
    table.close()


def button(shown: Any, label: str) -> Any:
    return next(one for one in shown.button if one.label == label)


def access(shown: Any) -> list[str]:
    assert not shown.exception
    return list(shown.dataframe[0].value["Access"])


def test_a_member_is_invited_ended_and_let_in_again(page: Open) -> None:
    shown = page(LEAD, PASSPHRASE).run()
    assert shown.dataframe[0].value["Name"].to_list() == [LEAD]
    assert "Nobody else" in str([one.value for one in shown.caption])
    shown.text_input[0].input("Bo *Coder*")
    button(shown, "Invite").click().run()
    once = shown.code[0].value
    assert access(shown) == ["yes", "yes"]
    shown.run()
    assert not shown.code and once not in str(shown)
    button(shown, "End access").click().run()
    assert access(shown) == ["yes", "ended"]
    button(shown, "Give access again").click().run()
    assert access(shown) == ["yes", "yes"] and shown.code[0].value != once


def test_role_and_permission_are_saved(page: Open, study: Study, join: Join) -> None:
    bo = join("Bo Coder", "coder")
    shown = page(LEAD, PASSPHRASE).run()
    roles = next(one for one in shown.selectbox if one.label == "Role" and one.value == "coder"
                 and one.form_id.startswith("role"))  # fmt: skip
    roles.select("reader")
    next(one for one in shown.checkbox if one.label == "May release exports").check()
    button(shown, "Save").click().run()
    assert not shown.exception and not shown.error
    assert (bo.member.role, bo.member.may_release) == ("reader", True)
    assert list(shown.dataframe[0].value["May release exports"]) == ["yes", "yes"]


@pytest.mark.parametrize("rotate", [True, False])
def test_removing_asks_first_and_changes_the_keys_if_wanted(
    page: Open, study: Study, join: Join, rotate: bool
) -> None:
    bo = join("Bo Coder", "coder")
    shown, root = page(LEAD, PASSPHRASE).run(), study._core.root
    button(shown, "Remove").click().run()
    assert shown.error[0].value == "Tick the box to confirm." and not bo.closed
    for one in shown.checkbox:
        if one.label == "Remove this member for good":
            one.check()
        elif one.label == "Change the keys as well" and not rotate:
            one.uncheck()
    button(shown, "Remove").click().run()
    assert access(shown) == ["yes", "removed"] and bo.closed
    assert (study._core.root != root) == rotate
    assert "End access" not in [one.label for one in shown.button]


def test_the_keys_can_be_changed_alone(page: Open, study: Study) -> None:
    shown, root = page(LEAD, PASSPHRASE).run(), study._core.root
    button(shown, "Change the keys now").click().run()
    assert shown.success and study._core.root != root and not shown.exception


def test_a_refusal_is_told_in_plain_text(page: Open, study: Study) -> None:
    shown = page(LEAD, PASSPHRASE).run()
    shown.text_input[0].input("ada lead")
    button(shown, "Invite").click().run()
    assert "exists already" in shown.error[0].value


def test_codes_of_a_lost_phone_are_switched_off(page: Open, study: Study, join: Join) -> None:
    bo = join("Bo Coder", "coder")
    secret = base64.b32decode(propose(bo).secret)
    switch_on(bo, TOTP(secret, 6, SHA1(), 30).generate(int(time.time())).decode())
    shown = page(LEAD, PASSPHRASE).run()
    assert list(shown.dataframe[0].value["One-time codes"]) == ["", "yes"]
    button(shown, "Switch off one-time codes").click().run()
    assert not shown.exception and not bo.member.uses_codes


def test_a_missing_recovery_kit_is_warned_of(page: Open, study: Study) -> None:
    shown = page(LEAD, PASSPHRASE).run()
    assert "no recovery kit yet" in shown.warning[0].value
    make_kit(study)
    shown.run()
    assert not shown.warning


def test_others_see_who_works_here_and_change_nothing(page: Open, join: Join) -> None:
    join("Re Reader", "reader")
    shown = page("Re Reader", "the own words of Re Reader").run()
    assert access(shown) == ["yes", "yes"]
    assert not shown.button and not shown.text_input
    assert "Your account" in [one.value for one in shown.subheader]
