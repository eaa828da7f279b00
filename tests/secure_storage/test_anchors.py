"""Signed anchors outside the study folder: when they are written and what they prove."""

import json
import random
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from bench.audit import MUTATIONS, anchors_path_of, roll_back, tamper
from secure_storage import Role, Study, anchor_now, anchor_words, doctor, moments, unlock
from secure_storage.audit import anchors
from secure_storage.audit.anchors import Anchor, anchors_of, read_anchors
from secure_storage.audit.verify import restart_anchors, verify_journal
from secure_storage.opened import borrowed

LEAD, PASSPHRASE = "Ada Lead", "correct horse battery"
Join = Callable[[str, Role], Study]


def lines(home: Path) -> list[Anchor]:
    return read_anchors(anchors_path_of(home))


def record(study: Study, count: int = 1) -> None:
    for number in range(count):
        with study.change() as change:
            change.record("code.created", f"code:{number}", after={"name": "våre"})


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    now = [1000.0]
    monkeypatch.setattr(anchors, "clock", lambda: now[0])
    yield now


def test_an_anchor_says_where_the_journal_stands(study: Study) -> None:
    record(study)
    anchor = anchor_now(study, "export")
    row = study.db.execute("SELECT seq, hash FROM events ORDER BY seq DESC").fetchone()
    assert (anchor.seq, anchor.head, anchor.why) == (row[0], row[1].hex(), "export")
    assert lines(study.home) == [anchor]
    assert anchor.words == anchor_words(bytes.fromhex(anchor.head))


def test_the_same_head_is_not_anchored_twice(study: Study) -> None:
    first = anchor_now(study, "export")
    assert anchor_now(study, "export") == first
    record(study)
    assert anchor_now(study, "export").number == 2
    assert [one.number for one in lines(study.home)] == [1, 2]


def test_outsiders_can_check_a_line_with_the_public_key(study: Study) -> None:
    anchor = anchor_now(study, "export")
    path = anchors_path_of(study.home)
    public = load_pem_public_key(path.with_suffix(".pub").read_bytes())
    public.verify(bytes.fromhex(anchor.signature), anchor.signed_bytes())  # type: ignore
    assert not Anchor(**{**json.loads(path.read_text()), "seq": 1}).verifies(public)  # type: ignore


def test_only_its_owner_reads_the_folder_of_anchors(study: Study) -> None:
    anchor_now(study, "export")
    path = anchors_path_of(study.home)
    assert not path.is_relative_to(study.home)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_every_hundred_events_are_anchored(study: Study) -> None:
    record(study, 210)
    assert [(one.why, one.seq) for one in lines(study.home)] == [("events", 100), ("events", 200)]


def test_many_events_of_one_change_count_as_many(study: Study) -> None:
    with study.change() as change:
        for number in range(100):
            change.record("code.created", f"code:{number}")
    assert len(lines(study.home)) == 1


def test_new_events_are_anchored_after_ten_minutes(study: Study, clock: list[float]) -> None:
    anchors_of(study)._tried = clock[0]
    record(study)
    for wait, expected in ((599.0, 0), (2.0, 1), (700.0, 1)):
        clock[0] += wait
        for call in moments.now_and_then:
            if call.__module__ == anchors.__name__:
                call(study.home)
        folder = list(study.home.parent.glob("home-kept/anchors/*.jsonl"))
        assert sum(len(read_anchors(path)) for path in folder) == expected


def test_a_member_who_signs_out_leaves_an_anchor(study: Study, join: Join) -> None:
    bo = join("Bo Coder", "coder")
    record(bo)
    bo.close()
    assert lines(study.home)[-1].why == "sign-out"
    assert lines(study.home)[-1].seq == study.recent_events(1)[0].seq


def test_locking_leaves_an_anchor(home: Path) -> None:
    study = unlock(home, LEAD, PASSPHRASE)
    seq = study.recent_events(1)[0].seq
    study.close()
    assert [(one.seq, one.why) for one in lines(home)] == [(seq, "sign-out")]
    with borrowed(home) as nothing:
        assert nothing is None


def test_a_borrowed_study_stays_open(home: Path) -> None:
    study = unlock(home, LEAD, PASSPHRASE)
    with borrowed(home) as core:
        study.close()
        assert core is not None and core.title == "Home care"
    assert core.closed


def test_a_folder_that_cannot_be_written_loses_nothing(
    study: Study, clock: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    kept = study.home.parent / "home-kept"
    kept.write_text("in the way")
    record(study, 120)
    assert len(study.events()) == 122 and "could not be written" in anchors_of(study).problem
    assert anchor_now(study, "export").seq == 122
    assert "Error" in caplog.text
    kept.unlink()
    record(study)
    assert anchors_of(study).problem
    clock[0] += anchors.RETRY_SECONDS
    anchors_of(study)._tried = clock[0] - anchors.RETRY_SECONDS
    record(study)
    assert not anchors_of(study).problem and lines(study.home)[-1].seq == 124
    assert verify_journal(study).ok


def test_a_line_cut_short_is_written_again(study: Study) -> None:
    anchor_now(study, "export")
    path = anchors_path_of(study.home)
    with path.open("ab") as file:
        file.write(b'{"study": "half')
    record(study)
    assert anchor_now(study, "export").number == 2
    assert verify_journal(study).ok and verify_journal(study).anchors == 2


def test_the_signing_key_outlives_the_session(home: Path) -> None:
    for _ in range(3):
        unlock(home, LEAD, PASSPHRASE).close()
    assert len({one.key for one in lines(home)}) == 1
    study = unlock(home, LEAD, PASSPHRASE)
    assert verify_journal(study).anchors == 3 and verify_journal(study).ok
    study.close()


@pytest.mark.parametrize("name", MUTATIONS)
def test_tampering_up_to_the_last_anchor_is_noticed(study: Study, name: str) -> None:
    record(study, 130)
    anchor_now(study, "export")
    assert tamper(study, MUTATIONS[name], 8, random.Random(4)) == 8
    assert verify_journal(study).ok


def test_an_older_copy_of_the_database_is_noticed(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.audit.NAME", LEAD)
    monkeypatch.setattr("bench.audit.PASSPHRASE", PASSPHRASE)
    unlock(home, LEAD, PASSPHRASE).close()
    assert roll_back(home, 3, random.Random(4)) == 3


def damage(path: Path, how: str) -> None:
    rows = path.read_text().splitlines(keepends=True)
    first = json.loads(rows[0])
    changed = {
        "removed": [],
        "cut": rows[:-1],
        "gap": [rows[0], *rows[2:]],
        "doubled": [rows[0], *rows],
        "turned round": rows[::-1],
        "rewritten": [json.dumps({**first, "head": "0" * 64}) + "\n", *rows[1:]],
        "of another": [json.dumps({**first, "study": "f" * 32}) + "\n", *rows[1:]],
        "no line": ["[1, 2]\n", *rows[1:]],
        "not signed": [json.dumps({**first, "signature": "zz"}) + "\n", *rows[1:]],
    }[how]
    path.write_text("".join(changed)) if changed else path.unlink()


@pytest.mark.parametrize(
    "how",
    ["removed", "cut", "gap", "doubled", "turned round", "rewritten", "of another", "no line",
     "not signed"],
)  # fmt: skip
def test_what_is_done_to_the_anchors_is_noticed(study: Study, how: str) -> None:
    for _ in range(4):
        record(study)
        anchor_now(study, "export")
    damage(anchors_path_of(study.home), how)
    found = verify_journal(study)
    assert found.findings and all(one.startswith("Anchors: ") for one in found.findings)
    record(study)
    anchor_now(study, "export")
    assert not verify_journal(study).ok, "a later anchor hides nothing"


def test_a_lead_accepts_that_the_anchors_were_left_behind(study: Study, join: Join) -> None:
    for _ in range(3):
        record(study)
        anchor_now(study, "export")
    anchors_path_of(study.home).unlink()
    assert "missing" in verify_journal(study).findings[0]
    restart_anchors(study)
    found = verify_journal(study)
    assert found.ok and "begun anew" in found.notes[0]
    assert "audit.anchors_restarted" in {one.action for one in study.recent_events(3)}
    record(study)
    anchor_now(study, "export")
    assert verify_journal(study).ok


def test_a_restored_backup_is_accepted_and_checked_from_there(home: Path) -> None:
    unlock(home, LEAD, PASSPHRASE).close()
    older = shutil.copy(home / "study.db", home.parent / "older.db")
    study = unlock(home, LEAD, PASSPHRASE)
    record(study, 3)
    study.close()
    shutil.copy(older, home / "study.db")
    study = unlock(home, LEAD, PASSPHRASE)
    assert not verify_journal(study).ok
    restart_anchors(study)
    assert verify_journal(study).ok and verify_journal(study).notes
    with study._core._connections.writing() as db:
        db.conn.execute("UPDATE events SET object = 'code:9' WHERE seq = 3")
    assert not verify_journal(study).ok
    study.close()


def test_a_restart_without_its_event_counts_for_nothing(study: Study) -> None:
    record(study)
    anchor_now(study, "export")
    damage(anchors_path_of(study.home), "rewritten")
    record(study)
    anchor_now(study, anchors.RESTART)
    assert not verify_journal(study).ok


def test_twelve_words_of_a_list() -> None:
    words = anchor_words(bytes(32))
    assert words == "abandon " * 11 + "about"
    assert anchor_words(b"\xff" * 32) != words
    assert len(anchor_words(b"\x01" * 32).split()) == 12
    assert anchor_words(b"\x01" * 16 + bytes(16)) == anchor_words(b"\x01" * 32)


def test_the_doctor_says_whether_anchors_can_be_written(home: Path) -> None:
    checks = {check.name: check for check in doctor(home)}
    assert checks["anchors of the journal"].ok
    (home.parent / "home-kept").write_text("in the way")
    checks = {check.name: check for check in doctor(home)}
    assert not checks["anchors of the journal"].ok
    assert "writable" in checks["anchors of the journal"].detail


def test_an_anchor_that_fails_is_logged_in_a_sentence(
    study: Study, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(path: Path, anchor: Anchor) -> None:
        raise FileNotFoundError(2, "words of a participant")

    monkeypatch.setattr(anchors, "_append", failing)
    record(study)
    anchor_now(study, "export")
    (said,) = {one.getMessage() for one in caplog.records}
    assert "Nothing of the study is lost" in said and "fokus doctor" in said
    assert "participant" not in said
