"""Making a backup: written under a partial name, synced, and named last.

Unlocked, the database writes a consistent copy of itself in one step while members go
on working. Locked, its ciphertext is copied, with the journal that a crash may have
left, while nobody can open it. Sealed files never change, so those of the backup before
are linked instead of copied, where the disk can. A weekly backup links to nothing: a file
that rots on the disk spoils no more than the backups of its week.
"""

import hashlib
import logging
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from .. import database, keys, opened
from ..disk import create_private, private_folder, sync_folder
from ..errors import NO_ROOM, BackupFailed, DamagedFile, DiskFull, StudyBusy, StudyMissing
from ..settings import FILE, read_settings
from . import store
from .shelf import (
    PARTIAL,
    Backup,
    Kind,
    Manifest,
    Part,
    clear,
    iso,
    on_shelf,
    prune,
    read_backup,
    read_manifest,
    shelf,
    shelf_held,
    unreachable,
    utc_now,
    write_manifest,
)

DATABASES: Final = ("study.db", "linking.db")
KEY_FILES: Final = ("study.json", "linking.json")
DATES: Final = "study-dates.json"
PLAIN: Final = (FILE, DATES)
"""What is not sealed, and holds nothing secret."""
HALF_CHANGED: Final = ("study.db.next", "linking.db.next", "linking.db.old")
"""A crash in a change of keys leaves one, without which the key file opens nothing."""
JOURNALS: Final = ("-wal", "-journal")
"""A crash leaves one; with it a copy of the database is whole."""
TRIES: Final = 5
STEP: Final = 1 << 20
PATIENCE: Final = 10.0
"""Seconds for which a migration waits for a backup that is being made."""

Progress = Callable[[int, int], object]
"""Called with the bytes done and the bytes there are in all."""


class _Moved(Exception):
    """Something changed while it was copied: start again."""


@dataclass(slots=True)
class _Making:
    """A backup being made."""

    home: Path
    partial: Path
    base: Backup | None
    progress: Progress | None
    parts: list[Part] = field(default_factory=list)
    done: int = 0
    total: int = 0

    def told(self, size: int) -> None:
        self.done += size
        if self.progress is not None:
            self.progress(self.done, max(self.done, self.total))


@dataclass(frozen=True, slots=True)
class _Half:
    """What is known once the database and the key file are in."""

    header: keys.Header
    files: tuple[str, ...]
    last: store.Head | None
    """Unknown where the database could not be opened."""


def make(
    home: Path, kind: Kind, now: datetime | None = None, progress: Progress | None = None
) -> Backup:
    """Make a backup, unlocked or locked as the study is; ``BackupFailed`` leaves nothing."""
    home = home.resolve()

    def fill(making: _Making) -> Manifest:
        with opened.borrowed(home) as core:
            half = _unlocked(making, core) if core is not None else None
        # Copying files needs no keys and may take long: the study may be locked meanwhile.
        return _filled(making, kind, half or _locked(making))

    return _made(home, kind, now or utc_now(), progress, fill)


def make_before_migration(path: Path, copy: Callable[[Path], None]) -> None:
    """Back up a study whose database is about to be migrated."""
    home = path.parent
    if not (home / "study.json").exists():
        return

    def fill(making: _Making) -> Manifest:
        copy(making.partial / "study.db")
        _entered(making, "study.db")
        _sealed_parts(making, ("linking.db",))
        header, _ = opened.read_header(making.partial)
        return _filled(making, "before-migration", _Half(header, _on_disk(home), None))

    # Who opens a study keeps all others out meanwhile, who makes a backup may wait for just
    # that: so this one gives up, and can be tried again.
    _made(home, "before-migration", utc_now(), None, fill, wait=PATIENCE)


def _made(
    home: Path, kind: Kind, now: datetime, progress: Progress | None,
    fill: Callable[[_Making], Manifest], wait: float | None = None,
) -> Backup:  # fmt: skip
    check_target(home)
    folder = shelf(home)
    with shelf_held(folder, wait):
        while (folder / _name(now, kind)).exists():
            now += timedelta(seconds=1)
        sound = [one for one in on_shelf(folder) if not one.problem and kind != "weekly"]
        partial = folder / (_name(now, kind) + PARTIAL)
        with _nothing_half(partial):
            manifest = _tried(home, partial, sound[-1] if sound else None, progress, fill)
            write_manifest(partial, replace(manifest, made_at=iso(now)))
            sync_folder(partial)
            partial.replace(folder / _name(now, kind))
            sync_folder(folder)
        backup = read_backup(folder / _name(now, kind))
        prune(folder, now)
    return backup


def check_target(home: Path) -> None:
    """Refuse a folder of backups that is not there, unless it is the one beside the study."""
    chosen, home = read_settings(home).backups, home.resolve()
    if chosen != home.parent / f"{home.name}-kept" / "backups" and not chosen.is_dir():
        # A folder of one's own choice is not made: its disk may just not be there.
        raise BackupFailed(
            f"The backup folder {chosen} is not there, so nothing was backed up. Make it, or "
            "make its disk available."
        )


def _tried(
    home: Path, partial: Path, base: Backup | None, progress: Progress | None,
    fill: Callable[[_Making], Manifest],
) -> Manifest:  # fmt: skip
    for _ in range(TRIES):
        private_folder(partial)
        private_folder(partial / "files")
        try:
            return fill(_Making(home, partial, base, progress))
        except _Moved:
            clear(partial)
    raise BackupFailed(
        "The study changed too often while it was copied, so no backup was made. Try again."
    )


@contextmanager
def _nothing_half(partial: Path) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        try:
            if partial.exists():
                clear(partial)
        except OSError:
            logging.getLogger("fokus").error("an unfinished backup could not be removed")
        if isinstance(error, DiskFull) or (isinstance(error, OSError) and error.errno in NO_ROOM):
            raise BackupFailed(
                f"There is no room left for a backup in {partial.parent}, so none was made. "
                "The study itself is untouched. Free some space there."
            ) from error
        if isinstance(error, OSError):
            raise BackupFailed(unreachable(partial.parent, error)) from error
        raise


def _unlocked(making: _Making, core: opened.OpenedStudy) -> _Half:
    key = keys.derived(core.root, "database")
    core._connections.copy_to(making.partial / "study.db")
    _entered(making, "study.db")
    with database.copy_opened(making.partial / "study.db", key) as copy:
        last, names = store.head(copy), store.file_names(copy)
    # After the database: a key file that is newer than its database opens, an older does not.
    _sealed_parts(making, ("linking.db",))
    header, mac = opened.read_header(making.partial)
    try:
        keys.check_mac(header, mac, core.root)
    except DamagedFile:
        raise _Moved from None
    return _Half(header, tuple(names), last)


def _locked(making: _Making) -> _Half:
    try:
        with opened.kept_shut(making.home) as shut:
            if not shut:
                raise _Moved
            _sealed_parts(making, DATABASES)
            header, _ = opened.read_header(making.partial)
            return _Half(header, _on_disk(making.home), None)
    except StudyBusy as busy:
        if busy.pid == os.getpid():
            raise BackupFailed("The study is just being opened. Try again.") from None
        raise


def _filled(making: _Making, kind: Kind, half: _Half) -> Manifest:
    _files(making, half.files)
    sync_folder(making.partial / "files")
    last = half.last
    return Manifest(
        half.header.study_id, "", kind, last is None, half.header.revision,
        last.seq if last else None, last.hash if last else None, tuple(making.parts),
    )  # fmt: skip


def _sealed_parts(making: _Making, databases: Iterable[str]) -> None:
    names = [f"{one}{end}" for one in databases for end in ("", *JOURNALS)]
    names += [*HALF_CHANGED, *KEY_FILES, *PLAIN]
    before = _looks(making.home, names)
    if "study.json" not in before:
        raise StudyMissing(f"There is no study in {making.home}.")
    for name in before:
        _copied(making, making.home / name, name)
    # The linking store may have been written meanwhile: then this was no single moment.
    if _looks(making.home, names) != before:
        raise _Moved


def _looks(home: Path, names: Iterable[str]) -> dict[str, tuple[int, int, int]]:
    found = {}
    for name in names:
        try:
            said = (home / name).stat()
        except FileNotFoundError:
            continue
        if said.st_size or name in DATABASES:
            found[name] = (said.st_ino, said.st_size, said.st_mtime_ns)
    return found


def _on_disk(home: Path) -> tuple[str, ...]:
    folder = home / "files"
    if not folder.is_dir():
        return ()
    return tuple(sorted(one.name for one in folder.iterdir() if not one.name.startswith(".")))


def _files(making: _Making, names: Iterable[str]) -> None:
    """Bring the sealed files; one that is gone meanwhile was removed from the study."""
    earlier = (
        {part.name: part for part in read_manifest(making.base.folder).parts}
        if making.base is not None else {}
    )  # fmt: skip
    sources = [(making.home / "files" / name, f"files/{name}") for name in names]
    try:
        making.total = making.done + sum(source.stat().st_size for source, _ in sources)
        for source, name in sources:
            if not _linked(making, source, earlier.get(name)):
                _copied(making, source, name)
        if not all(source.exists() for source, _ in sources):
            raise _Moved
    except FileNotFoundError as error:
        if error.filename is not None and Path(error.filename).is_relative_to(making.home):
            raise _Moved from None
        raise


def _linked(making: _Making, source: Path, earlier: Part | None) -> bool:
    said = source.stat()
    if making.base is None or earlier is None:
        return False
    kept = making.base.folder / earlier.name
    same = (said.st_size, said.st_mtime_ns) == (earlier.size, earlier.mtime_ns)
    try:
        if not same or kept.stat().st_size != earlier.size:
            return False
        os.link(kept, making.partial / earlier.name)
    except OSError:
        return False
    making.parts.append(replace(earlier, linked=True))
    making.told(earlier.size)
    return True


def _copied(making: _Making, source: Path, name: str) -> None:
    digest, size = hashlib.sha256(), 0
    target = create_private(making.partial / name)
    with source.open("rb") as reading, target:
        mtime = os.fstat(reading.fileno()).st_mtime_ns
        while data := reading.read(STEP):
            digest.update(data)
            size += len(data)
            target.write(data)
            making.told(len(data))
        target.flush()
        os.fsync(target.fileno())
    making.parts.append(Part(name, size, digest.hexdigest(), mtime, False))


def _entered(making: _Making, name: str) -> None:
    """Sync and sum what is in the partial folder already."""
    digest = hashlib.sha256()
    with (making.partial / name).open("rb") as file:
        os.fsync(file.fileno())
        while data := file.read(STEP):
            digest.update(data)
            making.told(len(data))
        said = os.fstat(file.fileno())
    making.parts.append(Part(name, said.st_size, digest.hexdigest(), said.st_mtime_ns, False))


def _name(now: datetime, kind: Kind) -> str:
    return f"{now:%Y%m%dT%H%M%SZ}-{kind}"
