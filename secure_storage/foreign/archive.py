"""Archives and XML from outside: read by name from an allow-list, with caps; never unpacked.

A ZIP file's directory can lie about everything, so sizes are counted while reading. Run
these inside ``guarded``: caps bound the result, the child bounds the work.
"""

import io
import stat
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import BinaryIO, Final
from xml.etree.ElementTree import Element as Element
from xml.etree.ElementTree import ParseError

from ..errors import BadInput

_SLICE: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Caps:
    """How large an archive may be."""

    members: int = 10_000
    bytes: int = 200 << 20
    """Of all that is read, together."""
    ratio: float = 200.0
    """Most bytes a compressed byte may become, beyond the first MiB."""


CAPS: Final = Caps()


class Archive:
    """A ZIP file of which only allowed members are read."""

    def __init__(self, file: zipfile.ZipFile, allowed: Sequence[str], caps: Caps) -> None:
        """Made by ``open_archive``."""
        self._file, self._caps, self._read = file, caps, 0
        self._members = {
            one.filename: one
            for one in file.infolist()
            if any(fnmatchcase(one.filename, pattern) for pattern in allowed)
        }

    @property
    def names(self) -> list[str]:
        """Names of the allowed members."""
        return list(self._members)

    def read(self, name: str) -> bytes:
        """Read one member whole, counting what really comes out."""
        member = self._members.get(name)
        if member is None:
            raise BadInput("A part that belongs in this file is missing, or has no place in it.")
        data = bytearray()
        try:
            with self._file.open(member) as stream:
                while part := stream.read(_SLICE):
                    data += part
                    self._read += len(part)
                    grown = len(data) > (1 << 20) + self._caps.ratio * member.compress_size
                    if grown or self._read > self._caps.bytes:
                        raise BadInput(BOMB)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError,
                NotImplementedError, RuntimeError):  # fmt: skip
            raise BadInput(BROKEN) from None
        return bytes(data)


@contextmanager
def open_archive(stream: BinaryIO, allowed: Sequence[str], caps: Caps = CAPS) -> Iterator[Archive]:
    """Open a ZIP file (Word, Excel, REFI-QDA are such) if its directory is in order.

    ``allowed`` are patterns of names (``word/*.xml``). A name that leads elsewhere, a link,
    an encrypted member, a name twice or too many members refuse the whole file.
    """
    data = stream.read(caps.bytes + 1)
    if len(data) > caps.bytes:
        raise BadInput(BOMB)
    try:
        file = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError):
        raise BadInput(BROKEN) from None
    with file:
        members = file.infolist()
        if len(members) > caps.members:
            raise BadInput(f"This file has more than {caps.members:,} parts. It was not opened.")
        if len({one.filename.casefold() for one in members}) != len(members):
            raise BadInput("This file holds two parts of one name. It was not opened.")
        for one in members:
            _check(one)
        yield Archive(file, allowed, caps)


def _check(member: zipfile.ZipInfo) -> None:
    path = PurePosixPath(member.filename)
    kind = stat.S_IFMT(member.external_attr >> 16)
    if (
        path.is_absolute() or ".." in path.parts or "\\" in member.filename
        or ":" in member.filename or not member.filename.isprintable()
        or kind not in (0, stat.S_IFREG, stat.S_IFDIR)
    ):  # fmt: skip
        raise BadInput("A part of this file has a place outside of it. It was not opened.")
    if member.flag_bits & 1:
        raise BadInput("This file is protected by a password. Save it without one first.")


def read_xml(data: bytes, *, depth: int = 100, elements: int = 2_000_000) -> Element:
    """Parse XML without a DTD, so that it can neither fetch nor multiply anything."""
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import iterparse

    level = count = 0
    root: Element | None = None
    try:
        for event, element in iterparse(io.BytesIO(data), ("start", "end"), forbid_dtd=True):
            level += 1 if event == "start" else -1
            count += event == "start"
            root = element if root is None else root
            if level > depth or count > elements:
                raise BadInput("The XML of this file is nested or repeated beyond reason.")
    except (DefusedXmlException, ParseError, ValueError, LookupError):
        raise BadInput(BROKEN_XML) from None
    if root is None:
        raise BadInput(BROKEN_XML)
    return root


BROKEN: Final = (
    "This file is damaged or not what its name says. Save it again with the program it came from."
)
BOMB: Final = (
    "This file grows beyond reason when it is opened, so it was not read. Save it again with the "
    "program it came from."
)
BROKEN_XML: Final = (
    "The XML of this file is damaged, or declares document types, which Fokus does not read. "
    "Save it again with the program it came from."
)
