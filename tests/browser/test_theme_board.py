"""The theme board in a real browser: dragging, the keyboard, and seeing each other."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

import coding
import themes
from secure_storage import FLOOR, create_study, unlock
from transcribe import Sentence, Transcription, Turn, save_transcription, sentences

pytestmark = pytest.mark.browser
LEAD, CODER = "a long phrase of the lead", "a long phrase of the coder"
HANDS, VISITS = "Hands stay, screens visit", "Distance can bring closer"
CODES = ("Alarm as comfort", "Somebody at the bedside", '<img src="x" onerror="alert(1)">')


def built(home: Path) -> Path:
    """Make a study with three codes and two themes."""
    create_study(home, "Care at home", "Ann Berg", LEAD, cost=FLOOR)
    lead = unlock(home, "Ann Berg", LEAD)
    once = lead.invite("Bo Lund", "coder")
    coder = unlock(home, "Bo Lund", once)
    coder.change_passphrase(once, CODER)
    talk = Transcription("en", (Turn("S1", (Sentence("The alarm is a comfort.", 0.0, 2.0),)),))
    transcript = save_transcription(lead, talk, title="Group", group=1, recording_id=None)
    (line,) = sentences(lead, transcript)
    codes = [coding.add_code(lead, name).id for name in CODES]
    coding.set_coding(lead, transcript, line.id, line.id, codes[0])
    for name in (HANDS, VISITS):
        themes.add_theme(lead, name)
    coder.close()
    lead.close()
    return home


def column(page: Page, name: str) -> Locator:
    return page.locator(".column").filter(has=page.locator("header").get_by_text(name, exact=True))


def test_codes_move_between_themes_for_everybody(
    serve: Callable[[Path], Any],
    visit: Callable[[Any], Page],
    sign_in: Callable[[Page, str, str], None],
    tmp_path: Path,
) -> None:
    server = serve(built(tmp_path / "home"))
    ann, bo = visit(server), visit(server)
    sign_in(ann, "Ann Berg", LEAD)
    sign_in(bo, "Bo Lund", CODER)
    for page in (ann, bo):
        expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
        page.get_by_role("link", name="Themes").click()
        expect(page.locator(".card")).to_have_count(3)
    expect(ann.locator(".card", has_text="onerror")).to_be_visible()

    drag(ann, column(ann, "Not in a theme").locator(".card", has_text=CODES[0]), HANDS)
    for page in (ann, bo):
        expect(column(page, HANDS).locator(".card")).to_have_text([CODES[0] + "1"])
    expect(ann.locator(".bar output")).to_have_text("Saved")

    column(bo, HANDS).locator(".card").focus()
    bo.keyboard.press("Enter")
    bo.keyboard.press("ArrowDown")
    bo.keyboard.press("Enter")
    bo.keyboard.press("Escape")
    for page in (ann, bo):
        expect(column(page, VISITS).locator(".card")).to_have_count(1)
        expect(column(page, HANDS).locator(".card")).to_have_count(1)
    bo.keyboard.press(" ")
    expect(bo.locator(".excerpts blockquote")).to_contain_text("The alarm is a comfort.")

    column(ann, VISITS).locator("header button").click()
    # While the page is drawn anew, what it replaces stands there for a moment.
    expect(ann.get_by_label("Name", exact=True).first).to_have_value(VISITS)


def drag(page: Page, card: Locator, theme: str) -> None:
    """Drag a card with the mouse as a hand does."""
    card.hover()
    page.mouse.down()
    box = column(page, theme).bounding_box()
    assert box
    page.mouse.move(box["x"] + 60, box["y"] + 90, steps=5)
    page.mouse.up()
