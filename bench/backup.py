"""How long a backup takes, and how long it makes a member wait who saves meanwhile.

    python -m bench.backup [--megabytes N] [--rows N]

Makes a study with recordings of random bytes and rows of text, and prints: the first
backup (all copied), the second (files linked), a locked one, verifying, the drill, and
the longest write of a member during the first.
"""

import argparse
import os
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from secure_storage import FLOOR, Study, create_study, unlock
from secure_storage.backup import backups, drill, make
from secure_storage.backup.checking import checked

LEAD, PASSPHRASE = "Ada Lead", "correct horse battery"


def filled(home: Path, megabytes: int, rows: int) -> Study:
    """Make the study."""
    create_study(home, "Backup", LEAD, PASSPHRASE, cost=FLOOR)
    study = unlock(home, LEAD, PASSPHRASE)
    with study.change() as change:
        for _ in range(max(1, megabytes // 50)):
            parts = (os.urandom(1 << 20) for _ in range(min(50, megabytes)))
            study.files.add(parts, "recording", change)
        change.record("recording.added", "recording:1")
    with study.change() as change:
        for number in range(rows):
            change.record("code.added", f"code:{number}", after={"name": os.urandom(100).hex()})
    return study


def timed(what: str, call: Callable[[], object]) -> None:
    """Print how long a call takes."""
    began = time.perf_counter()
    call()
    print(f"{what:<44}{time.perf_counter() - began:>8.2f} s", flush=True)


def waits(study: Study, stop: threading.Event, longest: list[float]) -> None:
    """Save again and again, and keep the longest time it took."""
    while not stop.is_set():
        began = time.perf_counter()
        with study.change() as change:
            change.record("code.added", "code:0")
        longest[0] = max(longest[0], time.perf_counter() - began)
        time.sleep(0.01)


def main() -> None:
    """Run it."""
    options = argparse.ArgumentParser()
    options.add_argument("--megabytes", type=int, default=200)
    options.add_argument("--rows", type=int, default=20_000)
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder).resolve() / "home"
        study = filled(home, asked.megabytes, asked.rows)
        size = sum(one.stat().st_size for one in home.glob("study.db*"))
        print(f"database {size / 1e6:.1f} MB, files {asked.megabytes} MB")
        stop, longest = threading.Event(), [0.0]
        writer = threading.Thread(target=waits, args=(study, stop, longest))
        writer.start()
        timed("first backup, all copied, a member saving", lambda: make(home, "on-demand"))
        stop.set()
        writer.join()
        print(f"{'longest save meanwhile':<44}{longest[0] * 1000:>8.0f} ms")
        timed("second backup, files linked", lambda: make(home, "on-demand"))
        timed("verifying the first", lambda: checked(study._core, backups(home)[0]))
        timed("drill", lambda: drill(study, PASSPHRASE))
        study.close()
        timed("locked backup, files linked", lambda: make(home, "on-demand"))


if __name__ == "__main__":
    main()
