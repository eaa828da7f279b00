"""Who is signed in: the server-side table of sessions, and how one gets into it.

The browser holds a random token in a cookie; the table knows only its digest. Keys live
in the ``Study`` of a session and nowhere else; when a session ends its study is closed,
and with the last one the study is locked. Pages get to know a session by its handle,
which the gate hands over in a header; the handle opens nothing from outside.
"""

import hashlib
import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from starlette.requests import HTTPConnection

from . import keys, one_time_codes, opened
from .access import ALPHABET
from .audit.failed import note_failed
from .errors import BadInput, FokusError, NotSignedIn, WrongPassphrase
from .keys import name_tag
from .plays import Plays
from .settings import read_settings
from .study import Study, unlock
from .tries import Tries

IDLE: Final = 30 * 60.0
LONGEST: Final = 8 * 3600.0
MOST_WAITING: Final = 8
HEADER: Final = "x-fokus-session"
SCOPE: Final = "fokus.session"
SIGNED_OUT: Final = "You are not signed in. Sign in again."


class Session:
    """One sign-in of one member in one browser."""

    def __init__(self, study: Study, clock: Callable[[], float]) -> None:
        """Begin now."""
        self.study = study
        self.handle = secrets.token_urlsafe(24)
        self.plays = Plays(study, clock)
        self._clock = clock
        self._begun = self._seen = clock()
        self._ended = False

    def alive(self) -> bool:
        """Neither ended nor idle nor too old, and the member still has access."""
        now = self._clock()
        recent = now - self._seen < IDLE and now - self._begun < LONGEST
        return recent and not self._ended and not self.study.closed

    def touch(self) -> None:
        """The member did something."""
        self._seen = self._clock()

    def shut(self) -> None:
        """Let nothing more happen in it; ``end`` does the rest and may have to wait."""
        self._ended = True

    def end(self) -> None:
        """Sign out: put on the record what was heard, then close the member's study."""
        self.shut()
        try:
            self.plays.record(all=True)
        except (FokusError, OSError) as error:
            # Storage that is away must not keep the keys in memory.
            name = type(error).__name__
            logging.getLogger("fokus").error("what was heard is not on record: %s", name)
        finally:
            self.study.close()


def elapsed() -> float:
    """Give seconds that go on while the machine sleeps, as those of ``time.monotonic`` do not."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Sessions:
    """The sessions of one home."""

    def __init__(self, home: Path, clock: Callable[[], float] = elapsed) -> None:
        """Start empty, by the settings of the home."""
        self.home = home
        self.behind_tls = read_settings(home).behind_tls
        name = "fokus-" + hashlib.sha256(str(home).encode()).hexdigest()[:8]
        self.cookie = f"__Host-{name}" if self.behind_tls else name
        """Its own name per home: browsers share cookies between the ports of a machine.

        With the prefix (RFC 6265bis 4.1.3.2) no other host or plain connection can set it.
        """
        self.clock = clock
        self.tries = Tries(home)
        self.setup_code = "-".join(
            "".join(secrets.choice(ALPHABET) for _ in range(5)) for _ in range(2)
        )
        """Asked for on the first page of an empty home; whoever started the server knows it."""
        self._guard = threading.Lock()
        self._one_at_a_time = threading.Lock()
        self._by_token: dict[bytes, Session] = {}
        self._waiting = 0

    def sign_in(self, name: str, passphrase: str, code: str = "") -> str:
        """Open the study for a member; gives the token for the cookie. Takes its time."""
        with self._counted(name):
            study = unlock(self.home, name, passphrase, code)
        token = secrets.token_urlsafe(32)
        with self._guard:
            self._by_token[_digest(token)] = Session(study, self.clock)
        return token

    def change_passphrase(self, session: Session, old: str, new: str) -> None:
        """Replace a member's passphrase; guesses at the present one count as at the sign-in."""
        with self._counted(session.study.member.name):
            session.study.change_passphrase(old, new)

    def confirm(self, session: Session, passphrase: str) -> None:
        """Make sure that the member sits there; guesses count as at the sign-in."""
        header, name = session.study._core.header, session.study.member.name
        with self._counted(name):
            try:
                keys.open_account(header, name, passphrase)
            except WrongPassphrase:
                note_failed(self.home, header, name)
                raise

    def switch_off_codes(self, session: Session, code: str) -> None:
        """Ask a member for no one-time codes any more; guesses count as at the sign-in."""
        with self._counted(session.study.member.name):
            one_time_codes.switch_off(session.study, code)

    def check_setup(self, code: str) -> None:
        """Refuse whoever does not know the set-up code of an empty home."""
        self.tries.check("set-up")
        with self._queued():
            self.tries.check("set-up")
            given = "".join(letter for letter in code.casefold() if letter in ALPHABET)
            wanted = self.setup_code.replace("-", "")
            if not secrets.compare_digest(given, wanted):
                self.tries.failed("set-up", member=False)
                raise BadInput(
                    "The set-up code is wrong. It stands in the window in which the server was "
                    "started."
                )

    def signed_in(self) -> int:
        """Count the living sessions."""
        return sum(one.alive() for one in list(self._by_token.values()))

    def find(self, token: str) -> Session | None:
        """Give the living session of a cookie."""
        session = self._by_token.get(_digest(token))
        return session if session is not None and session.alive() else None

    def by_handle(self, handle: str) -> Session | None:
        """Give the living session of a handle."""
        for session in list(self._by_token.values()):
            if secrets.compare_digest(session.handle.encode(), handle.encode()):
                return session if session.alive() else None
        return None

    def end(self, session: Session) -> None:
        """Sign a session out."""
        with self._guard:
            for token in [token for token, one in self._by_token.items() if one is session]:
                del self._by_token[token]
        session.end()

    def sweep(self) -> None:
        """End the sessions that are over, so that an unused study is locked."""
        sessions = list(self._by_token.values())
        self._end_all([one for one in sessions if not one.alive()])
        for session in sessions:
            if session.alive():
                session.plays.record()

    def lock(self, by: Session) -> None:
        """Lock the study at once: everybody is signed out and the keys are forgotten."""
        sessions = self._shut_all()
        try:
            by.study.note("read.locked", "study")
        except (FokusError, OSError) as error:
            # A disk that is away must not keep the study open.
            name = type(error).__name__
            logging.getLogger("fokus").error("locking is not on record: %s", name)
        self._end_all(sessions)

    def close(self) -> None:
        """End all sessions; what goes wrong with one is raised when all are over."""
        self._end_all(self._shut_all())

    def _shut_all(self) -> list[Session]:
        # All of them before anything that may wait for a writer, and out of the table, so that
        # no sweep ends the one that is still to put the locking on record.
        with self._guard:
            sessions = list(self._by_token.values())
            self._by_token.clear()
        for session in sessions:
            session.shut()
        return sessions

    def _end_all(self, sessions: list[Session]) -> None:
        faults: list[Exception] = []
        for session in sessions:
            try:
                self.end(session)
            except Exception as error:
                faults.append(error)
        if faults:
            raise faults[0]

    @contextmanager
    def _counted(self, name: str) -> Iterator[None]:
        header, _ = opened.read_header(self.home)
        tag = name_tag(header.study_id, name)
        self.tries.check(tag)
        with self._queued():
            # Again, now that it is this one's turn: many tries at once count like a row of them.
            self.tries.check(tag)
            try:
                yield
            except WrongPassphrase:
                self.tries.failed(tag, member=header.account(name) is not None)
                raise
            self.tries.succeeded(tag)

    @contextmanager
    def _queued(self) -> Iterator[None]:
        # One after another: a passphrase takes 256 MiB to check, so they wait anyway.
        with self._guard:
            if self._waiting >= MOST_WAITING:
                raise BadInput("Many people are signing in at once. Try again in a moment.")
            self._waiting += 1
        try:
            with self._one_at_a_time:
                yield
        finally:
            with self._guard:
                self._waiting -= 1


_guard = threading.Lock()
_tables: Final[dict[Path, Sessions]] = {}


def sessions_of(home: Path) -> Sessions:
    """Give the one table of a home in this process."""
    home = home.resolve()
    with _guard:
        return _tables.setdefault(home, Sessions(home))


def web_session(headers: Mapping[str, str]) -> Study:
    """Give a page the study of the session that the gate named in a header."""
    handle = headers.get(HEADER) or headers.get(HEADER.title()) or ""
    for table in list(_tables.values()):
        session = table.by_handle(handle) if handle else None
        if session is not None:
            return session.study
    raise NotSignedIn(SIGNED_OUT)


def session_of(request: HTTPConnection) -> Session:
    """Give a route the session that the gate put into the scope."""
    session = request.scope.get(SCOPE)
    if not isinstance(session, Session) or not session.alive():
        raise NotSignedIn(SIGNED_OUT)
    return session


def study_of(request: HTTPConnection) -> Study:
    """Give a route (HTTP or WebSocket) the study of its session."""
    return session_of(request).study


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
