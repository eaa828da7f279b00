"""How well tampering with the journal is noticed, and how fast the journal is.

    python -m bench.audit [--each N] [--events N]

Seven ways to tamper, each tried N times at random places of a real encrypted journal up
to its last anchor; then appends a second and the seconds to verify the events.
"""

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from secure_storage import FLOOR, Study, anchor_now, create_study, database, events, unlock
from secure_storage.audit.anchors import anchor_file
from secure_storage.audit.verify import check_journal
from secure_storage.settings import read_settings

if TYPE_CHECKING:
    import sqlite_utils

NAME, PASSPHRASE = "Bench", "a long enough bench phrase"
Mutation = Callable[["sqlite_utils.Database", int, int], None]
"""Tampers with a journal at one event, knowing which was anchored last."""


class Undo(Exception):
    """Ends a transaction without keeping it."""


def edit(db: "sqlite_utils.Database", at: int, last: int) -> None:
    """Change what an event says."""
    db.conn.execute("UPDATE events SET object = 'code:666' WHERE seq = ?", [at])


def delete(db: "sqlite_utils.Database", at: int, last: int) -> None:
    """Take an event out."""
    db.conn.execute("DELETE FROM events WHERE seq = ?", [at])


def swap(db: "sqlite_utils.Database", at: int, last: int) -> None:
    """Let two events change places."""
    other = at - 1 if at > 1 else at + 1
    for old, new in ((at, -1), (other, at), (-1, other)):
        db.conn.execute("UPDATE events SET seq = ? WHERE seq = ?", (new, old))


def insert(db: "sqlite_utils.Database", at: int, last: int) -> None:
    """Put an event between two, and number what follows anew."""
    db.conn.execute("UPDATE events SET seq = -seq - 1 WHERE seq >= ?", [at])
    db.conn.execute("UPDATE events SET seq = -seq WHERE seq < 0")
    db.conn.execute(
        "INSERT INTO events (seq, at, actor, action, object, salt, digest, prev, hash)"
        " SELECT ?, at, actor, action, object, salt, digest, prev, randomblob(32)"
        " FROM events WHERE seq = ?",
        (at, at + 1),
    )


def rehash(db: "sqlite_utils.Database", at: int, last: int) -> None:
    """Change an event and compute the chain anew to its end, as its writer could."""
    edit(db, at, last)
    row = db.conn.execute("SELECT prev FROM events WHERE seq = ?", [at]).fetchone()
    prev = bytes(row[0])
    rows = db.conn.execute(
        "SELECT seq, at, actor, action, object, digest, client_id FROM events"
        " WHERE seq >= ? ORDER BY seq",
        [at],
    ).fetchall()
    for seq, when, actor, action, object, digest, client in rows:
        chained = events._hash(seq, when, actor, action, object, digest, prev, client)
        db.conn.execute("UPDATE events SET prev = ?, hash = ? WHERE seq = ?", (prev, chained, seq))
        prev = chained


def truncate(db: "sqlite_utils.Database", at: int, last: int) -> None:
    """Cut the end off."""
    db.conn.execute("DELETE FROM events WHERE seq >= ?", [at])


MUTATIONS: dict[str, Mutation] = {
    "edit": edit, "delete": delete, "swap": swap, "insert": insert,
    "re-hashed tail": rehash, "truncation": truncate,
}  # fmt: skip
ROLLBACK = "rollback to an older copy"


@contextmanager
def undone(study: Study) -> Iterator["sqlite_utils.Database"]:
    """Give the writer's connection for tampering that is undone."""
    try:
        with study._core._connections.writing() as db:
            yield db
            raise Undo
    except Undo:
        pass


def anchors_path(study: Study) -> Path:
    """Find the anchors of a study."""
    return anchor_file(read_settings(study.home).anchors, study._core.header.study_id)


def noticed(study: Study, db: "sqlite_utils.Database") -> bool:
    """Tell whether the check of the journal finds anything."""
    return not check_journal(db, anchors_path(study), study._core.header.study_id).ok


def record(study: Study, count: int) -> float:
    """Record events, each in a change of its own; gives them per second."""
    began = time.perf_counter()
    for number in range(count):
        with study.change() as change:
            change.record("coding.set", f"coding:{number}", after={"code": number % 50})
    return count / (time.perf_counter() - began)


def tamper(study: Study, mutation: Mutation, each: int, chance: random.Random) -> int:
    """Tamper again and again; gives how often it was noticed."""
    last = int(database.meta(study.db, "anchor_seq"))
    found = 0
    for _ in range(each):
        with undone(study) as db:
            mutation(db, chance.randint(1, last), last)
            found += noticed(study, db)
    return found


def roll_back(home: Path, each: int, chance: random.Random) -> int:
    """Put older copies of the database back, some grown on; gives how often it was noticed."""
    found = 0
    for _ in range(each):
        study = unlock(home, NAME, PASSPHRASE)
        record(study, chance.randint(0, 3))
        study.close()
        copy = shutil.copy(home / "study.db", home.parent / "older.db")
        study = unlock(home, NAME, PASSPHRASE)
        record(study, chance.randint(1, 120))
        study.close()
        newer = shutil.copy(home / "study.db", home.parent / "newer.db")
        lines = anchors_path_of(home).read_bytes()
        shutil.copy(copy, home / "study.db")
        study = unlock(home, NAME, PASSPHRASE)
        record(study, chance.choice((0, 5, 150)))
        found += noticed(study, study.db)
        study.close()
        shutil.copy(newer, home / "study.db")
        anchors_path_of(home).write_bytes(lines)
    return found


def anchors_path_of(home: Path) -> Path:
    """Find the one file of anchors beside a home."""
    return next(read_settings(home).anchors.glob("*.jsonl"))


def seconds_to_verify(study: Study, count: int) -> tuple[int, float]:
    """Fill the journal, an anchor every hundred events, and check it; best of three."""
    for first in range(events.last(study.db)[0], count, 100):
        with study._core._connections.writing() as db:
            for number in range(first, min(first + 100, count)):
                events.append(
                    db, events.now(), 1, "coding.set", f"coding:{number}",
                    before=None, after={"segment": number, "code": 3, "coder": 1},
                    client_id=f"bench-{number}",
                )  # fmt: skip
        anchor_now(study, "events")
    best = float("inf")
    for _ in range(3):
        began = time.perf_counter()
        found = check_journal(study.db, anchors_path(study), study._core.header.study_id)
        best = min(best, time.perf_counter() - began)
        assert found.ok, found.findings
    return found.events, best


def main() -> int:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--each", type=int, default=200)
    options.add_argument("--events", type=int, default=100_000)
    chosen = options.parse_args()
    chance = random.Random(20)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        create_study(home, "Bench", NAME, PASSPHRASE, cost=FLOOR)
        study = unlock(home, NAME, PASSPHRASE)
        each_second = record(study, 350)
        print("| tampering | tried | noticed |\n|---|--:|--:|", flush=True)
        noticed = 0
        for name, mutation in MUTATIONS.items():
            found = tamper(study, mutation, chosen.each, chance)
            noticed += found
            print(f"| {name} | {chosen.each} | {found} |", flush=True)
        study.close()
        found = roll_back(home, chosen.each, chance)
        noticed += found
        print(f"| {ROLLBACK} | {chosen.each} | {found} |\n")
        study = unlock(home, NAME, PASSPHRASE)
        count, seconds = seconds_to_verify(study, chosen.events)
        study.close()
    print(f"appends, each its own synced change: {each_second:,.0f}/s")
    print(f"{count:,} events and their anchors verified: {seconds:.2f} s (limit 2 s for 100,000)")
    complete = noticed == chosen.each * (len(MUTATIONS) + 1)
    return 0 if complete and seconds <= 2 * count / 100_000 else 1


if __name__ == "__main__":
    sys.exit(main())
