"""From an empty home to a study with two members and a recording of two parts."""

import contextlib
import re
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, TimeoutError, expect

pytestmark = pytest.mark.browser
LEAD, CODER = "a long phrase of the lead", "a long phrase of the coder"


def tone(path: Path, seconds: float, pitch: int) -> Path:
    """Write a short WAV; its sound does not matter here."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        frames = (
            int(8000 * ((index * pitch // 16_000) % 2 * 2 - 1)).to_bytes(2, "little", signed=True)
            for index in range(int(16_000 * seconds))
        )
        file.writeframes(b"".join(frames))
    return path


def create_study(page: Page, server: Any) -> None:
    expect(page).to_have_url(re.compile("/first-run$"))
    code = re.search("set-up code: (.*)", server.log.read_text())
    assert code
    page.get_by_label("Set-up code").fill(code[1])
    page.get_by_label("Title of the study").fill("Falls and freedom")
    page.get_by_label("Your name").fill("Kari Nordmann")
    page.get_by_label("Passphrase (at least").fill(LEAD)
    page.get_by_label("The same passphrase again").fill(LEAD)
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")


def invite(page: Page, name: str) -> str:
    page.get_by_role("button", name="Security").click()
    page.get_by_text("Members & security").click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Invite").click()
    once = page.get_by_test_id("stCode").text_content()
    assert once
    return once.strip()


def test_from_nothing_to_a_recording(
    serve: Callable[[Path], Any],
    visit: Callable[[Any], Page],
    sign_in: Callable[[Page, str, str], None],
    tmp_path: Path,
) -> None:
    server = serve(tmp_path / "home")
    lead = visit(server)
    create_study(lead, server)
    once = invite(lead, "Ola")

    coder = visit(server)
    sign_in(coder, "Ola", once)
    expect(coder).to_have_url(f"{server.address}/passphrase")
    coder.get_by_label("Passphrase (at least").fill(CODER)
    coder.get_by_label("The same passphrase again").fill(CODER)
    coder.get_by_role("button").first.click()
    expect(coder.get_by_role("heading", level=1)).to_have_text("Overview")

    add_recording(lead, tone(tmp_path / "first.wav", 2.0, 300))
    add_part(lead, tone(tmp_path / "second.wav", 1.0, 400))
    refuse_the_same_again(lead, tmp_path / "first.wav")
    assert not [
        path for path in (tmp_path / "home").rglob("*")
        if path.is_file() and b"RIFF" in path.read_bytes()
    ]  # fmt: skip
    take_from_inbox(lead, tone(tmp_path / "home" / "inbox" / "third.wav", 1.5, 500))
    assert not (tmp_path / "home" / "inbox" / "third.wav").exists()


def choose(page: Page, label: str, option: str) -> None:
    # A redraw of the page shuts an open list: open it again.
    for _ in range(10):
        page.get_by_role("combobox", name=label).first.click()
        with contextlib.suppress(TimeoutError):
            page.get_by_role("option", name=option).click(timeout=3000)
            settled(page)
            return
    raise AssertionError(f"no option {option}")


def settled(page: Page) -> None:
    """Wait until the page has been drawn with what was typed."""
    page.wait_for_timeout(300)
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")


def upload(page: Page, file: Path, said: str) -> None:
    with page.expect_response(lambda answer: answer.url.endswith("/finish"), timeout=20_000):
        page.locator(".upload input[type=file]").set_input_files(file)
    expect(page.locator(".upload output")).to_contain_text(said, timeout=20_000)


def add_recording(page: Page, file: Path) -> None:
    """Upload through our own slices."""
    page.get_by_role("link", name="Recordings").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Recordings")
    page.get_by_label("Title", exact=True).fill("Group one")
    page.get_by_label("Title", exact=True).press("Enter")
    settled(page)
    upload(page, file, "Added.")
    expect(page.get_by_label("Title", exact=True).first).to_have_value("")


def add_part(page: Page, file: Path) -> None:
    """A further file of the same recording, on its timeline."""
    choose(page, "Add to", "Group one")
    expect(page.get_by_label("Title", exact=True)).to_have_count(0)
    upload(page, file, "Added.")


def refuse_the_same_again(page: Page, file: Path) -> None:
    choose(page, "Add to", "A new recording")
    expect(page.get_by_label("Title", exact=True).first).to_be_visible()
    upload(page, file, "Group one")


def take_from_inbox(page: Page, file: Path) -> None:
    """A file that lies in the inbox is taken in and removed from it."""
    page.reload()
    expect(page.get_by_text("They are overwritten and removed")).to_be_visible()
    choose(page, "Files in the inbox", "third.wav")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Import and remove from the inbox").click()
    expect(page.get_by_text("The inbox is empty")).to_be_visible(timeout=20_000)
