"""A study that is open in this process: its keys and connections, shared by sessions.

The first ``unlock`` of a home opens it, the last ``close`` locks it: the database is
closed and the keys are forgotten. In between nobody else, no other process either,
opens it.
"""

import hmac
import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import sqlite_utils

from . import database, events, keys, lock, moments, rotation
from .change import Change
from .disk import private_folder, replacing, sweep_aside, tighten
from .errors import (
    DamagedFile,
    FokusError,
    NotSignedIn,
    StudyBusy,
    StudyMissing,
    UnrecordedChange,
    storage_told,
)
from .events import ChainCheck, Event
from .files import Files
from .keys import Header
from .members import Member

Listener = Callable[[Event], None]
_guard = threading.Lock()
_open: Final[dict[Path, "OpenedStudy"]] = {}


class OpenedStudy:
    """The shared half of every ``Study`` of one home."""

    def __init__(self, home: Path, root: bytes, header: Header) -> None:
        """Open the database with the root key and sweep what a crash left."""
        path = home / "study.db"
        with storage_told():
            tighten(home)
            if not path.exists():
                raise DamagedFile(
                    "The study's database (study.db) is missing. Restore it from a backup."
                )
        if not database.refuses_wrong_key(path):
            raise DamagedFile("The study's database opens with a wrong key. It was not opened.")
        self.home, self.root, self.header = home, root, header
        self._cuts: dict[int, int] = {}
        self.users = 0
        self.closed = False
        self.newest = 0
        """Number of the last event that this process committed, reads too."""
        self._header_due = False
        self._connections = database.Connections(path, keys.derived(root, "database"))
        self._listeners: dict[object, Listener] = {}
        self._waiting: deque[Event] = deque()
        self._done: deque[Change] = deque()
        self._telling = threading.RLock()
        self._verified: tuple[tuple[int, bytes], ChainCheck] | None = None
        try:
            self._check(header)
            self.files = Files(home / "files", keys.derived(root, "files"), lambda: self.reader)
            self.files.sweep_unfinished()
            for name in ("jobs", "inbox", "exports"):
                private_folder(home / name)
            # What a crash left of exports is put right by the ledger, when unlocked.
            sweep_aside(home)
            for call in moments.when_unlocked:
                call(self)
        except BaseException:
            self._connections.close()
            raise

    def _check(self, header: Header) -> None:
        db = self._connections.reader
        if database.meta(db, "study") != header.study_id:
            raise DamagedFile(keys.ALTERED)
        if header.revision < int(database.meta(db, "header_revision") or 0):
            raise DamagedFile(
                "The key file (study.json) is older than the study: somebody put an old one "
                "back. Restore the newest from a backup."
            )

    def cut(self, member_id: int) -> None:
        """Close what this member has open here, in whatever session."""
        self._cuts[member_id] = self.cuts(member_id) + 1

    def cuts(self, member_id: int) -> int:
        """Count how often the member was cut; who signed in since is not concerned."""
        return self._cuts.get(member_id, 0)

    @property
    def reader(self) -> sqlite_utils.Database:
        """The reading connection of this thread."""
        if self.closed:
            raise NotSignedIn("The study is locked. Sign in to open it.")
        return self._connections.reader

    @property
    def title(self) -> str:
        """The study's title."""
        return database.meta(self.reader, "title")

    @contextmanager
    def change(self, member: Member) -> Iterator[Change]:
        """Run one change: committed with its event, or undone whole."""
        if self.closed:
            raise NotSignedIn("The study is locked. Sign in to open it.")
        change: Change | None = None

        def queue() -> None:
            if change is not None and change.recorded:
                self.newest = change.recorded[-1].seq
                self._waiting.extend(one for one in change.recorded if not one.is_read)
            if change is not None:
                self._done.append(change)

        def undo() -> None:
            if change is not None:
                change.settle(committed=False)

        with self._connections.writing(queue, undo) as db:
            if self._header_due:
                self._restore_header(self.header)
            change = Change(db, member)
            before = db.conn.total_changes
            yield change
            if not change.recorded and db.conn.total_changes != before:
                raise UnrecordedChange(
                    "Something was changed without being recorded, so it was undone. "
                    "Please report this fault."
                )
        self.after_commit()

    def after_commit(self) -> None:
        """Run and tell what a committed change asked for; outside the writer's lock."""
        self._settle()
        self._tell()
        for call in moments.when_committed:
            call(self)

    def go_over(self, database_file: Path, root: bytes, header: Header, event: Event) -> None:
        """Go over to new keys, whose key file is in place, while writing is held still.

        ``event`` is the one that the new database ends with. When this fails the study is
        shut in this process; opening it again finishes.
        """
        self.root, self.header = root, header
        try:
            self._connections.move_to(database_file, keys.derived(root, "database"))
        except BaseException:
            self.closed = True
            raise
        self.files = Files(self.home / "files", keys.derived(root, "files"), lambda: self.reader)
        self.newest = event.seq
        self._waiting.append(event)

    def verified(self) -> ChainCheck:
        """Check the journal; what was found stands until the next event."""
        upto = events.last(self.reader)
        known = self._verified
        if known is None or known[0] != upto:
            known = self._verified = (upto, events.verify(self.reader))
        return known[1]

    def record_of_nobody(
        self, action: str, object: str, after: Mapping[str, object] | None = None
    ) -> None:
        """Record what happened without a member, like a failed sign-in."""
        with self._connections.writing() as db:
            at = events.now()
            event = events.append(
                db, at, None, action, object, before=None, after=after, client_id=None
            )
        self.newest = max(self.newest, event.seq)

    def save_header(self, header: Header, change: Change) -> None:
        """Write the key file within a change; the database remembers its revision."""
        database.set_meta(change.db, "header_revision", str(header.revision))
        if header != self.header:
            previous = self.header
            change.if_undone(lambda: self._restore_header(previous))
            self._write_header(header)
            self.header = header

    def _restore_header(self, header: Header) -> None:
        # What is in memory holds from now on; on a failing disk the file follows later.
        self.header, self._header_due = header, True
        self._write_header(header)
        self._header_due = False

    def _write_header(self, header: Header) -> None:
        with replacing(self.home / "study.json") as file:
            file.write(keys.to_json(header, self.root))

    def _settle(self) -> None:
        # A change of another thread may be among them, whose commit the disk told late.
        while self._done:
            with suppress(IndexError):
                self._done.popleft().settle(committed=True)

    def listen(self, call: Listener) -> Callable[[], None]:
        """Have each committed event told; gives what ends it."""
        token = object()
        self._listeners[token] = call
        return lambda: (self._listeners.pop(token, None), None)[1]

    def _tell(self) -> None:
        # One thread at a time tells, in the order of commit, outside the writer's lock.
        with self._telling:
            while self._waiting:
                event = self._waiting.popleft()
                for call in list(self._listeners.values()):
                    try:
                        call(event)
                    except Exception as error:
                        # The change is on the disk; a listener's fault must not undo it.
                        name = type(error).__name__
                        logging.getLogger("fokus").error("a listener failed: %s", name)

    def close(self) -> None:
        """Close the database and forget the keys."""
        self.closed = True
        self._listeners.clear()
        self._connections.close()
        self.root = b""


def read_header(home: Path) -> tuple[Header, str]:
    """Read the key file and its MAC."""
    try:
        with storage_told():
            data = (home / "study.json").read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise StudyMissing(
            f"There is no study in {home}. Create one with: fokus study create"
        ) from None
    return keys.from_json(data)


def acquire(home: Path, root: bytes) -> OpenedStudy:
    """Open the study, or share it if this process has it open."""
    with _guard:
        opened = _open.get(home)
        if opened is None:
            lock.take(home)
            try:
                # Read again now that no other process can write it.
                header, mac = read_header(home)
                keys.check_mac(header, mac, root)
                rotation.settle(home, root)
                opened = OpenedStudy(home, root, header)
            except BaseException:
                lock.give_back(home)
                raise
            _open[home] = opened
        elif not hmac.compare_digest(opened.root, root):
            # The file was not written by us, or its keys have just been rotated.
            keys.check_mac(*read_header(home), opened.root)
            raise FokusError("The study's keys were changed just now. Sign in again.")
        opened.users += 1
        return opened


def release(opened: OpenedStudy) -> None:
    """Stop using the study; the last user locks it."""
    with _guard:
        if opened.users > 1:
            opened.users -= 1
            return
    try:
        # Still open, and keeping nobody out: who signs in meanwhile just goes on with it.
        # It may have been shut already, by a fault.
        for call in () if opened.closed else moments.before_locking:
            call(opened)
    finally:
        with _guard:
            opened.users -= 1
            if opened.users == 0:
                del _open[opened.home]
                try:
                    opened.close()
                finally:
                    lock.give_back(opened.home)


@contextmanager
def kept_shut(home: Path, wait: float = 10.0) -> Iterator[bool]:
    """Keep a study from being opened for a block; False if it cannot be, being open.

    Raises ``StudyBusy`` when another process holds it. Keep it short: who signs in waits.
    """
    home = home.resolve()
    with lock.held(home):
        if not _guard.acquire(timeout=wait):
            raise StudyBusy(os.getpid())
        try:
            yield home not in _open
        finally:
            _guard.release()


def already_open(home: Path) -> OpenedStudy | None:
    """Give the study if it is unlocked in this process."""
    with _guard:
        return _open.get(home.resolve())


@contextmanager
def borrowed(home: Path) -> Iterator[OpenedStudy | None]:
    """Keep the study unlocked for a block, if this process has it unlocked."""
    with _guard:
        opened = _open.get(home.resolve())
        if opened is not None:
            opened.users += 1
    try:
        yield opened
    finally:
        if opened is not None:
            release(opened)
