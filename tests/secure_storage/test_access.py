"""Who has access: ended, given again, taken for good, changed by another lead."""

import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from secure_storage import (
    BadInput,
    DamagedFile,
    FokusError,
    NotAllowed,
    NotSignedIn,
    Role,
    Study,
    WrongPassphrase,
    create_study,
    keys,
    unlock,
)

LEAD, PASSPHRASE = "Ada Lead", "correct horse battery"
Join = Callable[[str, Role], Study]


def actions(study: Study) -> list[str]:
    return [one.action for one in study.events() if not one.is_read]


def test_access_can_be_given_again_in_the_same_process(study: Study, join: Join) -> None:
    old = join("Bo Coder", "coder")
    study.disable(old.member.id)
    assert old.closed
    once = study.enable(old.member.id)
    assert old.closed, "the session of before stays ended"
    for former in ("the own words of Bo Coder", "nothing"):
        with pytest.raises(WrongPassphrase):
            unlock(study.home, "Bo Coder", former)
    new = unlock(study.home, "Bo Coder", once)
    assert new.first_sign_in
    new.choose_passphrase("other words of Bo's")
    new.require("code")
    assert new.member.id == old.member.id
    assert "member.enabled" in actions(study)
    new.close()


def test_only_ended_access_is_given_again(study: Study, join: Join) -> None:
    bo = join("Bo Coder", "coder")
    for wrong in (bo.member.id, 99):
        with pytest.raises(BadInput):
            study.enable(wrong)


def test_who_is_removed_stays_out_and_stays_listed(study: Study, join: Join) -> None:
    bo = join("Bo Coder", "coder")
    with bo.change() as change:
        change.record("code.made", "code:1")
    study.remove(bo.member.id)
    assert bo.closed
    with pytest.raises(NotSignedIn):
        bo.change()
    for act in (study.enable, study.remove, study.disable):
        with pytest.raises(BadInput, match="no such member"):
            act(bo.member.id)
    with pytest.raises(BadInput):
        study.change_role(bo.member.id, "reader")
    with pytest.raises(WrongPassphrase):
        unlock(study.home, "Bo Coder", "the own words of Bo Coder")
    with pytest.raises(BadInput, match="exists already"):
        study.invite("Bo Coder", "coder")
    row = study.members()[1]
    assert (row.name, row.removed, row.disabled) == ("Bo Coder", True, True)
    assert study.db.execute("SELECT removed_at FROM members WHERE id = 2").fetchone()[0]
    assert [one.actor for one in study.events() if one.action == "code.made"] == [2]


def test_who_was_disabled_can_be_removed(study: Study, join: Join) -> None:
    bo = join("Bo Coder", "coder")
    study.disable(bo.member.id)
    ended = study.db.execute("SELECT disabled_at FROM members WHERE id = 2").fetchone()[0]
    study.remove(bo.member.id)
    row = study.db.execute("SELECT disabled_at, removed_at FROM members WHERE id = 2").fetchone()
    assert row[0] == ended and row[1] > ended


def test_a_new_role_counts_at_the_next_step(study: Study, join: Join) -> None:
    bo = join("Bo Coder", "coder")
    study.change_role(bo.member.id, "reader")
    assert bo.member.role == "reader"
    with pytest.raises(NotAllowed, match="reader"):
        bo.require("code")
    study.change_role(bo.member.id, "lead")
    bo.require("members")
    bo.change_role(study.member.id, "coder")
    with pytest.raises(NotAllowed):
        study.invite("Cy", "reader")
    event = study.recent_events(1)[0]
    assert (event.action, event.before, event.after) == (
        "member.role_changed", {"role": "lead"}, {"role": "coder"},
    )  # fmt: skip
    with pytest.raises(BadInput):
        bo.change_role(study.member.id, "king")  # type: ignore[arg-type]


def test_releasing_is_given_and_taken(study: Study, join: Join) -> None:
    bo = join("Bo Coder", "coder")
    with pytest.raises(NotAllowed):
        bo.require("release")
    study.let_release(bo.member.id, True)
    bo.require("release")
    study.let_release(bo.member.id, False)
    with pytest.raises(NotAllowed):
        bo.require("release")
    study.require("release")
    assert actions(study).count("member.may_release") == 2


def test_a_custodian_releases_nothing_even_when_allowed(study: Study, join: Join) -> None:
    custodian = join("Cy Keys", "custodian")
    study.let_release(custodian.member.id, True)
    with pytest.raises(NotAllowed):
        custodian.require("release")


def test_a_lead_changes_nothing_of_their_own(study: Study, join: Join) -> None:
    join("Di Lead", "lead")
    own = study.member.id
    for act in (
        lambda: study.disable(own), lambda: study.remove(own), lambda: study.enable(own),
        lambda: study.change_role(own, "reader"), lambda: study.let_release(own, True),
    ):  # fmt: skip
        with pytest.raises(BadInput, match="Ask another lead"):
            act()
    assert study.member.role == "lead"


@pytest.mark.parametrize("act", ["disable", "remove", "demote"])
def test_two_leads_at_once_leave_one(study: Study, join: Join, act: str) -> None:
    """However the two acts interleave, the second finds that its actor is no lead any more."""
    for _ in range(3):
        other = join(f"Lead {len(study.members())}", "lead")
        start = threading.Barrier(2)
        refused: list[FokusError] = []

        def end(
            actor: Study, target: int, start: threading.Barrier = start,
            refused: list[FokusError] = refused,
        ) -> None:  # fmt: skip
            start.wait()
            try:
                if act == "demote":
                    actor.change_role(target, "coder")
                else:
                    getattr(actor, act)(target)
            except FokusError as error:
                refused.append(error)

        pairs = [(study, other.member.id), (other, study.member.id)]
        threads = [threading.Thread(target=end, args=pair) for pair in pairs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(refused) == 1
        core = study._core
        leads = core.reader.execute(
            "SELECT count(*) FROM members WHERE role = 'lead' AND disabled_at IS NULL"
        ).fetchone()
        assert leads[0] == 1
        if study.closed or study.member.role != "lead":
            break


def test_others_than_leads_change_nothing(study: Study, join: Join) -> None:
    for role in ("coder", "reader", "custodian"):
        member = join(f"Some {role}", role)
        for act in (
            lambda who: who.disable(1), lambda who: who.remove(1), lambda who: who.enable(1),
            lambda who: who.change_role(1, "reader"), lambda who: who.let_release(1, False),
        ):  # fmt: skip
            with pytest.raises(NotAllowed):
                act(member)
    assert not any(one.disabled for one in study.members())


def test_a_change_of_passphrase_keeps_the_key_pair(study: Study) -> None:
    def public() -> bytes:
        return study._core.header.accounts[0].public

    before, secret = public(), study._secret.private_bytes_raw()
    study.change_passphrase(PASSPHRASE, "a new long passphrase")
    assert public() == before
    assert study._secret.private_bytes_raw() == secret
    again = unlock(study.home, LEAD, "a new long passphrase")
    assert again._secret.private_bytes_raw() == secret
    again.close()


def test_the_first_sign_in_makes_a_new_key_pair(study: Study) -> None:
    once = study.invite("Bo Coder", "coder")
    member = unlock(study.home, "Bo Coder", once)
    given = study._core.header.accounts[1].public
    member.choose_passphrase("the own words of Bo")
    chosen = study._core.header.accounts[1].public
    assert chosen != given
    assert member._secret.public_key().public_bytes_raw() == chosen
    member.close()


def test_a_key_file_written_by_a_stranger_does_not_share_an_open_study(
    study: Study, tmp_path: Path
) -> None:
    """Their file is sound in itself, under their own root; the open study has another."""
    other = tmp_path / "other"
    create_study(other, "Theirs", "Eve", "eve's own passphrase", cost=keys.FLOOR)
    body = json.loads((other / "study.json").read_text())
    (study.home / "study.json").write_text(json.dumps(body))
    with pytest.raises(DamagedFile):
        unlock(study.home, "Eve", "eve's own passphrase")
    assert not study.closed
