"""Canaries through the whole path: is a word of theirs anywhere outside the encrypted files?

    python -m bench.canary --strings 10000

The path (``bench.canary_path``) runs with a home directory and a temporary directory of
its own. Then every file in its folder is searched: database, sealed files, job folders,
inbox, backups, anchors, logs, what was printed, what was left behind. Only ``exports/``
may hold words, by decision. That the search can find something is shown on the
decrypted database.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import secure_storage
import transcribe

from .canary_path import CODER, CUSTODIAN, LEAD, PASSPHRASE

SHORTEST = 25
"""Characters; a shorter sentence of the sample may stand in a file by chance."""


@dataclass(frozen=True, slots=True)
class Searched:
    """What the search found."""

    strings: int
    files: int
    size: int
    found: tuple[str, ...]
    """Names of files that hold a canary, and how many."""
    control: int
    """Canaries found in the decrypted database by the same search."""


def walked(work: Path) -> Iterator[Path]:
    """Every file, but what may hold words: released exports, and the list of canaries."""
    released = work / "home" / "exports"
    for path in work.rglob("*"):
        if path.is_file() and path != work / "given.txt" and not path.is_relative_to(released):
            yield path


def pattern(strings: list[str]) -> re.Pattern[bytes]:
    """Match any of the strings, in the encodings that files use."""
    fixed = [text for text in strings if not text.startswith("kanari")]
    # One expression finds every made-up canary, in 8 or 16 bits, in any case.
    made = [rb"kanari[0-9a-f]{16}", b"".join(rb"%c\x00" % mark for mark in b"kanari")]
    plain = [re.escape(text.encode()) for text in fixed]
    wide = [re.escape(text.encode("utf-16-le")) for text in fixed]
    return re.compile(b"|".join([*made, *plain, *wide]), re.IGNORECASE)


def search(work: Path) -> Searched:
    """Search all files, and the decrypted database as the control."""
    home, given = work / "home", (work / "given.txt").read_text("ascii").split()
    study = secure_storage.unlock(home, LEAD, PASSPHRASE)
    try:
        heard = [
            one.text
            for row in transcribe.list_transcripts(study)
            if row.recording_id is not None
            for one in transcribe.sentences(study, row.id)
            if len(one.text) >= SHORTEST
        ]
        wanted = pattern([*given, LEAD, CODER, CUSTODIAN, *heard])
        control = {hit.lower() for text in cells(study) for hit in wanted.findall(text)}
    finally:
        study.close()
    files = size = 0
    found = []
    for path in walked(work):
        data = path.read_bytes()
        files, size = files + 1, size + len(data)
        names = str(path.relative_to(work)).encode()
        if hits := len(wanted.findall(data)) + len(wanted.findall(names)):
            found.append(f"{path.relative_to(work)}: {hits}")
    return Searched(len(given) + len(heard), files, size, tuple(found), len(control))


def cells(study: secure_storage.Study) -> Iterator[bytes]:
    """All text and bytes of the database."""
    for table in study.db.tables:
        for row in table.rows:
            for value in row.values():
                if isinstance(value, str):
                    yield value.encode()
                elif isinstance(value, bytes):
                    yield value


def run(work: Path, strings: int) -> None:
    """Go the path, with everything it could write to inside ``work``."""
    for name in ("tmp", "user"):
        (work / name).mkdir()
    own = {"TMPDIR": str(work / "tmp"), "HOME": str(work / "user"), "XDG_CACHE_HOME": ""}
    with (work / "printed.log").open("wb") as out:
        subprocess.run(
            [sys.executable, "-m", "bench.canary_path", str(work), str(strings)],
            stdout=out, stderr=out, env={**os.environ, **own}, check=True,
        )  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--strings", type=int, default=10_000)
    strings = parser.parse_args().strings
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        try:
            run(work, strings)
        except subprocess.CalledProcessError:
            print((work / "printed.log").read_text("utf-8", "replace"), file=sys.stderr)
            return 1
        result = search(work)
    print("| canaries | files searched | MB | in the decrypted database | outside |")
    print("|--:|--:|--:|--:|--:|")
    print(
        f"| {result.strings} | {result.files} | {result.size / 1e6:.0f} | {result.control} | "
        f"{len(result.found)} |"
    )
    for line in result.found:
        print(f"found in {line}")
    return 1 if result.found or result.control < strings else 0


if __name__ == "__main__":
    sys.exit(main())
