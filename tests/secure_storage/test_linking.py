"""The linking store: what it keeps, what the study learns, and what stays out of it."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlite_utils import Database

from secure_storage import (
    BadInput,
    NotAllowed,
    NotSignedIn,
    Role,
    StaleWrite,
    Study,
    check_names,
    create_linking,
    linking_state,
    open_linking,
    pseudonyms,
    unlock,
)
from secure_storage.linking import Linking, Person

Join = Callable[[str, Role], Study]
KARI = Person(
    1, "P1", "Kari Xylofonsen", ("Karimor", "Kaja"), "tlf 415 22 333\nkari@xylofonsen.example",
    "Skjema 17-Q", "2026-01-05", "Samtykke-Zeta", None, "Slettes-Kappa",
)  # fmt: skip
MARKERS = ("Xylofonsen", "Karimor", "415 22 333", "41522333", "Skjema 17-Q", "Samtykke-Zeta",
           "Slettes-Kappa", "xylofonsen.example")  # fmt: skip


@pytest.fixture
def keeper(join: Join) -> Study:
    return join("Karl Keeper", "custodian")


@pytest.fixture
def linking(keeper: Study) -> Iterator[Linking]:
    opened = create_linking(keeper)
    yield opened
    opened.close()


@pytest.fixture
def participant(study: Study) -> int:
    with study.change() as change:
        number = change.db.execute(
            "INSERT INTO participants (group_number, pseudonym) VALUES (1, 'P1')"
        ).lastrowid
        change.record("participant.added", f"participant:{number}")
    assert number is not None
    return number


def actions(study: Study) -> list[str]:
    return [event.action for event in study.events()]


def words_in(db: Database) -> str:
    """Everything that every table holds."""
    tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return "\n".join(
        str(value.decode("latin-1") if isinstance(value, bytes) else value)
        for table in tables
        for row in db.execute(f"SELECT * FROM {table}").fetchall()
        for value in row
    )


def test_a_person_is_kept_whole(linking: Linking) -> None:
    saved = linking.save_person(KARI)
    assert saved == replace(KARI, id=1, version=1)
    assert linking.people() == [saved]
    assert linking.person(1) == saved


def test_what_is_entered_is_tidied(linking: Linking) -> None:
    saved = linking.save_person(
        Person(2, " P  7 ", "  Kari   A\u030as ", ("Kaja", " Kaja ", ""), " x \n", consent_on="")
    )
    assert (saved.pseudonym, saved.name, saved.other_names) == ("P 7", "Kari Ås", ("Kaja",))
    assert (saved.contact, saved.consent_on) == ("x", None)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": " "}, {"pseudonym": ""}, {"group_number": 0}, {"group_number": 1000},
        {"name": "x" * 201}, {"name": "a\x00b"}, {"contact": "x" * 2001}, {"consent_on": "1.2.26"},
        {"consent_on": (datetime.now(UTC) + timedelta(days=3)).date().isoformat()},
        {"other_names": tuple(f"Kari {number}" for number in range(41))},
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused_without_repeating_it(
    linking: Linking, wrong: dict[str, object]
) -> None:
    with pytest.raises(BadInput) as told:
        linking.save_person(replace(KARI, **wrong))
    assert "Kari" not in str(told.value)
    assert linking.people() == []


def test_a_pseudonym_of_a_group_is_one_person(linking: Linking) -> None:
    linking.save_person(KARI)
    with pytest.raises(BadInput, match="registered already"):
        linking.save_person(KARI)
    linking.save_person(replace(KARI, group_number=2))
    assert [one.group_number for one in linking.people()] == [1, 2]


def test_search_finds_any_name_however_written(linking: Linking) -> None:
    linking.save_person(KARI)
    linking.save_person(Person(1, "P2", "Åse Bjørg"))
    assert [one.pseudonym for one in linking.people("KAJA")] == ["P1"]
    assert [one.pseudonym for one in linking.people("åse bj")] == ["P2"]
    assert [one.pseudonym for one in linking.people("p")] == ["P1", "P2"]
    assert linking.people("nobody") == []


def test_who_saves_an_old_version_is_told_and_loses_nothing(linking: Linking) -> None:
    first = linking.save_person(KARI)
    linking.save_person(replace(first, contact="new"))
    with pytest.raises(StaleWrite, match="Another custodian"):
        linking.save_person(replace(first, contact="mine"))
    assert linking.person(1).contact == "new"
    assert linking.person(1).version == 2


def test_a_person_who_is_gone_is_told(linking: Linking) -> None:
    saved = linking.save_person(KARI)
    linking.remove_person(saved.id)
    for attempt in (
        lambda: linking.person(saved.id),
        lambda: linking.save_person(saved),
        lambda: linking.withdraw(saved.id, "2026-01-01"),
        lambda: linking.remove_person(saved.id),
    ):
        with pytest.raises(BadInput, match="not in the linking store"):
            attempt()


def test_a_withdrawal_reaches_the_study_without_a_name(
    study: Study, linking: Linking, participant: int
) -> None:
    saved = linking.save_person(KARI)
    withdrawn = linking.withdraw(saved.id, "2026-02-03")
    assert withdrawn.withdrawn_on == "2026-02-03"
    assert linking.people() == [withdrawn]
    row = study.db.execute("SELECT withdrawn_at FROM participants").fetchone()
    assert row == ("2026-02-03",)
    event = next(one for one in study.events() if one.action == "participant.withdrawal_noted")
    assert (event.object, event.after) == (
        f"participant:{participant}", {"withdrawn_at": "2026-02-03"},
    )  # fmt: skip
    with pytest.raises(BadInput, match="by itself"):
        linking.save_person(replace(withdrawn, withdrawn_on=None))
    assert linking.withdraw(saved.id, None).withdrawn_on is None
    assert study.db.execute("SELECT withdrawn_at FROM participants").fetchone() == (None,)
    assert actions(study)[-1] == "participant.withdrawal_taken_back"


def test_a_withdrawal_before_there_is_a_transcript_is_caught_up(
    study: Study, keeper: Study, linking: Linking
) -> None:
    linking.withdraw(linking.save_person(KARI).id, "2026-02-03")
    with study.change() as change:
        change.db.execute("INSERT INTO participants (group_number, pseudonym) VALUES (1, 'P1')")
        change.record("participant.added", "participant:1")
    linking.close()
    again = open_linking(keeper)
    assert study.db.execute("SELECT withdrawn_at FROM participants").fetchone() == ("2026-02-03",)
    again.close()


def test_a_custodian_sees_the_pseudonyms_and_nothing_else(
    study: Study, keeper: Study, participant: int
) -> None:
    assert [(one.group_number, one.pseudonym) for one in pseudonyms(keeper)] == [(1, "P1")]
    for right in ("read", "export", "members", "audit", "erase", "approve"):
        with pytest.raises(NotAllowed):
            keeper.require(right)
    for forbidden in (keeper.events, lambda: keeper.recent_events(1)):
        with pytest.raises(NotAllowed):
            forbidden()


@pytest.mark.parametrize("role", ["lead", "coder", "reader"])
def test_no_other_role_comes_near_the_store(
    study: Study, join: Join, linking: Linking, role: Role
) -> None:
    other = join("Oda Other", role)
    for forbidden in (open_linking, create_linking, pseudonyms, linking_state):
        with pytest.raises(NotAllowed, match="linking store"):
            forbidden(other)


def test_opening_and_looking_are_on_record_in_both_journals(
    study: Study, keeper: Study, linking: Linking
) -> None:
    saved = linking.save_person(KARI)
    for _ in range(3):
        linking.person(saved.id)
        assert open_linking(keeper) is linking
    own = [(one.action, one.object, one.after) for one in linking.history(10)][::-1]
    changed = ["group_number", "pseudonym"]
    assert own[0] == ("read.opened", "linking", None)
    assert own[1][:2] == ("person.added", "person:1")
    assert own[1][2] is not None and not set(changed) & set(own[1][2]["fields"])
    assert own[2:] == [("read.person", "person:1", None)]
    assert linking.verified().ok
    assert actions(study).count("read.linking_opened") == 1
    assert "linking.created" in actions(study)
    assert {"names.published"} <= set(actions(study))


def test_no_word_of_the_store_stands_anywhere_in_the_clear(
    study: Study, keeper: Study, linking: Linking, participant: int
) -> None:
    saved = linking.save_person(KARI)
    linking.withdraw(saved.id, "2026-02-03")
    linking.save_person(replace(linking.person(saved.id), contact=KARI.contact + "\nnew"))
    linking.make_kit()
    assert check_names(study, ["xylofonsen"]).found == 1
    dump = words_in(study.db)
    own = json.dumps([(one.object, one.before, one.after) for one in linking.history(99)])
    for marker in (*MARKERS, "Kari"):
        assert marker.casefold() not in dump.casefold(), marker
        assert marker.casefold() not in own.casefold(), marker
    study_home = [path for path in study.home.rglob("*") if path.is_file()]
    assert {"linking.db", "linking.json"} <= {path.name for path in study_home}
    for path in study_home:
        data = path.read_bytes()
        for marker in MARKERS:
            assert marker.encode() not in data, (path, marker)
            assert marker.encode("utf-16-le") not in data, (path, marker)
        assert path.stat().st_mode & 0o077 == 0, path


def test_a_removed_person_is_gone_from_file_and_key(
    study: Study, keeper: Study, linking: Linking
) -> None:
    saved = linking.save_person(KARI)
    linking.save_person(Person(1, "P2", "Åse Bjørg"))
    home, old_root = study.home, linking._core.root
    linking.remove_person(saved.id)
    assert linking._core.root != old_root
    assert [one.pseudonym for one in linking.people()] == ["P2"]
    assert check_names(study, ["Xylofonsen"]).found == 0
    assert check_names(study, ["Åse"]).found == 1
    with linking._core.reading() as db:
        assert not any(marker in words_in(db) for marker in MARKERS)
    assert linking.verified().ok
    left = {path.name for path in home.iterdir() if path.name.startswith("linking")}
    assert left <= {"linking.db", "linking.json", "linking.db-wal", "linking.db-shm"}


def test_the_end_of_a_project_destroys_the_store_first(
    study: Study, keeper: Study, linking: Linking
) -> None:
    linking.save_person(KARI)
    linking.destroy()
    assert not list(study.home.glob("linking*"))
    assert not check_names(study, ["Xylofonsen"]).checked
    assert study.db.execute("SELECT count(*) FROM name_forms").fetchone() == (0,)
    assert not linking_state(keeper).exists
    with pytest.raises(NotSignedIn):
        linking.people()
    assert create_linking(keeper).people() == []


def test_sign_out_of_the_last_custodian_locks_the_store(
    study: Study, keeper: Study, linking: Linking, join: Join
) -> None:
    second = join("Kim Keeper", "custodian")
    linking.admit(second.member.id)
    other = open_linking(second)
    linking.save_person(KARI)
    assert [one.pseudonym for one in other.people()] == ["P1"]
    core = linking._core
    assert other._core is core
    second.close()
    assert core.root
    with pytest.raises(NotSignedIn):
        other.people()
    keeper.close()
    assert core.root == b""
    assert not (study.home / "linking.db-wal").exists()
    again = unlock(study.home, "Karl Keeper", "the own words of Karl Keeper")
    assert [one.name for one in open_linking(again).people()] == [KARI.name]
    again.close()


def test_the_study_runs_without_the_store(home: Path, study: Study) -> None:
    assert study.head() == 0 or study.events()
    assert not list(home.glob("linking*"))
    study.close()
    unlock(home, "Ada Lead", "correct horse battery").close()


def test_two_custodians_and_a_lead_work_at_once(
    study: Study, keeper: Study, linking: Linking, join: Join
) -> None:
    second = join("Kim Keeper", "custodian")
    linking.admit(second.member.id)
    stores = (linking, open_linking(second))
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(4):
                if number == 2:
                    with study.change() as change:
                        change.record("thing.done", f"thing:{turn}")
                    continue
                saved = stores[number].save_person(Person(number + 1, f"P{turn}", "Kari Nord"))
                if turn % 2:
                    stores[number].remove_person(saved.id)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failures and not any(thread.is_alive() for thread in threads)
    assert [(one.group_number, one.pseudonym) for one in stores[0].people()] == [
        (1, "P0"), (1, "P2"), (2, "P0"), (2, "P2"),
    ]  # fmt: skip
    assert linking.verified().ok
    assert check_names(study, ["Kari Nord"]).found == 1
