"""Word files that say nothing but their text.

The one importer of python-docx, which every stage that writes Word goes through.
python-docx starts from a template with a thumbnail, an author («python-docx»),
revision marks of another document and a custom XML part; all of it goes. The same
content gives the same bytes: every date is fixed, so that the digest in the export
ledger can be checked by making the file again.
"""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

from .packing import EPOCH, repacked

if TYPE_CHECKING:
    from docx.document import Document
    from docx.oxml.xmlchemy import BaseOxmlElement
    from docx.section import Section
    from docx.text.paragraph import Paragraph as DocxParagraph

FONT: Final = "Calibri"
INK: Final = "1F3A4A"
"""Colour of headings, RRGGBB."""

GREY: Final = "5B6B73"
"""Colour of what only helps the reader along."""

PAGE: Final = (21.0, 29.7)
MARGIN: Final = 2.2
"""A4 and its margins, in centimetres."""

WIDTH_PORTRAIT: Final = PAGE[0] - 2 * MARGIN
WIDTH_LANDSCAPE: Final = PAGE[1] - 2 * MARGIN
"""What tables have to fill, in centimetres."""

LANGUAGES: Final = {"no": "nb-NO", "nb": "nb-NO", "nn": "nn-NO", "sv": "sv-SE", "da": "da-DK"}
"""Language tags Word proof-reads with, by the codes of our transcripts."""

ILLEGAL: Final = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML cannot hold, and what imported text may well hold."""

UNWANTED: Final = ("thumbnail", "extended-properties", "customXml", "stylesWithEffects")


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of text in one look."""

    text: str
    bold: bool = False
    italic: bool = False
    faint: bool = False
    """Smaller and grey, for what only helps the reader along."""


Paragraph = Sequence[Run]
Cell = Sequence[Paragraph]
"""A table cell: its paragraphs."""


def cell(text: str, *, bold: bool = False) -> Cell:
    """Give a cell of one plain paragraph."""
    return ((Run(text, bold=bold),),)


class WordDocument:
    """A Word file being written, from top to bottom."""

    def __init__(self, title: str, *, landscape: bool = False, language: str = "en") -> None:
        """Start a file with a title; language is that of the transcripts."""
        import docx

        self._docx: Document = docx.Document()
        _strip(self._docx, _legal(title))
        _dress(self._docx, LANGUAGES.get(language, "en-GB"))
        self._section: Section = self._docx.sections[0]
        _lay(self._section, landscape)
        _number_pages(self._section)
        self.heading(title, 0)

    def heading(self, text: str, level: int = 1) -> None:
        """Write a heading; level 0 is the title."""
        self._docx.add_heading(_legal(text), level)

    def paragraph(self, runs: Sequence[Run], *, indent: bool = False, keep: bool = False) -> None:
        """Write a paragraph, set in like a block quotation or kept with the next one."""
        from docx.shared import Cm

        written = self._docx.add_paragraph()
        if indent:
            written.paragraph_format.left_indent = Cm(1)
            written.paragraph_format.right_indent = Cm(0.5)
        written.paragraph_format.keep_with_next = keep
        _fill(written, runs)

    def table(
        self, header: Sequence[str], rows: Sequence[Sequence[Cell]], widths: Sequence[float]
    ) -> None:
        """Write a table, its header repeated on each page; widths are in centimetres."""
        from docx.oxml import parse_xml

        heads = [cell(text, bold=True) for text in header]
        lines = [_row_xml(heads, widths, head=True), *(_row_xml(row, widths) for row in rows)]
        # As text, parsed once: through the library's objects a coding table takes ten seconds.
        made = parse_xml(_TABLE.format(width=_twips(sum(widths)), grid=_grid(widths),
                                       rows="".join(lines)))  # fmt: skip
        self._docx.add_paragraph()._p.addprevious(made)

    def turn_page(self, *, landscape: bool) -> None:
        """Go on on a new page, upright or on its side."""
        from docx.enum.section import WD_SECTION

        self._section = self._docx.add_section(WD_SECTION.NEW_PAGE)
        _lay(self._section, landscape)

    def to_bytes(self) -> bytes:
        """Give the file's bytes; the same content gives the same ones."""
        made = io.BytesIO()
        self._docx.save(made)
        return repacked(made.getvalue())


def _legal(text: str) -> str:
    return ILLEGAL.sub("\ufffd", text)


def _element(name: str, **attributes: str) -> "BaseOxmlElement":
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    made = OxmlElement(name)
    for key, value in attributes.items():
        made.set(qn(f"w:{key}"), value)
    return made


def _strip(document: "Document", title: str) -> None:
    """Take out what the template and the library would tell about themselves."""
    from docx.oxml.ns import qn

    for relations in (document.part.package.rels, document.part.rels):
        for key in [key for key, one in relations.items() if one.reltype.endswith(UNWANTED)]:
            del relations[key]
    settings = document.settings.element
    for tag in ("w:rsids", "w14:docId", "w:savePreviewPicture"):
        for found in settings.findall(_tag(tag)):
            settings.remove(found)
    for root in (document.element, document.styles.element):
        for node in root.iter():
            for key in [key for key in node.attrib if "}rsid" in key]:
                del node.attrib[key]
        for found in [*root.iter(qn("w:rsid"))]:
            found.getparent().remove(found)
    for found in settings.iter(qn("w:compatSetting")):
        if found.get(qn("w:name")) == "compatibilityMode":
            found.set(qn("w:val"), "15")
    core = document.core_properties
    core.author = core.last_modified_by = core.comments = core.keywords = core.subject = ""
    core.title, core.created, core.modified, core.revision = title, EPOCH, EPOCH, 1


def _tag(name: str) -> str:
    """Give the full name of a tag, Word 2010's included, which python-docx does not know."""
    from docx.oxml.ns import qn

    if name.startswith("w14:"):
        return "{http://schemas.microsoft.com/office/word/2010/wordml}" + name[4:]
    return qn(name)


def _dress(document: "Document", language: str) -> None:
    """Set the fonts by name: the template's theme fonts differ from machine to machine."""
    from docx.oxml.ns import qn
    from docx.shared import Pt, RGBColor

    sizes = {"Normal": 10.5, "Title": 20, "Heading 1": 15, "Heading 2": 12.5, "Heading 3": 11}
    for name, size in sizes.items():
        style = document.styles[name]
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        fonts.attrib.clear()
        for script in ("ascii", "hAnsi", "cs", "eastAsia"):
            fonts.set(qn(f"w:{script}"), FONT)
        style.font.size = Pt(size)
        style.paragraph_format.space_after = Pt(5)
        if name != "Normal":
            style.font.color.rgb = RGBColor.from_string(INK)
            style.paragraph_format.space_before = Pt(0 if name == "Title" else 12)
            style.paragraph_format.keep_with_next = True
    document.styles["Normal"].paragraph_format.line_spacing = 1.1
    for found in document.styles.element.iter(qn("w:lang")):
        found.set(qn("w:val"), language)


def _lay(section: "Section", landscape: bool) -> None:
    """Give a section its paper."""
    from docx.enum.section import WD_ORIENT
    from docx.shared import Cm

    short, long = PAGE
    section.orientation = WD_ORIENT.LANDSCAPE if landscape else WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = (
        (Cm(long), Cm(short)) if landscape else (Cm(short), Cm(long))
    )
    section.left_margin = section.right_margin = Cm(MARGIN)
    section.top_margin = section.bottom_margin = Cm(MARGIN)


def _number_pages(section: "Section") -> None:
    """Put «page / pages» into the foot; later sections inherit it."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH

    foot = section.footer.paragraphs[0]
    foot.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    for text, field in (("", "PAGE"), (" / ", "NUMPAGES")):
        foot.add_run(text)
        for kind in ("begin", "", "end"):
            run = foot.add_run()._r
            if kind:
                run.append(_element("w:fldChar", fldCharType=kind))
            else:
                code = _element("w:instrText")
                code.text = field
                run.append(code)


def _fill(written: "DocxParagraph", runs: Sequence[Run]) -> None:
    from docx.shared import Pt, RGBColor

    for run in runs:
        made = written.add_run(_legal(run.text))
        if run.bold:
            made.bold = True
        if run.italic:
            made.italic = True
        if run.faint:
            made.font.size, made.font.color.rgb = Pt(9), RGBColor.from_string(GREY)


def _row_xml(cells: Sequence[Cell], widths: Sequence[float], *, head: bool = False) -> str:
    shade = '<w:shd w:val="clear" w:fill="E8EEF1"/>' if head else ""
    boxes = "".join(
        f'<w:tc><w:tcPr><w:tcW w:w="{_twips(width)}" w:type="dxa"/>{shade}</w:tcPr>'
        + "".join(
            _paragraph_xml(runs, first=number == 0) for number, runs in enumerate(content or ((),))
        )
        + "</w:tc>"
        for content, width in zip(cells, widths, strict=True)
    )
    return f"<w:tr><w:trPr><w:{'tblHeader' if head else 'cantSplit'}/></w:trPr>{boxes}</w:tr>"


def _paragraph_xml(runs: Sequence[Run], *, first: bool) -> str:
    gap = f'<w:pPr><w:spacing w:before="{0 if first else 60}" w:after="0"/></w:pPr>'
    return f"<w:p>{gap}{''.join(_run_xml(run) for run in runs)}</w:p>"


def _run_xml(run: Run) -> str:
    look = "<w:b/>" * run.bold + "<w:i/>" * run.italic
    if run.faint:
        look += f'<w:color w:val="{GREY}"/><w:sz w:val="18"/>'
    lines = escape(_legal(run.text)).splitlines() or [""]
    text = "<w:br/>".join(f'<w:t xml:space="preserve">{line}</w:t>' for line in lines)
    return f"<w:r><w:rPr>{look}</w:rPr>{text}</w:r>"


def _grid(widths: Sequence[float]) -> str:
    return "".join(f'<w:gridCol w:w="{_twips(width)}"/>' for width in widths)


def _twips(centimetres: float) -> int:
    return round(centimetres * 1440 / 2.54)


_SIDES: Final = "".join(
    f'<w:{side} w:val="single" w:sz="4" w:space="0" w:color="B5C0C6"/>'
    for side in ("top", "left", "bottom", "right", "insideH", "insideV")
)
_ROOM: Final = "".join(
    f'<w:{side} w:w="{twips}" w:type="dxa"/>'
    for side, twips in (("top", 50), ("left", 100), ("bottom", 50), ("right", 100))
)
_TABLE: Final = (
    '<w:tbl xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:tblPr>'
    '<w:tblStyle w:val="TableGrid"/><w:tblW w:w="{width}" w:type="dxa"/>'
    f'<w:tblBorders>{_SIDES}</w:tblBorders><w:tblLayout w:type="fixed"/>'
    f"<w:tblCellMar>{_ROOM}</w:tblCellMar></w:tblPr>"
    "<w:tblGrid>{grid}</w:tblGrid>{rows}</w:tbl>"
)
"""A table with thin grey lines and room around its text, each width its own."""
