"""The grid of participants, typed into with a real keyboard."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from secure_storage import FLOOR, create_study, unlock
from transcribe import add_attribute, add_participant

PASSPHRASE = "correct horse battery"


@pytest.mark.browser
def test_what_is_typed_into_the_grid_is_kept(
    tmp_path: Path, serve: Callable[..., object], visit: Callable[..., Page],
    sign_in: Callable[[Page, str, str], None],
) -> None:  # fmt: skip
    home = tmp_path / "home"
    create_study(home, "Care at home", "Ada", PASSPHRASE, cost=FLOOR)
    study = unlock(home, "Ada", PASSPHRASE)
    add_participant(study, 1, "Mo")
    add_attribute(study, "Experience", "years")
    study.close()
    page = visit(serve(home))
    sign_in(page, "Ada", PASSPHRASE)
    page.get_by_role("link", name="Participants").click()
    grid = page.get_by_test_id("stDataFrame").first
    expect(grid.locator("td", has_text="Mo").first).to_be_attached()

    def put(presses_right: int, text: str) -> None:
        # By keyboard to the first cell of the first line, wherever it was, and along the line.
        grid.locator("canvas").first.click(position={"x": 80, "y": 52}, force=True)
        for key in ["ArrowUp"] * 2 + ["ArrowLeft"] * 5 + ["ArrowRight"] * presses_right:
            page.keyboard.press(key)
        page.keyboard.press("Enter")
        page.locator(".gdg-input").fill(text)
        page.keyboard.press("Enter")

    put(3, "Researcher")
    put(4, "lots")
    page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_text("Mo: «lots» is not understood")).to_be_visible()
    put(4, "2,5 år")
    expect(grid.locator("td", has_text="2,5 år").first).to_be_attached()
    page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_role("button", name="Save changes")).to_have_count(0)
    page.reload()
    for text in ("Researcher", "2,5 år"):
        expect(grid.locator("td", has_text=text).first).to_be_attached()
