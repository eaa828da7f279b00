"""Word and OpenDocument texts: their paragraphs and table rows. Run in the guarded child."""

from collections.abc import Iterator
from typing import BinaryIO, Final

from secure_storage import BadInput, Element, open_archive, read_xml, still_alive

_DOCX: Final = "word/document.xml"
_ODT: Final = "content.xml"
_MOST_SPACES: Final = 8
"""Spaces that OpenDocument counts instead of writing them."""
_LEFT_OUT: Final = {
    "del", "moveFrom", "instrText", "Fallback", "delText",  # Word
    "annotation", "annotation-end", "tracked-changes", "note", "sequence-decls",  # OpenDocument
}  # fmt: skip
_NOTED: Final = {
    "footnoteReference": "footnotes", "endnoteReference": "footnotes", "note": "footnotes",
    "commentReference": "comments", "annotation": "comments", "drawing": "pictures",
    "pict": "pictures", "image": "pictures", "del": "tracked changes",
    "tracked-changes": "tracked changes",
}  # fmt: skip


def read_office(stream: BinaryIO) -> tuple[str, list[str], list[str]]:
    """Give the form, the paragraphs and what was left out; a table row is one paragraph.

    The cells of a row are put apart by tabs, breaks within a paragraph are line ends.
    """
    with open_archive(stream, [_DOCX, _ODT]) as archive:
        form = "Word" if _DOCX in archive.names else "OpenDocument"
        if not archive.names:
            raise BadInput(
                "This is a ZIP file, but neither a Word nor an OpenDocument text. Unpack it and "
                "choose the documents, or save the file as .docx."
            )
        root = read_xml(archive.read(_DOCX if form == "Word" else _ODT))
    found: set[str] = set()
    paragraphs = list(_blocks(root, found))
    return form, paragraphs, sorted(found)


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _blocks(element: Element, found: set[str]) -> Iterator[str]:
    for child in element:
        still_alive()
        name = _name(child)
        if name in _NOTED:
            found.add(_NOTED[name])
        if name in _LEFT_OUT:
            continue
        if name in ("p", "h"):
            yield from "".join(_text(child, found)).split("\n")
        elif name in ("tr", "table-row"):
            cells = [" ".join(_blocks(cell, found)) for cell in child if _is_cell(cell)]
            yield "\t".join(cell for cell in cells if cell.strip())
        else:
            yield from _blocks(child, found)


def _is_cell(element: Element) -> bool:
    return _name(element) in ("tc", "table-cell", "sdt")


def _text(element: Element, found: set[str]) -> Iterator[str]:
    """Give the text of a paragraph, what stands in its text boxes included."""
    odf = "opendocument" in str(element.tag)
    if odf and element.text:
        yield element.text
    for child in element:
        name = _name(child)
        if name in _NOTED:
            found.add(_NOTED[name])
        if name == "t" and not odf:
            yield child.text or ""
        elif name == "tab":
            yield "\t"
        elif name in ("br", "cr", "line-break"):
            yield "\n"
        elif name == "noBreakHyphen":
            yield "-"
        elif name == "s" and odf:
            yield " " * _spaces(child)
        elif name not in _LEFT_OUT:
            if name in ("p", "h"):
                yield "\n"
            yield from _text(child, found)
        if odf and child.tail:
            yield child.tail


def _spaces(element: Element) -> int:
    count = next((value for key, value in element.items() if key.endswith("}c")), "1")
    return min(int(count), _MOST_SPACES) if count.isdecimal() and len(count) < 9 else 1
