"""A recording of two files is heard as one, on the sentences' timeline."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from secure_storage import FLOOR, create_study, unlock
from transcribe import Sentence, Transcription, Turn, add_recording, save_transcription

pytestmark = pytest.mark.browser
PASSPHRASE = "a long phrase of the lead"
SECONDS = 4.0
"""Length of each part."""
TALK = Transcription(
    "en",
    (
        Turn(
            "S1",
            (
                Sentence("In the first file.", 0.5, 1.5),
                Sentence("At its very end.", 3.5, 4.0),
                Sentence("In the second file.", 5.0, 7.9),
            ),
        ),
    ),
)


@pytest.fixture
def built(tmp_path: Path, sound: Callable[..., Path]) -> Path:
    """Make a study with a recording of two parts, and a transcript without sound."""
    home = tmp_path / "home"
    create_study(home, "Care at home", "Ada", PASSPHRASE, cost=FLOOR)
    study = unlock(home, "Ada", PASSPHRASE)
    parts = [sound(tmp_path / "one.wav", SECONDS, 8), sound(tmp_path / "two.wav", SECONDS, 20)]
    recording = add_recording(study, "Two parts", 1, parts)
    save_transcription(study, TALK, title="Heard", group=1, recording_id=recording)
    save_transcription(study, TALK, title="Silent", group=2, recording_id=None)
    study.close()
    return home


def heard(audio: Locator, source: str, first: float, last: float) -> None:
    """Wait until this part plays here; the page's policy forbids evaluated waits."""
    now = ["", 0.0]
    for _ in range(300):
        now = audio.evaluate("audio => [audio.getAttribute('src') ?? '', audio.currentTime]")
        if now[0].endswith(source) and first <= now[1] <= last:
            return
        audio.page.wait_for_timeout(50)
    raise AssertionError(f"the part does not play: {now}")


def paused(audio: Locator) -> None:
    for _ in range(300):
        if audio.evaluate("audio => audio.paused"):
            return
        audio.page.wait_for_timeout(50)
    raise AssertionError("the sound does not stop")


def test_parts_play_on_one_timeline(
    serve: Callable[[Path], Any],
    choose: Callable[[Page, str], None],
    visit: Callable[[Any], Page],
    sign_in: Callable[[Page, str, str], None],
    built: Path,
) -> None:
    page = visit(serve(built))
    sign_in(page, "Ada", PASSPHRASE)
    told: list[Any] = []
    page.on(
        "request",
        lambda asked: told.append((asked.url, asked.post_data_json))
        if asked.method == "POST" and "/audio/" in asked.url else None,
    )  # fmt: skip
    page.get_by_role("link", name="Transcript").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Transcript")
    choose(page, "Heard")
    rows, audio = page.locator(".fokus [data-sentence]"), page.locator(".fokus .bar audio")
    expect(audio).to_have_attribute("src", "/audio/1?part=0")

    # A sentence of the second file begins there, one second after the file's beginning.
    rows.nth(2).dblclick()
    heard(audio, "?part=1", 1.0, 2.9)
    expect(rows.nth(2)).to_contain_class("heard")
    paused(audio)
    heard(audio, "?part=1", 3.7, SECONDS)

    # A sentence of the first file is heard alone: the second file does not begin.
    rows.nth(1).dblclick()
    heard(audio, "?part=0", 3.5, SECONDS)
    paused(audio)
    assert "?part=0" in (audio.get_attribute("src") or "")

    # Played on, the second file follows the first.
    rows.nth(1).click()
    page.keyboard.press("Shift+ ")
    heard(audio, "?part=0", 3.5, SECONDS)
    heard(audio, "?part=1", 0.0, SECONDS)
    expect(rows.nth(2)).to_contain_class("heard")

    # Another transcript, which has no sound, silences it.
    choose(page, "Silent")
    expect(audio).not_to_have_attribute("src", "/audio/1?part=1")
    expect(audio).to_be_hidden()
    paused(audio)

    # The server was told what was heard of each part; that goes on the record.
    assert {url.rpartition("?")[2] for url, _ in told} == {"part=0", "part=1"}
    assert all(0 <= heard["start"] < heard["end"] <= SECONDS + 1 for _, heard in told)

    # Locking from another window clears this one of what it shows, within a second or so.
    expect(rows.first).to_be_visible()
    other = page.context.new_page()
    other.goto("/lock")
    other.get_by_role("button", name="Lock now").click()
    expect(other).to_have_url(re.compile("/sign-in$"))
    expect(page).to_have_url(re.compile("/sign-in$"), timeout=10_000)


def test_a_file_that_vanishes_while_it_is_sent_is_told(
    serve: Callable[[Path], Any],
    visit: Callable[[Any], Page],
    sign_in: Callable[[Page, str, str], None],
    tmp_path: Path,
) -> None:
    home, file = tmp_path / "home", tmp_path / "long.wav"
    create_study(home, "Care at home", "Ada", PASSPHRASE, cost=FLOOR)
    file.write_bytes(bytes(20 << 20))  # three slices
    page = visit(serve(home))
    sign_in(page, "Ada", PASSPHRASE)
    page.get_by_role("link", name="Recordings").click()

    def pulled_out(route: Route) -> None:
        file.unlink(missing_ok=True)
        route.continue_()

    page.route("**/api/upload/*?offset=0", pulled_out)
    with page.expect_response(lambda answer: answer.request.method == "DELETE"):
        page.locator(".upload input[type=file]").set_input_files(file)
    expect(page.locator(".upload output")).to_have_text(
        "The file can no longer be read: it was moved or changed. Choose it again."
    )
    assert list((home / "files").iterdir()) == []


def test_an_unsent_correction_is_not_saved_in_another_members_name(
    serve: Callable[[Path], Any],
    visit: Callable[[Any], Page],
    sign_in: Callable[[Page, str, str], None],
    built: Path,
) -> None:
    study = unlock(built, "Ada", PASSPHRASE)
    once = study.invite("Bo", "coder")
    bo = unlock(built, "Bo", once)
    bo.change_passphrase(once, PASSPHRASE)
    bo.close()
    study.close()
    page = visit(serve(built))
    sign_in(page, "Ada", PASSPHRASE)
    page.get_by_role("link", name="Transcript").first.click()
    row, status = page.locator(".fokus [data-sentence]").first, page.locator(".fokus .bar .status")
    row.click()
    page.route("**/api/act", lambda route: route.abort("connectionreset"))
    page.keyboard.press("e")
    page.keyboard.press("Control+A")
    page.keyboard.insert_text("Written by Ada.")
    page.keyboard.press("Enter")
    expect(status).to_contain_text("1 unsent")

    page.context.clear_cookies()
    other = page.context.new_page()
    other.goto("/")
    sign_in(other, "Bo", PASSPHRASE)
    expect(other.get_by_role("heading", level=1)).to_have_text("Overview")
    page.unroute("**/api/act")
    expect(status).to_contain_text("Not saved: Another member has signed in", timeout=15_000)
    expect(row).to_contain_text("In the first file.")
