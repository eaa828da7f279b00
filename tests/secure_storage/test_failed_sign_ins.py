"""Failed sign-ins are on record, those of a locked study too, and name nobody who typed."""

import stat
from pathlib import Path

import pytest

from secure_storage import Event, FokusError, Study, WrongPassphrase, moments, unlock, verify_chain
from secure_storage.audit import failed
from secure_storage.audit.failed import EVERY, FILE, MOST, note_failed
from secure_storage.database import Fault
from secure_storage.opened import OpenedStudy, read_header
from secure_storage.sessions import Sessions
from secure_storage.tries import TooManyTries

LEAD, PASSPHRASE = "Ada Lead", "correct horse battery"


def fail(home: Path, name: str = LEAD) -> None:
    with pytest.raises(WrongPassphrase):
        unlock(home, name, "not the passphrase")


def told(home: Path) -> list[Event]:
    study = unlock(home, LEAD, PASSPHRASE)
    assert verify_chain(study).ok
    found = [one for one in study.events() if one.action == failed.ACTION]
    study.close()
    return found


def test_what_failed_while_locked_is_taken_in_at_the_next_unlock(home: Path) -> None:
    fail(home)
    fail(home, "Somebody Unknown")
    waiting = (home / FILE).read_text()
    assert "Ada" not in waiting and "Unknown" not in waiting
    assert stat.S_IMODE((home / FILE).stat().st_mode) == 0o600
    events = told(home)
    assert [(one.actor, one.object) for one in events] == [(None, "member:1"), (None, "study")]
    for event, line in zip(events, waiting.splitlines(), strict=True):
        assert event.after is not None and event.after["at"] == line.split()[0]
        assert event.after["locked"] and event.after["at"] <= event.at
    assert not (home / FILE).exists()
    assert len(told(home)) == 2


def test_what_fails_while_open_is_recorded_at_once(home: Path) -> None:
    study = unlock(home, LEAD, PASSPHRASE)
    fail(home)
    last = study.recent_events(1)[0]
    assert (last.action, last.object, last.actor) == (failed.ACTION, "member:1", None)
    assert not (home / FILE).exists()
    study.close()


def test_the_file_that_waits_is_bounded(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failed, "MOST", 5)
    header = read_header(home)[0]
    for _ in range(9):
        note_failed(home, header, LEAD)
    events = told(home)
    assert [one.after["full"] for one in events if one.after] == [False] * 4 + [True]


def test_a_crash_while_taking_in_counts_nothing_twice(home: Path) -> None:
    fail(home)
    fail(home)
    waiting = (home / FILE).read_bytes()
    assert len(told(home)) == 2
    (home / FILE).write_bytes(waiting)
    assert len(told(home)) == 2


@pytest.mark.parametrize(
    "line",
    [b"\xff\xfe\n", b"Kari Nordmann said\n", b"2026-11-21T10:00:00.000Z member:Kari\n", b"\n",
     b"2026-11-21T10:00:00.000Z code:1\n", b"x" * 3 * 64 * MOST],
)  # fmt: skip
def test_what_others_wrote_into_the_file_tells_nothing(home: Path, line: bytes) -> None:
    (home / FILE).write_bytes(line)
    events = told(home)
    assert [one.object for one in events] == ["study"]
    assert "Kari" not in str(events)


def test_a_file_that_cannot_be_written_changes_no_answer(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (home / FILE).symlink_to(home / "elsewhere")
    fail(home)
    assert not (home / "elsewhere").exists()
    assert "could not be kept" in caplog.text and "Ada" not in caplog.text


@pytest.mark.parametrize("fault", [FokusError, OSError, Fault])
@pytest.mark.parametrize("name", [LEAD, "Nobody At All"])
def test_a_try_that_cannot_be_recorded_counts_and_is_kept(
    home: Path, name: str, fault: type[Exception], monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    sessions = Sessions(home)
    sessions.sign_in(LEAD, PASSPHRASE)

    def full(*given: object) -> None:
        raise fault("full")

    monkeypatch.setattr(OpenedStudy, "record_of_nobody", full)
    kinds = []
    for _ in range(4):
        with pytest.raises(FokusError) as error:
            sessions.sign_in(name, "not the passphrase")
        kinds.append(error.type)
    assert kinds == [WrongPassphrase] * 3 + [TooManyTries]
    assert len((home / FILE).read_text().splitlines()) == 3
    assert fault.__name__ in caplog.text and "full" not in caplog.text
    sessions.close()
    monkeypatch.undo()
    assert len(told(home)) == 3


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [5.0]
    monkeypatch.setattr(failed, "clock", lambda: now[0])
    return now


def tries(study: Study) -> list[object]:
    found = [one.after for one in study.events() if one.action == failed.ACTION]
    return [after["tries"] for after in found if after]


def test_names_of_nobody_fill_no_journal(home: Path, now: list[float]) -> None:
    study = unlock(home, LEAD, PASSPHRASE)
    for number in range(7):
        fail(home, f"Random {number}")
    assert tries(study) == [1], "the first at once"
    now[0] += EVERY
    fail(home, "Random again")
    assert tries(study) == [1, 7]
    fail(home, "Random after")
    fail(home)
    assert study.recent_events(1)[0].object == "member:1", "those of members each"
    for call in moments.now_and_then:
        call(home)
    assert tries(study) == [1, 7]
    now[0] += EVERY
    for call in moments.now_and_then:
        call(home)
    assert tries(study) == [1, 7, 1]
    fail(home, "Random at the end")
    study.close()
    again = unlock(home, LEAD, PASSPHRASE)
    assert tries(again) == [1, 7, 1, 1]
    again.close()
