"""Excel workbooks: written so that they say nothing but their cells, and read when foreign.

The one importer of openpyxl. Written: no author, no times, the same content gives the same
bytes; a text is a text, whatever it begins with, so that no spreadsheet takes «=…» for a
formula. openpyxl would write every sheet to a temporary file first; here nothing touches
the disk. Read: only within the guarded child (``questionnaire.table``).
"""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from secure_storage import BadInput, open_archive, still_alive

from .packing import EPOCH, packed
from .word import ILLEGAL, INK

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

Value = str | int | float | None
LONGEST_CELL: Final = 32_767
"""Characters that Excel lets a cell hold."""
_LONGEST_TITLE: Final = 31
_NOT_IN_TITLES: Final = str.maketrans(dict.fromkeys("[]:*?/\\", " "))
_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r")
"""What spreadsheets take for the beginning of a formula."""
_SHADE: Final = "E8EEF1"
_NO_PROGRAM: Final = (
    b'<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/'
    b'extended-properties"/>'
)
"""In place of what made the file, with its version."""
_FAILED: Final = frozenset({"#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A"})
"""What Excel writes in place of a formula's value that there is not."""
MOST_ROWS: Final = 10_000
MOST_COLUMNS: Final = 500
"""Of a workbook that is read: a questionnaire is far smaller."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet to write: a header, rows of as many cells, widths in characters."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    widths: tuple[int, ...]


def prepare() -> None:
    """Load openpyxl now: a child that is shut in cannot well do so later."""
    import openpyxl  # noqa: F401


def write_workbook(title: str, sheets: Sequence[Sheet]) -> bytes:
    """Write a workbook; ``BadInput`` if a text is longer than a cell can hold."""
    from openpyxl import Workbook
    from openpyxl.worksheet._writer import WorksheetWriter
    from openpyxl.writer.excel import ExcelWriter

    parts: dict[str, bytes] = {}

    class Parts:
        """In place of a ZIP file."""

        def writestr(self, name: str, data: bytes | str) -> None:
            parts[name] = data.encode() if isinstance(data, str) else data

        def namelist(self) -> list[str]:
            return list(parts)

    class InMemory(ExcelWriter):  # type: ignore[misc]
        """Writes sheets without a temporary file."""

        def write_worksheet(self, sheet: Any) -> None:
            made = io.BytesIO()
            writer = WorksheetWriter(sheet, made)
            writer.write()
            sheet._rels = writer._rels
            self._archive.writestr(sheet.path[1:], made.getvalue())
            self.manifest.append(sheet)

    book = Workbook()
    book.remove(book.active)
    for one in sheets:
        name = " ".join(one.title.translate(_NOT_IN_TITLES).split())[:_LONGEST_TITLE]
        _fill(book.create_sheet(name), one)
    facts = book.properties
    facts.creator = facts.lastModifiedBy = None
    facts.title, facts.created, facts.modified = _legal(title), EPOCH, EPOCH
    InMemory(book, Parts()).write_data()
    parts["docProps/app.xml"] = _NO_PROGRAM
    return packed(parts.items())


def read_workbook(stream: BinaryIO) -> Iterator[list[str]]:
    """Read the rows of the first visible sheet that has any, each value as text.

    Formulas give what Excel last saw in them; days are written as ISO 8601.
    """
    data = stream.read()
    with open_archive(io.BytesIO(data), ["*"]) as archive:
        # Each part is read once with a count of what really comes out of it.
        for name in archive.names:
            archive.read(name)
            still_alive()
    from openpyxl import load_workbook

    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        sheets = [one for one in book.worksheets if one.sheet_state == "visible"]
        for sheet in sheets:
            # What a file says of its own size is not believed.
            sheet.reset_dimensions()
            rows = list(_rows(sheet))
            if rows:
                yield from rows
                return
    except BadInput:
        raise
    except Exception:
        # openpyxl meets broken files with whatever Python raises there.
        raise BadInput(BROKEN) from None


def _rows(sheet: Any) -> Iterator[list[str]]:
    for number, row in enumerate(sheet.iter_rows(values_only=True)):
        still_alive()
        values = [_text(value) for value in row]
        while values and not values[-1]:
            values.pop()
        if number >= MOST_ROWS * 10 or len(values) > MOST_COLUMNS:
            raise BadInput(TOO_LARGE)
        if values:
            yield values


def _text(value: object) -> str:
    if value is None or value in _FAILED:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    if isinstance(value, datetime):
        at = value.isoformat(" ", "minutes")
        return at.removesuffix(" 00:00")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def _fill(sheet: "Worksheet", one: Sheet) -> None:
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter

    for number, width in enumerate(one.widths, 1):
        sheet.column_dimensions[get_column_letter(number)].width = width
    for line, row in enumerate([one.header, *one.rows], 1):
        for column, value in enumerate(row, 1):
            cell = sheet.cell(line, column)
            if isinstance(value, str):
                cell.value = _fitting(value)
                # Not what openpyxl makes of it: «=…» would be a formula, «#N/A» an error.
                cell.data_type = "s"
                cell.quotePrefix = value.startswith(_FORMULAS)
                cell.alignment = Alignment(vertical="top", wrap_text=True)
            elif value is not None:
                cell.value = value
                cell.alignment = Alignment(vertical="top")
            if line == 1:
                cell.font = Font(bold=True, color=INK)
                cell.fill = PatternFill("solid", fgColor=_SHADE)
    sheet.freeze_panes = "A2"
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True


def _fitting(text: str) -> str:
    text = _legal(text)
    if len(text) > LONGEST_CELL:
        raise BadInput(
            f"A text of {len(text):,} characters does not fit into a cell of Excel, which holds "
            f"{LONGEST_CELL:,}. Export it as a Word file."
        )
    return text


def _legal(text: str) -> str:
    return ILLEGAL.sub("\ufffd", text)


BROKEN: Final = (
    "This Excel file is damaged or has something in it that is not understood. Open it in Excel "
    "and save it again, or save it as CSV."
)
TOO_LARGE: Final = (
    f"This file has more than {MOST_ROWS:,} rows or {MOST_COLUMNS} columns, which is too large to "
    "be a questionnaire. Nothing was read."
)
