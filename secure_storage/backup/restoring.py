"""Bringing a study back from a backup, and the drill that shows that it can be done."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .. import events, opened
from ..disk import create_private, private_folder, sync_folder
from ..errors import NO_ROOM, BackupFailed, BadInput, DamagedFile, DiskFull, StudyExists
from ..settings import FILE
from ..study import Study, unlock
from . import store
from .checking import open_backup
from .making import STEP
from .shelf import Backup, backups, read_backup, read_manifest

BOOKKEEPING: Final = ("backups", "meta")
"""Tables that recording a backup or an anchor changes."""


@dataclass(frozen=True, slots=True)
class Restored:
    """A study that was brought back."""

    home: Path
    backup: Backup
    revision: int
    """Of the key file: who could sign in when the backup was made can sign in now."""
    accounts: int


@dataclass(frozen=True, slots=True)
class Drill:
    """What restoring a backup on trial showed."""

    backup: Backup
    findings: tuple[str, ...]
    events: int
    rows: int
    """In the backup, bookkeeping left out."""
    equal: int
    """Of these, how many the live study has, byte for byte."""
    changed_since: int
    """Changes that the live study saw after the backup."""
    files: int
    file_bytes: int


def restore(backup_folder: Path, home: Path) -> Restored:
    """Copy a backup to a new home, computing every sum; an existing study is never touched."""
    backup = read_backup(backup_folder.resolve())
    home = home.absolute()
    if home.exists() and (not home.is_dir() or any(home.iterdir())):
        raise StudyExists(f"{home} is not empty. Restore into a folder that is new.")
    private_folder(home.parent)
    partial = home.with_name(f".{home.name}.restoring-{os.urandom(4).hex()}")
    try:
        _brought(backup, partial)
        for name in ("files", "jobs", "inbox", "exports"):
            private_folder(partial / name)
            sync_folder(partial / name)
        sync_folder(partial)
        header, _ = opened.read_header(partial)
        if home.exists():
            home.rmdir()
        partial.replace(home)
        sync_folder(home.parent)
    except OSError as error:
        if error.errno in NO_ROOM:
            raise DiskFull(f"There is no room in {home.parent}. Nothing was restored.") from error
        raise BackupFailed(f"Nothing was restored: {error.strerror}.") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return Restored(home, backup, header.revision, len(header.accounts))


def _brought(backup: Backup, partial: Path) -> None:
    private_folder(partial)
    private_folder(partial / "files")
    for part in read_manifest(backup.folder).parts:
        digest, target = hashlib.sha256(), partial / part.name
        try:
            # Never linked: the study writes its database, and erasure overwrites files.
            with (backup.folder / part.name).open("rb") as source, create_private(target) as file:
                while data := source.read(STEP):
                    digest.update(data)
                    file.write(data)
                file.flush()
                os.fsync(file.fileno())
        except FileNotFoundError:
            digest = hashlib.sha256()
        if digest.hexdigest() != part.sha256:
            raise DamagedFile(
                f"The backup {backup.name} is damaged ({part.name}), so nothing was restored. "
                "Take another one."
            )
        os.utime(target, ns=(part.mtime_ns, part.mtime_ns))


def drill(study: Study, passphrase: str, code: str = "") -> Drill:
    """Restore the newest good backup on trial, sign in, and compare it with the study."""
    study.require("backup")
    present = [one for one in backups(study.home) if not one.problem]
    if not present:
        raise BadInput("There is no backup yet. Make one with: fokus backup now")
    backup = ([one for one in present if one.good] or present)[-1]
    with _tried_out(backup) as home:
        findings, rows, since = _rows(study, backup)
        restored = unlock(home, study.member.name, passphrase, code)
        try:
            chain = events.verify(restored.db)
            if not chain.ok:
                findings.append(f"The journal of the backup is broken: {chain.problem}.")
            count, size = 0, 0
            for row in restored.db.table("files").rows:
                count, size = count + 1, size + int(row["size"])
                findings.extend(_file(restored, str(row["id"]), str(row["sha256"])))
        finally:
            restored.close()
    return Drill(
        backup, tuple(findings), chain.events, rows.rows, rows.equal, since, count, size
    )  # fmt: skip


def _rows(study: Study, backup: Backup) -> tuple[list[str], store.RowsCompared, int]:
    with open_backup(study, backup) as copy:
        last = store.head(copy)
        rows = store.compared(store.row_hashes(copy), store.row_hashes(study.db), BOOKKEEPING)
        findings = [] if not (fault := store.faults(copy)) else [f"In the backup, {fault}."]
    if last.seq and store.hash_at(study.db, last.seq) != last.hash:
        findings.append("The backup's last event is none of this study's.")
    since = store.changes_since(study.db, last.seq)
    if not since and (rows.differing or rows.rows != rows.equal):
        findings.append(
            f"{rows.rows - rows.equal} rows of the backup differ from the study, in "
            f"{', '.join(rows.differing)}, although nothing was changed since."
        )
    return findings, rows, since


def _file(restored: Study, file_id: str, sha256: str) -> Iterator[str]:
    digest, offset = hashlib.sha256(), 0
    try:
        with restored.files.open(file_id) as reader:
            while data := reader.read(offset, STEP):
                digest.update(data)
                offset += len(data)
    except DamagedFile:
        yield f"The file {file_id[:12]} of the backup is missing or damaged."
        return
    if digest.hexdigest() != sha256:
        yield f"The file {file_id[:12]} of the backup holds something else."


@contextmanager
def _tried_out(backup: Backup) -> Iterator[Path]:
    # Beside the backup, where there is room for one; sealed like it, and removed at once.
    with tempfile.TemporaryDirectory(prefix=".drill-", dir=backup.folder.parent) as aside:
        home = Path(aside) / "home"
        restore(backup.folder, home)
        # Its settings would have it write anchors and backups where the study does.
        (home / FILE).unlink(missing_ok=True)
        yield home
