"""From an empty home to a study with two members and a recording of two parts."""

import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

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


def create_study(page: Page) -> None:
    expect(page).to_have_url(lambda url: url.endswith("/first-run"))
    page.get_by_label("Title").fill("Falls and freedom")
    page.get_by_label("Name").fill("Kari Nordmann")
    page.get_by_label("Passphrase", exact=True).fill(LEAD)
    page.get_by_label("again", exact=False).fill(LEAD)
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")


def invite(page: Page, name: str) -> str:
    page.get_by_role("link", name="Members").click()
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
    create_study(lead)
    once = invite(lead, "Ola")

    coder = visit(server)
    sign_in(coder, "Ola", once)
    expect(coder).to_have_url(f"{server.address}/passphrase")
    coder.get_by_label("Passphrase", exact=True).fill(CODER)
    coder.get_by_label("again", exact=False).fill(CODER)
    coder.get_by_role("button").first.click()
    expect(coder.get_by_role("heading", level=1)).to_have_text("Overview")

    add_recording(lead, tone(tmp_path / "part1.wav", 2.0, 300))
    assert not [
        path for path in (tmp_path / "home").rglob("*")
        if path.is_file() and b"RIFF" in path.read_bytes()
    ]  # fmt: skip


def add_recording(page: Page, file: Path) -> None:
    """Upload through our own slices."""
    page.get_by_role("link", name="Recordings").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Recordings")
    page.get_by_label("Title").first.fill("Group one")
    page.locator("input[type=file]").first.set_input_files(file)
    expect(page.get_by_text("Group one").first).to_be_visible()
