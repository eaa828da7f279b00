"""Markers stand in the text where a coded stretch ends, beside the codes they name."""

from themes.attribution import Voice
from themes.coding_table import Piece, Row, Said, Stretch, number_codes, rows

VOICES = {
    1: Voice("p1", 3, "P1", "Occupational therapist"),
    2: Voice("p2", 3, "P2", "Nurse"),
    None: Voice("", 3),
}
TEXTS = [(1, "We meet."), (1, "It helps them."), (2, "Does it?"), (None, "Yes."), (1, "Good.")]
NAMES = {7: "meeting", 8: "doubt", 9: "help"}


def said() -> list[Said]:
    return [
        Said(place + 100, speaker, text, place * 4.0) for place, (speaker, text) in enumerate(TEXTS)
    ]


def table(*stretches: Stretch) -> tuple[Row, ...]:
    return rows(said(), stretches, VOICES, number_codes([stretches]), NAMES)


def text(row: Row) -> list[str]:
    return ["".join(piece.text for piece in paragraph) for paragraph in row.excerpt]


def test_sentence_by_sentence_in_the_order_of_the_transcript() -> None:
    made = table(Stretch(2, 2, 8, "AB"), Stretch(0, 0, 7, "AB"))
    assert [(row.number, text(row), row.codes) for row in made] == [
        ("1", ["We meet. [C1]"], ("C1 meeting - AB",)),
        ("3", ["Does it? [C2]"], ("C2 doubt - AB",)),
    ]
    assert made[1].voices == ("Nurse, group 3",)
    assert made[1].start == 8.0


def test_coders_of_one_code_share_its_marker() -> None:
    (row,) = table(Stretch(0, 0, 7, "AB"), Stretch(0, 0, 7, "CD"), Stretch(0, 0, 9, "CD"))
    assert text(row) == ["We meet. [C1] [C2]"]
    assert row.codes == ("C1 meeting - AB, CD", "C2 help - CD")


def test_overlapping_stretches_make_one_row_that_says_which_is_which() -> None:
    (row,) = table(Stretch(0, 1, 7, "AB"), Stretch(1, 1, 9, "CD"))
    assert row.number == "1–2"
    assert text(row) == ["We meet. It helps them. [C1] [C2]"]
    assert row.codes == ("C1 meeting - AB", "C2 help (2) - CD")


def test_an_exchange_names_each_voice() -> None:
    (row,) = table(Stretch(1, 3, 8, "AB"))
    assert text(row) == [
        "Occupational therapist: It helps them.", "Nurse: Does it?", "Speaker: Yes. [C1]",
    ]  # fmt: skip
    assert row.voices == ("Occupational therapist, group 3", "Nurse, group 3", "Speaker, group 3")


def test_the_marker_of_a_trimmed_stretch_stands_within_the_sentence() -> None:
    (row,) = table(Stretch(1, 1, 7, "AB", trim_end=6))
    assert row.excerpt == ((Piece("It helps"), Piece(" [C1]", marker=True), Piece(" them.")),)


def test_nothing_coded_gives_no_rows() -> None:
    assert table() == ()
