"""Who gets in: passphrases, roles, invitations, and what is made of an altered key file."""

import json
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from secure_storage import (
    COST,
    FLOOR,
    BadInput,
    DamagedFile,
    NotAllowed,
    NotSignedIn,
    Right,
    Role,
    Study,
    StudyExists,
    StudyMissing,
    WrongPassphrase,
    create_study,
    unlock,
)
from secure_storage.keys import stretch

LEAD = "Ada Lead"
PASSPHRASE = "correct horse battery"
Join = Callable[[str, Role], Study]


def test_the_product_asks_for_more_than_the_floor() -> None:
    assert (COST.memory_kib, COST.time, COST.lanes) == (256 * 1024, 3, 4)
    assert FLOOR.memory_kib < COST.memory_kib


def test_a_new_study_opens_with_its_passphrase(study: Study) -> None:
    assert study.title == "Home care"
    assert (study.member.name, study.member.initials, study.member.role) == (LEAD, "AL", "lead")


@pytest.mark.parametrize(
    ("name", "passphrase"), [(LEAD, "correct horse batterz"), ("Nobody", PASSPHRASE), ("", "")]
)
def test_a_wrong_name_or_passphrase_gets_the_same_answer(
    home: Path, name: str, passphrase: str
) -> None:
    with pytest.raises(WrongPassphrase, match="Name or passphrase is wrong"):
        unlock(home, name, passphrase)


def test_case_and_spaces_of_the_name_do_not_matter(home: Path) -> None:
    unlock(home, "  ada   LEAD ", PASSPHRASE).close()


def test_a_second_study_in_the_folder_is_refused(home: Path) -> None:
    with pytest.raises(StudyExists):
        create_study(home, "Another", "Bo", "another long passphrase", cost=FLOOR)
    unlock(home, LEAD, PASSPHRASE).close()


def test_a_database_without_its_key_file_is_not_overwritten(home: Path) -> None:
    (home / "study.json").unlink()
    before = (home / "study.db").read_bytes()
    with pytest.raises(StudyExists, match=r"study\.json"):
        create_study(home, "Another", "Bo", "another long passphrase", cost=FLOOR)
    assert (home / "study.db").read_bytes() == before


def test_no_study_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(StudyMissing, match="fokus study create"):
        unlock(tmp_path / "nowhere", LEAD, PASSPHRASE)


@pytest.mark.parametrize("passphrase", ["", "short", "elevenchars", "a" * 40])
def test_weak_passphrases_are_refused_and_leave_nothing(tmp_path: Path, passphrase: str) -> None:
    with pytest.raises(BadInput):
        create_study(tmp_path / "home", "Title", LEAD, passphrase, cost=FLOOR)
    assert not (tmp_path / "home").exists()


def test_only_the_owner_can_read_the_folder(home: Path, study: Study) -> None:
    with study.change() as change:
        study.files.add([b"sound"], "audio", change)
        change.record("recording.added", "recording:1")
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    for path in home.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_the_key_file_names_nobody(home: Path, join: Join) -> None:
    join("Bo Coder", "coder")
    text = (home / "study.json").read_text()
    assert "Ada" not in text and "Bo" not in text and "Home care" not in text


def test_an_invited_member_must_choose_a_passphrase_before_anything_else(study: Study) -> None:
    once = study.invite("Bo Coder", "coder")
    member = unlock(study.home, "Bo Coder", once)
    for forbidden in (
        lambda: member.require("read"), lambda: member.db, lambda: member.files,
        member.members, member.head, member.change, lambda: member.note("read.x", "study"),
    ):  # fmt: skip
        with pytest.raises(NotAllowed, match="passphrase of your own"):
            forbidden()
    for bad in ("short", once):
        with pytest.raises(BadInput):
            member.choose_passphrase(bad)
    member.choose_passphrase("the own words of Bo")
    member.require("code")
    member.close()
    with pytest.raises(WrongPassphrase):
        unlock(study.home, "Bo Coder", once)
    unlock(study.home, "Bo Coder", "the own words of Bo").close()


def test_a_passphrase_can_be_changed_by_who_knows_it(home: Path, study: Study) -> None:
    with pytest.raises(WrongPassphrase):
        study.change_passphrase("not the present one", "a new long passphrase")
    study.change_passphrase(PASSPHRASE, "a new long passphrase")
    with pytest.raises(WrongPassphrase):
        unlock(home, LEAD, PASSPHRASE)
    unlock(home, LEAD, "a new long passphrase").close()


MATRIX: dict[Role, set[Right]] = {
    "lead": {
        "read", "comment", "transcribe", "code", "theme", "export", "approve", "members", "audit",
        "backup", "erase",
    },
    "coder": {"read", "comment", "transcribe", "code", "theme", "export", "approve"},
    "reader": {"read", "comment"},
    "custodian": {"linking"},
}  # fmt: skip


@pytest.mark.parametrize("role", MATRIX)
def test_each_role_has_its_rights_and_no_other(join: Join, role: Role) -> None:
    member = join("Some One", role)
    for right in {*MATRIX["lead"], "release", *MATRIX["custodian"]}:
        if right in MATRIX[role]:
            member.require(right)
        else:
            with pytest.raises(NotAllowed):
                member.require(right)


def test_only_a_lead_manages_members(study: Study, join: Join) -> None:
    coder = join("Bo Coder", "coder")
    with pytest.raises(NotAllowed):
        coder.invite("Cy", "reader")
    with pytest.raises(NotAllowed):
        coder.disable(study.member.id)
    assert [one.name for one in study.members()] == [LEAD, "Bo Coder"]


def test_names_are_unique_and_initials_too(study: Study) -> None:
    study.invite("Bo Coder", "coder")
    study.invite("Åse Lie", "coder")
    for same in ("bo coder", "ÅSE  LIE", "A\u030ase Lie"):
        with pytest.raises(BadInput, match="exists already"):
            study.invite(same, "reader")
    with pytest.raises(BadInput):
        study.invite("bad\0name", "reader")
    study.invite("Bea Cole", "coder")
    study.invite("*", "coder")
    assert [one.initials for one in study.members()] == ["AL", "BC", "ÅL", "BC2", "X"]


def test_a_disabled_member_is_out_at_once_and_for_good(study: Study, join: Join) -> None:
    coder = join("Bo Coder", "coder")
    study.disable(coder.member.id)
    with pytest.raises(NotSignedIn):
        coder.require("read")
    with pytest.raises(NotSignedIn):
        coder.change()
    with pytest.raises(WrongPassphrase):
        unlock(study.home, "Bo Coder", "the own words of Bo Coder")
    assert study.members()[1].disabled


def test_a_lead_cannot_shut_out_herself(study: Study) -> None:
    with pytest.raises(BadInput):
        study.disable(study.member.id)


def test_a_failed_invitation_leaves_no_account(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (study.home / "study.json").read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        with pytest.raises(Exception, match="disk is full"):
            study.invite("Bo Coder", "coder")
    assert (study.home / "study.json").read_bytes() == before
    assert [one.name for one in study.members()] == [LEAD]
    study.invite("Bo Coder", "coder")


def altered(home: Path, change: Callable[[dict], object]) -> None:
    body = json.loads((home / "study.json").read_text())
    change(body)
    (home / "study.json").write_text(json.dumps(body))


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body.update(argon2id=[8, 1, 1]),
        lambda body: body.update(argon2id=[2**31, 1, 1]),
        lambda body: body.update(mac="00" * 32),
        lambda body: body.update(revision=99),
        lambda body: body.update(study="00" * 16),
        lambda body: body.update(accounts=7),
        lambda body: body.update(format=2),
        lambda body: body["accounts"][0].update(first_sign_in=True),
        lambda body: body["accounts"][0].update(root="00" * 92),
        lambda body: body.pop("mac"),
    ],
)
def test_an_altered_key_file_is_refused(home: Path, change: Callable[[dict], object]) -> None:
    altered(home, change)
    with pytest.raises((DamagedFile, WrongPassphrase)):
        unlock(home, LEAD, PASSPHRASE)


def test_a_key_file_that_is_no_json_is_refused(home: Path) -> None:
    (home / "study.json").write_bytes(b"\xff\x00")
    with pytest.raises(DamagedFile):
        unlock(home, LEAD, PASSPHRASE)


def test_an_old_key_file_put_back_is_refused(home: Path) -> None:
    old = (home / "study.json").read_bytes()
    study = unlock(home, LEAD, PASSPHRASE)
    study.change_passphrase(PASSPHRASE, "a new long passphrase")
    study.close()
    (home / "study.json").write_bytes(old)
    with pytest.raises(DamagedFile, match="older"):
        unlock(home, LEAD, PASSPHRASE)


def test_the_header_cannot_lower_the_protection() -> None:
    with pytest.raises(DamagedFile):
        stretch("any passphrase", bytes(16), replace(FLOOR, memory_kib=FLOOR.memory_kib - 1))
