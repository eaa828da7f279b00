"""What a lead changed while somebody waited for the writer counts when their turn comes."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from secure_storage import (
    FokusError,
    NotAllowed,
    NotSignedIn,
    Role,
    Study,
    WrongPassphrase,
    keys,
    unlock,
)
from secure_storage.access import change_role, invite, let_release
from secure_storage.closing.dates import StudyDates, set_study_dates
from secure_storage.ledger.decision import Rules
from secure_storage.ledger.given import set_export_rules
from secure_storage.linking import (
    Linking,
    Person,
    create_linking,
    open_linking,
    recover_linking,
)
from secure_storage.one_time_codes import switch_off_for
from secure_storage.recovery import make_kit

LEAD, PASSPHRASE = "Ada Lead", "correct horse battery"
BO, OWN = "Bo Coder", "the own words of Bo Coder"
Join = Callable[[str, Role], Study]
Meanwhile = Callable[[Callable[[], object]], AbstractContextManager[None]]


@pytest.fixture
def meanwhile(study: Study, monkeypatch: pytest.MonkeyPatch) -> Meanwhile:
    """Let an act come in just before the next change has the writer."""

    @contextmanager
    def coming_in(act: Callable[[], object]) -> Iterator[None]:
        connections = study._core._connections
        real, came = connections.writing, []

        def writing(*given: Any) -> AbstractContextManager[Any]:
            if not came:
                came.append(True)
                act()
            return real(*given)

        with monkeypatch.context() as patched:
            patched.setattr(connections, "writing", writing)
            yield
        assert came

    return coming_in


def opens(home: Path, name: str, passphrase: str) -> bool:
    try:
        unlock(home, name, passphrase).close()
    except WrongPassphrase:
        return False
    return True


def test_who_is_shut_out_during_their_sign_in_is_not_let_in(
    study: Study, join: Join, meanwhile: Meanwhile
) -> None:
    bo = join(BO, "coder").member.id
    with meanwhile(lambda: study.disable(bo)), pytest.raises(NotAllowed, match="has ended"):
        unlock(study.home, BO, OWN)


def test_an_old_passphrase_lets_nobody_in_when_access_was_given_anew(
    study: Study, join: Join, meanwhile: Meanwhile
) -> None:
    bo, given = join(BO, "coder").member.id, []

    def anew() -> None:
        study.disable(bo)
        given.append(study.enable(bo))

    with meanwhile(anew), pytest.raises(WrongPassphrase):
        unlock(study.home, BO, OWN)
    assert opens(study.home, BO, given[0])


def test_who_is_shut_out_right_after_their_sign_in_is_out(
    study: Study, join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end of the access and the making of the session may fall together."""
    bo, real = join(BO, "coder").member.id, Study.__init__

    def shut_out_first(*given: Any, **more: Any) -> None:
        if given[2].id == bo:
            study.disable(bo)
        real(*given, **more)

    monkeypatch.setattr(Study, "__init__", shut_out_first)
    late = unlock(study.home, BO, OWN)
    assert late.closed
    late.close()


def test_changing_the_keys_meanwhile_keeps_nobody_out(study: Study, meanwhile: Meanwhile) -> None:
    header = study._core.header

    def reseal() -> None:
        object.__setattr__(study._core, "header", header.resealed(study._core.root))

    with meanwhile(reseal):
        unlock(study.home, LEAD, PASSPHRASE).close()


def test_a_one_time_passphrase_is_used_up_by_the_first_who_chooses(study: Study) -> None:
    once = study.invite(BO, "coder")
    first, second = unlock(study.home, BO, once), unlock(study.home, BO, once)
    first.choose_passphrase(OWN)
    with pytest.raises(NotSignedIn):
        second.choose_passphrase("words of somebody else")
    assert second.closed and not first.closed
    first.require("code")
    assert opens(study.home, BO, OWN) and not opens(study.home, BO, "words of somebody else")
    first.close()
    second.close()


def test_two_who_choose_at_once_do_not_overwrite_each_other(
    study: Study, meanwhile: Meanwhile
) -> None:
    once = study.invite(BO, "coder")
    first, second = unlock(study.home, BO, once), unlock(study.home, BO, once)
    with meanwhile(lambda: first.choose_passphrase(OWN)), pytest.raises(NotSignedIn):
        second.choose_passphrase("words of somebody else")
    assert opens(study.home, BO, OWN) and not opens(study.home, BO, "words of somebody else")
    first.close()
    second.close()


def test_the_old_passphrase_changes_nothing_that_was_changed_meanwhile(
    study: Study, meanwhile: Meanwhile
) -> None:
    here, elsewhere = (unlock(study.home, LEAD, PASSPHRASE) for _ in range(2))
    new = "a new long passphrase"
    with meanwhile(lambda: here.change_passphrase(PASSPHRASE, new)), pytest.raises(NotSignedIn):
        elsewhere.change_passphrase(PASSPHRASE, "words of somebody else")
    assert opens(study.home, LEAD, new) and not opens(study.home, LEAD, "words of somebody else")
    here.close()
    elsewhere.close()


def test_a_change_of_passphrase_ends_the_other_sessions(study: Study) -> None:
    here, elsewhere = (unlock(study.home, LEAD, PASSPHRASE) for _ in range(2))
    here.change_passphrase(PASSPHRASE, "a new long passphrase")
    assert elsewhere.closed and not here.closed
    here.require("members")
    here.change_passphrase("a new long passphrase", "a newer long passphrase")
    assert not here.closed
    here.close()
    elsewhere.close()


def release_rules(study: Study) -> None:
    set_export_rules(study, Rules())


LEADS_ACTS: tuple[Callable[[Study], object], ...] = (
    make_kit,
    release_rules,
    lambda lead: set_study_dates(lead, StudyDates()),
    lambda lead: switch_off_for(lead, 1),
    lambda lead: invite(lead, "Cy", "reader"),
    lambda lead: change_role(lead, 1, "reader"),
    lambda lead: let_release(lead, 1, False),
    lambda lead: lead.disable(1),
    lambda lead: lead.remove(1),
)


@pytest.mark.parametrize("act", LEADS_ACTS)
def test_a_lead_who_is_none_any_more_does_nothing(
    study: Study, join: Join, meanwhile: Meanwhile, act: Callable[[Study], object]
) -> None:
    dan = join("Dan Lead", "lead")
    with (
        meanwhile(lambda: study.change_role(dan.member.id, "reader")),
        pytest.raises(NotAllowed),
    ):
        act(dan)
    assert study.recent_events(1)[0].action == "member.role_changed"


@pytest.mark.parametrize("act", [make_kit, lambda one: one.note("read.text", "transcript:1")])
@pytest.mark.parametrize("how", ["disable", "remove", "anew"])
def test_who_is_shut_out_while_waiting_does_nothing(
    study: Study, join: Join, meanwhile: Meanwhile, act: Callable[[Study], object], how: str
) -> None:
    dan = join("Dan Lead", "lead")
    number = dan.member.id

    def shut_out() -> None:
        (study.remove if how == "remove" else study.disable)(number)
        if how == "anew":
            study.enable(number)
            # As if the end of the sessions had not reached them yet.
            dan._cuts += 1

    with meanwhile(shut_out), pytest.raises(NotSignedIn):
        act(dan)
    assert study.recent_events(1)[0].actor == study.member.id


def test_an_event_is_told_of_the_member_as_of_now(
    study: Study, join: Join, meanwhile: Meanwhile
) -> None:
    bo = join(BO, "coder")
    with meanwhile(lambda: study.change_role(bo.member.id, "reader")), bo.change() as change:
        assert change.member.role == "reader"
        change.record("note.made", "note:1")


@pytest.mark.parametrize("part", ["mac", "tag"])
@pytest.mark.parametrize("said", ["é" * 64, "\ud800", 7, None])
def test_a_key_file_with_letters_where_digits_belong_is_refused(
    home: Path, part: str, said: object
) -> None:
    body = json.loads((home / "study.json").read_text())
    (body if part == "mac" else body["accounts"][0])[part] = said
    (home / "study.json").write_text(json.dumps(body))
    with pytest.raises(FokusError):
        unlock(home, LEAD, PASSPHRASE)
    header = keys.Header("00", 0, keys.FLOOR, ())
    assert header.account("é") is None


@pytest.fixture
def keepers(join: Join) -> tuple[Linking, Linking, Linking]:
    """The open linking store of three custodians."""
    first, *others = (join(f"{name} Keeper", "custodian") for name in ("Karl", "Kim", "Kai"))
    store = create_linking(first)
    for other in others:
        store.admit(other.member.id)
    return store, open_linking(others[0]), open_linking(others[1])


def test_a_custodian_who_is_shut_out_meanwhile_seals_and_writes_nothing(
    keepers: tuple[Linking, Linking, Linking], join: Join, meanwhile: Meanwhile
) -> None:
    karl, kim, kai = keepers
    new = join("Kaya Keeper", "custodian").member.id
    with meanwhile(lambda: karl.dismiss(kim._study.member.id)), pytest.raises(NotAllowed):
        kim.admit(new)
    assert not next(one for one in karl.custodians() if one.member_id == new).admitted
    with meanwhile(lambda: karl.dismiss(kai._study.member.id)), pytest.raises(NotAllowed):
        kai.make_kit()
    assert not karl.has_kit()


def test_seals_made_while_the_store_takes_new_keys_are_of_the_new_ones(
    keepers: tuple[Linking, Linking, Linking], study: Study, meanwhile: Meanwhile
) -> None:
    karl, kim, kai = keepers
    kits: list[str] = []
    with meanwhile(lambda: karl.dismiss(kai._study.member.id)):
        kits.append(kim.make_kit())
    karl.save_person(Person(1, "P1", "Kari Nordmann"))
    for one in (karl, kim, kai):
        one._study.close()
    home = study.home
    again = unlock(home, "Kim Keeper", "the own words of Kim Keeper")
    assert [one.name for one in open_linking(again).people()] == ["Kari Nordmann"]
    again.close()
    shut_out = unlock(home, "Kai Keeper", "the own words of Kai Keeper")
    with pytest.raises(NotAllowed):
        open_linking(shut_out)
    assert [one.name for one in recover_linking(shut_out, kits[0]).people()] == ["Kari Nordmann"]
    shut_out.close()
