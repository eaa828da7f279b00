"""What may identify somebody is found in texts, and what does not is left in peace."""

from pathlib import Path

import pytest

from bench.pseudonyms import run
from secure_storage import finder_of
from transcribe.pseudonymise import (
    Identifiers,
    Replaced,
    load_lists,
    next_label,
    own_words,
    replaced,
    word_spans,
)
from transcribe.pseudonymise.checksums import checked_number

LISTS = load_lists()
PEOPLE = ("Kari Nordmann", "Ola Thorvaldsen", "Brekke", "Åse-Marie Sørlie")


def found(*texts: str, registered: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    looked = Identifiers(LISTS, [finder_of(registered)])
    return [
        (text[one.start : one.end], one.kind)
        for text, findings in zip(texts, looked.find(texts), strict=True)
        for one in findings
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Han het 01010012356 i systemet.", ("01010012356", "number")),
        ("Han het 010100 12356 i systemet.", ("010100 12356", "number")),
        ("Org 923609016 sto der.", ("923609016", "number")),
        ("Kortet er 4111 1111 1111 1111 nå.", ("4111 1111 1111 1111", "number")),
        ("Her NHS 943 476 5919 then.", ("943 476 5919", "number")),
        ("Ring 912 34 567 da.", ("912 34 567", "contact")),
        ("Ring +47 22 85 50 50 da.", ("+47 22 85 50 50", "contact")),
        ("Skriv til ola.n@uio.no nå.", ("ola.n@uio.no", "contact")),
        ("Se www.uib.no/abc først.", ("www.uib.no/abc", "link")),
        ("Hun er født 12.03.1985 et sted.", ("12.03.1985", "date")),
        ("Det var 12. mars 1985 det.", ("12. mars 1985", "date")),
        ("On March 3rd, 1985 it was.", ("March 3rd, 1985", "date")),
        ("En mann på 93 år.", ("93 år", "age")),
        ("En 101-åring ler.", ("101-åring", "age")),
        ("A ninety-two year old man.", ("ninety-two year old", "age")),
        ("Bilen DN 12345 sto der.", ("DN 12345", "vehicle")),
        ("Hun i Storgata 14 b vet det.", ("Storgata 14 b", "address")),
        ("Til 0450 Oslo da.", ("0450 Oslo", "address")),
        ("Jeg jobber på haukeland nå.", ("haukeland", "place")),
        ("Folk på solbråten sykehjem vet det.", ("solbråten", "workplace")),
        ("Hun heter torvalda, tror jeg.", ("torvalda", "name")),
        ("Og så sa Torvalda Gjerdingstad det.", ("Torvalda Gjerdingstad", "name")),
        ("Det er langt til Ørsta derfra.", ("Ørsta", "place")),
    ],
)
def test_one_thing_is_found_in_a_sentence(text: str, expected: tuple[str, str]) -> None:
    assert found(text) == [expected]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Kari kom.", "Kari"),
        ("da kom kari hit", "kari"),
        ("Det er Karis telefon.", "Karis"),
        ("Så kom Kårri inn.", "Kårri"),
        ("da sa norman det", "norman"),
        ("da spurte torvalsen om det", "torvalsen"),
        ("da ringte nord mann til oss", "nord mann"),
        ("vi har en nordmannordning her", "nordmannordning"),
        ("Hos Brekke er det fint.", "Brekke"),
        ("så kom brekke inn", "brekke"),
        ("Åsemarie var der.", "Åsemarie"),
        ("Kari-saken var tung.", "Kari"),
    ],
)
def test_registered_names_are_found_however_they_are_written(text: str, words: str) -> None:
    assert words in [one for one, _ in found(text, registered=PEOPLE)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Vi brukte Teams på mandag, og så en app fra USA.",
        "Ergoterapeuten kom. Koordinatoren ringer i morgen.",
        "I 2019 hadde vi 4500 pasienter og 12 ansatte.",
        "Hun er 45 år og har jobbet i 12 år.",
        "That's what we'll do, I'm sure, isn't it?",
        "In English we say it that way. They came on Sundays.",
        "Det er en karismatisk karakter.",
        "Klokka 14.30 tok jeg 2,5 mg.",
    ],
)
def test_what_identifies_nobody_is_not_asked_about(text: str) -> None:
    assert found(text, registered=PEOPLE) == []


def test_a_registered_word_beside_a_name_belongs_to_it() -> None:
    assert found("per dahla sa det.", registered=("Per Dahle",)) == [("per dahla", "name")]


def test_what_was_found_once_is_found_everywhere_in_the_transcript() -> None:
    texts = ("Da kom Tverrbakken inn.", "tverrbakken sa ingenting", "Tverrbaken gikk.")
    assert found(*texts) == [
        ("Tverrbakken", "name"), ("tverrbakken", "name"), ("Tverrbaken", "name"),
    ]  # fmt: skip


def test_words_that_a_transcript_writes_small_are_ordinary_there() -> None:
    texts = ["det er en dingseboms"] * 6
    assert found(*texts, "Den Dingseboms der.") == []


@pytest.mark.parametrize("mark", ["a", "1", "a.", "a-", "Kari-", "a@", "A 1"])
def test_a_very_long_line_is_looked_through(mark: str) -> None:
    text = mark * (100_000 // len(mark))
    assert all(one.end <= len(text) for one in Identifiers(LISTS, []).find([text])[0])


def test_what_a_model_finds_is_added() -> None:
    looked = Identifiers(LISTS, [], lambda text: [(0, 3, "name")] if "Gud" not in text else [])
    assert [one.why for one in looked.find(["dag kom"])[0]] == ["found by the language model"]


@pytest.mark.parametrize("digits", ["01010012357", "923609017", "12345678901", "9434765918", ""])
def test_numbers_whose_check_digits_are_wrong_are_no_identity(digits: str) -> None:
    assert checked_number(digits) == ""


@pytest.mark.parametrize("digits", ["41010112340", "01410012308"])
def test_numbers_of_those_not_resident_and_of_tests_count(digits: str) -> None:
    made = [f"{digits[:9]}{n:02}" for n in range(100)]
    assert any(checked_number(one) == "national identity number" for one in made)


def test_a_team_puts_its_own_list_in_place_of_ours(tmp_path: Path) -> None:
    (tmp_path / "places.txt").write_text("# ours\nLillevik sentrum\n", "utf-8")
    own = load_lists(tmp_path)
    assert own.places == {("lillevik", "sentrum")}
    assert own.names == LISTS.names


def test_lists_are_small_and_tell_their_licence() -> None:
    folder = Path(load_lists.__code__.co_filename).with_name("lists")
    told = (folder / "LICENCES.md").read_text("utf-8")
    for path in folder.glob("*.txt"):
        assert path.name in told
        assert path.stat().st_size < 200_000


def test_a_term_is_known_by_its_own_words() -> None:
    assert own_words("Solbråten sykehjem i Oslo", LISTS) == ["Solbråten", "Oslo"]


def test_replacements_stand_where_the_words_stood() -> None:
    text = "Kari og Ola, og Kari."
    places = [Replaced(8, 11, "[Name 2]"), Replaced(0, 4, "[Name 1]"), Replaced(16, 20, "B")]
    assert replaced(text, places) == "[Name 1] og [Name 2], og B."
    with pytest.raises(ValueError, match="share"):
        replaced(text, [Replaced(0, 4, ""), Replaced(3, 5, "")])


def test_labels_are_numbered_by_kind() -> None:
    assert next_label("place", ["[Name 1]", "[Place 1]", "[Place 3]"]) == "[Place 2]"


def test_heard_words_are_placed_in_the_text_as_far_as_they_stand_there() -> None:
    assert word_spans("Nei, ikke Kari.", ["Nei,", "øh", "ikke", "Kari."]) == [
        (0, 4), None, (5, 9), (10, 15),
    ]  # fmt: skip


def test_the_bench_of_pseudonyms() -> None:
    """A small corpus: all that has check digits is found, and few are asked."""
    tally = run(1, 300, 6)
    checked = tally.entities["number with check digits"]
    assert checked["found"] == checked["all"] > 0
    names = tally.entities["registered name"]
    assert names["found"] >= 0.9 * names["all"] > 0
    assert tally.prompts - tally.right <= tally.sentences / 30
