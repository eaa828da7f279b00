"""Verifying backups: at the latest when the study is next unlocked, without delaying it.

A backup is good when every part has its sum, its database opens with the study's keys
and is sound to the last page, its last event is one of the study's own, and every file
that its database knows is there. Sums of files that are linked from an earlier backup
are computed again once a week, before a weekly backup takes over: a file that has rotted
spoils all the backups that share it.
"""

import hashlib
import logging
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

import sqlite_utils

from .. import database, keys, opened, rotation
from ..errors import BackupFailed, DamagedFile, FokusError, NotSignedIn
from ..events import now
from ..study import Study
from . import store
from .making import DATABASES, HALF_CHANGED, JOURNALS, STEP, Progress, make
from .shelf import (
    Backup,
    Manifest,
    backups,
    mark_checked,
    read_backup,
    read_manifest,
    remove,
    shelf,
    shelf_held,
)
from .shelf import moment as moment_of

_one_at_a_time = threading.Lock()
_checkers: Final[dict[Path, tuple[threading.Thread, threading.Event]]] = {}


def fresh_backup(study: Study, progress: Progress | None = None) -> Backup:
    """Make a backup now and verify it; ``BackupFailed`` if it is not good."""
    study.require("backup")
    made = make(study.home, "on-demand", progress=progress)
    with _one_at_a_time:
        problem = checked(study._core, made)
        mark_checked(made.folder, now(), problem)
        made = read_backup(made.folder)
        with study.change("backup") as change:
            store.record_made(change.db, made)
            after: dict[str, object] = {"kind": made.kind, "size": made.size, "problem": problem}
            change.record("backup.made", f"backup:{made.name}", after=after)
    if problem:
        raise BackupFailed(f"A backup was made, but it is not good: {problem}. Make another.")
    return made


def forget_backups(study: Study, before: str) -> list[str]:
    """Remove all backups made before a moment, at once; gives their names."""
    study.require("backup")
    with shelf_held(shelf(study.home)):
        gone = [one for one in backups(study.home) if moment_of(one.made_at) < moment_of(before)]
        for one in gone:
            with study.change("backup") as change:
                store.record_gone(change.db, one.name)
                change.record("backup.removed", f"backup:{one.name}", before=_what(one))
            remove(one)
    return [one.name for one in gone]


@contextmanager
def open_backup(study: Study, backup: Backup) -> Iterator[sqlite_utils.Database]:
    """Open a backup's database for reading, with the study's keys or those it had then."""
    study.require("backup")
    with _copy(backup, _root_of(study, backup)) as db:
        yield db


def settle(core: opened.OpenedStudy, stop: threading.Event | None = None) -> None:
    """Bring the study's list of backups up to date and verify those that were not."""
    with _one_at_a_time:
        known, present = store.recorded(core), backups(core.home)
        for name in known.keys() - {one.name for one in present}:
            store.record_gone_by_nobody(core, name)
        for one in present:
            if one.name not in known:
                store.record_by_nobody(core, "backup.made", one, _what(one))
            if known.get(one.name) is None:
                _settled(core, one, stop or threading.Event())
                if one.kind == "weekly":
                    _look_back(core, present[: present.index(one)], stop or threading.Event())


def _settled(core: opened.OpenedStudy, one: Backup, stop: threading.Event) -> None:
    try:
        problem = checked(core, one, stop)
    except (FileNotFoundError, DamagedFile):
        if not one.folder.exists():
            return
        problem = "it cannot be read"
    if stop.is_set():
        return
    _found(core, one, problem)


def _found(core: opened.OpenedStudy, one: Backup, problem: str) -> None:
    mark_checked(one.folder, now(), problem)
    after: dict[str, object] = {"problem": problem} if problem else {}
    action = "backup.failed" if problem else "backup.verified"
    store.record_by_nobody(core, action, read_backup(one.folder), after)


def _look_back(core: opened.OpenedStudy, earlier: list[Backup], stop: threading.Event) -> None:
    """Sum anew what the newest of earlier backups links to; tell all that share what fails."""
    good = [one for one in earlier if read_backup(one.folder).good]
    if not good:
        return
    for name, problem in _wrong(good[-1].folder, read_manifest(good[-1].folder), stop):
        if stop.is_set():
            return
        rotten = good[-1].folder / name
        for one in good:
            with suppress(FileNotFoundError):
                shares = one == good[-1] or (one.folder / name).samefile(rotten)
                if shares and not read_backup(one.folder).problem:
                    _found(core, one, problem)


def check_in_background(core: opened.OpenedStudy) -> None:
    """Start verifying on a thread of its own, if there is anything to do."""
    try:
        if not backups(core.home) and not store.recorded(core):
            return
    except FokusError:
        # A disk of backups that is away must not keep the study shut; the check-up tells.
        return
    stop = threading.Event()
    thread = threading.Thread(target=_checking, args=(core, stop), name="backups", daemon=True)
    _checkers[core.home] = thread, stop
    thread.start()


def stop_checking(core: opened.OpenedStudy) -> None:
    """End it before the study is locked; what is left is verified at the next unlock."""
    thread, stop = _checkers.pop(core.home, (None, None))
    if thread is not None and stop is not None:
        stop.set()
        if thread is not threading.current_thread():
            thread.join(30)


def wait_until_checked(home: Path) -> None:
    """Wait for the verification that is under way."""
    thread, _ = _checkers.get(home.resolve(), (None, None))
    if thread is not None:
        thread.join()


def _checking(core: opened.OpenedStudy, stop: threading.Event) -> None:
    with suppress(NotSignedIn):
        try:
            settle(core, stop)
        except (FokusError, OSError) as error:
            name = type(error).__name__
            logging.getLogger("fokus").error("backups could not be verified: %s", name)


def checked(core: opened.OpenedStudy, backup: Backup, stop: threading.Event | None = None) -> str:
    """Verify one backup; gives what is wrong with it, empty if nothing."""
    manifest = read_manifest(backup.folder)
    if problem := sums_wrong(backup.folder, manifest, stop, everything=backup.kind == "weekly"):
        return problem
    try:
        header, mac = opened.read_header(backup.folder)
        if header.study_id != core.header.study_id:
            return "its key file belongs to another study"
        try:
            keys.check_mac(header, mac, core.root)
        except DamagedFile:
            # Of before the keys were changed: only those keys could tell more.
            return ""
        with _copy(backup, core.root) as copy:
            return _unlike(core, manifest, copy)
    except DamagedFile:
        return "its database does not open with the study's keys"


def _unlike(core: opened.OpenedStudy, manifest: Manifest, copy: sqlite_utils.Database) -> str:
    if problem := store.faults(copy):
        return problem
    last = store.head(copy)
    if manifest.seq is not None and (manifest.seq, manifest.head) != (last.seq, last.hash):
        return "its last event is not the one it was made with"
    if last.seq and store.hash_at(core.reader, last.seq) != last.hash:
        return "it holds events that this study does not know"
    there = {part.name for part in manifest.parts}
    if any(f"files/{name}" not in there for name in store.file_names(copy)):
        return "a stored file is missing from it"
    return ""


def sums_wrong(
    folder: Path,
    manifest: Manifest,
    stop: threading.Event | None = None,
    *,
    everything: bool = True,
) -> str:
    """Compute the sums of a backup's parts; gives what is wrong, empty if nothing."""
    return next((said for _, said in _wrong(folder, manifest, stop, everything=everything)), "")


def _wrong(
    folder: Path,
    manifest: Manifest,
    stop: threading.Event | None = None,
    *,
    everything: bool = True,
) -> Iterator[tuple[str, str]]:
    for part in manifest.parts:
        path = folder / part.name
        try:
            if path.stat().st_size != part.size:
                yield part.name, f"{part.name} has another size"
            elif everything or not part.linked:
                with path.open("rb") as file:
                    if _sum(file, stop) != part.sha256:
                        yield part.name, f"{part.name} was altered or damaged"
        except FileNotFoundError:
            yield part.name, f"{part.name} is missing"
        if stop is not None and stop.is_set():
            yield part.name, "not verified to its end"
            return


def _sum(file: BinaryIO, stop: threading.Event | None) -> str:
    digest = hashlib.sha256()
    while (data := file.read(STEP)) and not (stop and stop.is_set()):
        digest.update(data)
    return digest.hexdigest()


@contextmanager
def _copy(backup: Backup, root: bytes) -> Iterator[sqlite_utils.Database]:
    key = keys.derived(root, "database")
    names = (*(f"study.db{end}" for end in JOURNALS), HALF_CHANGED[0])
    left = [path for name in names if (path := backup.folder / name).exists()]
    if not left:
        with database.copy_opened(backup.folder / DATABASES[0], key) as db:
            yield db
        return
    # What a crash left has to be finished, and the backup stays as it is: elsewhere, then.
    with tempfile.TemporaryDirectory(prefix=".opened-", dir=backup.folder.parent) as aside:
        for path in (backup.folder / DATABASES[0], *left):
            shutil.copyfile(path, Path(aside) / path.name)
        rotation.settle(Path(aside), root)
        store.fold_journal(Path(aside) / DATABASES[0], key)
        with database.copy_opened(Path(aside) / DATABASES[0], key) as db:
            yield db


def _root_of(study: Study, backup: Backup) -> bytes:
    header, mac = opened.read_header(backup.folder)
    root = study._core.root
    try:
        keys.check_mac(header, mac, root)
    except DamagedFile:
        root = keys.root_of(header, study.member.id, study._secret)
        keys.check_mac(header, mac, root)
    return root


def _what(one: Backup) -> dict[str, object]:
    return {"kind": one.kind, "size": one.size, "made_at": one.made_at}
