"""Power cuts: a study's disk loses power at every moment, in every way; what is lost?

    python -m bench.powerloss [--cuts N] [--seed N] [--workers N] [--careless]

A process changes a study (events, rows, sealed files added and removed, the key file
replaced, checkpoints, signing in and out), once with the write-ahead log of a disk of
this machine and once as on a network disk. Its writes and syncs are recorded, and the
disk is cut off between any two of them, so that what was not synced is missing, partly
there or torn (``bench.crashes``). Each state is opened by the code that opens a study,
and compared with what had been confirmed. States are counted once.
"""

import argparse
import hashlib
import multiprocessing
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bench.crashes import Disk, State, Step, record
from bench.faults import lying_on
from secure_storage import FLOOR, FokusError, create_study, database, keys, unlock, verify_chain
from secure_storage.files import Files
from secure_storage.opened import read_header

if TYPE_CHECKING:
    from sqlite_utils import Database

NAME, PASSPHRASE = "Ada Lead", "correct horse battery"
FULLY = 50
"""One state in so many is opened as a member does, with passphrase and all checks."""


@dataclass(slots=True)
class Tally:
    """What all states together came to."""

    states: Counter[str] = field(default_factory=Counter)
    confirmed: int = 0
    wrong: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        """Add what another worker found."""
        self.states += other.states
        self.confirmed += other.confirmed
        self.wrong += other.wrong
        self.examples += other.examples


def work_on(home: Path, sessions: int, careless: bool, say: Callable[[str], None]) -> None:
    """Use a study as people do; tell each thing that was confirmed."""
    number = 0
    for session in range(sessions):
        passphrase = said_by(session)
        study = unlock(home, NAME, passphrase)
        # A log as short as this one is folded in and begun anew all the time.
        study._core._connections._writer.conn.execute("PRAGMA wal_autocheckpoint = 60")
        if careless:
            study._core._connections._writer.conn.execute("PRAGMA synchronous = OFF")
        stored: list[str] = []
        for _ in range(20):
            with study.change() as change:
                change.record("meta.set", f"meta:{number}", after={"words": "w" * 200})
                change.db.table("meta").insert({"key": f"k{number}", "value": "v" * 500})
                if number % 4 == 0:
                    sound = bytes([number % 251]) * (20_000 if number % 8 else 150_000)
                    stored.append(study.files.add([sound], "audio", change).id)
                if number % 10 == 9:
                    study.files.remove(stored.pop(0), change)
            say(f"saved {number}")
            number += 1
        if session % 2 == 0:
            study.change_passphrase(passphrase, said_by(session + 1))
            say(f"header {study._core.header.revision}")
        study.close()


def said_by(session: int) -> str:
    """Give the passphrase of a session: every second one ends by changing it."""
    return f"{PASSPHRASE} {(session + 1) // 2}"


class Opener:
    """Opens what a power cut left and says what is wrong with it."""

    def __init__(self, folder: Path, home: Path, root: bytes, kind: str) -> None:
        """Use a folder of its own (in memory)."""
        self._folder, self._home, self._root, self._kind = folder, home, root, kind
        self._there: dict[str, tuple[object, ...]] = {}

    def check(
        self, state: State, saved: set[int], revision: int, *, fully: int | None
    ) -> list[str]:
        """Write the state and open it; ``fully``: the number of the session under way."""
        self._write(state)
        home = self._folder / "home"
        wrong = []
        try:
            wrong += self._opened(home, saved, revision)
        except (FokusError, database.Fault, OSError) as error:
            return [f"cannot open: {type(error).__name__} {error}"]
        if fully is not None:
            self._there.clear()
            self._write(state)
            wrong += _as_a_member(home, saved, fully)
            self._there.clear()
        return wrong

    def _write(self, state: State) -> None:
        for path in set(self._there) - set(state.files):
            self._place(path).unlink(missing_ok=True)
            del self._there[path]
        for place in self._folder.glob("home/study.db*"):
            place.unlink()
        if not self._there:
            shutil.rmtree(self._folder, ignore_errors=True)
        for path, (key, made) in state.files.items():
            database_file = "study.db" in path
            if path.endswith("-shm") or (self._there.get(path) == key and not database_file):
                continue
            place = self._place(path)
            place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            place.write_bytes(made())
            place.chmod(0o600)
            self._there[path] = key

    def _place(self, path: str) -> Path:
        return self._folder / Path(path).relative_to(self._home.parent)

    def _opened(self, home: Path, saved: set[int], revision: int) -> list[str]:
        wrong = []
        header, mac = read_header(home)
        keys.check_mac(header, mac, self._root)
        wrong += ["lost (key file)"] * (header.revision < revision)
        connections = database.Connections(home / "study.db", keys.derived(self._root, "database"))
        try:
            db = connections.reader
            older = header.revision < int(database.meta(db, "header_revision"))
            wrong += ["cannot open: key file older than the database"] * older
            kept = _numbers(db, "SELECT substr(object, 6) FROM events WHERE action = 'meta.set'")
            rows = _numbers(db, "SELECT substr(key, 2) FROM meta WHERE key GLOB 'k[0-9]*'")
            wrong += ["lost"] * len(saved - kept)
            wrong += ["torn"] * (kept != rows or kept != set(range(len(kept))))
            files = Files(home / "files", keys.derived(self._root, "files"), lambda: db)
            for file_id, sum_ in db.execute("SELECT id, sha256 FROM files").fetchall():
                with files.open(file_id) as reader:
                    data = reader.read(0, reader.size)
                wrong += ["torn"] * (hashlib.sha256(data).hexdigest() != sum_)
            sound = db.execute("PRAGMA integrity_check").fetchone()[0]
            wrong += ["corrupt"] * (sound != "ok")
        finally:
            connections.close()
        return wrong


def _numbers(db: "Database", sql: str) -> set[int]:
    return {int(row[0]) for row in db.execute(sql).fetchall()}


def _as_a_member(home: Path, saved: set[int], session: int) -> list[str]:
    """Sign in; the passphrase may be the one that was about to be chosen."""
    for passphrase in {said_by(max(0, session + more)) for more in (-1, 0, 1)}:
        try:
            study = unlock(home, NAME, passphrase)
        except FokusError as error:
            told = f"cannot open: {error}"
            continue
        try:
            kept = {int(one.object[5:]) for one in study.events() if one.action == "meta.set"}
            lost = ["lost"] * len(saved - kept)
            return lost + ["corrupt"] * (not verify_chain(study).ok)
        finally:
            study.close()
    return [told]


def cuts(
    steps: list[Step], made: Path, home: Path, root: bytes, kind: str, most: int, seed: int,
) -> Tally:  # fmt: skip
    """Cut the power after each step, often enough for ``most`` states that differ."""
    tally, chance = Tally(), random.Random(seed)
    disk = Disk(made)
    saved: set[int] = set()
    revision = 1
    seen: set[int] = set()
    with tempfile.TemporaryDirectory(dir=memory()) as folder, lying_on(kind):
        opener = Opener(Path(folder) / "cut", home, root, kind)
        for number, step in enumerate(steps):
            disk.take(step)
            if step.kind == "said":
                what, _, which = step.data.decode().partition(" ")
                if what == "saved":
                    saved.add(int(which))
                else:
                    revision = int(which)
            due = most * (number + 1) // len(steps)
            for _ in range(8 * (due - tally.states[kind]) if due > tally.states[kind] else 0):
                state = disk.after_a_cut(chance)
                key = hash((state.key, len(saved), revision))
                if key in seen:
                    continue
                seen.add(key)
                tally.states[kind] += 1
                fully = len(saved) // 20 if tally.states[kind] % FULLY == 0 else None
                wrong = opener.check(state, saved, revision, fully=fully)
                tally.wrong.update(one.split(":")[0].split(" (")[0] for one in wrong)
                tally.examples += [f"{kind} step {number}: {wrong[:3]}"] if wrong else []
                if tally.states[kind] >= due:
                    break
        tally.confirmed = len(saved)
    return tally


def memory() -> str | None:
    """Give a folder in memory, where there is one."""
    shared = Path("/dev/shm")
    return str(shared) if shared.is_dir() else None


def one_share(given: tuple[str, int, int, int, bool]) -> Tally:
    """Record one run and cut it; each worker has its own."""
    kind, most, seed, sessions, careless = given
    with tempfile.TemporaryDirectory(dir=memory()) as folder, lying_on(kind):
        made = Path(folder) / "disk"
        home = made / "home"
        made.mkdir()
        create_study(home, "Power", NAME, said_by(0), cost=FLOOR)
        study = unlock(home, NAME, said_by(0))
        root = study._core.root
        study.close()
        before = Path(folder) / "before"
        shutil.copytree(made, before)
        steps = record(lambda say: work_on(home, sessions, careless, say), made)
        # The same names as in the record, with the content of before.
        shutil.rmtree(made)
        before.rename(made)
        return cuts(steps, made, home, root, kind, most, seed)


def sweep(most: int, seed: int, workers: int, careless: bool) -> Tally:
    """Cut as often as asked, half of it on each kind of disk."""
    sessions = max(2, min(9, most // 1000))
    share = most // (2 * workers)
    shares = [
        (kind, share, seed + worker, sessions, careless)
        for worker in range(workers)
        for kind in ("", "nfs")
    ]
    tally = Tally()
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        for one in pool.imap_unordered(one_share, shares):
            tally.add(one)
    return tally


def main() -> int:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument("--cuts", type=int, default=50_000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--careless", action="store_true", help="do not sync: must find losses")
    given = options.parse_args()
    began = time.perf_counter()
    tally = sweep(given.cuts, given.seed, given.workers, given.careless)
    print("| states (with a log) | states (network disk) | lost | torn | corrupt | cannot open |")
    print("|---|---|---|---|---|---|")
    counts = [tally.states[""], tally.states["nfs"]]
    counts += [tally.wrong[name] for name in ("lost", "torn", "corrupt", "cannot open")]
    print("| " + " | ".join(str(one) for one in counts) + " |")
    print(f"{time.perf_counter() - began:.0f} s", file=sys.stderr)
    for example in tally.examples[:10]:
        print(example, file=sys.stderr)
    return 1 if tally.examples else 0


if __name__ == "__main__":
    sys.exit(main())
