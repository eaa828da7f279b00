"""Speakers are heard, given and merged, and questions marked, in a real browser."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from secure_storage import FLOOR, Study, create_study, unlock
from transcribe import Sentence, Transcription, Turn, add_recording, save_transcription
from transcribe.store import save_guide

pytestmark = pytest.mark.browser
PASSPHRASE = "a long phrase of the lead"
TALK = Transcription(
    "en",
    (
        Turn("S1", (Sentence("What do you hope?", 0.0, 1.0), Sentence("Anybody?", 1.0, 2.0))),
        Turn("S2", (Sentence("That it lasts.", 2.0, 6.0),)),
        Turn("S3", (Sentence("And that it helps.", 6.0, 7.5),)),
    ),
)


@pytest.fixture
def built(tmp_path: Path, sound: Callable[..., Path]) -> Path:
    home = tmp_path / "home"
    create_study(home, "Care at home", "Ada", PASSPHRASE, cost=FLOOR)
    study: Study = unlock(home, "Ada", PASSPHRASE)
    recording = add_recording(study, "One", 1, [sound(tmp_path / "one.wav", 8.0, 8)])
    save_transcription(study, TALK, title="One", group=1, recording_id=recording)
    save_guide(study, ["What do you hope for?"], [])
    study.close()
    return home


def test_speakers_are_heard_and_merged_and_a_question_is_marked(
    built: Path,
    serve: Callable[[Path], Any],
    visit: Callable[[Any], Page],
    sign_in: Callable[[Page, str, str], None],
) -> None:
    page = visit(serve(built))
    sign_in(page, "Ada", PASSPHRASE)
    page.goto("/transcript")
    hear = page.get_by_role("list", name="Speakers").get_by_role("button")
    expect(hear).to_have_count(3, timeout=60_000)
    hear.nth(1).click()
    expect(hear.nth(1)).to_have_text("⏸")
    audio = page.locator("audio[preload=none]")
    for _ in range(200):
        if audio.evaluate("audio => audio.currentTime") > 2.0:
            break
        page.wait_for_timeout(50)
    assert 2.0 < audio.evaluate("audio => audio.currentTime") < 6.5
    # One at a time: the sample and the transcript pause each other.
    rows = page.locator("[data-sentence]")
    rows.nth(0).click()
    page.keyboard.press("Shift+ ")
    expect(hear.nth(1)).to_have_text("▶")
    whole = page.locator(".bar audio")
    playing = "audio => !audio.paused"
    assert whole.evaluate(playing)
    hear.nth(1).click()
    expect(hear.nth(1)).to_have_text("⏸")
    whole.evaluate(
        "audio => audio.paused || new Promise((done) => audio.addEventListener('pause', done))"
    )
    assert not whole.evaluate(playing)
    hear.nth(1).click()
    expect(hear.nth(1)).to_have_text("▶")

    rows.nth(0).click()
    page.keyboard.press("q")
    expect(page.get_by_role("dialog", name="Question of the guide")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator(".asked")).to_have_text("Question 1: What do you hope for?")

    other = page.context.new_page()
    other.goto("/group")
    other.get_by_text("The questions").click()
    other.get_by_role("textbox", name="One question on each").fill(
        "Why?\nWhat do you all hope for?"
    )
    other.get_by_role("button", name="Save the guide").click()
    expect(page.locator(".asked")).to_have_text("Question 2: What do you all hope for?")
    other.close()

    rows.nth(1).click()
    page.keyboard.press("2")
    # Given to the speaker of what follows, it is one turn with it.
    expect(page.locator(".row.opens .who")).to_contain_text(["S1", "S2", "S3"])
    expect(page.locator(".row.opens").nth(1)).to_contain_text("Anybody?")

    page.get_by_text("Merge or assign again").click()
    merge = page.get_by_role("button", name="Merge the two")
    page.wait_for_timeout(1000)  # a list that is opened while the part still unfolds closes
    page.get_by_role("combobox", name="Is the same person as").click()
    page.get_by_role("option", name="S2").click()
    expect(merge).to_be_enabled(timeout=30_000)
    merge.click()
    expect(hear).to_have_count(2, timeout=30_000)
    expect(page.locator(".row.opens")).to_have_count(2)
