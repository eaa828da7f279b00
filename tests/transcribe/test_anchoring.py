"""Times for a text by the words that were heard: alike, otherwise, missing, too many."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transcribe import Word
from transcribe.anchoring import anchored, matches


def spoken(text: str, start: float = 0.0, step: float = 0.5) -> list[Word]:
    """Words of half a second each."""
    return [
        Word(word, start + n * step, start + (n + 1) * step, 0.9)
        for n, word in enumerate(text.split())
    ]


def times(found: object) -> list[tuple[float | None, float | None]]:
    return [(one.start, one.end) for one in found.sentences]  # type: ignore[attr-defined]


def test_sentences_get_the_times_of_their_words() -> None:
    heard = spoken("what do you hope for hands should stay")
    found = anchored(["What do you hope for?", "«Hands» should stay."], heard, 4.0)
    assert times(found) == [(0.0, 2.5), (2.5, 4.0)]
    assert found.sentences[1].words == ((2.5, 3.0), (3.0, 3.5), (3.5, 4.0))
    assert found.share == 1.0


def test_what_was_heard_otherwise_lies_between_what_was_heard_alike() -> None:
    heard = spoken("we think hence should stay here always")
    found = anchored(["We think", "hands could", "stay here always."], heard, 3.5)
    assert times(found) == [(0.0, 1.0), (1.0, 2.0), (2.0, 3.5)]
    assert found.share == pytest.approx(5 / 7)


def test_a_pause_is_not_filled_with_the_end_of_a_sentence() -> None:
    heard = [*spoken("one two three"), *spoken("seven eight nine", start=60.0)]
    found = anchored(["One two three, um.", "Er, seven eight nine."], heard, 61.5)
    assert times(found) == [(0.0, 2.0), (59.5, 61.5)]


def test_what_the_sound_does_not_hold_gets_no_time() -> None:
    text = [f"Sentence number {n} of the part that is missing." for n in range(50)]
    heard = spoken("and this is what is left of it")
    found = anchored([*text, "And this is what is left of it."], heard, 4.0)
    assert times(found) == [*[(None, None)] * 50, (0.0, 4.0)]
    shorter = anchored(["And this is what is left of it.", *text], heard, 4.0)
    assert times(shorter) == [(0.0, 4.0), *[(None, None)] * 50]


def test_nothing_said_and_nothing_heard() -> None:
    assert anchored([], [], 0.0).sentences == ()
    assert anchored(["Words."], [], 0.0).share == 0.0
    assert times(anchored(["…", ""], spoken("a"), 0.5)) == [(0.0, 0.5), (None, None)]


@pytest.mark.parametrize("wrong", [0.1, 0.3])
def test_a_long_talk_with_many_errors_is_placed_to_the_second(wrong: float) -> None:
    chance = random.Random(5)
    names = [f"word{rank}" for rank in range(5000)]
    often = [1 / (rank + 2.7) for rank in range(5000)]  # as words of a language are (Zipf)
    said = chance.choices(names, often, k=8000)
    heard: list[Word] = []
    for place, word in enumerate(said):
        lot = chance.random()
        if lot < wrong / 3:
            continue  # not heard
        other = chance.choices(names, often)[0] if lot < wrong else word
        heard.append(Word(other, place * 0.4, place * 0.4 + 0.4, 0.9))
        if chance.random() < wrong / 3:
            heard.append(Word(chance.choices(names, often)[0], place * 0.4, place * 0.4 + 0.4, 0.9))
    texts = [" ".join(said[place : place + 10]) for place in range(0, 8000, 10)]
    found = anchored(texts, heard, 3200.0)
    off = sorted(
        abs((1e9 if one.start is None else one.start) - place * 4)
        for place, one in enumerate(found.sentences)
    )
    assert off[int(0.99 * len(off))] <= 1.0


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from("abcd"), max_size=40), st.lists(st.sampled_from("abcde"), max_size=40)
)
def test_pairs_are_equal_and_in_order(said: list[str], heard: list[str]) -> None:
    found = matches(said, heard)
    assert all(said[a] == heard[b] for a, b in found)
    assert all(a < c and b < d for (a, b), (c, d) in zip(found, found[1:], strict=False))


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.text("ab c", max_size=12), max_size=8), st.text("abc ", max_size=40),
    st.floats(0, 30),
)  # fmt: skip
def test_times_never_run_backwards(texts: list[str], heard: str, more: float) -> None:
    words = spoken(heard)
    found = anchored(texts, words, len(words) * 0.5 + more)
    placed = [time for one in found.sentences for time in one.words]
    assert all(start <= end + 1e-9 for start, end in placed)
    assert all(a[0] <= b[0] + 1e-9 for a, b in zip(placed, placed[1:], strict=False))
