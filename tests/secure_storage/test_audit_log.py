"""The page «Audit» and what it reads: filtered, page by page, and without any words."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from secure_storage import NotAllowed, Role, Study, anchor_now, unlock
from secure_storage.audit.anchors import anchors_of
from secure_storage.audit.log import NOBODY, Asked, journal, trace
from secure_storage.audit.wording import GROUPS, group_of, said
from secure_storage.sessions import HEADER, sessions_of

LEAD, PASSPHRASE = "Ada Lead", "correct horse battery"
Join = Callable[[str, Role], Study]
WORDS = "Kari said the night shift was hard"


def record(study: Study, action: str, object: str, **after: object) -> int:
    with study.change() as change:
        return change.record(action, object, after=after or None)


def seqs(study: Study, **asked: object) -> list[int]:
    return [one.seq for one in journal(study, Asked(**asked))]  # type: ignore[arg-type]


def test_the_journal_is_read_newest_first_in_pages(study: Study) -> None:
    for number in range(30):
        record(study, "code.created", f"code:{number}")
    first = journal(study, Asked(), None, 10)
    second = journal(study, Asked(), first[-1].seq, 10)
    assert [one.seq for one in first] == list(range(32, 22, -1))
    assert [one.seq for one in second] == list(range(22, 12, -1))


def test_it_is_filtered_by_member_object_and_day(study: Study, join: Join) -> None:
    bo = join("Bo Coder", "coder")
    mine, theirs = record(study, "code.created", "code:1"), record(bo, "code.created", "code:12")
    other = record(bo, "coding.set", "coding:1")
    assert seqs(study, member=bo.member.id)[:2] == [other, theirs]
    assert seqs(study, object="code") == [theirs, mine]
    assert seqs(study, object="code:1") == [mine]
    assert seqs(study, object="code:") == [] and seqs(study, object="' OR 1") == []
    today = datetime.now(UTC).date()
    assert mine in seqs(study, first=today, last=today)
    assert seqs(study, last=date(2020, 1, 1)) == [] == seqs(study, first=date(2999, 1, 1))
    study._core.record_of_nobody("read.signin_failed", "study")
    assert len(seqs(study, member=NOBODY)) == 1


def test_every_event_is_of_one_kind(study: Study, join: Join) -> None:
    acts = (
        "code.created", "coding.set", "read.opened", "read.played", "read.exported",
        "export.requested", "member.invited", "read.unlocked", "read.signin_failed", "odd",
        "backup.made", "audit.anchors_restarted", "names.published",
    )  # fmt: skip
    for act in acts:
        record(study, act, "study")
    everything = seqs(study)
    by_kind = {group: seqs(study, group=group) for group in GROUPS}
    assert sorted(seq for found in by_kind.values() for seq in found) == sorted(everything)
    for group, found in by_kind.items():
        rows = {one.seq: one for one in journal(study, Asked())}
        assert {group_of(rows[seq].action) for seq in found} == {group}
        assert found


def test_the_words_of_an_event_stay_in_it(study: Study) -> None:
    with study.change() as change:
        change.record(
            "sentence.edited", "sentence:1",
            before={"text": "short", "version": 1}, after={"text": WORDS, "version": 2},
        )  # fmt: skip
    entry = journal(study, Asked())[0]
    assert WORDS not in repr(entry)
    assert entry.fields == f"text (5 → {len(WORDS)} characters), version"
    chain = trace(study, entry.seq)
    assert chain.previous == trace(study, entry.seq - 1).hash and not chain.erased
    with study._core._connections.writing() as db:
        db.conn.execute(
            "UPDATE events SET before = NULL, after = NULL, salt = NULL WHERE seq = ?", [entry.seq]
        )
    assert trace(study, entry.seq).erased and journal(study, Asked())[0].fields == ""


def test_only_who_may_audit_reads_the_log(join: Join) -> None:
    for role in ("coder", "reader", "custodian"):
        member = join(f"One {role}", role)
        with pytest.raises(NotAllowed):
            journal(member, Asked())
        with pytest.raises(NotAllowed):
            trace(member, 1)


def test_acts_are_said_in_words() -> None:
    assert said("coding.set") == "coded"
    assert said("read.transcript") == "opened the transcript"
    assert said("read.something_new") == "something new"
    assert said("thing.was_made") == "thing: was made"


def shown(home: Path) -> AppTest:
    """Draw the page for the lead of the home."""
    sessions = sessions_of(home)
    session = sessions.find(sessions.sign_in(LEAD, PASSPHRASE))
    assert session is not None

    def script(handle: str, header: str) -> None:
        from secure_storage import web_session
        from secure_storage.page import audit_page

        audit_page(web_session({header: handle}))

    given = {"handle": session.handle, "header": HEADER}
    return AppTest.from_function(script, kwargs=given, default_timeout=30)


def words_of(at: AppTest) -> str:
    kinds = ("text", "caption", "success", "error", "info", "warning", "code", "markdown")
    return "\n".join(str(one.value) for kind in kinds for one in getattr(at, kind))


def test_the_page_shows_that_the_record_can_be_trusted(home: Path) -> None:
    study = unlock(home, LEAD, PASSPHRASE)
    record(study, "sentence.edited", "sentence:1", text=WORDS)
    words = anchor_now(study, "export").words
    at = shown(home).run()
    assert not at.exception
    assert "sound" in at.success[0].value and words in words_of(at)
    table = at.dataframe[0].value
    assert "corrected a sentence" in list(table["What"]) and "Ada Lead" in list(table["Who"])
    assert WORDS not in words_of(at) + table.to_string()
    at.selectbox[1].select("failed sign-ins").run()
    assert "No event is like this" in words_of(at) and not at.dataframe
    sessions_of(home).close()
    study.close()


def test_the_page_tells_what_is_wrong_and_lets_a_lead_begin_anew(home: Path) -> None:
    unlock(home, LEAD, PASSPHRASE).close()
    next((home.parent / "home-kept" / "anchors").glob("*.jsonl")).unlink()
    at = shown(home).run()
    assert "missing" in at.error[0].value
    button = next(one for one in at.button if one.label == "Begin the anchors anew")
    button.click().run()
    assert any("Tick the box" in one.value for one in at.error)
    at.checkbox[0].check()
    next(one for one in at.button if one.label == "Begin the anchors anew").click().run()
    assert not at.error and at.success and "begun anew" in at.info[0].value
    sessions_of(home).close()


def test_the_page_turns_pages_and_checks_again(home: Path) -> None:
    study = unlock(home, LEAD, PASSPHRASE)
    for number in range(150):
        record(study, "code.created", f"code:{number}")
    at = shown(home).run()
    newest = at.dataframe[0].value["No."].max()
    buttons = {one.label: one for one in at.button}
    assert buttons["Newer"].disabled and not buttons["Older"].disabled
    buttons["Older"].click().run()
    assert at.dataframe[0].value["No."].max() == newest - 100
    at.selectbox[1].select("changes").run()
    assert {one.label: one for one in at.button}["Newer"].disabled
    record(study, "code.created", "code:999")
    before = at.success[0].value
    next(one for one in at.button if one.label == "Verify now").click().run()
    assert at.success[0].value != before
    anchors_of(study).problem = "The folder is *full*."
    assert "full" in at.run().warning[0].value and "\\*" in at.warning[0].value
    sessions_of(home).close()
    study.close()
