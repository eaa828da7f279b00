"""Showing where a file that waits names a registered person, to those who decide on it.

The exact file is read again, not what was said of it when it was asked for; so nothing
more than the file has to be kept, and what is shown is what would leave.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from io import BytesIO
from typing import Final

from .. import names
from ..errors import BadInput
from ..foreign import Caps, open_archive
from ..study import Study
from .requests import sealed_request

AROUND: Final = 60
"""Characters shown before and after a name."""
MOST: Final = 64 << 20
"""Bytes of a file, and of what is packed in it."""
TEXTS: Final = frozenset({"csv", "json", "md", "srt", "txt", "vtt"})
_APART: Final = "\n\n\n\n"
"""No name reaches over so many marks."""
_SAID: Final = re.compile(r"<(?:w:)?t(?:\s[^>]*)?>([^<]*)</(?:w:)?t>|(<w:(?:tab|br)\b)")
_ENDS: Final = {"docx": "</w:p>", "xlsx": "</c>"}
"""Of the packed forms: what ends a paragraph, or a cell."""


@dataclass(frozen=True, slots=True)
class NamePlace:
    """A name that was found, with a little of what stands around it."""

    before: str
    found: str
    after: str


def names_shown(study: Study, request_id: int) -> list[NamePlace]:
    """Show where a waiting file names somebody, as of now; on record, by number."""
    asked, sealed = sealed_request(study, request_id)
    with sealed:
        if sealed.size > MOST:
            raise BadInput(UNSEARCHED)
        data = sealed.read(0, sealed.size)
    text = _APART.join(_paragraphs(data, asked.form))
    found = [_place(text, start, end) for start, end in names.places(study, text)]
    study.note("read.names_shown", f"export_request:{request_id}", after={"places": len(found)})
    return found


def _place(text: str, start: int, end: int) -> NamePlace:
    before = text[max(0, start - AROUND) : start].rpartition(_APART)[2]
    after = text[end : end + AROUND].partition(_APART)[0]
    return NamePlace(before, text[start:end], after)


def _paragraphs(data: bytes, form: str) -> Iterator[str]:
    if form in TEXTS:
        yield from data.decode(errors="replace").splitlines()
        return
    if form not in _ENDS:
        raise BadInput(UNSEARCHED)
    try:
        # The file is one that this study made and sealed: no child has to read it.
        with open_archive(BytesIO(data), ["*.xml"], Caps(bytes=MOST, ratio=2000.0)) as packed:
            for name in packed.names:
                for piece in packed.read(name).decode(errors="replace").split(_ENDS[form]):
                    said = (" " if gap else unescape(one) for one, gap in _SAID.findall(piece))
                    if text := "".join(said):
                        yield text
    except BadInput:
        raise BadInput(UNSEARCHED) from None


UNSEARCHED: Final = "In this file no places can be shown. Read it through."
