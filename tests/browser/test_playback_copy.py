"""A recording of four microphones is mixed into a copy, which the open page then plays."""

import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from secure_storage import FLOOR, create_study, unlock
from transcribe import Sentence, Transcription, Turn, add_recording, save_transcription

pytestmark = pytest.mark.browser
PASSPHRASE = "a long phrase of the lead"
TALK = Transcription("en", (Turn("S1", (Sentence("At the table.", 0.5, 3.5),)),))


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """Make a study with the sound of a table recorder, and its transcript."""
    home = tmp_path / "home"
    create_study(home, "Care at home", "Ada", PASSPHRASE, cost=FLOOR)
    path = tmp_path / "table.wav"
    with wave.open(str(path), "wb") as out:
        out.setnchannels(4)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(b"".join(bytes([n % 251, n % 17]) * 4 for n in range(4 * 8000)))
    study = unlock(home, "Ada", PASSPHRASE)
    number = add_recording(study, "Table", 1, [path])
    save_transcription(study, TALK, title="Table", group=1, recording_id=number)
    study.close()
    return home


def test_the_copy_is_made_and_played(
    serve: Callable[[Path], Any],
    visit: Callable[[Any], Page],
    sign_in: Callable[[Page, str, str], None],
    built: Path,
) -> None:
    page = visit(serve(built))
    sign_in(page, "Ada", PASSPHRASE)
    page.get_by_role("link", name="Transcript").first.click()
    audio = page.locator(".fokus .bar audio")
    expect(audio).to_have_attribute("src", "/audio/1?part=0&copy=1", timeout=60_000)
    page.locator(".fokus [data-sentence]").first.dblclick()
    for _ in range(300):
        if audio.evaluate("audio => audio.currentTime > 0.6 && audio.duration > 3.9"):
            return
        page.wait_for_timeout(50)
    raise AssertionError("the copy does not play")
