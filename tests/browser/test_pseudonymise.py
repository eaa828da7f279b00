"""Deciding on places with the keyboard alone, in a real browser."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server
from tests.conftest import DemoStudy

pytestmark = pytest.mark.browser


def test_places_are_decided_on_with_keys(
    demo_copy: DemoStudy,
    serve: Callable[..., Server],
    visit: Callable[[Server], Page],
    sign_in: Callable[[Page, str, str], None],
) -> None:
    page = visit(serve(demo_copy.home))
    sign_in(page, "Ingrid", demo_copy.passphrase("Ingrid"))
    page.get_by_role("link", name="Pseudonymise").click()
    page.get_by_text("What is looked for, and put there").click()
    page.get_by_label("Name, place or workplace").fill("kitchen")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("[Name 1]").first).to_be_visible()
    page.get_by_role("button", name="Look for identifiers").click()
    expect(page.get_by_text("▶kitchen◀")).to_be_visible()
    # Letters that are typed into a field are no commands.
    own = page.get_by_label("or with")
    own.fill("")
    own.press_sequentially("pakls")
    expect(page.get_by_text("▶kitchen◀")).to_be_visible()
    own.fill("")
    page.get_by_role("heading", name="Pseudonymise").click()
    page.keyboard.press("a")
    expect(page.get_by_text("▶kitchen◀")).to_be_hidden()
    page.keyboard.press("b")
    expect(page.get_by_text("▶kitchen◀")).to_be_visible()
