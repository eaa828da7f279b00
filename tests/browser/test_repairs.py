"""A correction took words away: the coder sees it, puts the coding right, and takes that back."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from coding import add_code, set_coding
from secure_storage import FLOOR, create_study, unlock
from transcribe import Sentence, Transcription, Turn, save_transcription, sentences
from transcribe.store.rewriting import remove_sentences

pytestmark = pytest.mark.browser
PASSPHRASE = "a long phrase of each"
TALK = Transcription(
    "en",
    (
        Turn("S1", (Sentence("What works at home?", None, None),)),
        Turn(
            "S2",
            (
                Sentence("The alarm is a comfort.", None, None),
                Sentence("It is one more thing to charge.", None, None),
                Sentence("I would rather have a nurse.", None, None),
            ),
        ),
    ),
)


@pytest.fixture
def corrected(tmp_path: Path) -> Path:
    """Make a study in which a coded sentence was removed, and a part of another is coded."""
    home = tmp_path / "home"
    create_study(home, "Care at home", "Ada", PASSPHRASE, cost=FLOOR)
    ada = unlock(home, "Ada", PASSPHRASE)
    transcript = save_transcription(ada, TALK, title="First group", group=1, recording_id=None)
    lines = sentences(ada, transcript)
    comfort, burden = add_code(ada, "Comfort").id, add_code(ada, "Burden").id
    set_coding(ada, transcript, lines[1].id, lines[1].id, comfort, trims=(4, 14))
    set_coding(ada, transcript, lines[2].id, lines[2].id, burden)
    remove_sentences(ada, transcript, [(lines[2].id, lines[2].version)], None)
    ada.close()
    return home


def test_a_coding_that_lost_its_words_is_put_right_with_the_keyboard(
    serve: Callable[[Path], Any], corrected: Path, visit: Callable[[Any], Page],
    sign_in: Callable[[Page, str, str], None],
) -> None:  # fmt: skip
    page = visit(serve(corrected))
    sign_in(page, "Ada", PASSPHRASE)
    page.get_by_role("link", name="Coding", exact=True).click()
    lost = page.get_by_role("region", name="To repair")
    expect(lost).to_contain_text("It is one more thing to charge.")
    expect(lost.locator(".chip")).to_contain_text("Burden")
    rows = page.locator(".row")
    expect(rows.nth(1).locator(".chip .part")).to_have_text("«alarm»")

    listed = page.get_by_role("listbox", name="Sentences")
    listed.press("r")
    expect(rows.nth(1)).to_contain_class("current")
    listed.press("j")
    listed.press("Shift+R")
    expect(rows.nth(2).locator(".chip")).to_contain_text("Burden")
    expect(lost).to_be_hidden()
    listed.press("u")
    expect(lost).to_be_visible()
    expect(rows.nth(2).locator(".chip")).to_have_count(0)
    listed.press("Shift+L")
    expect(lost).to_be_hidden()
    listed.press("u")
    expect(lost).to_be_visible()
    rows.nth(1).locator(".chip .drop").click()
    expect(rows.nth(1).locator(".chip")).to_have_count(0)
    listed.press("u")
    expect(rows.nth(1).locator(".chip .part")).to_have_text("«alarm»")
    rows.nth(1).locator(".text").click()
    listed.press("e")
    page.get_by_role("listbox", name="Sentences").locator("textarea").fill("The old alarm is it.")
    page.keyboard.press("Enter")
    expect(rows.nth(1).locator(".text")).to_contain_text("The old alarm is it.")
    expect(rows.nth(1).locator(".chip .part")).to_have_text("«alarm»")
    page.reload()
    expect(rows.nth(1).locator(".chip .part")).to_have_text("«alarm»")
    expect(lost).to_be_visible()
    rows.nth(1).locator(".text").click()
    listed.press("e")
    page.get_by_role("listbox", name="Sentences").locator("textarea").fill("Say it anew.")
    page.keyboard.press("Enter")
    expect(
        page.get_by_role("status").filter(has_text="A coded passage lost its words")
    ).to_be_visible()
    expect(lost).to_contain_text("To repair (2)")
