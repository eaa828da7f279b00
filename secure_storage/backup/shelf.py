"""The backups of a study as they lie in their folder, readable while the study is locked.

    <backup folder>/<study id>/20261121T020000Z-nightly/
        manifest.json     what is in it, with sizes and SHA-256 sums
        checked.json      what verifying it found; missing until then
        study.db  study.json  linking.db  linking.json  fokus.toml  study-dates.json
        files/…           the sealed files

All of it is sealed or holds nothing secret. Job folders, inbox and exports stay out:
exports and inbox hold plain files, and jobs are made again from the recordings. Neither
manifest nor sums need a signature: database, files and key file are authenticated
themselves, and the anchors tell an old state from the newest.

**Expiry** is part of what participants are promised. A backup is removed at its
``expires_at``: 7 days after it was made (nightly and on demand) or 28 days (weekly and
before an upgrade). Of each kind only the newest 7, 4, 7 and 4 are kept, so some go earlier.
One exception guards the study: the newest backup that was verified stays until a newer one
is verified. An erasure makes and verifies a fresh one, so after it the promise holds.

All of this goes by the machine's clock, which may be wrong. What is dated in the future is
left out of the counting until then. When the clock is suddenly more than 60 days ahead of
the newest backup, what expires is judged for a week by the time before (``believed``).
"""

import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal, get_args

from ..disk import private_folder, replacing, sync_folder
from ..errors import BackupFailed, DamagedFile
from ..opened import read_header
from ..settings import read_settings

Kind = Literal["nightly", "weekly", "on-demand", "before-migration"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
MANIFEST: Final = "manifest.json"
CHECKED: Final = "checked.json"
PARTIAL: Final = ".partial"
SLACK: Final = timedelta(hours=1)
"""Clocks differ by so much."""
JUMP: Final = timedelta(days=60)
"""A clock that goes ahead by more is not believed at once."""
DOUBTED: Final = timedelta(days=7)
"""For so long it is not."""


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long a kind of backup is kept, and how many of it at most."""

    days: int
    most: int


KEPT: Final[Mapping[Kind, Keeping]] = MappingProxyType(
    {
        "nightly": Keeping(7, 7),
        "weekly": Keeping(28, 4),
        "on-demand": Keeping(7, 7),
        "before-migration": Keeping(28, 4),
    }
)


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a backup."""

    name: str
    """Relative to the backup, with ``/``."""
    size: int
    sha256: str
    mtime_ns: int
    """Of the original, which is immutable if it lies in ``files/``."""
    linked: bool
    """It shares its bytes with the backup before."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What ``manifest.json`` says."""

    study_id: str
    made_at: str
    kind: Kind
    locked: bool
    """Made while nobody was signed in, so that nothing could be checked."""
    revision: int
    """Of the key file."""
    seq: int | None
    """The last event in it, unknown when it was made locked."""
    head: str | None
    """Hash of that event, in hexadecimal."""
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Backup:
    """A complete backup."""

    name: str
    folder: Path
    made_at: str
    kind: Kind
    size: int
    """Bytes, those shared with other backups included."""
    locked: bool
    verified_at: str | None
    """When it was verified, whatever was found; ``None`` while it waits for a sign-in."""
    problem: str
    """What verifying found wrong, empty if nothing."""

    @property
    def expires_at(self) -> str:
        """The moment at which it is removed, if not earlier."""
        return iso(moment(self.made_at) + timedelta(days=KEPT[self.kind].days))

    @property
    def good(self) -> bool:
        """It was verified and nothing was wrong."""
        return self.verified_at is not None and not self.problem


def utc_now() -> datetime:
    """Give the time."""
    return datetime.now(UTC)


def iso(at: datetime) -> str:
    """Write a time as the database keeps it."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(at: str) -> datetime:
    """Read such a time."""
    return datetime.fromisoformat(at)


def shelf(home: Path) -> Path:
    """Give the folder of a study's backups, which may not be there yet."""
    return read_settings(home).backups / read_header(home)[0].study_id


def backups(home: Path) -> list[Backup]:
    """List the complete backups of a study, oldest first; it may be locked."""
    return on_shelf(shelf(home))


def on_shelf(folder: Path) -> list[Backup]:
    """List the complete backups in a folder, oldest first."""
    try:
        names = sorted(one.name for one in folder.iterdir() if one.is_dir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise BackupFailed(unreachable(folder, error)) from None
    found = []
    for name in names:
        if not name.startswith(".") and not name.endswith(PARTIAL):
            try:
                found.append(read_backup(folder / name))
            except DamagedFile:
                continue
    return sorted(found, key=lambda one: (one.made_at, one.name))


def read_backup(folder: Path) -> Backup:
    """Describe the backup in a folder."""
    manifest = read_manifest(folder)
    try:
        said = json.loads((folder / CHECKED).read_bytes())
        checked = str(said["at"]), str(said["problem"])
    except (OSError, ValueError, KeyError, TypeError):
        checked = None
    return Backup(
        folder.name, folder, manifest.made_at, manifest.kind,
        sum(part.size for part in manifest.parts), manifest.locked,
        checked[0] if checked else None, checked[1] if checked else "",
    )  # fmt: skip


def read_manifest(folder: Path) -> Manifest:
    """Read what a backup holds; ``DamagedFile`` if it is none."""
    try:
        said = json.loads((folder / MANIFEST).read_bytes())
        parts = tuple(Part(**one) for one in said.pop("parts"))
        manifest = Manifest(**said, parts=parts)
        moment(manifest.made_at)
        if manifest.kind not in KINDS or any(_leads_out(part.name) for part in parts):
            raise ValueError
    except (OSError, ValueError, KeyError, TypeError):
        raise DamagedFile(f"There is no whole backup in {folder}. Choose another.") from None
    return manifest


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write it, last of all."""
    with replacing(folder / MANIFEST) as file:
        file.write(json.dumps(asdict(manifest), indent=1).encode())


def mark_checked(folder: Path, at: str, problem: str) -> None:
    """Note beside a backup what verifying it found."""
    with replacing(folder / CHECKED) as file:
        file.write(json.dumps({"at": at, "problem": problem}).encode())


def expired(present: Sequence[Backup], now: datetime) -> list[Backup]:
    """Choose what is to be removed now."""
    present = [one for one in present if not from_future(one, now)]
    then = believed(present, now)
    good = [one for one in present if one.good]
    # While none is verified yet, the newest that may be good is all there is.
    spared = max(good or [one for one in present if not one.problem], key=_age, default=None)
    gone = []
    for kind, keeping in KEPT.items():
        of_kind = sorted((one for one in present if one.kind == kind), key=_age, reverse=True)
        for place, one in enumerate(of_kind):
            if place >= keeping.most or moment(one.expires_at) <= then:
                gone.append(one)
    return [one for one in gone if one is not spared]


def from_future(one: Backup, now: datetime) -> bool:
    """Tell whether a backup bears a date that is not yet: a clock was or is wrong."""
    return moment(one.made_at) > now + SLACK


def believed(present: Sequence[Backup], now: datetime) -> datetime:
    """Give the time to judge expiry by: that before a jump of the clock, or ``now``."""
    times = sorted([*(moment(one.made_at) for one in present), now])
    for before, after in pairwise(times):
        if after - before > JUMP and now - after < DOUBTED:
            return before
    return now


def prune(folder: Path, now: datetime) -> list[str]:
    """Remove what has expired; gives the names. Under ``shelf_held``."""
    gone = expired(on_shelf(folder), now)
    for one in gone:
        remove(one)
    return [one.name for one in gone]


def remove(backup: Backup) -> None:
    """Remove a backup: first the seals of its keys, without which the rest is noise."""
    gone = backup.folder.with_name(backup.name + PARTIAL)
    backup.folder.replace(gone)
    sync_folder(gone.parent)
    clear(gone)


def clear(folder: Path) -> None:
    """Remove a folder of sealed things, key files first."""
    for name in ("study.json", "linking.json"):
        (folder / name).unlink(missing_ok=True)
    sync_folder(folder)
    shutil.rmtree(folder)
    sync_folder(folder.parent)


@contextmanager
def shelf_held(folder: Path, wait: float | None = None) -> Iterator[None]:
    """Hold a folder of backups: one thread of one process at a time makes or removes some.

    What an interrupted one left is removed. Who gives up after ``wait`` seconds is told so.
    """
    try:
        private_folder(folder)
        fd = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise BackupFailed(unreachable(folder, error)) from None
    try:
        _lock(fd, wait)
        for left in _left(folder):
            clear(left)
        yield
    finally:
        os.close(fd)


def _lock(fd: int, wait: float | None) -> None:
    if wait is None:
        fcntl.flock(fd, fcntl.LOCK_EX)
        return None
    until = time.monotonic() + wait
    while True:
        try:
            return fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                raise BackupFailed(
                    "A backup is being made. Try again when it is done, in some minutes."
                ) from None
            time.sleep(0.05)


def _left(folder: Path) -> list[Path]:
    """Find what an interrupted backup, check or trial left; the latter may be under way."""
    yesterday = utc_now().timestamp() - 86400
    aside = [*folder.glob(".opened-*"), *folder.glob(".drill-*")]
    return [*folder.glob(f"*{PARTIAL}"), *(one for one in aside if one.stat().st_mtime < yesterday)]


def unreachable(folder: Path, error: OSError) -> str:
    """Say that the folder of backups cannot be used."""
    return (
        f"The backup folder {folder} cannot be used ({error.strerror}). Nothing was backed up. "
        "Make it available again, or name another in fokus.toml."
    )


def _age(one: Backup) -> tuple[str, str]:
    return one.made_at, one.name


def _leads_out(name: str) -> bool:
    place = Path(name)
    return place.is_absolute() or ".." in place.parts or not name
