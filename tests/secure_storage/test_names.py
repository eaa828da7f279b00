"""Names in texts: which forms are found, which are not, and what the study can tell."""

from collections.abc import Callable, Iterator

import pytest

from demo.script import read_script
from secure_storage import NotAllowed, Role, Study, check_names, create_linking, name_places
from secure_storage.linking import Linking, Person
from secure_storage.names import forms_of, name_forms
from secure_storage.names.forms import COMMON, contact_forms, folded

Join = Callable[[str, Role], Study]

FOUND = [
    # a registered name, and texts in which it is named
    ("Kari Nordmann", "Det var Kari som sa det."),
    ("Kari Nordmann", "det var kari som sa det"),
    ("Kari Nordmann", "KARI NORDMANN"),
    ("Kari Nordmann", "Karis telefon"),
    ("Kari Nordmann", "Kari's phone"),
    ("Kari Nordmann", "Kari’s phone"),
    ("Kari Nordmann", "Jeg ringte Nordmann."),
    ("Kari Nordmann", "Jeg leste Nordmanns rapport."),
    ("Kari Nordmann", "Nordmann, Kari (f. 1950)"),
    ("Kari Nordmann", "K. Nordmann skrev"),
    ("Kari Nordmann", "Nordmann-saken"),
    ("Kari Nordmann", "fru Nordmann."),
    ("Kari Nordmann", "Ka\u00adri kom"),
    ("Kari Nordmann", "Ｋａｒｉ kom"),
    ("Kari Anne Nordmann", "Kari Nordmann"),
    ("Kari Anne Nordmann", "Anne sa det"),
    ("Kari Anne Nordmann", "Kari Anne kom"),
    ("Kari Anne Nordmann", "signert KAN i dag"),
    ("Kari Anne Nordmann", "signert K.A.N. i dag"),
    ("Kari Anne Nordmann", "K. A. Nordmann"),
    ("Anne-Lise Berg-Olsen", "Anne-Lise var der"),
    ("Anne-Lise Berg-Olsen", "Anne Lise var der"),
    ("Anne-Lise Berg-Olsen", "Annelise var der"),
    ("Anne-Lise Berg-Olsen", "annelises sykkel"),
    ("Anne-Lise Berg-Olsen", "hos Olsen"),
    ("Anne-Lise Berg-Olsen", "Lise Berg"),
    ("Åse Sørensen", "Åse kom"),
    ("Åse Sørensen", "A\u030ase kom"),
    ("Åse Sørensen", "åse kom"),
    ("Åse Sørensen", "Aase kom"),
    ("Åse Sørensen", "Ase kom"),
    ("Åse Sørensen", "Soerensen kom"),
    ("Åse Sørensen", "Sorensen kom"),
    ("Åse Sørensen", "Sörensen kom"),
    ("Åse Sørensen", "sørensens bil"),
    ("Åse Sørensen", "ase sorensen"),
    ("Aase Haakonsen", "Åse kom"),
    ("Aase Haakonsen", "hos Håkonsen"),
    ("Aase Haakonsen", "hos Hakonsen"),
    ("Håkon Ås", "Haakon kom"),
    ("Håkon Ås", "Hakon Aas kom"),
    ("Jæger", "Hr. Jaeger"),
    ("Jæger", "Hr. Jäger"),
    ("Björn Öberg", "hos Øberg"),
    ("Björn Öberg", "hos Oeberg"),
    ("Müller", "hos Muller"),
    ("Muller", "hos Müller"),
    ("André Renée Lunde", "med Renee"),
    ("André Lunde", "sa André."),
    ("Łukasz Wałęsa", "med Lukasz"),
    ("Łukasz Wałęsa", "med Walesa"),
    ("Đorđe", "med Dorde"),
    ("Jonas Hansen", "Jonas' bil"),
    ("Jonas Hansen", "Jonases bil"),
    ("Max Hansen", "Maxes bil"),
    ("Jan van der Berg", "Jan van der Berg"),
    ("Jan van der Berg", "Jan Berg"),
    ("O'Brien", "Mr O’Brien"),
    ("O'Brien", "Mr OBrien"),
    ("Dag Li", "Så sa Dag at"),
    ("Dag Li", "Dags mor"),
    ("Dag Li", "hos Li i går"),
    ("Bo Hansen", "med Bo der"),
    ("Stein", "Stein kom"),
    ("Even Long", "Even Long kom"),
    ("ÅSE SØRENSEN", "åse sørensen"),
]

NOT_FOUND = [
    ("Dag Li", "en dag i uka, li av fjell"),
    ("Liv", "hele mitt liv"),
    ("Liv", "livs levende"),
    ("Stein", "en stein"),
    ("Bjørn", "en bjørn i skogen"),
    ("André Lunde", "de andre sa nei"),
    ("Åge Moe", "at that age"),
    ("Åse", "ase"),
    ("Bo Hansen", "bo hjemme"),
    ("Even Long", "it was not even long ago"),
    ("Kari Anne Nordmann", "du kan si det"),
    ("Kari Nordmann", "KN"),
    ("Kari Nordmann", "Karin og Nordmannen"),
    ("Kari Nordmann", "karies i tennene"),
    ("Jan van der Berg", "van der"),
    ("Jan van der Berg", "et berg"),
    ("Per Aas", "the same as a as"),
    ("Per", "20 kroner per dag"),
    ("Kari Nordmann", ""),
    ("Kari Nordmann", "... !! 123 ?"),
]


@pytest.fixture
def keeper(join: Join) -> Study:
    return join("Karl Keeper", "custodian")


@pytest.fixture
def linking(keeper: Study) -> Iterator[Linking]:
    opened = create_linking(keeper)
    yield opened
    opened.close()


def found(study: Study, text: str) -> list[str]:
    return [text[start:end] for start, end in name_places(study, text)]


def test_every_written_form_of_a_name_is_found(study: Study, linking: Linking) -> None:
    """One registered name at a time, as no form may be found thanks to another's."""
    person = linking.save_person(Person(1, "P1", FOUND[0][0]))
    missed = []
    for name in dict.fromkeys(name for name, _ in FOUND):
        person = linking.save_person(Person(1, "P1", name, id=person.id, version=person.version))
        texts = [text for one, text in FOUND if one == name]
        missed += [(name, text) for text in texts if not name_places(study, text)]
        assert check_names(study, texts).found >= len(texts)
    assert missed == []


def test_words_that_only_look_like_a_name_are_left_alone(study: Study, linking: Linking) -> None:
    person = linking.save_person(Person(1, "P1", "Ola"))
    wrong = []
    for name, text in NOT_FOUND:
        person = linking.save_person(Person(1, "P1", name, id=person.id, version=person.version))
        wrong += [(name, text) for _ in name_places(study, text)]
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("Kari kom.", ["Kari"]),
        ("Så kom Kari Nordmann og kari.", ["Kari Nordmann", "kari"]),
        ("🎧 A\u030ase Bjørg", ["A\u030ase Bjørg"]),
        ("Kari. Nordmann", ["Kari. Nordmann"]),
        ("Kari 📱 Nordmann", ["Kari", "Nordmann"]),
        ("ring 415 22 333 nå", ["415 22 333"]),
        ("ring +47 41 52 23 33 nå", ["47 41 52 23 33"]),
        ("ring 41522333, ikke 41522334", ["41522333"]),
        ("tallet 415", []),
        ("skriv til Kari.N@Example.no!", ["Kari.N@Example.no"]),
        ("skriv til kari.x@example.no", ["kari"]),
        ("Tante Mossa kom", ["Mossa"]),
    ],
)
def test_places_are_spans_of_code_points(
    study: Study, linking: Linking, text: str, spans: list[str]
) -> None:
    contact = "tlf. (+47) 415 22 333, kari.n@example.no"
    linking.save_person(Person(1, "P1", "Kari Nordmann", ("Mossa",), contact))
    linking.save_person(Person(1, "P2", "Åse Bjørg"))
    assert found(study, text) == spans
    assert check_names(study, [text]).found == len(spans)


def test_without_a_linking_store_nothing_was_checked(study: Study) -> None:
    check = check_names(study, ["Kari Nordmann"])
    assert (check.checked, check.found) == (False, 0)
    assert name_places(study, "Kari Nordmann") == []
    assert not (study.home / "linking.db").exists()
    assert not (study.home / "linking.json").exists()


def test_a_store_with_nobody_in_it_does_not_pass_for_a_check(
    study: Study, linking: Linking
) -> None:
    assert linking.publish() == 0
    assert not check_names(study, ["Kari Nordmann"]).checked
    person = linking.save_person(Person(1, "P1", "Kari Nordmann"))
    assert check_names(study, ["Kari Nordmann"]).checked
    linking.remove_person(person.id)
    assert not check_names(study, ["Kari Nordmann"]).checked


def test_who_may_not_read_may_not_try_names(linking: Linking, keeper: Study) -> None:
    with pytest.raises(NotAllowed):
        check_names(keeper, ["Kari"])
    with pytest.raises(NotAllowed):
        name_places(keeper, "Kari")


def test_hashes_of_another_root_are_no_check(study: Study, linking: Linking) -> None:
    """After a rotation of the study's key, until the store publishes again."""
    linking.save_person(Person(1, "P1", "Kari Nordmann"))
    study._core.root = bytes(32)
    assert not check_names(study, ["Kari"]).checked


def test_the_published_number_of_hashes_tells_little(study: Study, linking: Linking) -> None:
    counts = set()
    for number, name in enumerate(["Kari Nordmann", "Åse Bjørg Sørensen-Aas", "Bo"], 1):
        linking.save_person(Person(1, f"P{number}", name))
        counts.add(study.db.execute("SELECT count(*) FROM name_forms").fetchone()[0])
    assert counts == {1024}


def test_saving_what_changes_no_name_publishes_nothing(study: Study, linking: Linking) -> None:
    person = linking.save_person(Person(1, "P1", "Kari Nordmann"))
    head = study.head()
    linking.save_person(Person(1, "P1", "Kari Nordmann", basis="Consent", id=person.id, version=1))
    assert study.head() == head


def test_forms_of_a_name_as_words() -> None:
    assert {"kari", "karis", "nordmann", "kari nordmann", "k nordmann"} <= forms_of("Kari Nordmann")
    assert "k" not in forms_of("Kari Nordmann")
    assert "kn" not in forms_of("Kari Nordmann")
    assert all(len(form.text) > 2 or form.kind == "capital" for form in name_forms("Bo Li Aas"))
    assert forms_of("") == set()
    assert forms_of("-- , .") == set()


def test_a_name_has_few_forms_however_odd_it_is() -> None:
    odd = " ".join(["Åæøöäåæøöäåæøöä-Aaoeaeaaoeae"] * 6)
    assert len(name_forms(odd)) < 1500


def test_numbers_of_a_contact() -> None:
    texts = {form.text for form in contact_forms("00 47 41522333 / 22 85 50 50, f. 1961, 0155")}
    assert texts == {"41522333", "22855050"} or texts == {"41522333", "22855050", "0041522333"}


def test_folding_is_stable() -> None:
    for name, text in FOUND + NOT_FOUND:
        for word in f"{name} {text}".split():
            assert folded(folded(word)) == folded(word)


def test_common_words_are_folded_and_few() -> None:
    assert all(folded(word) == word and " " not in word for word in COMMON)
    assert {"bo", "liv", "dag", "stein", "bjørn", "will", "may"} <= COMMON
    assert 150 < len(COMMON) < 300


def test_false_alarms_on_the_sample(study: Study, linking: Linking) -> None:
    """Twenty-four made-up people, half of them with names that are words, and none is named."""
    people = [
        "Kari Nordmann", "Ola Hansen", "Åse Bjørg Sørensen-Aas", "Dag Li", "Liv Stein", "Bo Lie",
        "Will Long", "May Day", "Even Moe", "Odd Vik", "Per Strand", "Grace Hope", "Bill Cook",
        "Mark Young", "Rose Hill", "Åge Berg", "Tone Sand", "Siv Lund", "Jo Dahl", "Faith King",
        "Anne-Lise Berg-Olsen", "André de Vries", "Łukasz Wałęsa", "Jan van der Berg",
    ]  # fmt: skip
    for number, name in enumerate(people, 1):
        linking.save_person(Person(1, f"P{number}", name))
    lines = [line.text for line in read_script()]
    alarms = [(place, line) for line in lines for place in found(study, line)]
    assert len(lines) == 97
    assert [place for place, _ in alarms] == []
    planted = [f"Then {name} said so." for name in people]
    assert check_names(study, lines + planted).found == len(people)
