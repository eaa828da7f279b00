"""Word files hold their text, and nothing about who made them, when, or where."""

import io
import re
import zipfile
from xml.etree import ElementTree

import pytest

from transcribe.word import Run, WordDocument, cell

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def made() -> WordDocument:
    document = WordDocument("Group 3", language="no")
    document.heading("A theme")
    document.paragraph([Run("It is not "), Run("either/or", italic=True)], indent=True)
    document.turn_page(landscape=True)
    document.table(["No.", "Excerpt"], [[cell("1"), [[Run("Hands."), Run("[C1]", bold=True)]]]],
                   [2, 10])  # fmt: skip
    return document


def parts(data: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name).decode("utf-8") for name in archive.namelist()}


def body(data: bytes) -> ElementTree.Element:
    return ElementTree.fromstring(parts(data)["word/document.xml"])


def test_text_stands_in_the_file_in_order() -> None:
    text = "".join(body(made().to_bytes()).itertext())
    assert [text.index(word) for word in ("Group 3", "A theme", "either/or", "Hands.", "[C1]")] == (
        sorted(text.index(word) for word in ("Group 3", "A theme", "either/or", "Hands.", "[C1]"))
    )


def test_nothing_tells_of_its_making() -> None:
    everything = parts(made().to_bytes())
    assert not [name for name in everything if re.search("thumbnail|app.xml|customXml", name)]
    for text in everything.values():
        assert not re.search(r"python-docx|rsid|docId", text)
    core = everything["docProps/core.xml"]
    assert re.findall(r"<dc:creator>(.*?)</dc:creator>", core) == [""]
    assert set(re.findall(r"\d{4}-\d\d-\d\d", core)) == {"1980-01-01"}


def test_same_content_same_bytes() -> None:
    first, again = made().to_bytes(), made().to_bytes()
    assert first == again
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_pages_turn_and_tables_repeat_their_header() -> None:
    root = body(made().to_bytes())
    orientations = [size.get(f"{W}orient") for size in root.iter(f"{W}pgSz")]
    assert orientations[-1] == "landscape"
    assert len(orientations) == 2
    assert len(list(root.iter(f"{W}tblHeader"))) == 1


@pytest.mark.parametrize("text", ["nul \x00 bell \x07", "half a pair \ud800", "<w:b/> & ]]>"])
def test_any_text_can_be_written(text: str) -> None:
    document = WordDocument(text)
    document.paragraph([Run(text)])
    document.table([text], [[cell(text)]], [5])
    assert "\x00" not in "".join(body(document.to_bytes()).itertext())


def test_a_cell_holds_lines_and_braces_as_they_are() -> None:
    import docx

    document = WordDocument("T")
    document.table(["{0}"], [[cell("one\ntwo {width} & <b>")]], [5])
    read = docx.Document(io.BytesIO(document.to_bytes()))
    assert read.tables[0].cell(1, 0).text == "one\ntwo {width} & <b>"


def test_python_docx_reads_it_back() -> None:
    import docx

    read = docx.Document(io.BytesIO(made().to_bytes()))
    assert read.tables[0].cell(1, 1).text == "Hands.[C1]"
    assert read.core_properties.author == ""
