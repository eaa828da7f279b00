"""Reading a questionnaire's table, CSV or Excel, in a process of its own."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final

from secure_storage import BadInput, guarded

from .. import excel
from ..importing.encodings import decode

MOST_BYTES: Final = 20 << 20
_EXCEL: Final = b"PK\x03\x04"
_OLD_EXCEL: Final = b"\xd0\xcf\x11\xe0"
_DELIMITERS: Final = ";,\t|"
_LOOKED_AT: Final = 100_000
"""Characters by which the delimiter is told."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a header, each as long as it; every value is a text."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def read_table(data: bytes) -> Table:
    """Read CSV (comma, semicolon, tab or bar; any usual encoding) or an Excel workbook."""
    if len(data) > MOST_BYTES:
        raise BadInput("This is too large to be a questionnaire (more than 20 MB).")
    if data.startswith(_OLD_EXCEL):
        raise BadInput(
            "This is an old Excel file (.xls), or one with a password. Save it as .xlsx without "
            "a password, or as CSV."
        )
    header, rows = json.loads(guarded("transcribe.questionnaire.table:parse", [data]))
    return Table(tuple(header), tuple(tuple(row) for row in rows))


def prepare() -> None:
    """In the child: load what reads workbooks, before it is shut in."""
    excel.prepare()


def parse(stream: BinaryIO, setting: str) -> bytes:
    """In the child: read the table and give header and rows as JSON."""
    data = stream.read()
    rows = _csv(data) if not data.startswith(_EXCEL) else excel.read_workbook(io.BytesIO(data))
    found = _table(rows)
    return json.dumps([found.header, found.rows]).encode()


def _csv(data: bytes) -> list[list[str]]:
    text = decode(data).text
    first = text.splitlines()[:1]
    if first and first[0].lower().startswith("sep="):
        return _split(text[len(first[0]) :], first[0][4:5] or ",")
    delimiter = max(_DELIMITERS, key=lambda one: _even(text[:_LOOKED_AT], one))
    return _split(text, delimiter)


def _even(text: str, delimiter: str) -> tuple[int, int]:
    """Tell how like a table a text is: how many rows are as long as the header, and how long.

    A question in the header may hold more commas than there are columns.
    """
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    lengths = [len(row) for row in rows if any(row)]
    width = lengths[0] if lengths else 0
    return lengths.count(width) if width > 1 else 0, width


def _split(text: str, delimiter: str) -> list[list[str]]:
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        return list(rows)
    except csv.Error:
        raise BadInput(
            f"This CSV file is damaged: near line {rows.line_num}, a quotation mark is out of "
            "place or a value has no end. Save the file again with the program it came from."
        ) from None


def _table(rows: Iterable[Sequence[str]]) -> Table:
    kept = [[value.strip() for value in row] for row in rows]
    kept = [row for row in kept if any(row)]
    if len(kept) < 2:
        raise BadInput(
            "There is nothing in this file to import: it needs a line with the names of the "
            "columns, and one for each participant."
        )
    width = max(len(row) for row in kept)
    if len(kept) > excel.MOST_ROWS or width > excel.MOST_COLUMNS:
        raise BadInput(excel.TOO_LARGE)
    first, *rest = ([*row, *[""] * (width - len(row))] for row in kept)
    header: list[str] = []
    for number, name in enumerate(first, 1):
        name = " ".join(name.split()) or f"Column {number}"
        while name in header:
            name = f"{name} ({number})"
        header.append(name)
    return Table(tuple(header), tuple(tuple(row) for row in rest))
