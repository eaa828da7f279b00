"""The command line in child processes, and the frame around the pages."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

import secure_storage
import transcribe
from secure_storage import FLOOR, DiskFull, NotSignedIn, Role, Study, create_study, unlock

LEAD, PASSPHRASE = "Ada Lead", "correct horse battery"
OWN = "the own words of Bo"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    create_study(tmp_path / "home", "Home care", LEAD, PASSPHRASE, cost=FLOOR)
    return tmp_path / "home"


@pytest.fixture
def draw(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Role], AppTest]]:
    """Draw the app for a member of a role, as the gate would hand the study over."""
    lead = unlock(home, LEAD, PASSPHRASE)
    studies: list[Study] = [lead]

    def drawn(role: Role) -> AppTest:
        if role != "lead":
            member = unlock(home, "Bo", lead.invite("Bo", role))
            studies.append(member)
            member.choose_passphrase(OWN)
        monkeypatch.setattr(secure_storage, "web_session", lambda headers: studies[-1])
        return AppTest.from_function(_draw, default_timeout=60).run()

    yield drawn
    for study in reversed(studies):
        study.close()


def _draw() -> None:
    import app

    app.draw()


def texts(page: AppTest) -> str:
    return " ".join(one.value for one in page.text).replace("\n", " ")


def links(page: AppTest) -> str:
    return " ".join(one.proto.body for one in page.get("html"))


def test_every_page_says_who_is_signed_in_and_lets_them_out(
    draw: Callable[[Role], AppTest],
) -> None:
    page = draw("reader")
    assert not page.exception and page.title[0].value == "Overview"
    assert "Bo" in texts(page) and 'href="/sign-out"' in links(page)


def test_a_custodian_is_told_what_the_role_keeps(draw: Callable[[Role], AppTest]) -> None:
    page = draw("custodian")
    assert not page.exception and not page.title
    assert "Your role keeps the keys of the linking store" in texts(page)
    assert 'href="/sign-out"' in links(page) and 'href="/passphrase"' in links(page)


@pytest.mark.parametrize("kind", [DiskFull, NotSignedIn])
def test_what_goes_wrong_around_a_page_is_said_in_plain_words(
    draw: Callable[[Role], AppTest], monkeypatch: pytest.MonkeyPatch, kind: type[Exception]
) -> None:
    def failing(study: Any) -> None:
        raise kind("What *happened*, and what to do.")

    monkeypatch.setattr(transcribe, "tend", failing)
    page = draw("lead")
    assert not page.exception and not page.error
    assert texts(page) == "What *happened*, and what to do."
    assert 'href="/sign-out"' in links(page)
