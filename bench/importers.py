"""Throw damaged files at every importer; count crashes of ours, hangs, and what is half stored.

    python -m bench.importers [--text 100000] [--archives 5000] [--jobs 2] [--forms vtt,docx]

Each case is a good file of a form with a few random changes (bytes, cut, doubled and moved
pieces, marks of the form, another encoding), made from its number alone. Text forms go
through the child's own reader in this process, under an alarm of five seconds; docx, odt,
pdf and xlsx go through ``guarded``, whose child is shut in and killed as always, but forked
from a process that has its libraries loaded. What is read must be fit to be stored (clean
texts, finite times in order, short sentences, one writing of each name), and every hundredth
is stored in a real study and counted there. Refused (BadInput) is right; any other error is
a crash.
"""

import argparse
import copy
import gc
import io
import json
import math
import multiprocessing
import os
import random
import secrets
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn
from xml.etree.ElementTree import Element, tostring

import transcribe
from bench.good_files import SEEDS, zipped
from secure_storage import (
    FLOOR,
    BadInput,
    Study,
    create_study,
    guarded,
    read_xml,
    told_without_words,
    unlock,
)
from secure_storage.foreign import child as guard
from transcribe.importing import Preview, child
from transcribe.importing.preview import read_preview
from transcribe.questionnaire import table

LONGEST, STORED = 5, 100
NAME, PASSPHRASE = "Bench", "a long enough bench phrase"
ARCHIVES = ("docx", "odt", "pdf", "xlsx")
TEXTS = tuple(form for form in SEEDS if form not in ARCHIVES)
MARKS = (
    "-->", "00:00:01.000 --> 00:00:02.000", "99:99:99.999", "1:2", "WEBVTT", "NOTE", "<v ",
    "<v Bo>", "</v>", "<", ">", "&#0;", "&amp;", "&#xD800;", "\0", "\r", "\n\n", "\ufeff",
    "\u2028", "\x1b", "�",
    "Bo:", "Bo  0:01", "[00:01]", "#00:01:02-3#", "[S1] ", "\t", ":", "(" * 200, "a" * 3000,
    "{", "}", "[", "]", '"', "null", "NaN", "1e999", "-1", "9" * 400, '"\\ud800"', "true",
    "[" * 3000,
    "SPEAKER a 1 0 1 <NA> <NA> Bo <NA> <NA>", ";;", "inf", "nan", "---", "```", "](", "<script>",
    "<span data-timestamp='1'>", "<!--", "<![CDATA[", "]]>", "a\u0301" * 50, "\U0001f600",
    "\u202e",
)  # fmt: skip


# ---- damage -----------------------------------------------------------------------------


ODD: tuple[Any, ...] = (
    None, True, -1, 0, 1e308, -1e-9, 10**30, float("nan"), "", "x", [], {}, [[]], {"a": None},
)  # fmt: skip
"""Values that no form wants."""
READ = ("word/document", "content", "xl/")


def damaged(form: str, good: list[bytes], number: int) -> bytes:
    """Make case ``number`` of a form; the same number gives the same bytes."""
    chance = random.Random(f"{form} {number}")
    data = bytearray(chance.choice(good))
    if form in ("docx", "odt", "xlsx") and chance.random() < 0.7:
        return _inside(bytes(data), chance)
    if form in ("json", "otr") and chance.random() < 0.7:
        return _odd_values(data, chance)
    _change(data, chance, chance.choice(good))
    # Most cases are small, so that there can be many; some are as large as files get.
    del data[20_000 if number % 500 else 300_000 :]
    if form in TEXTS and chance.random() < 0.1:
        encoding = chance.choice(["utf-16", "cp1252", "mac_roman", "utf-8-sig", "utf-32"])
        return bytes(data).decode("utf-8", "replace").encode(encoding, "replace")
    return bytes(data)


def _odd_values(data: bytearray, chance: random.Random) -> bytes:
    """Put values of other types and sizes into JSON that stays whole."""
    whole = json.loads(data)
    for _ in range(chance.randint(1, 4)):
        place: Any = whole
        while True:
            key: Any = (
                chance.choice(list(place))
                if isinstance(place, dict)
                else chance.randrange(len(place))
            )
            if not isinstance(place[key], dict | list) or not place[key] or chance.random() < 0.2:
                break
            place = place[key]
        place[key] = chance.choice([*ODD, *MARKS, whole if chance.random() < 0.05 else None])
    try:
        return json.dumps(whole).encode()
    except (ValueError, RecursionError):  # it holds itself
        return bytes(data)


def _inside(data: bytes, chance: random.Random) -> bytes:
    """Damage a part of an archive, so that the ZIP around it stays good."""
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        members = [(one, bytearray(file.read(one))) for one in file.namelist()]
    if chance.random() < 0.3:
        for _ in range(chance.randint(1, 3)):
            _change(chance.choice(members)[1], chance, bytes(chance.choice(members)[1]))
    else:
        # The parts that are read; the rest of an office file is never looked at.
        parts = [part for name, part in members if name.startswith(READ) and part.startswith(b"<")]
        part = chance.choice(parts)
        with suppress(RecursionError, TypeError):  # of a tree that cannot be written
            part[:] = _odd_tree(bytes(part), chance)
    return zipped((name, bytes(part)) for name, part in members)


def _odd_tree(data: bytes, chance: random.Random) -> bytes:
    """Move, double, rename, empty and fill the elements of XML that stays whole."""
    root = read_xml(data)
    for _ in range(chance.randint(1, 6)):
        every = list(root.iter())
        one, other = chance.choice(every), chance.choice(every)
        match chance.randrange(7):
            case 0:
                one.text = chance.choice(MARKS)
            case 1:
                one.tail = chance.choice(MARKS)
            case 2:
                one.tag = other.tag
            case 3:
                one.extend(
                    copy.deepcopy(other) for _ in range(chance.choice([1, 2, 2_000 // len(every)]))
                )
            case 4 if len(one):
                one.remove(one[chance.randrange(len(one))])
            case 5 if other.attrib:
                one.set(chance.choice(list(other.attrib)), chance.choice(MARKS))
            case _:
                for _ in range(chance.choice([1, 20, 200])):
                    inner = Element(one.tag)
                    inner[:] = one[:]
                    one[:] = [inner]
    return tostring(root)


def _change(data: bytearray, chance: random.Random, other: bytes) -> None:
    for _ in range(chance.randint(1, 8)):
        at, to = sorted(chance.randrange(len(data) + 1) for _ in range(2))
        match chance.randrange(8):
            case 0:
                data[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                del data[at : min(to, at + chance.choice([1, 4, 30, 10_000]))]
            case 2 | 3:
                data[at:at] = chance.choice(MARKS).encode("utf-8", "surrogatepass")
            case 4:
                data[at:at] = data[at:to] * chance.choice([1, 1, 2, 30])
            case 5:
                data[at:at] = other[at:to]
            case 6:
                data[at:to] = data[at:to][::-1] if to - at < 30 else data[to:]
            case _:
                data[at : at + 1] = chance.randbytes(chance.randint(1, 4))
        del data[300_000:]


# ---- one case ---------------------------------------------------------------------------


def fit(preview: Preview) -> str:
    """Say why a preview could not be stored as it is; nothing if it can."""
    made = preview.transcription
    for turn in made.turns:
        if not turn.sentences or not 0 < len(turn.speaker) <= 80:
            return "an empty turn or a name that is too long"
        for one in turn.sentences:
            if not 0 < len(one.text) <= 1000 or one.text != " ".join(one.text.split()):
                return "a text that is empty, too long or not clean"
            one.text.encode()
            if (one.start is None) != (one.end is None):
                return "half a time"
            if one.start is not None and one.end is not None and not (
                math.isfinite(one.end) and 0 <= one.start <= one.end
            ):  # fmt: skip
                return "times that are none"
    names = {turn.speaker for turn in made.turns}
    if len({name.casefold() for name in names}) != len(names):
        return "a name written twice"
    return "" if made.turns else "no turns"


class Forked:
    """A child of ``guarded``, forked instead of started anew; all else is as always."""

    def __init__(self, arguments: list[str], **_: object) -> None:
        """Fork; the child reads its descriptors 0 and 1 as it always does."""
        read_in, write_in = os.pipe()
        read_out, write_out = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            _be_child(arguments, read_in, write_out)
        os.close(read_in)
        os.close(write_out)
        self.stdin, self.stdout = os.fdopen(write_in, "wb"), os.fdopen(read_out, "rb")

    def kill(self) -> None:
        """End it, as ``Popen.kill`` does."""
        os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> None:
        """Wait for its end."""
        os.waitpid(self.pid, 0)


def _be_child(arguments: list[str], read_in: int, write_out: int) -> NoReturn:
    try:
        os.dup2(read_in, 0)
        os.dup2(write_out, 1)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        os.closerange(3, 256)
        sys.stdin = os.fdopen(0)
        sys.argv = ["-c", *arguments[arguments.index("-c") + 2 :]]
        guard.main()
    finally:
        os._exit(1)


def _late(_: int, frame: object) -> NoReturn:
    raise TimeoutError


@dataclass(slots=True)
class Outcome:
    """What became of the cases of one worker."""

    counts: Counter[str]
    found: list[str]


def cases(form: str, numbers: range, study: Study) -> Outcome:
    """Read the cases of one form; some of what was read is stored in ``study``."""
    good = SEEDS[form]()
    outcome = Outcome(Counter(), [])
    signal.signal(signal.SIGALRM, _late)
    child.prepare()
    if form in ARCHIVES:
        vars(subprocess)["Popen"] = Forked
        _load(form, good)
    for number in numbers:
        try:
            what = _one(form, damaged(form, good, number), number, study)
        except BadInput as error:
            killed = str(error) in (guard.TOO_LONG, guard.BROKE_OFF)
            what = "killed" if killed else "refused"
        except TimeoutError:
            what = "HANG"
        except Exception as error:
            what = "CRASH"
            outcome.found.append(f"{form} {number}: {told_without_words(error)}")
        finally:
            signal.alarm(0)
        if what.isupper() and what != "CRASH":
            outcome.found.append(f"{form} {number}: {what}")
        outcome.counts[what] += 1
    return outcome


def _load(form: str, good: list[bytes]) -> None:
    """Read the good files once, so that no child loads libraries anew or touches all memory."""
    table.prepare()
    for data in good:
        if form == "xlsx":
            table.read_table(data)
        else:
            child.read(io.BytesIO(data), form, "no", None)
    gc.collect()
    gc.freeze()


def _one(form: str, data: bytes, number: int, study: Study) -> str:
    if form == "xlsx":
        table.read_table(data)
        return "read"
    if form in ARCHIVES:
        parser = "transcribe.importing.child:parse"
        preview = read_preview(guarded(parser, [data], setting=f"{form}:no:"))
    else:
        signal.alarm(LONGEST)
        preview = child.read(io.BytesIO(data), form, "no", None)
        signal.alarm(0)
    if wrong := fit(preview):
        return f"UNFIT: {wrong}".upper()
    if number % STORED == 0:
        return _stored(study, preview, form, number)
    return "read"


def _stored(study: Study, preview: Preview, form: str, number: int) -> str:
    made = transcribe.save_import(
        study, preview, secrets.token_bytes(16), title=f"{form} {number}", group=1
    )
    kept = [one.text for one in transcribe.sentences(study, made)]
    meant = [one.text for turn in preview.transcription.turns for one in turn.sentences]
    return "read" if kept == meant else "HALF STORED"


def _worker(job: tuple[str, range]) -> tuple[str, Outcome]:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        create_study(home, "Bench", NAME, PASSPHRASE, cost=FLOOR)
        study = unlock(home, NAME, PASSPHRASE)
        try:
            return job[0], cases(*job, study)
        finally:
            study.close()


def _jobs(forms: list[str], texts: int, archives: int) -> Iterator[tuple[str, range]]:
    for form in forms:
        count = archives if form in ARCHIVES else texts
        step = max(500, math.ceil(count / 4))
        for start in range(0, count, step):
            yield form, range(start, min(start + step, count))


def main() -> int:
    """Run the cases and print what became of them."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--text", type=int, default=100_000)
    options.add_argument("--archives", type=int, default=5_000)
    options.add_argument("--jobs", type=int, default=2)
    options.add_argument("--forms", default=",".join(SEEDS))
    chosen = options.parse_args()
    totals: dict[str, Outcome] = {}
    began = time.monotonic()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(chosen.jobs, mp_context=context, max_tasks_per_child=1) as pool:
        jobs = list(_jobs(chosen.forms.split(","), chosen.text, chosen.archives))
        every = sum(len(numbers) for _, numbers in jobs)
        done = 0
        for form, outcome in pool.map(_worker, jobs):
            total = totals.setdefault(form, Outcome(Counter(), []))
            total.counts += outcome.counts
            total.found += outcome.found
            done += outcome.counts.total()
            passed = time.monotonic() - began
            print(f"{passed:.0f} s: {done:,} of {every:,} ({form})", file=sys.stderr, flush=True)
    print("| form | cases | read | refused | killed at 5 s | hangs | crashes | not fit or half |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|")
    wrong = 0
    for form, total in totals.items():
        counts = total.counts
        rest = counts.total() - sum(
            counts[one] for one in ("read", "refused", "killed", "HANG", "CRASH")
        )
        wrong += rest + counts["HANG"] + counts["CRASH"]
        cells = [counts[one] for one in ("read", "refused", "killed", "HANG", "CRASH")]
        print(f"| {form} | " + " | ".join(f"{n:,}" for n in [counts.total(), *cells, rest]) + " |")
    for total in totals.values():
        for one in total.found[:20]:
            print(f"FOUND {one}")
    print(f"{time.monotonic() - began:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
