"""Two coders at work on the demo study, in two browsers, from a sentence to a Word file."""

import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

pytestmark = pytest.mark.browser
Visit = Callable[[Any], Page]
SignIn = Callable[[Page, str, str], None]


@pytest.fixture
def workbench(serve: Callable[[Path], Any], demo_copy: Any) -> Any:
    return serve(demo_copy.home)


@pytest.fixture
def enter(workbench: Any, demo_copy: Any, visit: Visit, sign_in: SignIn) -> Callable[..., Page]:
    def open_as(name: str, page_name: str) -> Page:
        page = visit(workbench)
        sign_in(page, name, demo_copy.passphrase(name))
        page.get_by_role("link", name=page_name).first.click()
        return page

    return open_as


def coder(page: Page) -> Locator:
    """The list of sentences, focused, the last sentence current."""
    sentences = page.locator(".fokus .list")
    expect(sentences.locator("[data-sentence]").first).to_be_visible()
    sentences.focus()
    page.keyboard.press("End")
    return sentences


def heard_for(audio: Locator, seconds: float) -> None:
    """Wait until the recording has played to here; the page's policy forbids evaluated waits."""
    for _ in range(300):
        if audio.evaluate("audio => audio.currentTime") > seconds:
            return
        audio.page.wait_for_timeout(100)
    raise AssertionError("the recording does not play")


def test_codings_appear_at_the_other_coder(enter: Callable[..., Page]) -> None:
    ingrid, jonas = enter("Ingrid", "Coding"), enter("Jonas", "Coding")
    here, there = coder(ingrid), coder(jonas)
    before = there.locator("[data-sentence]").last.locator(".chip").count()
    ingrid.keyboard.press("1")
    expect(here.locator("[data-sentence]").last.locator(".chip[data-state=saved]")).to_have_count(
        before + 1
    )
    chip = there.locator("[data-sentence]").last.locator(".chip")
    expect(chip).to_have_count(before + 1)
    expect(chip.last).to_contain_text("In")
    ingrid.keyboard.press("u")
    expect(chip).to_have_count(before)


def test_a_new_code_by_keyboard_and_its_place_in_the_codebook(enter: Callable[..., Page]) -> None:
    page = enter("Jonas", "Coding")
    rows = coder(page)
    page.keyboard.press("n")
    page.get_by_label("Name").fill("A person, not a robot")
    page.get_by_label("Name").press("Enter")
    expect(
        rows.locator("[data-sentence]").last.locator(".chip[data-state=saved]").last
    ).to_contain_text("A person, not a robot")
    page.reload()
    rows = coder(page)
    expect(rows.locator("[data-sentence]").last).to_contain_text("A person, not a robot")


def test_a_sentence_is_heard_and_corrected(enter: Callable[..., Page]) -> None:
    page = enter("Ingrid", "Transcript")
    rows = coder(page)
    page.keyboard.press("Home")
    page.keyboard.press(" ")
    heard_for(page.locator(".fokus .bar audio"), 0.2)
    page.keyboard.press("e")
    page.keyboard.press("Control+A")
    page.keyboard.insert_text("Good morning, and welcome to the sample.")
    page.keyboard.press("Enter")
    expect(rows.locator("[data-sentence]").first).to_contain_text("welcome to the sample")
    page.reload()
    expect(coder(page).locator("[data-sentence]").first).to_contain_text("welcome to the sample")


def test_pauses_are_drawn_and_are_no_text(enter: Callable[..., Page]) -> None:
    rows = coder(enter("Ingrid", "Transcript"))
    pause = rows.locator(".pause").first
    expect(pause).to_be_visible()
    drawn = pause.evaluate("node => getComputedStyle(node, '::before').content")
    assert re.search(r"\(\d+ s\)|attr\(data-mark\)", drawn)
    assert re.fullmatch(r"\(\d+ s\)", pause.get_attribute("data-mark") or "")
    assert pause.text_content() == ""


def test_hostile_text_stays_text(enter: Callable[..., Page]) -> None:
    page = enter("Ingrid", "Transcript")
    rows = coder(page)
    hostile = "![x](http://evil.example/x.png) <img src=http://evil.example/y.png onerror=alert(1)>"
    page.keyboard.press("e")
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(hostile)
    page.keyboard.press("Enter")
    expect(rows.locator("[data-sentence]").last).to_contain_text(hostile)
    for name in ("Coding", "Quotes", "Themes", "Codebook", "Study"):
        page.get_by_role("link", name=name).first.click()
        expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.get_by_role("link", name="Transcript").first.click()
    expect(coder(page).locator("[data-sentence]").last).to_contain_text(hostile)


def test_a_quote_reaches_the_word_file(enter: Callable[..., Page], demo_copy: Any) -> None:
    page = enter("Ingrid", "Coding")
    rows = coder(page)
    text = rows.locator("[data-sentence]").last.locator(".text").text_content()
    assert text
    page.keyboard.press("q")
    expect(rows.locator("[data-sentence]").last.locator(".chip.quote")).to_be_visible()
    page.get_by_role("link", name="Export", exact=True).click()
    page.get_by_label("What for").fill("Supplement")
    page.get_by_label("For whom").fill("The journal")
    page.get_by_role("button", name="Ask for the Word file").click()
    # Nobody searched it for names: it waits, and who asked is not the second person.
    expect(page.get_by_text("It leaves when one of these agrees: Jonas")).to_be_visible()
    before = {file.name for file in (demo_copy.home / "exports").iterdir()}

    jonas = enter("Jonas", "Export")
    expect(jonas.get_by_role("heading", level=1)).to_have_text("Export")
    jonas.goto("/exports")
    expect(jonas.get_by_text("For whom: The journal")).to_be_visible()
    with jonas.expect_download() as reviewed:
        jonas.get_by_role("link", name="Read the file").click()
    jonas.get_by_role("button", name="Approve and release").click()
    expect(jonas.get_by_text("The file was released.")).to_be_visible()
    new = {file.name for file in (demo_copy.home / "exports").iterdir()} - before
    (name,) = (one for one in new if one.endswith(".docx"))
    assert new == {name, name + ".receipt.txt"}

    page.goto("/exports")
    with page.expect_download() as fetched:
        page.get_by_role("link", name="Fetch it as it is").click()
    data = fetched.value.path().read_bytes()
    assert data == reviewed.value.path().read_bytes()
    assert data == (demo_copy.home / "exports" / name).read_bytes()
    with zipfile.ZipFile(io.BytesIO(data)) as word:
        document = word.read("word/document.xml").decode("utf-8")
    assert f"«{text.strip()}»" in document
    assert "group 1)" in document


def test_a_coder_asks_and_cannot_release(enter: Callable[..., Page]) -> None:
    page = enter("Jonas", "Export")
    expect(page.get_by_role("heading", level=1)).to_have_text("Export")
    page.get_by_label("What for").fill("Supplement")
    page.get_by_label("For whom").fill("The journal")
    page.get_by_role("button", name="Ask for the Word file").click()
    expect(page.get_by_text("It leaves when one of these agrees: Ingrid")).to_be_visible()
    page.goto("/exports")
    expect(page.get_by_role("button", name="Withdraw")).to_be_visible()
    expect(page.get_by_role("button", name="Approve and release")).to_have_count(0)


def test_streamlits_session_id_opens_nothing_for_somebody_else(
    workbench: Any, demo_copy: Any, visit: Visit, sign_in: SignIn
) -> None:
    """Without the cookie every address is closed, whatever ids a thief has seen."""
    import urllib.error
    import urllib.request

    for path in ("/", "/api/transcript/1", "/audio/1", "/api/codings/1", "/_stcore/host-config"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(workbench.address + path, timeout=10)
        # The answer holds the connection until it is closed.
        with refused.value as answer:
            assert answer.code == 401
