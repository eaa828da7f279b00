"""Looking for bytes that must not be there, everywhere, the decrypted database included.

The database is decrypted page by page in memory, as SQLCipher 4 lays it out (AES-256-CBC,
the initialisation vector in the reserved end of each page), so that pages SQLite counts
as free are searched too. Nothing of it touches the disk.
"""

import html
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Final

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from ..errors import DamagedFile

LEAST: Final = 12
"""Characters; shorter texts («Yes, I do.») stand in any study and prove nothing."""
PAGE: Final = 4096
RESERVED: Final = 80
"""Bytes at the end of each page: initialisation vector (16) and HMAC-SHA512 (64)."""
SALT: Final = 16
"""Bytes at the start of the file, which are not encrypted."""
_SLICE: Final = 1 << 20
_PREFIX: Final = 3


class Needles:
    """Byte strings that are looked for together, in one pass over the haystack."""

    def __init__(self, needles: Iterable[bytes]) -> None:
        """Index the strings by their first bytes."""
        self.all = frozenset(one for one in needles if len(one) > _PREFIX)
        self._by_prefix: dict[bytes, list[bytes]] = {}
        for needle in self.all:
            self._by_prefix.setdefault(needle[:_PREFIX], []).append(needle)
        self.longest = max(map(len, self.all), default=0)
        self._starts = np.zeros(1 << 24, dtype=bool)
        for prefix in self._by_prefix:
            self._starts[int.from_bytes(prefix, "little")] = True

    def with_control(self, control: bytes | None) -> "Needles":
        """Look for one more, which has to be found."""
        return self if control is None else Needles({*self.all, control})

    def found(self, data: bytes) -> set[bytes]:
        """Tell which of the strings occur in ``data``."""
        found: set[bytes] = set()
        for place in self._candidates(data):
            for needle in self._by_prefix[data[place : place + _PREFIX]]:
                if data.startswith(needle, place):
                    found.add(needle)
        return found

    def found_in(self, pieces: Iterable[bytes]) -> set[bytes]:
        """Tell which occur in a stream, across its pieces too."""
        found: set[bytes] = set()
        kept = b""
        for piece in pieces:
            data = kept + piece
            found |= self.found(data)
            kept = data[-(self.longest - 1) :] if self.longest > 1 else b""
        return found

    def _candidates(self, data: bytes) -> list[int]:
        if len(data) < _PREFIX or not self._by_prefix:
            return []
        octets = np.frombuffer(data, np.uint8).astype(np.uint32)
        starts = octets[:-2] | octets[1:-1] << 8 | octets[2:] << 16
        return [int(place) for place in np.flatnonzero(self._starts[starts])]


def spellings(text: str) -> set[bytes]:
    """Give the bytes a text may stand as: plain, in JSON (two ways) and in XML."""
    forms = {
        text, html.escape(text), html.escape(text, quote=False),
        json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1],
    }  # fmt: skip
    return {form.encode() for form in forms}


def file_pieces(path: Path) -> Iterator[bytes]:
    """Read a file, slice by slice."""
    with path.open("rb") as file:
        while data := file.read(_SLICE):
            yield data


def decrypted_pages(file: IO[bytes], key: bytes) -> Iterator[bytes]:
    """Give the plaintext of every page of a SQLCipher database, free pages included."""
    number = -1
    for number, page in enumerate(_pages(file)):
        body = page[SALT:] if number == 0 else page
        end = len(body) - RESERVED
        cipher = Cipher(algorithms.AES(key), modes.CBC(body[end : end + 16]))
        plain = cipher.decryptor().update(body[:end])
        # The header of SQLite says how large a page is (bytes 16 and 17 of the file).
        if number == 0 and int.from_bytes(plain[:2], "big") != PAGE:
            raise DamagedFile(UNREADABLE)
        yield plain
    if number < 0:
        raise DamagedFile(UNREADABLE)


def _pages(file: IO[bytes]) -> Iterator[bytes]:
    while len(page := file.read(PAGE)) == PAGE:
        yield page


UNREADABLE: Final = (
    "The database could not be decrypted for the search, so the erasure cannot be certified yet. "
    "Continue it; if this happens again, report it."
)
