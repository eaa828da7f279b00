"""The made-up analysis refers to what is said, and finds it again in what was heard."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from demo.analysis import Spoken, at, plain, plan, said_at, spoken

DEMO = Path(__file__).parents[2] / "demo"
TALK = plain((DEMO / "script.txt").read_text("utf-8") + (DEMO / "group2.vtt").read_text("utf-8"))


@dataclass(frozen=True)
class Sentence:
    text: str
    start: float | None
    end: float | None


def test_every_phrase_of_the_plan_is_spoken() -> None:
    places = [coding.place for coding in plan().codings] + [quote.place for quote in plan().quotes]
    places += [place for question in plan().guide for place in question.asked]
    phrases = {phrase for place in places for phrase in (place.first, place.last)}
    assert not [phrase for phrase in phrases if plain(phrase) not in TALK]


def test_codings_themes_and_quotes_name_what_exists() -> None:
    planned = plan()
    codes, names = {code.name for code in planned.codes}, {theme.name for theme in planned.themes}
    assert {coding.code for coding in planned.codings} == codes
    assert {code for theme in planned.themes for code in theme.codes} == codes
    assert {theme for quote in planned.quotes for theme in quote.themes} == names


def test_both_coders_and_both_groups_take_part() -> None:
    assert {coding.by for coding in plan().codings} == {"lead", "coder"}
    assert {coding.place.group for coding in plan().codings} == {1, 2}


def test_a_phrase_is_found_by_the_time_it_was_said_whatever_was_heard() -> None:
    truth = (Spoken("P1", 10.0, 20.0, "First we talk. Then we listen."),)
    start, end = said_at("then we listen", truth)
    assert 14.0 < start < 16.0
    assert end <= 20.0
    heard = [Sentence("First he walks.", 10.0, 14.5), Sentence("Den we lissen.", 15.0, 20.0)]
    assert at("then we listen", heard, truth) == 1


def test_a_phrase_of_a_text_is_found_in_the_text() -> None:
    heard = [Sentence("One.", None, None), Sentence("Then, we listen!", None, None)]
    assert at("then we listen", heard, ()) == 1
    with pytest.raises(LookupError):
        at("never said", heard, ())


def test_truth_is_read_from_stm(tmp_path: Path) -> None:
    stm = tmp_path / "t.stm"
    stm.write_text(";; a comment\nsample 1 P2 1.50 3.25 Two words\n", encoding="utf-8")
    assert spoken(stm) == (Spoken("P2", 1.5, 3.25, "Two words"),)
