"""What a failing disk costs: system calls of a working study are made to fail, one by one.

    python -m bench.faults [--most N] [--seed N]

A process changes a study and stores sealed files; ``strace`` lets its n-th write, sync,
opening or rename fail, once, for a while or for good, as a broken disk, a lost network,
a ticket that ran out, a quota or a full disk would. What the process was told is saved
must be there afterwards, once, whole, and nothing half. Done on both kinds of database:
with a log (disks of this machine) and alone (network disks).
"""

import argparse
import contextlib
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from secure_storage import (
    FLOOR,
    DamagedFile,
    DiskFull,
    FokusError,
    Repeated,
    StorageAway,
    Study,
    create_study,
    database,
    unlock,
    verify_chain,
)
from secure_storage.storage_faults import DAMAGED

NAME, PASSPHRASE = "Ada Lead", "correct horse battery"
CALLS = ("pwrite64", "fdatasync", "fsync", "openat", "ftruncate", "write", "rename", "unlink",
         "pread64", "newfstatat")  # fmt: skip
ERRORS = ("EIO", "ESTALE", "EACCES", "ENOTCONN", "EROFS", "ENOSPC", "EDQUOT")
TAKEN_FOR_DAMAGED = ("database disk image is malformed", "file is not a database")
CHANGES = 9
TRIES = 12
SOUND = bytes(range(256)) * 300


@dataclass(frozen=True, slots=True)
class Case:
    """One fault: which call, what it says, when, and what the process does about it."""

    call: str
    error: str
    when: str
    gives_up: bool
    alone: bool


@dataclass(slots=True)
class Found:
    """What all cases together came to."""

    cases: int = 0
    met: int = 0
    confirmed: int = 0
    wrong: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)


def cases(most: int, random_: random.Random) -> Iterator[Case]:
    """Draw faults; every call comes as often as every other."""
    for number in range(most):
        nth = random_.randint(1, 15)
        when = random_.choice([f"{nth}", f"{nth}..{nth + random_.randint(1, 8)}", f"{nth}+"])
        yield Case(
            CALLS[number % len(CALLS)], random_.choice(ERRORS), when,
            gives_up=random_.random() < 0.3, alone=number // len(CALLS) % 2 == 1,
        )  # fmt: skip


@contextlib.contextmanager
def lying_on(kind: str) -> Iterator[None]:
    """Have databases believe that they lie on such a disk."""
    kept = database.network_disk
    database.network_disk = lambda path: kind
    try:
        yield
    finally:
        database.network_disk = kept


def work(home: Path, case: Case, go: int, told: int) -> None:
    """Change the study; every answer goes to the pipe (by a call that never fails)."""

    def say(text: str) -> None:
        os.writev(told, [text.encode() + b"\n"])

    study = unlock(home, NAME, PASSPHRASE)
    say("ready")
    os.read(go, 1)
    for number in range(CHANGES):
        for _ in range(TRIES):
            try:
                change_once(study, number)
                say(f"saved {number}")
                break
            except Repeated:
                say(f"saved {number}")
                break
            except (StorageAway, DiskFull):
                say("fault")
                if case.gives_up:
                    os._exit(0)
            except database.Fault as error:
                # What SQLCipher makes of a first page that it could not read.
                say("fault" if str(error) in TAKEN_FOR_DAMAGED else f"odd {error}")
            except DamagedFile as error:
                say("fault" if str(error) == DAMAGED else f"odd {error}")
            except BaseException as error:
                say(f"odd {type(error).__name__}: {error}")
    try:
        study.close()
    except (StorageAway, DiskFull, DamagedFile, database.Fault):
        # Locked all the same.
        say("fault" if study.closed else "odd still open")
    except BaseException as error:
        say(f"odd closing {type(error).__name__}: {error}")


def change_once(study: Study, number: int) -> None:
    """Make one change, every third with a sealed file."""
    with study.change() as change:
        change.record("meta.set", f"meta:{number}", client_id=f"client-{number}")
        change.db.table("meta").insert({"key": f"k{number}", "value": "v" * 3000})
        if number % 3 == 0:
            study.files.add([SOUND], "audio", change)


def run(home: Path, case: Case) -> list[str]:
    """Run the work under the fault; gives what it said."""
    told_in, told_out = os.pipe()
    go_in, go_out = os.pipe()
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            os.close(told_in)
            os.close(go_out)
            with lying_on("nfs" if case.alone else ""):
                work(home, case, go_in, told_out)
        os._exit(0)
    os.close(told_out)
    os.close(go_in)
    with os.fdopen(told_in) as said:
        assert said.readline() == "ready\n"
        tracer = subprocess.Popen(
            ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={case.call}", "-e",
             f"inject={case.call}:error={case.error}:when={case.when}", "-p", str(child)],
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        while "TracerPid:\t0" in Path(f"/proc/{child}/status").read_text():
            if tracer.poll() is not None:
                raise RuntimeError("strace cannot trace here")
        os.write(go_out, b"g")
        os.close(go_out)
        lines = said.read().splitlines()
    os.waitpid(child, 0)
    tracer.wait()
    return lines


def check(home: Path, case: Case, lines: list[str], found: Found) -> None:
    """Look at the study with a disk that works again."""
    wrong = [line.split(":")[0] for line in lines if line.startswith("odd")]
    saved = {int(line.split()[1]) for line in lines if line.startswith("saved")}
    found.cases += 1
    found.met += any(not line.startswith("saved") for line in lines)
    found.confirmed += len(saved)
    try:
        with lying_on("nfs" if case.alone else ""):
            wrong += looked_at(home, saved)
    except FokusError as error:
        wrong.append(f"cannot open: {error}")
    found.wrong.update(wrong)
    found.examples += [f"{case}: {wrong} {lines}"] if wrong else []


def looked_at(home: Path, saved: set[int]) -> list[str]:
    """Say what is wrong with a study."""
    wrong = []
    study = unlock(home, NAME, PASSPHRASE)
    try:
        kept = Counter(one.object for one in study.events() if one.action == "meta.set")
        rows = {row["key"] for row in study.db.table("meta").rows if row["key"][0] == "k"}
        wrong += ["lost" for number in saved if f"meta:{number}" not in kept]
        wrong += ["twice" for times in kept.values() if times > 1]
        wrong += ["torn"] * (rows != {f"k{name.split(':')[1]}" for name in kept})
        files = list(study.db.table("files").rows)
        wrong += ["torn"] * (len(files) != len([one for one in kept if int(one[5:]) % 3 == 0]))
        for row in files:
            with study.files.open(row["id"]) as reader:
                wrong += ["torn"] * (reader.read(0, reader.size) != SOUND)
        sound = study.db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        wrong += ["corrupt"] * (not sound or not verify_chain(study).ok)
        wrong += ["left over"] * (len(list((home / "files").iterdir())) != len(files))
    finally:
        study.close()
    return wrong


def sweep(most: int, seed: int) -> Found:
    """Run that many cases."""
    found = Found()
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "made"
        create_study(made, "Faults", NAME, PASSPHRASE, cost=FLOOR)
        for case in cases(most, random.Random(seed)):
            home = shutil.copytree(made, Path(folder) / "home")
            check(home, case, run(home, case), found)
            shutil.rmtree(home)
            shutil.rmtree(Path(folder) / "home-kept", ignore_errors=True)
    return found


def main() -> int:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument("--most", type=int, default=500)
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    found = sweep(given.most, given.seed)
    print("| cases | faults met | changes confirmed | lost | twice | torn | corrupt | other |")
    print("|---|---|---|---|---|---|---|---|")
    known = [found.wrong.pop(name, 0) for name in ("lost", "twice", "torn", "corrupt")]
    counts = [found.cases, found.met, found.confirmed, *known, sum(found.wrong.values())]
    print("| " + " | ".join(str(one) for one in counts) + " |")
    for example in found.examples[:10]:
        print(example, file=sys.stderr)
    return 1 if found.examples else 0


if __name__ == "__main__":
    sys.exit(main())
