"""Exports: asked for, agreed to, on record, and only then out."""

import errno
import hashlib
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

import secure_storage.ledger.release as releasing
from secure_storage import (
    BadInput,
    DiskFull,
    FokusError,
    NotAllowed,
    Request,
    Role,
    Rules,
    StaleWrite,
    Study,
    approve_export,
    export_rules,
    list_exports,
    list_imports,
    list_requests,
    read_export,
    record_import,
    refuse_export,
    request_export,
    set_export_rules,
    unlock,
    verify_chain,
    who_can_release,
    withdraw_request,
)
from secure_storage.change import Change
from secure_storage.ledger import open_request

Join = Callable[[str, Role], Study]
WORDS = b"PK words of the file"
LEAD, PASSPHRASE = "Ada Lead", "correct horse battery"


def ask(study: Study, name: str = "quotes.docx", data: bytes = WORDS) -> Request:
    return request_export(
        study, data=data, form="docx", file_name=name, purpose="manuscript", recipient="BMC"
    )


def one_may(study: Study) -> None:
    """One person may release what nobody searched for names."""
    set_export_rules(study, Rules(second_for_unchecked=False))


def out(study: Study) -> list[str]:
    return sorted(path.name for path in (study.home / "exports").iterdir())


def sealed(study: Study) -> int:
    return sum(1 for path in (study.home / "files").rglob("*") if path.is_file())


def actions(study: Study, number: int) -> list[str]:
    return [one.action for one in study.recent_events(number)][::-1]


@pytest.fixture
def free(study: Study) -> Study:
    one_may(study)
    return study


# What leaves at once


def test_an_export_leaves_a_file_a_receipt_a_row_an_event_and_a_sealed_copy(free: Study) -> None:
    asked = ask(free)
    assert asked.state == "released"
    path = free.home / "exports" / "quotes.docx"
    assert path.read_bytes() == WORDS
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert out(free) == ["quotes.docx", "quotes.docx.receipt.txt"]
    (row,) = list_exports(free)
    assert row.id == asked.export_id
    assert row.sha256 == hashlib.sha256(WORDS).hexdigest()
    assert (row.file_name, row.purpose, row.recipient) == ("quotes.docx", "manuscript", "BMC")
    assert (row.asked_by, row.approved_by, row.member_id) == (1, None, 1)
    assert read_export(free, row.id) == WORDS
    assert actions(free, 2) == ["export.requested", "read.exported"]


def test_a_file_may_come_piece_by_piece(free: Study) -> None:
    pieces = (bytes([number]) * 300_000 for number in range(9))
    asked = request_export(
        free, data=pieces, form="qdpx", file_name="all.qdpx", purpose="archive", recipient="us"
    )
    whole = b"".join(bytes([number]) * 300_000 for number in range(9))
    assert asked.size == len(whole) and asked.sha256 == hashlib.sha256(whole).hexdigest()
    assert (free.home / "exports" / "all.qdpx").read_bytes() == whole


def test_a_file_whose_pieces_break_off_leaves_nothing(free: Study) -> None:
    def broken() -> Iterator[bytes]:
        yield b"words"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        request_export(free, data=broken(), form="x", file_name="x.bin", purpose="x", recipient="x")
    assert list_requests(free) == [] and sealed(free) == 0 and out(free) == []


def test_a_second_export_of_the_name_does_not_replace_the_first(free: Study) -> None:
    for _ in range(3):
        ask(free)
    names = [row.file_name for row in list_exports(free)][::-1]
    assert names == ["quotes.docx", "quotes (2).docx", "quotes (3).docx"]


def test_a_name_once_used_stays_used(free: Study) -> None:
    ask(free)
    (free.home / "exports" / "quotes.docx").unlink()
    ask(free)
    assert list_exports(free)[0].file_name == "quotes (2).docx"


def test_a_receipt_is_never_written_over(free: Study) -> None:
    kept = free.home / "exports" / "quotes.docx.receipt.txt"
    kept.write_text("of another file")
    ask(free)
    assert kept.read_text() == "of another file"
    assert "quotes (2).docx.receipt.txt" in out(free)


HOSTILE = [
    "", ".", "..", "../x.docx", "/etc/x", ".hidden", "a\nb", "a" * 300, "c:x", "a\\b", "å" * 101,
    "a\0b", "a\u202excod.docx", "\ud800", "-rf", "~root", "x.", "x ", " x", "a|b", "<a>", 'a"b',
    "a?b", "a*b", "x.docx.receipt.txt", "X.RECEIPT.TXT", "a\u200bb",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_an_export_cannot_be_put_elsewhere(free: Study, name: str) -> None:
    with pytest.raises(BadInput):
        ask(free, name)
    assert out(free) == [] and sealed(free) == 0 and list_requests(free) == []


def test_a_name_in_two_spellings_is_one_name(free: Study) -> None:
    ask(free, "A\u030angstro\u0308m 'é' (1) & co.docx")
    assert list_exports(free)[0].file_name == "Ångström 'é' (1) & co.docx"


@pytest.mark.parametrize(
    ("purpose", "recipient"), [("", "BMC"), ("Article", " "), ("x" * 501, "B"), ("a\x1b[2J", "B")]
)
def test_an_export_says_what_for_and_for_whom(free: Study, purpose: str, recipient: str) -> None:
    with pytest.raises(BadInput, match="what the file is for"):
        request_export(
            free, data=b"x", form="x", file_name="x", purpose=purpose, recipient=recipient
        )
    assert sealed(free) == 0


def test_the_receipt_says_what_the_ledger_says(free: Study) -> None:
    from secure_storage.audit.words import anchor_words

    ask(free)
    (row,) = list_exports(free)
    text = (free.home / "exports" / "quotes.docx.receipt.txt").read_text()
    facts = dict(
        line.split(":", 1) for line in text.splitlines() if ":" in line and not line[0].isdigit()
    )
    facts = {name: value.strip() for name, value in facts.items()}
    assert facts["SHA-256"] == row.sha256
    assert facts["SHA-256"] == hashlib.sha256(
        (free.home / "exports" / "quotes.docx").read_bytes()
    ).hexdigest()  # fmt: skip
    assert facts["File"] == row.file_name
    assert facts["Recipient"] == "BMC" and facts["Purpose"] == "manuscript"
    assert facts["Released by"] == facts["Asked for by"] == free.member.initials
    assert facts["Journal"] == f"event {row.event}"
    assert facts["Anchor words"] == anchor_words(row.head)
    assert len(facts["Anchor words"].split()) == 12
    event = next(one for one in free.events() if one.seq == row.event)
    assert event.after is not None and event.after["sha256"] == row.sha256


def test_each_export_is_anchored(free: Study) -> None:
    from secure_storage.audit.anchors import anchor_file, read_anchors
    from secure_storage.settings import read_settings

    ask(free)
    (row,) = list_exports(free)
    folder = read_settings(free.home).anchors
    anchors = read_anchors(anchor_file(folder, free._core.header.study_id))
    assert (anchors[-1].seq, anchors[-1].head) == (row.event, row.head.hex())
    assert anchors[-1].why == "export"


# Two people


def test_what_nobody_searched_for_names_waits_for_a_second_person(study: Study, join: Join) -> None:
    coder = join("Bo Coder", "coder")
    asked = ask(study)
    assert asked.state == "waiting" and not asked.names_checked
    assert out(study) == [] and list_exports(study) == []
    assert [one.name for one in who_can_release(study, asked)] == ["Bo Coder"]
    done = approve_export(coder, asked.id)
    assert (done.state, done.decided_by) == ("released", coder.member.id)
    assert (study.home / "exports" / "quotes.docx").read_bytes() == WORDS
    (row,) = list_exports(study)
    assert (row.asked_by, row.approved_by) == (study.member.id, coder.member.id)
    assert actions(study, 2) == ["export.approved", "read.exported"]
    receipt = (study.home / "exports" / "quotes.docx.receipt.txt").read_text()
    assert f"Approved by:   {coder.member.initials}\n" in receipt
    assert verify_chain(study).ok


def test_the_same_person_is_not_the_second(study: Study) -> None:
    asked = ask(study)
    with pytest.raises(NotAllowed, match="second person"):
        approve_export(study, asked.id)
    assert list_requests(study)[0].state == "waiting" and out(study) == []


def test_alone_in_a_study_nobody_is_stuck_for_good(study: Study) -> None:
    asked = ask(study)
    assert who_can_release(study, asked) == []
    one_may(study)
    assert approve_export(study, asked.id).state == "released"
    assert list_exports(study)[0].approved_by is None


def test_the_study_can_ask_for_two_people_always(
    study: Study, join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    import secure_storage.ledger.requests as requests
    from secure_storage.names import NameCheck

    def nothing_found(study: Study, texts: object) -> NameCheck:
        return NameCheck(True, 0)

    monkeypatch.setattr(requests, "check", nothing_found)
    assert ask(study).state == "released"
    set_export_rules(study, Rules(two_person=True))
    asked = ask(study)
    assert asked.state == "waiting" and asked.names_checked
    assert approve_export(join("Bo Coder", "coder"), asked.id).state == "released"


def test_a_name_that_was_found_asks_for_two_people_whatever_the_study_says(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    import secure_storage.ledger.requests as requests
    from secure_storage.names import NameCheck

    seen: list[str] = []

    def found(study: Study, texts: list[str]) -> NameCheck:
        seen.extend(texts)
        return NameCheck(True, 2)

    monkeypatch.setattr(requests, "check", found)
    one_may(study)
    asked = request_export(
        study, data=b"x", form="x", file_name="x", purpose="x", recipient="x", texts=["Kari said"]
    )
    assert (asked.state, asked.names_found) == ("waiting", 2)
    assert seen == ["Kari said"]


def test_a_coder_asks_and_one_who_may_release_agrees(study: Study, join: Join) -> None:
    coder, other = join("Bo Coder", "coder"), join("Eva Coder", "coder")
    asked = ask(coder)
    assert asked.state == "waiting"
    assert [one.name for one in who_can_release(study, asked)] == [LEAD]
    with pytest.raises(NotAllowed, match="permission to release"):
        approve_export(other, asked.id)
    assert approve_export(study, asked.id).state == "released"


def test_a_coder_never_releases_alone(free: Study, join: Join) -> None:
    coder = join("Bo Coder", "coder")
    asked = ask(coder)
    assert asked.state == "waiting"
    with pytest.raises(NotAllowed, match="permission to release"):
        approve_export(coder, asked.id)
    assert out(free) == []


def test_readers_neither_ask_nor_decide_nor_fetch(study: Study, join: Join) -> None:
    reader = join("Rita Reader", "reader")
    asked = ask(study)
    for deed in (
        lambda: ask(reader),
        lambda: approve_export(reader, asked.id),
        lambda: refuse_export(reader, asked.id, "no"),
        lambda: withdraw_request(reader, asked.id),
        lambda: open_request(reader, asked.id),
        lambda: set_export_rules(reader, Rules()),
    ):
        with pytest.raises(NotAllowed):
            deed()
    assert list_requests(reader) == [asked]


def test_custodians_see_nothing_of_it(study: Study, join: Join) -> None:
    custodian = join("Kim Keys", "custodian")
    asked = ask(study)
    for deed in (
        lambda: ask(custodian),
        lambda: list_requests(custodian),
        lambda: list_exports(custodian),
        lambda: list_imports(custodian),
        lambda: approve_export(custodian, asked.id),
        lambda: open_request(custodian, asked.id),
        lambda: export_rules(custodian),
    ):
        with pytest.raises(NotAllowed):
            deed()


def test_only_who_may_release_fetches_what_left(study: Study, join: Join) -> None:
    coder = join("Bo Coder", "coder")
    asked = ask(study)
    export_id = approve_export(coder, asked.id).export_id
    assert export_id is not None
    with pytest.raises(NotAllowed, match="release"):
        read_export(coder, export_id)


def test_who_approves_reads_the_exact_file_before_and_that_is_on_record(
    study: Study, join: Join
) -> None:
    coder = join("Bo Coder", "coder")
    asked = ask(study)
    row, reader = open_request(coder, asked.id)
    with reader:
        assert reader.read(0, reader.size) == WORDS
    assert row.id == asked.id
    event = study.recent_events(1)[0]
    assert (event.action, event.object, event.actor) == (
        "read.export_reviewed", f"export_request:{asked.id}", coder.member.id,
    )  # fmt: skip


def test_a_refused_export_stays_in_and_its_file_is_destroyed(study: Study, join: Join) -> None:
    coder = join("Bo Coder", "coder")
    asked = ask(study)
    with pytest.raises(BadInput, match="Say why"):
        refuse_export(coder, asked.id, "  ")
    refuse_export(coder, asked.id, "Line 3 names a ward.")
    (now,) = list_requests(study)
    assert (now.state, now.reason, now.decided_by) == (
        "refused", "Line 3 names a ward.", coder.member.id,
    )  # fmt: skip
    assert now.file_id is None and sealed(study) == 0 and out(study) == []
    event = study.recent_events(1)[0]
    assert event.action == "export.refused"
    assert "ward" not in str(event)


def test_who_asked_takes_it_back_and_nobody_else_does(study: Study, join: Join) -> None:
    coder = join("Bo Coder", "coder")
    asked = ask(coder)
    with pytest.raises(NotAllowed, match="who asked"):
        withdraw_request(study, asked.id)
    withdraw_request(coder, asked.id)
    assert list_requests(study)[0].state == "withdrawn" and sealed(study) == 0
    assert study.recent_events(1)[0].action == "export.withdrawn"


@pytest.mark.parametrize("first", ["released", "refused", "withdrawn"])
def test_a_decision_stands(study: Study, join: Join, first: str) -> None:
    coder = join("Bo Coder", "coder")
    asked = ask(study)
    deeds: dict[str, Callable[[], object]] = {
        "released": lambda: approve_export(coder, asked.id),
        "refused": lambda: refuse_export(coder, asked.id, "no"),
        "withdrawn": lambda: withdraw_request(study, asked.id),
    }
    deeds[first]()
    before = study.head()
    for deed in deeds.values():
        with pytest.raises(StaleWrite, match=f"has {first} it"):
            deed()
    with pytest.raises(StaleWrite):
        open_request(coder, asked.id)
    assert study.head() == before and len(list_exports(study)) == (first == "released")


def test_of_two_decisions_at_once_one_wins_and_the_other_is_told(study: Study, join: Join) -> None:
    coders = [join(f"Coder {number}", "coder") for number in range(4)]
    for turn in range(3):
        asked = ask(study, f"file {turn}.docx")
        decide = _deciding_at_once(coders, asked.id)
        with ThreadPoolExecutor(len(coders)) as pool:
            said = sorted(pool.map(decide, range(len(coders))))
        assert said == ["told", "told", "told", "won"]
        now = next(one for one in list_requests(study) if one.id == asked.id)
        released = f"file {turn}.docx" in out(study)
        assert released == (now.state == "released")
    assert not [name for name in out(study) if name.endswith(".part")]
    assert verify_chain(study).ok


def _deciding_at_once(coders: list[Study], request_id: int) -> Callable[[int], str]:
    start = Barrier(len(coders))

    def decide(number: int) -> str:
        start.wait()
        try:
            if number % 2:
                refuse_export(coders[number], request_id, "no")
            else:
                approve_export(coders[number], request_id)
        except StaleWrite:
            return "told"
        return "won"

    return decide


def test_a_refusal_just_before_the_file_is_opened_is_told(
    study: Study, join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    coder, other = join("Bo Coder", "coder"), join("Eva Coder", "coder")
    asked = ask(study)
    real = releasing._check

    def refused_meanwhile(*what: Any) -> None:
        real(*what)
        refuse_export(other, asked.id, "no")

    monkeypatch.setattr(releasing, "_check", refused_meanwhile)
    with pytest.raises(StaleWrite, match="Eva Coder has refused it"):
        approve_export(coder, asked.id)
    assert out(study) == []


def test_a_member_who_is_gone_by_then_counts_no_more(study: Study, join: Join) -> None:
    coder, other = join("Bo Coder", "coder"), join("Eva Coder", "coder")
    by_coder, by_lead = ask(coder), ask(study)
    study.disable(coder.member.id)
    with pytest.raises(FokusError):
        approve_export(coder, by_lead.id)
    assert [one.name for one in who_can_release(study, by_lead)] == ["Eva Coder"]
    assert who_can_release(study, by_coder) == []
    with pytest.raises(NotAllowed, match="asks anew"):
        approve_export(study, by_coder.id)
    refuse_export(study, by_coder.id, "Bo has left.")
    assert approve_export(other, by_lead.id).state == "released"


def test_the_rules_are_a_leads_and_on_record(study: Study, join: Join) -> None:
    assert export_rules(study) == Rules(two_person=False, second_for_unchecked=True)
    with pytest.raises(NotAllowed):
        set_export_rules(join("Bo Coder", "coder"), Rules(second_for_unchecked=False))
    set_export_rules(study, Rules(two_person=True, second_for_unchecked=False))
    assert export_rules(study) == Rules(True, False)
    event = study.recent_events(1)[0]
    assert event.action == "study.two_person_set"
    assert event.before == {"two_person": False, "second_for_unchecked": True}
    assert event.after == {"two_person": True, "second_for_unchecked": False}


@pytest.mark.parametrize("deed", [approve_export, withdraw_request, read_export])
def test_what_nobody_asked_for(study: Study, deed: Callable[[Study, int], object]) -> None:
    with pytest.raises(BadInput):
        deed(study, 99)


# Crashes and full disks


def test_no_export_is_out_before_it_is_on_record(
    free: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked_for = free.home / "exports"
    seen: list[tuple[int, list[str]]] = []
    real = Change.settle

    def looking(change: Change, *, committed: bool) -> None:
        names = [path.name for path in asked_for.iterdir() if path.name[0] != "."]
        seen.append((len(list_exports(free)), names))
        real(change, committed=committed)

    monkeypatch.setattr(Change, "settle", looking)
    ask(free)
    assert seen[0] == (0, []) and seen[1] == (1, [])
    assert out(free) == ["quotes.docx", "quotes.docx.receipt.txt"]


def test_an_export_that_cannot_be_put_in_place_is_told(
    free: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.replace

    def refusing(path: Path, target: Path) -> Path:
        if Path(target).name == "quotes.docx":
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(path, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", refusing)
        with pytest.raises(FokusError, match="is on record, but quotes.docx could not"):
            ask(free)
    assert "quotes.docx" not in out(free)
    assert read_export(free, list_exports(free)[0].id) == WORDS


def test_an_export_on_a_full_disk_leaves_nothing_half(
    free: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(fd: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        with pytest.raises(DiskFull):
            ask(free)
    assert out(free) == [] and sealed(free) == 0 and list_requests(free) == []
    real = releasing.create_private

    def no_room(path: Path) -> object:
        raise DiskFull("full")

    monkeypatch.setattr(releasing, "create_private", no_room)
    with pytest.raises(DiskFull, match="sealed in the study"):
        ask(free)
    (asked,) = list_requests(free)
    assert asked.state == "waiting" and out(free) == []
    monkeypatch.setattr(releasing, "create_private", real)
    assert approve_export(free, asked.id).state == "released"


CHILD = """
import os, signal, sys
from pathlib import Path
import secure_storage.ledger.release as releasing
import secure_storage.ledger.requests as requests
from secure_storage import request_export, unlock

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

at = sys.argv[2]
if at == "asked":
    requests.release = die
elif at == "uncommitted":
    releasing.sync_folder = die
elif at == "committed":
    releasing.anchor_now = die
elif at == "anchored":
    releasing.receipt_text = die
elif at == "receipt written":
    real = Path.replace
    Path.replace = lambda self, to: die() if Path(to).name == "quotes.docx" else real(self, to)
elif at == "in place":
    real = Path.replace
    Path.replace = lambda self, to: (real(self, to), Path(to).name == "quotes.docx" and die())[0]
study = unlock(Path(sys.argv[1]), "Ada Lead", "correct horse battery")
request_export(study, data=b"PK words of the file", form="docx", file_name="quotes.docx",
               purpose="manuscript", recipient="BMC")
"""


@pytest.mark.parametrize(
    ("at", "released"),
    [
        ("asked", False), ("uncommitted", False), ("committed", True), ("anchored", True),
        ("receipt written", True), ("in place", True),
    ],
)  # fmt: skip
def test_a_kill_at_any_step_is_put_right_at_the_next_unlock(
    home: Path, at: str, released: bool
) -> None:
    study = unlock(home, LEAD, PASSPHRASE)
    one_may(study)
    study.close()
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(home), at], check=False, capture_output=True, text=True
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    study = unlock(home, LEAD, PASSPHRASE)
    try:
        (asked,) = list_requests(study)
        assert asked.state == ("released" if released else "waiting")
        if not released:
            assert out(study) == [] and list_exports(study) == []
            assert approve_export(study, asked.id).state == "released"
        assert out(study) == ["quotes.docx", "quotes.docx.receipt.txt"]
        assert (home / "exports" / "quotes.docx").read_bytes() == WORDS
        (row,) = list_exports(study)
        assert row.sha256 in (home / "exports" / "quotes.docx.receipt.txt").read_text()
        assert verify_chain(study).ok
    finally:
        study.close()


def test_what_was_taken_away_is_not_put_back(free: Study) -> None:
    ask(free)
    home = free.home
    for name in out(free):
        (home / "exports" / name).unlink()
    free.close()
    again = unlock(home, LEAD, PASSPHRASE)
    assert out(again) == []
    again.close()


def test_what_is_put_right_comes_from_the_sealed_copy(free: Study) -> None:
    """Somebody else's bytes under a temporary name never become an export."""
    ask(free)
    home = free.home
    (home / "exports" / "quotes.docx").unlink()
    left = home / "exports" / (".quotes.docx." + os.urandom(6).hex() + ".part")
    left.write_bytes(b"somebody else's words")
    stranger = home / "exports" / ".other.docx.0123.part"
    stranger.write_bytes(b"words")
    free.close()
    again = unlock(home, LEAD, PASSPHRASE)
    assert out(again) == ["quotes.docx", "quotes.docx.receipt.txt"]
    assert (home / "exports" / "quotes.docx").read_bytes() == WORDS
    again.close()


# What came in


def test_an_import_is_on_the_ledger(study: Study) -> None:
    with study.change() as change:
        number = record_import(
            change, "audio", 12, "ab" * 32, source="inbox\nfolder", purpose="to transcribe"
        )
        change.record("recording.added", "recording:1")
    (row,) = list_imports(study)
    assert (row.id, row.kind, row.size, row.member_id) == (number, "audio", 12, study.member.id)
    assert (row.source, row.purpose, row.sha256) == ("inbox folder", "to transcribe", "ab" * 32)
