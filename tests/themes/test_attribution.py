"""A quote says what kind of voice it is, and never who."""

import pytest

from themes.attribution import Voice, attributions, exchange
from themes.theme import Excerpt, Line, printed

OT = Voice("p1", 3, pseudonym="P1", profession="occupational therapist")
NURSE = Voice("p2", 3, pseudonym="P2", profession="Nurse")


@pytest.mark.parametrize(
    ("voice", "expected"),
    [
        (OT, "Occupational therapist, group 3"),
        (Voice("p1", 3, pseudonym="P3"), "P3, group 3"),
        (Voice("s1", 3), "Speaker, group 3"),
        (Voice("", 3), "Speaker, group 3"),
        (
            Voice("p1", 2, pseudonym="M", profession="Researcher", role="moderator"),
            "Moderator, group 2",
        ),
        (Voice("p1", 3, pseudonym="P1", profession="  "), "P1, group 3"),
    ],
)
def test_one_voice(voice: Voice, expected: str) -> None:
    assert attributions([voice]) == (expected,)


def test_sentences_of_one_voice_are_one_line() -> None:
    assert exchange([(OT, "We meet."), (OT, "It helps.")]) == (
        Line("Occupational therapist, group 3", "We meet. It helps."),
    )


def test_several_voices_are_an_exchange() -> None:
    lines = exchange([(OT, "We meet."), (NURSE, "Do we?"), (OT, "Yes.")])
    assert [line.voice for line in lines] == [
        "Occupational therapist, group 3", "Nurse, group 3", "Occupational therapist, group 3",
    ]  # fmt: skip
    assert printed(Excerpt(1, 1, "G", 1, 3, lines))[1] == "«Do we?» (Nurse, group 3)"


def test_two_of_the_same_profession_are_told_apart() -> None:
    other = Voice("p5", 3, pseudonym="P5", profession="nurse")
    assert attributions([NURSE, other, NURSE]) == (
        "Nurse P2, group 3", "Nurse P5, group 3", "Nurse P2, group 3",
    )  # fmt: skip


def test_strangers_are_numbered() -> None:
    assert attributions([Voice("s1", 3), Voice("s2", 3), Voice("s1", 3)]) == (
        "Speaker 1, group 3", "Speaker 2, group 3", "Speaker 1, group 3",
    )  # fmt: skip


def test_one_participant_under_two_labels_is_one_voice() -> None:
    assert attributions([NURSE, NURSE]) == ("Nurse, group 3", "Nurse, group 3")
