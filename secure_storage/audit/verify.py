"""Checking the whole study: journal, anchors, database, every sealed file, key file."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

import sqlite_utils
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from .. import database, events, keys, moments, opened
from ..connection import Fault
from ..errors import DamagedFile, FokusError
from ..opened import OpenedStudy
from ..settings import read_settings
from ..study import Study
from . import store
from .anchors import RESTART, Anchor, anchor_file, anchor_now, anchors_of, read_anchors, signing_key

SLICE: Final = 1 << 20
LINKING: Final = ("linking.db", "linking.json")
Progress = Callable[[str, int, int], object]
"""Hears what is being checked, how much of it is done, and how much there is."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What a check found; a study is sound when there are no findings."""

    findings: tuple[str, ...]
    """Each says in a line what is wrong and what to do."""
    notes: tuple[str, ...]
    """What is right and still good to know."""
    events: int
    anchors: int
    files: int = 0
    file_bytes: int = 0
    whole: bool = True
    """Not the journal and its anchors alone."""

    @property
    def ok(self) -> bool:
        """Nothing is wrong."""
        return not self.findings


def quiet(what: str, done: int, total: int) -> None:
    """Tell nobody about progress."""


def verify_journal(study: Study, progress: Progress = quiet) -> Verification:
    """Check the chain of the journal and all its anchors (100,000 events: about a second)."""
    study.require("audit")
    core = study._core
    return check_journal(core.reader, _anchor_path(core), core.header.study_id, progress)


def verify_study(study: Study, progress: Progress = quiet) -> Verification:
    """Check everything, which reads every sealed file whole, and put the outcome on record."""
    study.require("audit")
    core = study._core
    journal = verify_journal(study, progress)
    findings, rows = list(journal.findings), []
    if problem := anchors_of(core).problem:
        findings.append(problem)
    try:
        findings += _database(core, progress)
        findings += _key_file(core)
        findings += _linking(core)
        rows = store.files(core.reader)
        findings += _files(core, rows, progress)
        study.note("read.verified", "study", {"ok": not findings, "findings": len(findings)})
    except (Fault, DamagedFile):
        if UNREADABLE not in findings:
            findings.append(UNREADABLE)
    size = sum(row.size for row in rows)
    return Verification(
        tuple(findings), journal.notes, journal.events, journal.anchors, len(rows), size
    )


def check_journal(
    db: sqlite_utils.Database, path: Path, study_id: str, progress: Progress = quiet
) -> Verification:
    """Compare the chain with itself and with the anchors in a file.

    The file is read first: what is written meanwhile only adds to the chain.
    """
    number = int(database.meta(db, "anchor_number") or 0)
    lines = read_anchors(path)
    total = events.last(db)[0]
    try:
        chain = events.verify(db, lambda done: progress("journal", min(done, total), total))
    except (Fault, DamagedFile):
        return Verification((UNREADABLE,), (), 0, len(lines), whole=False)
    findings, notes = [], []
    if not chain.ok:
        findings.append(
            f"Journal: {chain.problem}. Somebody changed the record: keep this study as it is, "
            "compare with a backup, and ask who had the keys."
        )
    counted, set_aside = _since_restart(db, lines, study_id)
    if set_aside is not None:
        notes.append(set_aside)
    findings += _anchors(db, counted, study_id, number)
    progress("journal", total, total)
    return Verification(
        tuple(findings), tuple(notes), chain.events, len(counted), whole=False
    )  # fmt: skip


def restart_anchors(study: Study) -> None:
    """Accept that older anchors are lost or of another copy; from here on they count anew.

    For a study that was restored from a backup or moved to another machine without its
    anchors. It stays on record for good: the event, and a note in every check.
    """
    study.require("audit")
    before = verify_journal(study)
    with study.change("audit") as change:
        after = {"findings": len(before.findings), "anchors": before.anchors}
        change.record("audit.anchors_restarted", "study", after=after)
    anchor_now(study, RESTART)


def sweep_unknown(core: OpenedStudy) -> None:
    """Remove sealed files that no row knows, unless an older database may have been put back.

    Then they may be newer recordings, which the newest database knows. A lead who begins the
    anchors anew decides that this database is the newest.
    """
    if not core.files.unknown(core.reader):
        return
    try:
        lines = read_anchors(_anchor_path(core))
    except (OSError, FokusError):
        return
    study_id, number = core.header.study_id, int(database.meta(core.reader, "anchor_number") or 0)
    counted, _ = _since_restart(core.reader, lines, study_id)
    if not any(_anchors(core.reader, counted, study_id, number)):
        core.files.sweep(core.reader)


moments.when_unlocked.append(sweep_unknown)


def _since_restart(
    db: sqlite_utils.Database, lines: list[Anchor], study_id: str
) -> tuple[list[Anchor], str | None]:
    """Leave out what stands before the last restart that the journal knows."""
    begun, key = store.restarts(db), _public_key(db)
    for index in range(len(lines) - 1, -1, -1):
        line = lines[index]
        if line.why != RESTART or _wrong(db, line, study_id, key):
            continue
        if event := next((one for one in reversed(begun) if one.seq <= line.seq), None):
            note = (
                f"Anchors: begun anew on {event.at[:10]} by member {event.actor} (event "
                f"{event.seq}); {index} older ones were set aside. Ask them why, if you do "
                "not know."
            )
            return lines[index:], note
    return lines, None


def _anchors(
    db: sqlite_utils.Database, lines: list[Anchor], study_id: str, number: int
) -> Iterator[str]:
    key = _public_key(db)
    wrong = [(line, reason) for line in lines if (reason := _wrong(db, line, study_id, key))]
    if wrong:
        line, reason = wrong[0]
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        yield f"Anchors: no. {line.number} of {line.at[:16]}, event {line.seq}{more}: {reason}"
    first = lines[0].number if lines and lines[0].why == RESTART else 1
    numbers = [line.number for line in lines]
    seqs = [line.seq for line in lines]
    expected = list(range(first, first + len(lines)))
    if not lines and number:
        yield f"Anchors: the file is missing, which had {number} of them. {LOST}"
    elif numbers != expected:
        yield f"Anchors: some are missing, doubled or out of order. {LOST}"
    elif lines and numbers[-1] < number:
        yield f"Anchors: the last {number - numbers[-1]} were cut off. {LOST}"
    elif seqs != sorted(seqs) and not wrong:
        yield f"Anchors: they do not follow one another. {LOST}"


def _public_key(db: sqlite_utils.Database) -> Ed25519PublicKey | None:
    key = signing_key(db)
    return key.public_key() if key else None


def _wrong(
    db: sqlite_utils.Database, line: Anchor, study_id: str, key: Ed25519PublicKey | None
) -> str:
    """Say what is wrong with one anchor, or nothing."""
    if line.study != study_id:
        return "it belongs to another study. Put the right file into the folder of anchors."
    if key is None or not line.verifies(key):
        return (
            "this study did not sign it: the line was changed, or the study is not the one "
            "that wrote it. Ask who can write in the folder of anchors."
        )
    head = store.head_at(db, line.seq)
    if not head:
        return (
            "the journal ends before it: events were cut off, or an older copy of the "
            f"database was put back. {RESTORED}"
        )
    if head != line.head:
        return f"the journal says something else there: it was written anew. {RESTORED}"
    return ""


def _database(core: OpenedStudy, progress: Progress) -> Iterator[str]:
    progress("database", 0, 1)
    for fault in store.database_faults(core):
        yield f"Database: {fault}. Restore it from a backup."
    progress("database", 1, 1)


def _key_file(core: OpenedStudy) -> Iterator[str]:
    try:
        header, mac = opened.read_header(core.home)
        keys.check_mac(header, mac, core.root)
    except FokusError:
        yield "Key file: study.json was altered or is missing. Restore it from a backup."
        return
    if header != core.header or header.revision != int(
        database.meta(core.reader, "header_revision") or 0
    ):
        yield "Key file: study.json is not the newest. Restore the newest from a backup."


def _linking(core: OpenedStudy) -> Iterator[str]:
    """See that the linking store is there whole; what is in it only a custodian can check."""
    there = {name for name in LINKING if (core.home / name).exists()}
    if there and there != set(LINKING):
        missing = min(set(LINKING) - there)
        yield f"Linking store: {missing} is missing. Restore it from a backup."


def _files(core: OpenedStudy, rows: list[store.FileRow], progress: Progress) -> Iterator[str]:
    folder = core.home / "files"
    there = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
    total, before = sum(row.size for row in rows), 0

    def read(done: int) -> None:
        progress("files", before + done, total)

    for row in rows:
        fault = _file_fault(core, row, read)
        # Removed by somebody while this check ran: nothing is wrong.
        if fault and any(one.id == row.id for one in store.files(core.reader)):
            yield f"File {row.id[:12]} ({row.kind}): {fault}. Restore it from a backup."
        before += row.size
    progress("files", total, total)
    known = {row.name for row in rows} | {row.name for row in store.files(core.reader)}
    for name in sorted(there - known):
        if (folder / name).exists():
            yield (
                f"File {name[:12]} lies in the study and no row knows it. A crash can leave "
                "one: it is removed when the study is next opened, unless the anchors show that "
                "the database is not the newest. Then bring back the newest from a backup."
            )


def _file_fault(core: OpenedStudy, row: store.FileRow, read: Callable[[int], object]) -> str:
    """Read a file whole, every chunk authenticated; say what is wrong, or nothing."""
    digest, at = sha256(), 0
    try:
        with core.files.open(row.id) as file:
            while data := file.read(at, SLICE):
                digest.update(data)
                at += len(data)
                read(at)
    except (FokusError, OSError):
        return "it is missing, altered, cut short or swapped"
    if (at, digest.hexdigest()) != (row.size, row.sha256):
        return "it is not the file that was stored"
    return ""


def _anchor_path(core: OpenedStudy) -> Path:
    return anchor_file(read_settings(core.home).anchors, core.header.study_id)


UNREADABLE: Final = "Database: it cannot be read whole. Restore it from a backup."
RESTORED: Final = (
    "If you restored a backup, a lead accepts it on the page Audit; else keep everything as "
    "it is and ask who had the keys."
)
LOST: Final = (
    "If the study was moved to another machine, bring the file along, or let a lead begin "
    "anew on the page Audit; else ask who can write in the folder of anchors."
)
