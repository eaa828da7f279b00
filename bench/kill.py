"""A server under load is killed (``kill -9``) at a random moment, again and again.

    python -m bench.kill [--rounds N] [--writers N] [--seed N]

In each round a real server is started, coders sign in and write over HTTP as fast as
they are answered, and the server is killed. Every write that was answered must be in
the study, once, and the journal's chain whole.
"""

import argparse
import http.client
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from bench.served import LEAD, PASSPHRASE, Browser, Desk, coding, kept, prepare, start
from secure_storage import unlock, verify_chain

FRESH = 56
"""Places of one round; 500 rounds have enough."""


@dataclass(slots=True)
class Killed:
    """What all rounds together came to."""

    rounds: int = 0
    answered: int = 0
    lost: int = 0
    twice: int = 0
    refused: int = 0
    damaged: int = 0


def write_on(
    browser: Browser, desk: Desk, at: int, answered: list[str], refused: list[int]
) -> None:
    """Set and clear codings until the server is gone, at places never used before.

    What a kill left of a place is not known, and setting what is set leaves no event.
    """
    try:
        for number in range(2 * FRESH):
            act = f"{browser.name}/{at}/{number}".replace(" ", "-")
            body = coding(desk, at + number // 2, not number % 2, act)
            status = browser.post("/api/coding", body)
            (answered.append(act) if status == 200 else refused.append(status))
    except (OSError, http.client.HTTPException):
        browser.close()


def one_round(desk: Desk, at: int, moment: float) -> tuple[list[str], list[int]]:
    """Start, write, kill; gives what was answered and what was refused."""
    process, port = start(desk.home)
    answered: list[str] = []
    refused: list[int] = []
    try:
        browsers = [Browser(port, name) for name in desk.coders]
        for browser in browsers:
            browser.sign_in()
        writing = [
            threading.Thread(target=write_on, args=(browser, desk, at, answered, refused))
            for browser in browsers
        ]
        for thread in writing:
            thread.start()
        time.sleep(moment)
    finally:
        process.kill()
        process.wait()
    for thread in writing:
        thread.join()
    return answered, refused


def sweep(rounds: int, writers: int, seed: int) -> Killed:
    """Kill that many servers, all on one study."""
    chance, found = random.Random(seed), Killed()
    with tempfile.TemporaryDirectory() as folder:
        desk = prepare(Path(folder) / "home", writers)
        told: list[str] = []
        for number in range(rounds):
            answered, refused = one_round(desk, number * FRESH, chance.uniform(0.02, 0.6))
            told += answered
            found.refused += len(refused)
            there = Counter(kept(desk.home))
            found.lost += sum(1 for act in answered if act not in there)
            found.twice += sum(1 for act in answered if there[act] > 1)
        there = Counter(kept(desk.home))
        found.lost = max(found.lost, sum(1 for act in told if act not in there))
        found.rounds, found.answered = rounds, len(told)
        study = unlock(desk.home, LEAD, PASSPHRASE)
        found.damaged += not verify_chain(study).ok
        found.damaged += study.db.execute("PRAGMA integrity_check").fetchone()[0] != "ok"
        study.close()
    return found


def main() -> int:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument("--rounds", type=int, default=500)
    options.add_argument("--writers", type=int, default=4)
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    found = sweep(given.rounds, given.writers, given.seed)
    print("| rounds | writes confirmed | lost | twice | refused | damaged |")
    print("|---|---|---|---|---|---|")
    print(
        f"| {found.rounds} | {found.answered} | {found.lost} | {found.twice} | {found.refused} | "
        f"{found.damaged} |"
    )
    return 1 if found.lost or found.twice or found.refused or found.damaged else 0


if __name__ == "__main__":
    sys.exit(main())
