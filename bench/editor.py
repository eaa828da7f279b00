"""The transcript on the screen: opening a long one, a key to the paint, a key to the sound.

    python -m bench.editor [--lines N] [--minutes N] [--rounds N]

A transcript of 2,000 sentences and 20,000 words, every word kept, under a recording of 90
minutes, in headless Chromium with a real server. Opening is from the click on the page's
link, coming from another page, to the frame in which all rows stand. A key is measured from
its event to the first task after the frame that follows it; the server's answer is not waited
for. There are 60 frames a second, so that up to 17 ms of it are waiting. The sound is measured
from the key to the ``playing`` event, at places all over the recording. Prints a Markdown table
beside the limits. The times are of this machine at this moment.
"""

import argparse
import random
import shutil
import statistics
import sys
import tempfile
import wave
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from bench.served import LEAD, PASSPHRASE, start
from secure_storage import FLOOR, create_study, unlock
from transcribe import (
    Sentence,
    Transcription,
    Turn,
    Word,
    add_recording,
    save_transcription,
)

RATE = 8000
LIMITS = {"open": 800.0, "key": 20.0, "sound": 300.0}
WORDS = 10
"""Of a sentence."""
TURN = 4
"""Sentences of a turn."""

_ROWS = """
const root = () => {
  for (const one of document.querySelectorAll('*')) {
    if (one.shadowRoot?.querySelector('.fokus .list')) return one.shadowRoot
  }
}
"""
OPEN = (
    "(count) => {"
    + _ROWS
    + """
  return new Promise((resolve) => {
    const link = [...document.querySelectorAll('a')].find((one) => /transcript$/.test(one.href))
    const began = performance.now()
    const look = () => {
      if (root()?.querySelectorAll('[data-sentence]').length === count) {
        requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - began)))
      } else requestAnimationFrame(look)
    }
    link.click()
    look()
  })
}"""
)
"""Click on the page's link and wait until all rows are drawn; gives milliseconds."""
WATCH = (
    "() => {"
    + _ROWS
    + """
  window.painted = []
  window.sounded = []
  let pressed = 0
  window.addEventListener('keydown', (event) => {
    pressed = event.timeStamp
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => window.painted.push(performance.now() - event.timeStamp)
    requestAnimationFrame(() => port2.postMessage(0))
  }, true)
  root().querySelector('.bar audio').addEventListener('playing', () => {
    window.sounded.push(performance.now() - pressed)
  })
}"""
)
"""Note for every key when it was painted, and when sound came after it."""
CLICK = "(index) => {" + _ROWS + "root().querySelectorAll('[data-sentence]')[index].click() }"


@dataclass(frozen=True, slots=True)
class Measured:
    """Milliseconds of one thing that was done many times."""

    what: str
    limit: str
    times: list[float]


def prepare(home: Path, lines: int, minutes: int) -> None:
    """Make the study."""
    create_study(home, "Long", LEAD, PASSPHRASE, cost=FLOOR)
    lead = unlock(home, LEAD, PASSPHRASE)
    try:
        recording = add_recording(lead, "Long", 1, [_noise(home.parent, minutes * 60)])
        save_transcription(
            lead, _talk(lines, minutes * 60.0), title="Long", group=1, recording_id=recording
        )
    finally:
        lead.close()


def _talk(lines: int, seconds: float) -> Transcription:
    chance = random.Random(5)
    step = seconds / lines
    said = []
    for line in range(lines):
        start = line * step
        words = tuple(
            Word(
                _word(chance), start + n * step / WORDS, start + (n + 0.8) * step / WORDS,
                chance.choice((0.9, 0.9, 0.9, 0.9, 0.3)), margin=1.0,
            )
            for n in range(WORDS)
        )  # fmt: skip
        text = " ".join(word.text for word in words)
        said.append(Sentence(text, start, start + 0.95 * step, words))
    turns = [
        Turn(f"S{at // TURN % 6}", tuple(said[at : at + TURN])) for at in range(0, lines, TURN)
    ]
    return Transcription("en", tuple(turns))


def _word(chance: random.Random) -> str:
    return "".join(chance.choices("aeiouklmnrst", k=chance.randint(2, 8)))


def _noise(folder: Path, seconds: int) -> Path:
    path = folder / "long.wav"
    second = random.Random(7).randbytes(2 * RATE)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        for _ in range(seconds):
            file.writeframesraw(second)
    return path


def opening(page: Page, lines: int, rounds: int) -> Measured:
    """Open the transcript, coming from another page; the first time is not counted."""
    times: list[float] = []
    for _ in range(rounds + 1):
        page.get_by_role("link", name="Codebook").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Codebook")
        times.append(page.evaluate(OPEN, lines))
    return Measured(f"open {lines} sentences", f"median <= {LIMITS['open']:.0f}", times[1:])


def painting(page: Page, rounds: int) -> list[Measured]:
    """Press keys of each kind."""
    page.evaluate(WATCH)
    page.locator(".fokus .list").focus()
    limit = f"p95 <= {LIMITS['key']:.0f}"
    return [
        Measured("next sentence", limit, _pressed(page, ["j"] * rounds)),
        Measured("a letter of a text", limit, _pressed(page, ["e", *"ab cd ef" * (rounds // 8)])),
        Measured("a text saved", limit, _saved(page, rounds // 4)),
        Measured("a sentence split", limit, _split(page, rounds // 4)),
        Measured("undo and redo asked for", limit, _pressed(page, ["u", "U"] * (rounds // 4))),
    ]


def _pressed(page: Page, keys: list[str]) -> list[float]:
    # Else the keys before these are still being painted.
    page.wait_for_timeout(100)
    page.evaluate("window.painted.length = 0")
    for key in keys:
        page.keyboard.press(key)
        page.wait_for_timeout(15)
    page.wait_for_timeout(200)
    times: list[float] = page.evaluate("window.painted")
    return times[1:]


def _saved(page: Page, rounds: int) -> list[float]:
    times = []
    page.keyboard.press("Escape")
    for _ in range(rounds):
        page.keyboard.press("j")
        page.keyboard.press("e")
        page.keyboard.type("so ")
        times += _pressed(page, ["Shift", "Enter"])
    return times


def _split(page: Page, rounds: int) -> list[float]:
    times = []
    for _ in range(rounds):
        for key in ("j", "j", "e", "Home", "Control+ArrowRight", "Control+ArrowRight"):
            page.keyboard.press(key)
        # Of the three events the last is the one that splits.
        times += _pressed(page, ["Shift", "Control+Enter"])[-1:]
        page.keyboard.press("Escape")
    return times


def sounding(page: Page, lines: int, rounds: int) -> Measured:
    """Play sentences all over the recording."""
    chance = random.Random(3)
    # The first sound of a page also reads the file's beginning.
    for _ in range(rounds + 1):
        page.evaluate(CLICK, chance.randrange(lines))
        page.wait_for_timeout(50)
        page.keyboard.press(" ")
        page.wait_for_timeout(700)
        page.keyboard.press(" ")
        page.wait_for_timeout(50)
    times: list[float] = page.evaluate("window.sounded")
    return Measured("play a sentence", f"p95 <= {LIMITS['sound']:.0f}", times[1:])


def run(lines: int, minutes: int, rounds: int) -> list[Measured]:
    """Build, serve, look."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        home = Path(folder) / "home"
        prepare(home, lines, minutes)
        process, port = start(home)
        try:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"),
                args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required"],
            )
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.goto(f"http://127.0.0.1:{port}/")
            page.get_by_label("Name").fill(LEAD)
            page.get_by_label("Passphrase").fill(PASSPHRASE)
            page.get_by_role("button", name="Sign in").click()
            page.get_by_role("heading", level=1).wait_for()
            found = [opening(page, lines, max(5, rounds // 10)), *painting(page, rounds)]
            found.append(sounding(page, lines, max(5, rounds // 5)))
            browser.close()
            return found
        finally:
            process.terminate()
            process.wait()


def main() -> int:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument("--lines", type=int, default=2000)
    options.add_argument("--minutes", type=int, default=90)
    options.add_argument("--rounds", type=int, default=100)
    given = options.parse_args()
    print("| what | n | median ms | p95 ms | worst ms | limit ms |")
    print("|---|--:|--:|--:|--:|---|")
    for one in run(given.lines, given.minutes, given.rounds):
        p95 = statistics.quantiles(one.times, n=20)[-1]
        cells = [f"{value:.0f}" for value in (statistics.median(one.times), p95, max(one.times))]
        print(f"| {one.what} | {len(one.times)} | {' | '.join(cells)} | {one.limit} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
