"""Correcting over HTTP: how long until a correction is durable, and what a kill leaves of it.

    python -m bench.editing [--writes N] [--rounds N] [--writers N] [--seed N]

The transcript has 2,000 sentences of ten words. First one person corrects, splits, merges
and takes back, each act when the last is answered: an answer is given when the act is on the
disk. Then, in each round, a real server is killed (``kill -9``) at a random moment while
several people correct: every correction that was answered must stand in the transcript, and
its act in the journal, once.
"""

import argparse
import http.client
import random
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench.served import LEAD, PASSPHRASE, Browser, kept, prepare, start
from secure_storage import Study, unlock, verify_chain
from transcribe import (
    Sentence,
    SentenceRow,
    Transcription,
    Turn,
    Word,
    save_transcription,
    sentences,
)

SENTENCES: Final = 2000
WORDS: Final = 10
PER_TURN: Final = 4
LIMIT_MS: Final = 50.0


@dataclass(slots=True)
class Killed:
    """What all rounds together came to."""

    answered: int = 0
    lost: int = 0
    twice: int = 0
    refused: int = 0
    damaged: int = 0


@dataclass(slots=True)
class Writer:
    """Somebody who corrects, with what was answered."""

    browser: Browser
    lines: list[SentenceRow]
    answered: dict[int, tuple[str, str]] = field(default_factory=dict)
    """Of each sentence: the act's id, and the text it was to have."""
    refused: int = 0


def talk() -> Transcription:
    """Make the transcript."""
    turns = []
    for first in range(0, SENTENCES, PER_TURN):
        said = tuple(_sentence(number) for number in range(first, first + PER_TURN))
        turns.append(Turn(f"SPEAKER_{first // PER_TURN % 6}", said))
    return Transcription("en", tuple(turns))


def _sentence(number: int) -> Sentence:
    start = number * 3.0
    words = tuple(
        Word(f"word{number % 97 + place}", start + place * 0.25, start + place * 0.25 + 0.2, 0.9)
        for place in range(WORDS)
    )
    return Sentence(" ".join(word.text for word in words), start, words[-1].end, words)


def corrections(browser: Browser, transcript: int, lines: list[SentenceRow], writes: int,
                times: dict[str, list[float]]) -> int:  # fmt: skip
    """Correct, split, merge and take back, one after the other; gives how many were refused."""
    refused = 0

    def act(what: str, number: int, **fields: object) -> None:
        nonlocal refused
        body = {"transcript": transcript, "act": what, "client_id": f"{what}-{number}", **fields}
        began = time.perf_counter()
        status = browser.post("/api/act", body)
        times.setdefault(what, []).append(time.perf_counter() - began)
        refused += status != 200

    for number, line in zip(range(writes), lines, strict=False):
        act("edit", number, sentence=line.id, version=line.version, text=f"{line.text} corrected")
        if number % 4 == 0:
            act("split", number, sentence=line.id, version=line.version + 1, at=20)
            act("undo", number)
    return refused


def correct(writer: Writer, transcript: int, at: int) -> None:
    """Correct own sentences until the server is gone."""
    try:
        for number, line in enumerate(writer.lines):
            act = f"{writer.browser.name}/{at}/{number}".replace(" ", "-")
            text = f"{act} {line.id}"
            body: dict[str, object] = {
                "transcript": transcript, "act": "edit", "sentence": line.id,
                "version": line.version, "text": text, "client_id": act,
            }  # fmt: skip
            if writer.browser.post("/api/act", body) == 200:
                writer.answered[line.id] = act, text
            else:
                writer.refused += 1
    except (OSError, http.client.HTTPException):
        writer.browser.close()


def one_round(home: Path, names: tuple[str, ...], transcript: int, at: int,
              chance: random.Random) -> list[Writer]:  # fmt: skip
    """Start, correct, kill."""
    study = unlock(home, LEAD, PASSPHRASE)
    lines = sentences(study, transcript)
    study.close()
    process, port = start(home)
    try:
        browsers = [Browser(port, name) for name in names]
        for browser in browsers:
            browser.sign_in()
        writers = []
        for place, browser in enumerate(browsers):
            own = lines[place :: len(names)]
            chance.shuffle(own)
            writers.append(Writer(browser, own))
        threads = [
            threading.Thread(target=correct, args=(writer, transcript, at)) for writer in writers
        ]
        for thread in threads:
            thread.start()
        time.sleep(chance.uniform(0.02, 0.6))
    finally:
        process.kill()
        process.wait()
    for thread in threads:
        thread.join()
    return writers


def sweep(home: Path, names: tuple[str, ...], transcript: int, rounds: int, seed: int) -> Killed:
    """Kill that many servers, all on one study."""
    chance, found = random.Random(seed), Killed()
    for at in range(rounds):
        writers = one_round(home, names, transcript, at, chance)
        there = Counter(kept(home))
        study = unlock(home, LEAD, PASSPHRASE)
        texts = {one.id: one.text for one in sentences(study, transcript)}
        for writer in writers:
            found.answered += len(writer.answered)
            found.refused += writer.refused
            for sentence, (act, text) in writer.answered.items():
                found.lost += texts[sentence] != text or not there[act]
                found.twice += there[act] > 1
        found.damaged += _damaged(study) if at == rounds - 1 else 0
        study.close()
    return found


def _damaged(study: Study) -> int:
    whole = study.db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    return (not whole) + (not verify_chain(study).ok)


def main() -> int:
    """Print both tables."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument("--writes", type=int, default=500)
    options.add_argument("--rounds", type=int, default=200)
    options.add_argument("--writers", type=int, default=4)
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        desk = prepare(Path(folder) / "home", given.writers)
        study = unlock(desk.home, LEAD, PASSPHRASE)
        transcript = save_transcription(study, talk(), title="Long", group=1, recording_id=None)
        lines = sentences(study, transcript)
        study.close()
        refused, slowest = 0, 0.0
        if given.writes:
            refused, slowest = _timed(desk.home, desk.coders[0], transcript, lines, given.writes)
        found = sweep(desk.home, desk.coders, transcript, given.rounds, given.seed)
    print("\n| rounds | corrections confirmed | lost | twice | refused | damaged |")
    print("|---|---|---|---|---|---|")
    print(
        f"| {given.rounds} | {found.answered} | {found.lost} | {found.twice} | {found.refused} | "
        f"{found.damaged} |"
    )
    bad = found.lost or found.twice or found.refused or found.damaged or refused
    return 1 if bad or slowest > LIMIT_MS else 0


def _timed(home: Path, name: str, transcript: int, lines: list[SentenceRow],
           writes: int) -> tuple[int, float]:  # fmt: skip
    times: dict[str, list[float]] = {}
    process, port = start(home)
    try:
        browser = Browser(port, name)
        browser.sign_in()
        refused = corrections(browser, transcript, lines, writes, times)
    finally:
        process.terminate()
        process.wait()
    print(f"| act | times | p50 ms | p95 ms (limit {LIMIT_MS:.0f}) | slowest ms |")
    print("|---|---|---|---|---|")
    slowest = 0.0
    for what, took in times.items():
        cuts = [one * 1000 for one in statistics.quantiles(took, n=20)]
        slowest = max(slowest, cuts[18])
        print(f"| {what} | {len(took)} | {cuts[9]:.0f} | {cuts[18]:.0f} | {max(took) * 1000:.0f} |")
    return refused, slowest


if __name__ == "__main__":
    sys.exit(main())
