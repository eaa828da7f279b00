"""Correcting, splitting, naming, finding and typing on the page Transcript, by keyboard."""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from secure_storage import FLOOR, create_study, unlock
from transcribe import (
    Sentence,
    Transcription,
    Turn,
    add_recording,
    save_transcription,
)
from transcribe.store import start_typed
from transcribe.transcript import Doubt, Word

pytestmark = pytest.mark.browser
PASSPHRASE = "a long phrase of each"
SECONDS = 8.0
TITLES = ("Parts", "Voices", "Found", "Doubts", "Both", "Broken", "Coded", "Late")
TYPED = len(TITLES) + 1
"""Id of the transcript that begins empty."""


def said(text: str, start: float, *weak: str) -> Sentence:
    """A sentence of one second, some words of which were hardly understood."""
    words = text.split()
    step = 1.0 / len(words)
    return Sentence(
        text, start, start + 1.0,
        tuple(
            Word(one, start + n * step, start + (n + 1) * step, sure, margin=1.0)
            for n, one in enumerate(words)
            for sure in [0.1 if one in weak else 0.9]
        ),
    )  # fmt: skip


TALK = Transcription(
    "en",
    (
        Turn("S1", (said("We use the old robot.", 0.5, "old"), said("It does not help.", 2.0))),
        Turn("S2", (said("I like the robot.", 3.5), said("Oh robots.", 5.0, "Oh", "robots."))),
    ),
    doubts=(Doubt(6.2, 7.0, "", "nothing was written here though speech was detected"),),
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, sound: Callable[..., Path]) -> Path:
    """A study of two members: a transcript for each test, a recording, an empty transcript."""
    folder = tmp_path_factory.mktemp("editor")
    home = folder / "home"
    create_study(home, "Care at home", "Ada", PASSPHRASE, cost=FLOOR)
    ada = unlock(home, "Ada", PASSPHRASE)
    once = ada.invite("Bo", "coder")
    bo = unlock(home, "Bo", once)
    bo.choose_passphrase(PASSPHRASE)
    recording = add_recording(ada, "Hum", 1, [sound(folder / "hum.wav", SECONDS, 8)])
    for title in TITLES:
        save_transcription(ada, TALK, title=title, group=1, recording_id=recording)
    assert start_typed(ada, recording, "en") == TYPED
    for member in (bo, ada):
        member.close()
    return home


@pytest.fixture(scope="module")
def workbench(serve: Callable[[Path], Any], home: Path) -> Any:
    return serve(home)


@pytest.fixture(scope="module")
def at(
    workbench: Any, visit_once: Callable[[Any], Page], sign_in: Callable[[Page, str, str], None],
    choose: Callable[[Page, str], None],
) -> Callable[..., Page]:  # fmt: skip
    """Open a transcript, its list focused; each member has one window for all tests."""
    pages: dict[str, Page] = {}

    def enter(title: str, name: str = "Ada", page_name: str = "Transcript") -> Page:
        page = pages.get(name)
        if page is None:
            page = pages[name] = visit_once(workbench)
            sign_in(page, name, PASSPHRASE)
            expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=30_000)
        if page.get_by_role("heading", level=1).text_content() != page_name:
            page.get_by_role("link", name=page_name).first.click()
            expect(page.get_by_role("heading", level=1)).to_have_text(page_name)
        expect(page.locator(".fokus .list")).to_be_visible()
        choose(page, title)
        # Or else the list that is focused may still be the other transcript's.
        expect(page.locator(".fokus .list")).to_have_attribute("data-title", title)
        page.locator(".fokus .list").focus()
        return page

    return enter


def lines(page: Page) -> Locator:
    return page.locator(".fokus [data-sentence] .text")


def stand(page: Page, *texts: str) -> None:
    """All sentences are these, and saved."""
    expect(lines(page)).to_have_text([re.compile(f"^{re.escape(text)}") for text in texts])
    expect(page.locator(".fokus .text[data-state=unsent]")).to_have_count(0)


def told(page: Page) -> Locator:
    return page.locator(".fokus .bar .status")


def voices(page: Page) -> Locator:
    """Who speaks, at the beginning of each turn."""
    return page.locator(".fokus .row.opens .who")


REST = ("It does not help.", "I like the robot.", "Oh robots.")


def test_sentences_are_split_merged_and_brought_back(at: Callable[..., Page]) -> None:
    page = at("Parts")
    page.keyboard.press("e")
    page.keyboard.press("Home")
    for _ in "We use":
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Control+Enter")
    # The cursor stands in the second part, ready to go on.
    page.keyboard.type("With ")
    page.keyboard.press("Enter")
    stand(page, "We use", "With the old robot.", *REST)
    page.keyboard.press("k")
    page.keyboard.press("m")
    stand(page, "We use With the old robot.", *REST)
    for _ in range(3):
        page.keyboard.press("u")
    stand(page, "We use the old robot.", *REST)
    page.keyboard.press("U")
    page.keyboard.press("Control+y")
    stand(page, "We use", "With the old robot.", *REST)
    # At the beginning of a text, the key that deletes backwards merges.
    page.keyboard.press("Home")
    page.keyboard.press("j")
    page.keyboard.press("e")
    page.keyboard.press("Home")
    page.keyboard.press("Backspace")
    expect(page.locator(".fokus .list textarea")).to_have_value("We use With the old robot.")
    page.keyboard.press("Escape")
    page.keyboard.press("Delete")
    stand(page, *REST)
    page.keyboard.press("Control+z")
    stand(page, "We use With the old robot.", *REST)
    expect(told(page)).to_have_text("Taken back: what was removed.")
    page.reload()
    stand(page, "We use With the old robot.", *REST)


def test_words_are_given_to_another_speaker(at: Callable[..., Page]) -> None:
    page = at("Voices")
    expect(voices(page)).to_have_text(["1S1", "2S2"])
    page.keyboard.press("j")
    page.keyboard.press("2")
    expect(voices(page)).to_have_text(["1S1", "2S2"])
    expect(page.locator(".fokus .row").nth(1)).to_contain_class("opens")
    page.keyboard.press("u")
    expect(page.locator(".fokus .row").nth(2)).to_contain_class("opens")
    # A selection is one act.
    for key in ("Home", "J", "J", "2"):
        page.keyboard.press(key)
    expect(voices(page)).to_have_text(["2S2"])
    page.keyboard.press("u")
    expect(voices(page)).to_have_text(["1S1", "2S2"])
    page.keyboard.press("Home")
    page.keyboard.press("j")
    # Split inside a sentence, for the turn that begins there.
    page.keyboard.press("e")
    page.keyboard.press("Home")
    for _ in "It does":
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Control+Shift+Enter")
    page.keyboard.press("Escape")
    expect(voices(page)).to_have_text(["1S1", "1S1", "2S2"])
    page.keyboard.press("w")
    page.get_by_label("its whole turn").check()
    page.get_by_label("Name of a new speaker").fill("Guest")
    page.get_by_label("Name of a new speaker").press("Enter")
    expect(voices(page)).to_have_text(["1S1", "3Guest", "2S2"])
    # The turn is joined to the one before, whose speaker it gets.
    page.keyboard.press("P")
    expect(voices(page)).to_have_text(["1S1", "2S2"])
    page.keyboard.press("Home")
    page.keyboard.press("w")
    page.get_by_label("from here on, all").check()
    page.keyboard.press("2")
    expect(voices(page)).to_have_text(["2S2"])


def test_places_are_found_and_replaced_in_one_act(at: Callable[..., Page]) -> None:
    page = at("Found")
    page.keyboard.press("f")
    page.get_by_label("Find", exact=True).fill("ROBOT")
    expect(page.locator(".hits > div")).to_have_count(3)
    page.get_by_label("whole words").check()
    expect(page.locator(".hits > div")).to_have_count(2)
    page.get_by_label("Replace with").fill("machine")
    expect(page.locator(".hit ins")).to_have_text(["machine", "machine"])
    page.get_by_label("Replace here").first.uncheck()
    page.get_by_role("button", name="Replace", exact=True).click()
    stand(page, "We use the old robot.", "It does not help.", "I like the machine.", "Oh robots.")
    expect(told(page)).to_have_text("Replaced in one sentence.")
    page.keyboard.press("u")
    stand(page, "We use the old robot.", *REST)
    # What was said can stand beside what is written.
    page.keyboard.press("Home")
    page.keyboard.press("v")
    page.keyboard.press("End")
    page.keyboard.type(" Ehm.")
    page.keyboard.press("Enter")
    expect(page.locator(".fokus .verbatim")).to_have_text("Said: We use the old robot. Ehm.")
    expect(page.locator(".fokus .text[data-state=unsent]")).to_have_count(0)


def test_the_next_doubtful_place_is_one_key_away(at: Callable[..., Page]) -> None:
    page = at("Doubts")
    expect(page.locator(".fokus .weak")).to_have_text(["old", "Oh robots."])
    page.keyboard.press("d")
    expect(told(page)).to_have_text("1 of 3: «old»: recognised with little confidence")
    # The word is chosen in its text, to be typed over or marked.
    page.keyboard.press("e")
    page.keyboard.press("Control+m")
    page.keyboard.press("Control+i")
    page.keyboard.type("so")
    page.keyboard.press("Enter")
    stand(page, "We use the [inaudible]*so* robot.", *REST)
    expect(page.locator(".fokus .noted")).to_have_text("[inaudible]")
    expect(page.locator(".fokus .stressed")).to_have_text("*so*")
    expect(page.locator(".fokus .weak")).to_have_text(["Oh robots."])
    page.keyboard.press("d")
    expect(told(page)).to_contain_text("1 of 2: «Oh robots.»")
    page.keyboard.press("d")
    expect(page.locator(".fokus .doubted.at")).to_contain_text("nothing was written here")
    page.keyboard.press("d")
    expect(told(page)).to_have_text("No doubtful place further on.")
    page.keyboard.press("D")
    expect(told(page)).to_contain_text("1 of 2: «Oh robots.»")


def test_the_sound_is_slowed_repeated_and_goes_back(at: Callable[..., Page]) -> None:
    page = at("Doubts")
    audio = page.locator(".fokus .bar audio")
    wave = page.get_by_role("slider", name="Place in the recording")
    expect(wave).to_have_attribute("aria-valuemax", str(round(SECONDS)))
    page.keyboard.press("-")
    assert audio.evaluate("audio => audio.playbackRate") == 0.9
    page.get_by_label("Speed").select_option("2")
    assert audio.evaluate("audio => audio.playbackRate") == 2.0
    page.keyboard.press("l")
    wave.focus()
    page.keyboard.press("ArrowRight")
    expect(wave).to_have_attribute("aria-valuenow", "5")
    page.locator(".fokus .list").focus()
    page.keyboard.press("ArrowLeft")
    expect(wave).to_have_attribute("aria-valuenow", "3")
    # A sentence is played again and again until somebody stops it; also while typing.
    page.keyboard.press("End")
    page.keyboard.press("e")
    page.keyboard.press("F4")
    expect(wave).not_to_have_attribute("aria-valuenow", "3")
    page.keyboard.press("F4")
    for _ in range(300):
        if audio.evaluate("audio => audio.paused"):
            break
        page.wait_for_timeout(50)
    page.keyboard.press("Escape")
    page.keyboard.press("t")
    expect(page.locator(".fokus .text[data-state=unsent]")).to_have_count(0)
    expect(told(page)).not_to_contain_text("Not saved")


def test_a_recording_is_typed_from_scratch(at: Callable[..., Page]) -> None:
    page = at("Parts")
    page.get_by_role("combobox", name="Transcript").click()
    page.get_by_role("option", name="Hum").click()
    expect(page.locator(".fokus .empty")).to_contain_text("Press o to type what you hear")
    page.locator(".fokus .list").focus()
    page.keyboard.press("o")
    page.keyboard.press("Alt+1")
    page.keyboard.type("Welcome, everybody.")
    page.keyboard.press("F4")
    expect(page.locator(".fokus .wave")).not_to_have_attribute("aria-valuenow", "0")
    page.keyboard.press("F4")
    page.keyboard.press("Enter")
    page.keyboard.press("Alt+2")
    page.keyboard.type("Thank you.")
    page.keyboard.press("Enter")
    page.keyboard.type("I am glad.")
    page.keyboard.press("Enter")
    stand(page, "Welcome, everybody.", "Thank you.", "I am glad.")
    expect(voices(page)).to_have_text(["1Speaker 1", "2Speaker 2"])
    page.keyboard.press("Escape")
    page.keyboard.press("u")
    stand(page, "Welcome, everybody.", "Thank you.")
    expect(page.locator(".fokus .bar .status")).to_have_attribute("data-state", "saved")
    kept = page.request.get(f"/api/transcript/{TYPED}").json()
    first, second = kept["sentences"]
    assert [one["name"] for one in kept["speakers"]] == ["Speaker 1", "Speaker 2"]
    assert first["start"] == 0.0
    assert 0.4 < first["end"] < SECONDS
    assert second["start"] == first["end"]


def test_two_who_correct_one_sentence_lose_nothing(at: Callable[..., Page]) -> None:
    ada, bo = at("Both"), at("Both", "Bo")
    for page, text in ((ada, "By Ada."), (bo, "By Bo.")):
        page.keyboard.press("e")
        page.keyboard.press("Control+A")
        page.keyboard.type(text)
    ada.keyboard.press("Enter")
    stand(ada, "By Ada.", *REST)
    bo.keyboard.press("Enter")
    both = bo.locator(".fokus [data-conflict]")
    expect(both).to_contain_text("By Ada.")
    expect(bo.locator(".fokus .list textarea")).to_have_value("By Bo.")
    both.get_by_role("button", name="Keep mine").click()
    for page in (ada, bo):
        stand(page, "By Bo.", *REST)
    # What one takes apart, the other sees in pieces; a text that is being typed stays open.
    bo.keyboard.press("End")
    bo.keyboard.press("e")
    ada.keyboard.press("e")
    ada.keyboard.press("Home")
    ada.keyboard.press("ArrowRight")
    ada.keyboard.press("ArrowRight")
    ada.keyboard.press("Control+Enter")
    ada.keyboard.press("Escape")
    expect(lines(bo).first).to_have_text("By")
    expect(bo.locator(".fokus .list textarea")).to_be_focused()
    bo.keyboard.press("Escape")
    for page in (ada, bo):
        stand(page, "By", "Bo.", *REST)
    expect(bo.locator(".fokus .row.current")).to_contain_text("Oh robots.")
    # What is typed into a sentence that goes is not lost.
    bo.keyboard.press("e")
    bo.keyboard.press("Control+A")
    bo.keyboard.type("Mine.")
    ada.keyboard.press("End")
    ada.keyboard.press("Delete")
    expect(told(bo)).to_have_text("Somebody else took this sentence out. You had typed: Mine.")
    ada.keyboard.press("u")
    for page in (ada, bo):
        stand(page, "By", "Bo.", *REST)
    # Ada's act is not what Bo takes back.
    bo.keyboard.press("u")
    expect(told(bo)).to_contain_text("This cannot be taken back")
    # It is left as it is, and there is nothing of Bo's before it.
    bo.keyboard.press("u")
    expect(told(bo)).to_have_text("Nothing of yours to take back.")
    stand(bo, "By", "Bo.", *REST)


def test_what_is_unsent_is_marked_and_sent_in_order(at: Callable[..., Page]) -> None:
    page = at("Broken")
    page.route("**/api/act", lambda route: route.abort("connectionreset"))
    page.keyboard.press("e")
    page.keyboard.press("Home")
    page.keyboard.type("So ")
    for _ in "We use":
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Control+Enter")
    page.keyboard.type("Only ")
    page.keyboard.press("Enter")
    expect(told(page)).to_contain_text("3 unsent")
    expect(page.locator(".fokus .text[data-state=unsent]")).to_have_text(
        ["So We use", "Only the old robot."]
    )
    page.unroute("**/api/act")
    stand(page, "So We use", "Only the old robot.", *REST)
    expect(told(page)).to_have_text("Saved")


def test_news_of_an_act_may_come_before_its_answer(at: Callable[..., Page]) -> None:
    page = at("Late")

    def late(route: Route) -> None:
        answer = route.fetch()
        time.sleep(0.4)
        route.fulfill(response=answer)

    page.route("**/api/act", late)
    page.keyboard.press("End")
    page.keyboard.press("o")
    for text in ("One.", "Two.", "Three."):
        page.keyboard.type(text)
        page.keyboard.press("Enter")
    sentences = [one.text for turn in TALK.turns for one in turn.sentences]
    stand(page, *sentences, "One.", "Two.", "Three.")
    page.unroute("**/api/act")
    expect(told(page)).not_to_contain_text("Not saved")
    # What is refused is not lost.
    no = {"status": 400, "json": {"error": "No."}}
    page.route("**/api/act", lambda route: route.fulfill(**no), times=1)
    page.keyboard.type("Four.")
    page.keyboard.press("Enter")
    expect(told(page)).to_contain_text("Not saved: No.")
    expect(page.get_by_label("New sentence", exact=True)).to_have_value("Four.")
    page.keyboard.press("Enter")
    stand(page, *sentences, "One.", "Two.", "Three.", "Four.")
    page.keyboard.press("Escape")


def test_codings_stand_beside_the_same_words_while_others_correct(at: Callable[..., Page]) -> None:
    bo, ada = at("Coded", "Bo", "Coding"), at("Coded")
    bo.keyboard.press("End")
    bo.keyboard.press("n")
    bo.get_by_label("Name").fill("Liking")
    bo.get_by_label("Name").press("Enter")
    chip = bo.locator(".fokus .row", has_text="Oh robots.").locator(".chip[data-state=saved]")
    expect(chip).to_contain_text("Liking")
    ada.keyboard.press("m")
    ada.keyboard.press("j")
    ada.keyboard.press("Delete")
    merged = "We use the old robot. It does not help."
    for page in (ada, bo):
        stand(page, merged, "Oh robots.")
    expect(chip).to_contain_text("Liking")
