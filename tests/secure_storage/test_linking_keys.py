"""Who can open the linking store, whatever was done to its files or its custodians."""

import json
import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pytest

from secure_storage import (
    BadInput,
    DamagedFile,
    DiskFull,
    FokusError,
    NotAllowed,
    NotSignedIn,
    Role,
    StorageAway,
    Study,
    backup,
    check_names,
    create_linking,
    linking_state,
    new_kit,
    open_linking,
    unlock,
)
from secure_storage.database import Connections
from secure_storage.keys import derived
from secure_storage.linking import Linking, Person, own_fingerprint, recover_linking, shared
from secure_storage.linking.schema import MIGRATIONS
from secure_storage.rotation import rotate_keys

Join = Callable[[str, Role], Study]
KARI = Person(1, "P1", "Kari Xylofonsen")


@pytest.fixture
def keeper(join: Join) -> Study:
    return join("Karl Keeper", "custodian")


@pytest.fixture
def second(join: Join) -> Study:
    return join("Kim Keeper", "custodian")


@pytest.fixture
def linking(keeper: Study) -> Iterator[Linking]:
    opened = create_linking(keeper)
    opened.save_person(KARI)
    yield opened
    opened.close()


def opens(study: Study) -> bool:
    try:
        return len(open_linking(study).people()) == 1
    except NotAllowed:
        return False


def files(home: Path) -> list[str]:
    return sorted(path.name for path in home.glob("linking*"))


def test_the_key_file_names_nobody(study: Study, linking: Linking) -> None:
    text = (study.home / "linking.json").read_text()
    assert not [word for word in ("Karl", "Keeper", "Kari", "P1", "Home care") if word in text]


def test_the_study_and_its_root_do_not_open_the_store(study: Study, linking: Linking) -> None:
    linking.close()
    root = study._core.root
    for key in (root, *(derived(root, label) for label in ("database", "linking database"))):
        with pytest.raises(DamagedFile):
            Connections(study.home / "linking.db", key, MIGRATIONS)


def test_a_custodian_is_let_in_by_another_and_by_nobody_else(
    study: Study, linking: Linking, second: Study
) -> None:
    assert linking_state(second).exists and not linking_state(second).mine
    with pytest.raises(NotAllowed, match="let you in"):
        open_linking(second)
    with pytest.raises(BadInput, match="already"):
        create_linking(second)
    shown = {one.name: one for one in linking.custodians()}
    assert shown["Kim Keeper"].fingerprint == own_fingerprint(second)
    assert (shown["Kim Keeper"].admitted, shown["Karl Keeper"].admitted) == (False, True)
    linking.admit(second.member.id)
    assert opens(second)
    events = [(one.action, one.object) for one in study.events()]
    assert ("linking.admitted", f"member:{second.member.id}") in events


def test_only_custodians_who_have_a_key_are_let_in(
    study: Study, linking: Linking, join: Join
) -> None:
    study.invite("Nina New", "custodian")
    new = next(one for one in study.members() if one.name == "Nina New")
    with pytest.raises(BadInput, match="not signed in yet"):
        linking.admit(new.id)
    for other in (study.member.id, join("Cora Coder", "coder").member.id, 99):
        with pytest.raises(BadInput, match="role is custodian"):
            linking.admit(other)


def test_who_is_shut_out_is_out_at_once_and_the_old_key_opens_nothing(
    study: Study, keeper: Study, linking: Linking, second: Study
) -> None:
    linking.admit(second.member.id)
    theirs = open_linking(second)
    assert len(theirs.people()) == 1
    old_root, old_file = linking._core.root, (study.home / "linking.json").read_bytes()
    linking.dismiss(second.member.id)
    with pytest.raises(NotAllowed):
        theirs.people()
    theirs.close()
    with pytest.raises(NotAllowed):
        open_linking(second)
    assert len(linking.people()) == 1
    linking.close()
    with pytest.raises(DamagedFile):
        Connections(study.home / "linking.db", derived(old_root, "linking database"), MIGRATIONS)
    (study.home / "linking.json").write_bytes(old_file)
    for member in (second, keeper):
        with pytest.raises(DamagedFile, match="older than the study"):
            open_linking(member)


def test_nobody_shuts_themselves_or_a_stranger_out(linking: Linking, keeper: Study) -> None:
    with pytest.raises(BadInput, match="yourself"):
        linking.dismiss(keeper.member.id)
    with pytest.raises(BadInput, match="no access"):
        linking.dismiss(1)


@pytest.mark.parametrize("seed", range(3))
def test_who_can_open_follows_the_model(
    keeper: Study, linking: Linking, join: Join, seed: int
) -> None:
    """Random admitting, shutting out, removing and closing; after each step all try."""
    chance = random.Random(seed)
    others = [join(name, "custodian") for name in ("Kim Keeper", "Ken Keeper")]
    members = {one.member.id: one for one in (keeper, *others)}
    inside = {keeper.member.id}
    for _ in range(12):
        actor = open_linking(members[chance.choice(sorted(inside))])
        other = chance.choice(sorted(members))
        if other not in inside:
            actor.admit(other)
            inside.add(other)
        elif len(inside) > 1 and actor._study.member.id != other:
            actor.dismiss(other)
            inside.remove(other)
        if chance.random() < 0.4:
            for one in members.values():
                shared.leave(one)
        assert {number for number, one in members.items() if opens(one)} == inside
    assert open_linking(members[min(inside)]).verified().ok


def test_a_kit_opens_the_store_for_a_custodian_nobody_can_let_in(
    study: Study, keeper: Study, linking: Linking, second: Study
) -> None:
    assert not linking.has_kit()
    old = linking.make_kit()
    kit = linking.make_kit()
    assert linking.has_kit()
    keeper.close()
    for wrong in (old, new_kit().text, kit[:-1], "x" * 56):
        with pytest.raises(BadInput):
            recover_linking(second, wrong)
    assert not opens(second)
    assert recover_linking(second, kit.lower()).people()[0].name == KARI.name
    assert "linking.kit_used" in [one.action for one in study.events()]
    shared.leave(second)
    assert opens(second)


def test_a_kit_goes_on_opening_after_a_change_of_key(
    keeper: Study, linking: Linking, second: Study
) -> None:
    kit = linking.make_kit()
    linking.remove_person(linking.save_person(Person(1, "P9", "Nils")).id)
    keeper.close()
    assert len(recover_linking(second, kit).people()) == 1


def test_a_kit_is_no_use_without_the_role(study: Study, linking: Linking) -> None:
    with pytest.raises(NotAllowed):
        recover_linking(study, linking.make_kit())


def test_an_altered_key_file_is_refused(
    study: Study, keeper: Study, linking: Linking, second: Study
) -> None:
    linking.admit(second.member.id)
    linking.make_kit()
    linking.close()
    path = study.home / "linking.json"
    good = path.read_bytes()
    body = json.loads(good)
    chance = random.Random(1)
    for _ in range(150):
        at = chance.randrange(len(good))
        bad = good[:at] + bytes([good[at] ^ (1 << chance.randrange(7))]) + good[at + 1 :]
        path.write_bytes(bad)
        try:
            # Hexadecimal says the same in capitals.
            same = json.loads(bad.lower()) == body
        except ValueError:
            same = False
        if not same:
            with pytest.raises(FokusError):
                open_linking(keeper)
    seals = body["seals"]
    for change in (
        {"seals": seals[:1]}, {"seals": seals[::-1]}, {"seals": []}, {"revision": 10_000},
        {"revision": 0}, {"study": "0" * 32}, {"format": 2}, {"mac": ""}, {"mac": "é"},
        {"seals": [{**seals[0], "root": seals[1]["root"]}, *seals[1:]]},
        {"seals": [{**seals[0], "whose": second.member.id, **seals[1]}, *seals[1:]]},
    ):  # fmt: skip
        path.write_text(json.dumps({**body, **change}))
        with pytest.raises(FokusError):
            open_linking(keeper)
    path.write_bytes(good)
    assert opens(keeper)


@pytest.mark.parametrize("name", ["linking.db", "linking.json"])
def test_a_missing_file_is_said_so_and_nothing_is_made_anew(
    study: Study, keeper: Study, linking: Linking, name: str
) -> None:
    linking.close()
    (study.home / name).unlink()
    before = files(study.home)
    for attempt in (open_linking, create_linking):
        with pytest.raises(FokusError, match="backup|already"):
            attempt(keeper)
    assert files(study.home) == before


def test_another_study_s_store_is_refused(
    study: Study, keeper: Study, linking: Linking, tmp_path: Path
) -> None:
    linking.close()
    (study.home / "linking.db").write_bytes(b"x" * 8192)
    with pytest.raises(DamagedFile, match=r"linking\.db"):
        open_linking(keeper)
    (study.home / "linking.db").write_bytes(b"SQLite format 3\0" + bytes(4080))
    with pytest.raises(DamagedFile):
        open_linking(keeper)


def test_a_full_disk_in_a_change_of_key_changes_nothing(
    study: Study, keeper: Study, linking: Linking, second: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    linking.admit(second.member.id)

    def full(*_: object) -> None:
        raise DiskFull("full")

    with monkeypatch.context() as faulty:
        faulty.setattr(shared.SharedLinking, "_write_seals", full)
        with pytest.raises(DiskFull):
            linking.dismiss(second.member.id)
    assert opens(keeper) and opens(second)
    linking.dismiss(second.member.id)
    assert opens(keeper) and not opens(second)
    assert "linking.db.next" not in files(study.home)


@pytest.mark.parametrize("readable", [True, False])
def test_a_key_file_whose_folder_could_not_be_synced_counts(
    keeper: Study, linking: Linking, readable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has its name already, so all that is saved from then on lies under its key."""
    goner = linking.save_person(Person(1, "P9", "Nils"))
    real, away = shared.replacing, keeper.home / "linking.json.away"

    @contextmanager
    def unsynced(path: Path) -> Iterator[BinaryIO]:
        with real(path) as file:
            yield file
        if not readable:
            path.rename(away)
        raise StorageAway("the folder could not be synced")

    with monkeypatch.context() as faulty:
        faulty.setattr(shared, "replacing", unsynced)
        if readable:
            linking.remove_person(goner.id)
        else:
            with pytest.raises(StorageAway):
                linking.remove_person(goner.id)
    if not readable:
        with pytest.raises(NotSignedIn):
            linking.save_person(Person(1, "P3", "Berit Ny"))
        away.rename(keeper.home / "linking.json")
        linking = open_linking(keeper)
    linking.save_person(Person(1, "P3", "Berit Ny"))
    linking.close()
    again = open_linking(keeper)
    assert [one.name for one in again.people()] == [KARI.name, "Berit Ny"]
    assert again.verified().ok
    again.close()


@pytest.mark.parametrize("step", ["before", "between", "after"])
def test_a_crash_in_a_change_of_key_leaves_one_store(
    study: Study, keeper: Study, linking: Linking, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the key file, between the two renames, before the old file is destroyed."""
    goner = linking.save_person(Person(1, "P9", "Nils"))
    copy = study.home.parent / "crashed"

    def crash(core: shared.SharedLinking, *_: object) -> None:
        if step == "between":
            (core.home / "linking.db").replace(core.home / "linking.db.old")
        elif step == "after":
            shutil.copy(core.home / "linking.db", core.home / "linking.db.old")
            (core.home / "linking.db.next").replace(core.home / "linking.db")
        shutil.copytree(core.home, copy)
        raise DiskFull("crash")

    where = "_write_seals" if step == "before" else "_take_over"
    with monkeypatch.context() as faulty:
        faulty.setattr(shared.SharedLinking, where, crash)
        with pytest.raises(FokusError):
            linking.remove_person(goner.id)
    again = unlock(copy, "Karl Keeper", "the own words of Karl Keeper")
    people = open_linking(again).people()
    assert KARI.name in [one.name for one in people]
    assert open_linking(again).verified().ok
    again.close()
    assert files(copy) == ["linking.db", "linking.json"]


def test_a_backup_taken_while_the_store_is_open_holds_it_whole(
    study: Study, keeper: Study, linking: Linking, tmp_path: Path
) -> None:
    linking.save_person(Person(1, "P2", "Åse Bjørg"))
    restored = tmp_path / "restored"
    backup.restore(backup.make(study.home, "on-demand").folder, restored)
    again = unlock(restored, "Karl Keeper", "the own words of Karl Keeper")
    assert [one.name for one in open_linking(again).people()] == [KARI.name, "Åse Bjørg"]
    assert open_linking(again).verified().ok
    again.close()


def test_a_change_of_the_study_s_key_leaves_the_store_and_asks_to_publish_again(
    study: Study, keeper: Study, linking: Linking
) -> None:
    assert check_names(study, ["Kari"]).found == 1
    rotate_keys(study)
    assert not check_names(study, ["Kari"]).checked
    assert len(linking.people()) == 1
    linking.close()
    open_linking(keeper)
    assert check_names(study, ["Kari"]).found == 1
