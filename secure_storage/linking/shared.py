"""The linking store as it is open in this process, shared by the custodians signed in.

The first custodian opens it, the last to leave locks it. All access goes through one
lock: there is little to read, and the file can be replaced under it (a new root key).

Order of locks: the study's writer first, this one second, never the other way round.
"""

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import sqlite_utils

from .. import database, keys
from ..change import Change
from ..database import Connections
from ..disk import replacing, sync_folder
from ..errors import DamagedFile, NotSignedIn
from ..foreign import shred
from ..members import Member
from ..study import Study
from . import replaced, store
from . import seals as seals_of
from .schema import MIGRATIONS
from .seals import Seals

if TYPE_CHECKING:
    from .linking import Linking

FILE: Final = "linking.db"
KEYS: Final = "linking.json"
NEXT: Final = "linking.db.next"
OLD: Final = "linking.db.old"
_guard = threading.Lock()
_open: Final[dict[Path, "SharedLinking"]] = {}


@dataclass(frozen=True, slots=True)
class LinkingState:
    """Whether there is a linking store, and for whom it opens."""

    exists: bool
    mine: bool = False
    """It is sealed to this custodian."""
    outdated: bool = False
    """It is sealed to a key that this custodian no longer has."""


def linking_state(study: Study) -> LinkingState:
    """Tell a custodian how things stand; reads no more than the key file."""
    study.require("linking")
    found = read_seals(study)
    if found is None:
        return LinkingState(False)
    seal = found[0].of(study.member.id)
    own = seal is not None and seal.public == study._secret.public_key().public_bytes_raw()
    return LinkingState(True, own, seal is not None and not own)


def read_seals(study: Study) -> tuple[Seals, str] | None:
    """Read the key file; None while there is no linking store."""
    known = store.revision(study.db, "linking_revision")
    try:
        seals, mac = seals_of.from_json((study.home / KEYS).read_bytes())
    except FileNotFoundError:
        if known:
            raise DamagedFile(
                "This study has a linking store, but its key file (linking.json) is missing. "
                "Restore linking.json and linking.db from a backup."
            ) from None
        return None
    if seals.study_id != study._core.header.study_id:
        raise DamagedFile(seals_of.ALTERED)
    if seals.revision < known:
        raise DamagedFile(
            "The linking store's key file (linking.json) is older than the study: somebody put "
            "an old one back. Restore the newest from a backup."
        )
    return seals, mac


class SharedLinking:
    """Root key, seals and connection of one home's linking store."""

    def __init__(self, home: Path, root: bytes, seals: Seals) -> None:
        """Open the database, finishing what a crash left of a change of keys."""
        self.home, self.root, self.seals = home, root, seals
        self.sessions: dict[Study, Linking] = {}
        self._lock = threading.RLock()
        self._finish_rotation()
        if not (home / FILE).exists():
            raise DamagedFile(
                "The linking store's database (linking.db) is missing. Restore linking.db and "
                "linking.json from the same backup."
            )
        self._connections = self._connect(home / FILE, root)

    def _connect(self, path: Path, root: bytes) -> Connections:
        try:
            return Connections(path, _database_key(root), MIGRATIONS)
        except DamagedFile:
            raise DamagedFile(DOES_NOT_OPEN) from None

    def _finish_rotation(self) -> None:
        """The key file is what decides: its root opens one of the two files."""
        shred(self.home / OLD)
        following = self.home / NEXT
        if not following.exists():
            return
        try:
            with database.copy_opened(following, _database_key(self.root)):
                pass
        except DamagedFile:
            shred(following)
        else:
            self._take_over(following)

    def _take_over(self, following: Path) -> None:
        old = self.home / OLD
        if (self.home / FILE).exists():
            (self.home / FILE).replace(old)
        following.replace(self.home / FILE)
        sync_folder(self.home)
        shred(old)

    @contextmanager
    def reading(self) -> Iterator[sqlite_utils.Database]:
        """Read, with nobody else at it."""
        with self._lock:
            self._check_open()
            yield self._connections.reader

    @contextmanager
    def change(self, member: Member) -> Iterator[Change]:
        """Run one change of the store, with its event, or undo it whole."""
        with self._lock:
            self._check_open()
            change: Change | None = None
            try:
                with self._connections.writing() as db:
                    change = Change(db, member)
                    yield change
                    assert change.recorded, "a change of the linking store without its event"
            except BaseException:
                if change is not None:
                    change.settle(committed=False)
                raise
            change.settle(committed=True)

    def save_seals(self, seals: Seals, change: Change, study_change: Change) -> None:
        """Write the key file within a change of both databases, which remember it."""
        database.set_meta(change.db, "seals_revision", str(seals.revision))
        remember(study_change, seals)
        before = self.seals
        change.if_undone(lambda: self._write_seals(before, self.root))
        self._write_seals(seals, self.root)

    def rotate(self, seals: Seals, study_change: Change) -> None:
        """Take a new root key: the store in a new file, the old one destroyed.

        Written beside first; the moment it counts is when the key file is replaced.
        """
        with self._lock:
            root = secrets.token_bytes(32)
            seals = seals.resealed(root)
            following = self.home / NEXT
            shred(following)
            made = self._connect(following, root)
            try:
                with made.writing() as db:
                    store.copy(self._connections.reader, db)
                    database.set_meta(db, "seals_revision", str(seals.revision))
            finally:
                made.close()
            remember(study_change, seals)
            replaced.publish_key(study_change, root)
            self._connections.close()
            try:
                self._decide(seals, root)
                self._take_over(following)
            finally:
                if self.root:
                    self._connections = self._connect(self.home / FILE, self.root)

    def _decide(self, seals: Seals, root: bytes) -> None:
        """Write the key file under a new root key, which counts once others can read it."""
        try:
            self._write_seals(seals, root)
        except BaseException as error:
            # It may be renamed, and only its folder not synced.
            try:
                renamed = (self.home / KEYS).read_bytes() == seals_of.to_json(seals, root)
            except OSError:
                # Nobody knows which key counts: shut, and opening it anew tells.
                self.root = b""
                raise error from None
            if not renamed:
                raise
            self.seals = seals
        self.root = root

    def _write_seals(self, seals: Seals, root: bytes) -> None:
        with replacing(self.home / KEYS) as file:
            file.write(seals_of.to_json(seals, root))
        self.seals = seals

    def destroy(self) -> None:
        """Destroy the key file, then the database."""
        with self._lock:
            self._connections.close()
            self.root = b""
            for name in (KEYS, FILE):
                shred(self.home / name)
            sync_folder(self.home)

    def close(self) -> None:
        """Close the database and forget the key."""
        with self._lock:
            if self.root:
                self._connections.close()
                self.root = b""

    def _check_open(self) -> None:
        if not self.root:
            raise NotSignedIn("The linking store is locked. Open it again.")


def session(study: Study) -> "Linking | None":
    """Give the custodian's store, if this sign-in has opened it."""
    with _guard:
        shared = _open.get(study.home)
        return shared.sessions.get(study) if shared and shared.root else None


def join(study: Study, root: bytes, seals: Seals, linking: "type[Linking]") -> "Linking":
    """Open the store for a sign-in, or share the one that is open."""
    with _guard:
        shared = _open.get(study.home)
        if shared is None or not shared.root:
            shared = SharedLinking(study.home, root, seals)
            try:
                with shared.reading() as db:
                    _check_revision(db, seals)
            except BaseException:
                shared.close()
                raise
            _open[study.home] = shared
        if study not in shared.sessions:
            shared.sessions[study] = linking(study, shared)
            study.when_closed.append(lambda: leave(study))
        return shared.sessions[study]


def remember(study_change: Change, seals: Seals | None) -> None:
    """Have the study remember which key file is the newest, or that there is none."""
    newest = str(seals.revision) if seals else ""
    database.set_meta(study_change.db, "linking_revision", newest)


def _check_revision(db: sqlite_utils.Database, seals: Seals) -> None:
    if database.meta(db, "study") != seals.study_id or store.revision(db) > seals.revision:
        raise DamagedFile(seals_of.ALTERED)


def leave(study: Study) -> None:
    """End a sign-in's use of the store; the last one locks it."""
    with _guard:
        shared = _open.get(study.home)
        if shared is None or shared.sessions.pop(study, None) is None:
            return
        if not shared.sessions:
            del _open[study.home]
            shared.close()


def forget(shared: SharedLinking) -> None:
    """Let nobody share a store that was destroyed."""
    with _guard:
        _open.pop(shared.home, None)
        shared.sessions.clear()


def make_files(home: Path, root: bytes, seals: Seals) -> None:
    """Make the store's two files; the key file comes last and makes it count."""
    if (home / FILE).exists():
        raise DamagedFile(
            "There is a linking store (linking.db) without its key file (linking.json). "
            "Restore the key file from a backup, or move the file away."
        )
    # A crash before the key file was written can have left one that nothing opens.
    shred(home / NEXT)
    made = Connections(home / NEXT, _database_key(root), MIGRATIONS)
    try:
        with made.writing() as db:
            database.set_meta(db, "study", seals.study_id)
            database.set_meta(db, "seals_revision", str(seals.revision))
    finally:
        made.close()
    with replacing(home / KEYS) as file:
        file.write(seals_of.to_json(seals, root))
    (home / NEXT).replace(home / FILE)
    sync_folder(home)


def _database_key(root: bytes) -> bytes:
    return keys.derived(root, "linking database")


DOES_NOT_OPEN: Final = (
    "The linking store (linking.db) does not open with its key: it is damaged or belongs to "
    "another study. Restore linking.db and linking.json from the same backup."
)
