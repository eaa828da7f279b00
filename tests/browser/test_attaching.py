"""Sound is attached to a text on the page: the player comes, and goes when that is taken back."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from secure_storage import FLOOR, create_study, unlock
from transcribe import Sentence, Transcription, Turn, add_recording, save_transcription

pytestmark = pytest.mark.browser
PASSPHRASE = "a long phrase of the lead"
# The answer to an act is there before the news of it.
LATE = """
const { set } = Object.getOwnPropertyDescriptor(WebSocket.prototype, "onmessage")
Object.defineProperty(WebSocket.prototype, "onmessage", {
  set(hear) { set.call(this, (event) => setTimeout(() => hear.call(this, event), 500)) },
})
"""
TALK = Transcription("en", (Turn("S1", (Sentence("At the table.", 0.5, 3.5),)),))


@pytest.fixture
def built(tmp_path: Path, sound: Callable[..., Path]) -> Path:
    """Make a study with an imported text, and its recording beside it."""
    home = tmp_path / "home"
    create_study(home, "Care at home", "Ada", PASSPHRASE, cost=FLOOR)
    study = unlock(home, "Ada", PASSPHRASE)
    add_recording(study, "Table", 1, [sound(tmp_path / "table.wav", 4.0, 20)])
    save_transcription(study, TALK, title="Table", group=1, recording_id=None)
    study.close()
    return home


def test_the_player_comes_with_the_sound_and_goes_with_it(
    serve: Callable[[Path], Any],
    visit: Callable[[Any], Page],
    sign_in: Callable[[Page, str, str], None],
    built: Path,
) -> None:
    page = visit(serve(built))
    page.add_init_script(LATE)
    sign_in(page, "Ada", PASSPHRASE)
    page.get_by_role("link", name="Transcript").first.click()
    audio, strip = page.locator(".fokus .bar audio"), page.locator(".fokus .strip")
    expect(page.locator(".fokus [data-sentence]")).to_have_count(1)
    expect(audio).to_be_hidden()
    page.get_by_text("Sound", exact=True).click()
    page.get_by_role("button", name="Attach").click()
    expect(audio).to_be_visible()
    expect(strip).to_be_visible()
    page.locator(".fokus .list").focus()
    page.keyboard.press("Control+z")
    expect(audio).to_be_hidden()
    expect(strip).to_be_hidden()
    page.keyboard.press("Control+Shift+Z")
    expect(audio).to_be_visible()
