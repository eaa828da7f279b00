"""Office files packed anew, so that the same content gives the same bytes.

Word and Excel files are ZIP archives, which hold the moment each part was written. With
one fixed moment for all, the digest in the export ledger can be checked by making the
file again.
"""

import io
import zipfile
from collections.abc import Iterable
from datetime import datetime
from typing import Final

EPOCH: Final = datetime(1980, 1, 1)
"""The earliest moment a ZIP can hold: the date of everything in the file."""


def packed(parts: Iterable[tuple[str, bytes]]) -> bytes:
    """Pack named parts, in their order."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in parts:
            part = zipfile.ZipInfo(name, EPOCH.timetuple()[:6])
            part.compress_type = zipfile.ZIP_DEFLATED
            part.create_system = 0
            target.writestr(part, data)
    return made.getvalue()


def repacked(data: bytes) -> bytes:
    """Pack a ZIP file of ours anew."""
    with zipfile.ZipFile(io.BytesIO(data)) as source:
        return packed((name, source.read(name)) for name in source.namelist())
