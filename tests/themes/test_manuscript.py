"""The Word file holds the themes, the quotes, the coding table, and says what it is."""

import io
import zipfile
from dataclasses import replace
from xml.etree import ElementTree

from themes.coding_table import Piece, Row
from themes.manuscript import CodeEntry, Manuscript, Source, ThemeChapter, write
from themes.theme import Excerpt, Line

OT = "Occupational therapist, group 3"
NURSE = "Nurse, group 3"
MEETING = Excerpt(5, 1, "Group 3", 4, 4, (Line(OT, "Meetings should not be replaced."),))
EXCHANGE = Excerpt(6, 1, "Group 3", 8, 9, (Line(OT, "Do they?"), Line(NURSE, "They do.")))
ROW = Row("4", 61.2, (OT,), ((Piece("Meetings."), Piece(" [C1]", True)),), ("C1 meeting - AB",))
FILE = Manuscript(
    "Home care",
    "2026-11-21",
    ("AB", "CD"),
    (Source("Group 3", 3, "en", False, (("recogniser", "whisper small"),), (ROW,)),),
    (CodeEntry(1, "meeting", "Being in the room.", 1, ("Hands stay",)),),
    (ThemeChapter("Hands stay", "Care is touch.", ("C1 meeting",), (MEETING,)),),
    (EXCHANGE,),
)


def text(data: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        root = ElementTree.fromstring(archive.read("word/document.xml"))
    return "\n".join("".join(node.itertext()) for node in root.iter() if node.tag.endswith("}p"))


def test_a_theme_stands_with_concept_codes_and_quotes() -> None:
    said = text(write(FILE))
    assert "Theme 1: Hands stay" in said
    assert "Central organising concept. Care is touch." in said
    assert "Codes. C1 meeting" in said
    assert "«Meetings should not be replaced.» (Occupational therapist, group 3)" in said


def test_quotes_in_no_theme_close_the_chapter() -> None:
    said = text(write(FILE))
    assert said.index("Quotes in no theme") > said.index("Theme 1")
    assert "«Do they?» (Occupational therapist, group 3)\n«They do.» (Nurse, group 3)" in said


def test_coding_table_and_legend() -> None:
    said = text(write(FILE))
    assert "4\n1:01\nOccupational therapist, group 3\nMeetings. [C1]\nC1 meeting - AB" in said
    assert "C1\nmeeting\nBeing in the room.\n1\nHands stay" in said


def test_it_says_how_it_was_made_and_what_was_not_done() -> None:
    said = text(write(FILE))
    assert "Group 3 (group 3). recogniser: whisper small." in said
    assert "Coded by AB, CD. Written on 2026-11-21." in said
    assert "Names not checked." in said
    assert "Demo model" not in said
    assert "Names checked." in text(write(replace(FILE, names_checked=True)))


def test_the_demo_model_is_named() -> None:
    demo = replace(FILE, sources=(replace(FILE.sources[0], demo=True),))
    assert "Demo model." in text(write(demo))


def test_an_empty_analysis_still_makes_a_file_that_says_so() -> None:
    said = text(write(Manuscript("Home care", "2026-11-21", (), (), (), (), ())))
    assert "There is no theme yet." in said
    assert "There is no code yet." in said
