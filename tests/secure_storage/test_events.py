"""The journal: nothing is changed without it, and it cannot be changed unnoticed."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlite_utils import Database

from secure_storage import (
    ChainCheck,
    Event,
    NotAllowed,
    Repeated,
    Role,
    Study,
    events,
    on_event,
    unlock,
    verify_chain,
)
from secure_storage.events import START, _hash
from secure_storage.study import verified_chain

Join = Callable[[str, Role], Study]


def record(study: Study, number: int, client_id: str | None = None) -> int:
    with study.change() as change:
        return change.record(
            "code.created", f"code:{number}", before=None, after={"name": f"våre {number}"},
            client_id=client_id,
        )  # fmt: skip


def tamper(study: Study, sql: str) -> None:
    """Do to the journal what somebody with the key could."""
    with study._core._connections.writing() as db:
        db.conn.execute(sql)


def test_an_event_says_who_when_and_what(study: Study) -> None:
    seq = record(study, 1)
    event = study.events(seq - 1)[0]
    assert (event.seq, event.actor, event.action, event.object) == (
        seq, study.member.id, "code.created", "code:1",
    )  # fmt: skip
    assert event.before is None and event.after == {"name": "våre 1"}
    assert event.at.endswith("Z") and study.head() == seq


def test_the_journal_is_read_in_parts(study: Study) -> None:
    first = record(study, 0)
    for number in range(1, 5):
        record(study, number)
    assert [one.seq for one in study.events(first, 2)] == [first + 1, first + 2]
    assert [one.seq for one in study.recent_events(2)] == [first + 4, first + 3]


def test_reads_are_on_record_but_move_nothing(study: Study) -> None:
    heard: list[Event] = []
    off = on_event(study, heard.append)
    head = study.head()
    seq = study.note("read.opened", "transcript:1")
    assert seq > head and study.head() == head and heard == []
    assert study.events(seq - 1)[0].is_read
    with pytest.raises(ValueError, match="read"):
        study.note("code.created", "code:1")
    off()


def test_opening_a_text_is_on_record_once_in_a_sign_in(study: Study, join: Join) -> None:
    bo = join("Bo Coder", "reader")
    for member in (study, bo, study, bo):
        member.opened("code:1")
    study.opened("code:2")
    read = [(one.actor, one.object) for one in study.events() if one.action == "read.opened"]
    assert read == [(1, "code:1"), (2, "code:1"), (1, "code:2")]
    again = unlock(study.home, "Ada Lead", "correct horse battery")
    again.opened("code:1")
    again.close()
    assert study.recent_events(1)[0].action == "read.opened"


def test_the_journal_is_for_those_who_may_read(join: Join) -> None:
    keeper = join("Cia Keeper", "custodian")
    asked: list[Callable[[Study], object]] = [
        Study.events, lambda one: one.recent_events(5), verify_chain, verified_chain,
        lambda one: one.opened("code:1"),
    ]  # fmt: skip
    for ask in asked:
        with pytest.raises(NotAllowed):
            ask(keeper)


def test_the_chain_is_checked_again_only_when_there_are_new_events(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[object] = []
    real = events.verify

    def counted(db: Database) -> ChainCheck:
        calls.append(db)
        return real(db)

    monkeypatch.setattr(events, "verify", counted)
    first = record(study, 1)
    assert verified_chain(study) == verified_chain(study) == ChainCheck(True, first)
    assert len(calls) == 1
    study.note("read.opened", "code:1")
    assert verified_chain(study) == ChainCheck(True, first + 1)
    tamper(study, f"UPDATE events SET at = 'then' WHERE seq = {first}")
    record(study, 2)
    assert not verified_chain(study).ok and len(calls) == 3


def test_a_fresh_chain_verifies(study: Study) -> None:
    for number in range(20):
        record(study, number)
    assert verify_chain(study) == ChainCheck(True, 22)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE events SET actor = NULL WHERE seq = 5",
        "UPDATE events SET action = 'code.removed' WHERE seq = 5",
        "UPDATE events SET object = 'code:9' WHERE seq = 5",
        "UPDATE events SET at = '2020-01-01T00:00:00.000Z' WHERE seq = 5",
        'UPDATE events SET after = \'{"name":"x"}\' WHERE seq = 5',
        "UPDATE events SET before = '{}' WHERE seq = 5",
        "UPDATE events SET salt = x'00' WHERE seq = 5",
        "UPDATE events SET salt = NULL WHERE seq = 5",
        "UPDATE events SET digest = x'00' WHERE seq = 5",
        "UPDATE events SET hash = x'00' WHERE seq = 5",
        "UPDATE events SET client_id = 'z' WHERE seq = 5",
        "DELETE FROM events WHERE seq = 5",
        "DELETE FROM events WHERE seq = 1",
        "UPDATE events SET seq = 1000 + seq WHERE seq >= 5",
        "UPDATE events SET after = (SELECT after FROM events WHERE seq = 6) WHERE seq = 5",
        "UPDATE events SET seq = CASE seq WHEN 5 THEN 60 ELSE seq END",
    ],
)
def test_every_kind_of_tampering_is_noticed(study: Study, sql: str) -> None:
    for number in range(10):
        record(study, number)
    tamper(study, sql)
    check = verify_chain(study)
    assert not check.ok and check.problem


def test_two_swapped_events_are_noticed(study: Study) -> None:
    for number in range(10):
        record(study, number)
    for step in ("900 WHERE seq = 5", "5 WHERE seq = 6", "6 WHERE seq = 900"):
        tamper(study, f"UPDATE events SET seq = {step}")
    assert not verify_chain(study).ok


def test_words_can_be_erased_and_the_chain_still_holds(study: Study) -> None:
    seq = record(study, 1)
    record(study, 2)
    tamper(study, f"UPDATE events SET before = NULL, after = NULL, salt = NULL WHERE seq = {seq}")
    with study.change() as change:
        change.record(events.EMPTIED, "journal", after={"events": events.ranges([seq])})
        change.record("participant.erased", "participant:1", after={})
    assert verify_chain(study).ok


EMPTY = "UPDATE events SET before = NULL, after = NULL, salt = NULL WHERE seq "


@pytest.mark.parametrize(
    ("emptied", "said"),
    [("= 5", []), ("IN (4, 5)", [5]), ("= 13", [5]), ("= 1", [5]), ("IN (4, 7)", [4, 5, 6])],
)
def test_an_event_emptied_by_no_erasure_is_noticed(
    study: Study, emptied: str, said: list[int]
) -> None:
    for number in range(10):
        record(study, number)
    with study.change() as change:
        seq = change.record(events.EMPTIED, "journal", after={"events": events.ranges(said)})
        change.record("participant.erased", "participant:1", after={})
    assert seq == 13 and verify_chain(study).ok
    tamper(study, EMPTY + emptied)
    check = verify_chain(study)
    assert not check.ok and "by no erasure" in check.problem
    if emptied == "= 13":
        assert "what event 13 says" in check.problem


def test_nothing_is_accounted_for_beforehand(study: Study) -> None:
    with study.change() as change:
        change.record(events.EMPTIED, "journal", after={"events": [[1, 100]]})
    seq = record(study, 1)
    tamper(study, f"{EMPTY} = {seq}")
    assert not verify_chain(study).ok


def test_erasures_of_the_first_version_did_not_say_what_they_emptied(study: Study) -> None:
    first = record(study, 1)
    with study.change() as change:
        change.record("participant.erased", "participant:1", after={"counts": []})
    tamper(study, f"{EMPTY} = {first}")
    assert verify_chain(study).ok
    second = record(study, 2)
    with study.change() as change:
        change.record(events.EMPTIED, "journal", after={"events": []})
        change.record("participant.erased", "participant:2", after={})
    tamper(study, f"{EMPTY} = {second}")
    assert not verify_chain(study).ok


def test_numbers_are_written_as_runs() -> None:
    assert events.ranges([]) == []
    assert events.ranges([7, 1, 2, 3, 9]) == [[1, 3], [7, 7], [9, 9]]


def test_equal_content_has_different_digests(study: Study) -> None:
    first, second = record(study, 1), record(study, 1)
    rows = study.db.execute(
        "SELECT digest FROM events WHERE seq IN (?, ?)", [first, second]
    ).fetchall()
    assert rows[0] != rows[1]


def test_no_text_can_move_between_before_and_after() -> None:
    from secure_storage.events import _digest

    assert _digest(b"", '{"a":1}', None) != _digest(b"", None, '{"a":1}')
    assert _hash(1, "t", 1, "a", "b", b"", START, None) != _hash(
        1, "t", 1, "ab", "", b"", START, None
    )


def test_a_repeated_client_action_changes_nothing(study: Study) -> None:
    seq = record(study, 1, "browser-1")
    count = len(study.events())
    with pytest.raises(Repeated) as caught:
        record(study, 2, "browser-1")
    assert caught.value.seq == seq
    assert len(study.events()) == count
    record(study, 2, "browser-2")


def test_listeners_hear_committed_changes_in_order(study: Study, join: Join) -> None:
    coder = join("Bo Coder", "coder")
    heard: list[int] = []
    off = on_event(study, lambda event: heard.append(event.seq))
    first = record(coder, 1)
    with pytest.raises(ZeroDivisionError), coder.change() as change:
        change.record("code.created", "code:2")
        raise ZeroDivisionError
    second = record(study, 3)
    assert heard == [first, second]
    off()
    record(study, 4)
    assert heard == [first, second]


def test_a_listener_that_fails_disturbs_nobody(
    study: Study, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[int] = []

    def fails(event: Event) -> None:
        raise KeyError(json.dumps(event.after))

    ends = [on_event(study, fails), on_event(study, lambda event: heard.append(event.seq))]
    seq = record(study, 1)
    assert heard == [seq] and study.head() == seq
    assert "KeyError" in caplog.text and "våre" not in caplog.text
    for end in ends:
        end()


def test_a_listener_may_make_a_change_itself(study: Study) -> None:
    heard: list[str] = []

    def answers(event: Event) -> None:
        heard.append(event.object)
        if event.object == "code:1":
            record(study, 2)

    off = on_event(study, answers)
    record(study, 1)
    assert heard == ["code:1", "code:2"]
    off()


def test_the_journal_survives_closing(home: Path) -> None:
    study = unlock(home, "Ada Lead", "correct horse battery")
    record(study, 1)
    before = study.events()
    study.close()
    study = unlock(home, "Ada Lead", "correct horse battery")
    assert study.events()[: len(before)] == before
    assert verify_chain(study).ok
    study.close()
