"""The uploader in a real browser: slices, parts, lost answers, refusals."""

import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from secure_storage import FLOOR, create_study

pytestmark = pytest.mark.browser
PASSPHRASE = "a long phrase of the lead"
RETRIES = 30_000
"""Milliseconds the page is given: the uploader waits longer after each lost answer."""


def sound(path: Path, seconds: float, pitch: int) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        wave_of = bytes((200, 31)) * pitch + bytes((56, 224)) * pitch
        file.writeframes(wave_of * (int(16_000 * seconds) // (2 * pitch) + 1))
    return path


def test_parts_arrive_through_a_shaky_connection_and_only_once(
    serve: Callable[[Path], Any],
    visit: Callable[[Any], Page],
    sign_in: Callable[[Page, str, str], None],
    tmp_path: Path,
) -> None:
    create_study(tmp_path / "home", "Care at home", "Ada", PASSPHRASE, cost=FLOOR)
    page = visit(serve(tmp_path / "home"))
    sign_in(page, "Ada", PASSPHRASE)
    page.get_by_role("link", name="Recordings").click()
    box = page.locator(".upload")
    said = box.locator("output")
    expect(box.get_by_text("Choose recordings")).to_be_visible()
    lost = {"PUT": 2, "finish": 1}

    def shaky(route: Route) -> None:
        kind = "finish" if route.request.url.endswith("/finish") else route.request.method
        if lost.get(kind, 0):
            lost[kind] -= 1
            if kind == "finish":
                route.fetch()  # it arrives, and only its answer is lost
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route("**/api/upload/**", shaky)
    parts = [sound(tmp_path / f"part {number}.wav", 2.0, 10 * number) for number in (10, 2)]
    box.locator("input").set_input_files(parts)
    expect(said).to_have_text("2 parts added.", timeout=RETRIES)
    assert lost == {"PUT": 0, "finish": 0}
    page.unroute("**/api/upload/**")

    # One recording, named like its first part; the browser may offer it a further part.
    page.get_by_role("combobox", name="Add to").click()
    expect(page.get_by_role("option")).to_have_text(["A new recording", "part 2 (a further part)"])
    page.keyboard.press("Escape")

    box.locator("input").set_input_files(parts[0])
    expect(said).to_contain_text("already in the study, in the recording «part 2»")
    letter = tmp_path / "letter.wav"
    letter.write_bytes(b"A letter, and not a sound at all. " * 100)
    box.locator("input").set_input_files(letter)
    expect(said).to_contain_text("not an audio or video file")
    assert not [
        path for path in (tmp_path / "home").rglob("*")
        if path.is_file() and b"RIFF" in path.read_bytes()
    ]  # fmt: skip
