"""The table of sessions: locking at once, and limits that the sleep of a machine counts to."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from secure_storage import Study, WrongPassphrase
from secure_storage.sessions import IDLE, LONGEST, Session, Sessions

LEAD, PASSPHRASE = "Ada Lead", "correct horse battery"


@pytest.fixture
def sessions(home: Path) -> Iterator[Sessions]:
    sessions = Sessions(home)
    yield sessions
    sessions.close()


def entered(sessions: Sessions) -> Session:
    session = sessions.find(sessions.sign_in(LEAD, PASSPHRASE))
    assert session is not None
    return session


def test_locking_ends_all_sessions_before_it_waits_for_a_writer(
    sessions: Sessions, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    by, other = entered(sessions), entered(sessions)
    asked, free = threading.Event(), threading.Event()
    real = Study.note

    def waiting(self: Study, *given: str) -> int:
        asked.set()
        free.wait(30)
        return real(self, *given)

    monkeypatch.setattr(Study, "note", waiting)
    locking = threading.Thread(target=sessions.lock, args=[by])
    locking.start()
    assert asked.wait(30)
    found = by.alive(), other.alive(), sessions.by_handle(other.handle), sessions.signed_in()
    # What a sweep of meanwhile ends must not be the one that writes the event.
    sessions.sweep()
    open_still = not by.study.closed
    free.set()
    locking.join()
    assert found == (False, False, None, 0) and open_still
    assert by.study.closed and other.study.closed
    assert study.recent_events(1)[0].action == "read.locked"


def test_closing_ends_all_sessions_before_it_waits_for_the_first(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = [entered(sessions), entered(sessions)]
    seen: list[bool] = []
    real = Session.end

    def ending(self: Session) -> None:
        seen.extend(one.alive() for one in both)
        real(self)

    monkeypatch.setattr(Session, "end", ending)
    sessions.close()
    assert seen == [False] * 4 and all(one.study.closed for one in both)


@pytest.mark.parametrize("limit", [IDLE, LONGEST])
def test_a_session_does_not_outlive_a_night_in_which_the_machine_slept(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch, limit: float
) -> None:
    session = entered(sessions)
    assert session.alive()
    real = time.clock_gettime

    def slept(clock: int) -> float:
        return real(clock) + (limit if clock == time.CLOCK_BOOTTIME else 0.0)

    monkeypatch.setattr(time, "clock_gettime", slept)
    assert not session.alive()


def test_a_new_passphrase_keeps_the_session_that_chose_it_and_ends_the_others(
    sessions: Sessions, study: Study
) -> None:
    here, elsewhere = entered(sessions), entered(sessions)
    sessions.change_passphrase(here, PASSPHRASE, "a new long passphrase")
    assert here.alive() and not elsewhere.alive() and study.closed
    sessions.sweep()
    assert elsewhere.study.closed and sessions.signed_in() == 1
    with pytest.raises(WrongPassphrase):
        sessions.change_passphrase(here, PASSPHRASE, "another long passphrase")
    last = here.study.recent_events(1)[0]
    assert (last.action, last.object) == ("read.signin_failed", "member:1")
