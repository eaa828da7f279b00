"""Who is signed in: the server-side table of sessions, and how one gets into it.

The browser holds a random token in a cookie; the table knows only its digest. Keys live
in the ``Study`` of a session and nowhere else; when a session ends its study is closed,
and with the last one the study is locked. Pages get to know a session by its handle,
which the gate hands over in a header; the handle opens nothing from outside.
"""

import hashlib
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from starlette.requests import HTTPConnection

from .errors import BadInput, FokusError, NotSignedIn, WrongPassphrase
from .study import Study, unlock

IDLE: Final = 30 * 60.0
LONGEST: Final = 8 * 3600.0
FREE_TRIES: Final = 3
LONGEST_WAIT: Final = 300.0
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
        self.played: set[tuple[int, int]] = set()
        """Parts of recordings whose playing is on the record already."""
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

    def end(self) -> None:
        """Sign out: close the member's study."""
        self._ended = True
        self.study.close()


class Sessions:
    """The sessions of one home."""

    def __init__(self, home: Path, clock: Callable[[], float] = time.monotonic) -> None:
        """Start empty."""
        self.home = home
        self.cookie = "fokus-" + hashlib.sha256(str(home).encode()).hexdigest()[:8]
        """Its own name per home: browsers share cookies between the ports of a machine."""
        self.clock = clock
        self._guard = threading.Lock()
        self._by_token: dict[bytes, Session] = {}
        self._failed: dict[str, tuple[int, float]] = {}
        self._waiting = 0

    def sign_in(self, name: str, passphrase: str) -> str:
        """Open the study for a member; gives the token for the cookie. Takes its time."""
        key = hashlib.sha256(" ".join(name.split()).casefold().encode()).hexdigest()
        self._check_wait(key)
        try:
            study = unlock(self.home, name, passphrase)
        except WrongPassphrase:
            self._count_failure(key)
            raise
        finally:
            with self._guard:
                self._waiting -= 1
        token = secrets.token_urlsafe(32)
        with self._guard:
            self._failed.pop(key, None)
            self._by_token[_digest(token)] = Session(study, self.clock)
        return token

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
        for session in [one for one in list(self._by_token.values()) if not one.alive()]:
            self.end(session)

    def close(self) -> None:
        """End all sessions."""
        for session in list(self._by_token.values()):
            self.end(session)

    def _check_wait(self, key: str) -> None:
        with self._guard:
            _, until = self._failed.get(key, (0, 0.0))
            left = until - self.clock()
            if left > 0:
                raise TooManyTries(left)
            if self._waiting >= MOST_WAITING:
                raise BadInput("Many people are signing in at once. Try again in a moment.")
            self._waiting += 1

    def _count_failure(self, key: str) -> None:
        with self._guard:
            tries = self._failed.pop(key, (0, 0.0))[0] + 1
            wait = min(2.0 ** (tries - FREE_TRIES), LONGEST_WAIT) if tries >= FREE_TRIES else 0.0
            self._failed[key] = (tries, self.clock() + wait)
            while len(self._failed) > 1000:
                del self._failed[next(iter(self._failed))]


class TooManyTries(FokusError):
    """Too many wrong passphrases for one name."""

    def __init__(self, seconds: float) -> None:
        """Say how long to wait."""
        self.seconds = int(seconds) + 1
        super().__init__(f"Too many wrong tries. Wait {self.seconds} seconds and try again.")


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
