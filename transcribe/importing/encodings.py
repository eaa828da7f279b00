"""From bytes to text: which encoding a file is in, told from the bytes themselves.

A byte order mark or valid UTF-8 settles it. What is left is one of the single-byte
encodings that Nordic and western programs write, and is told by what stands inside of
words. charset-normalizer is not used: it reads Norwegian in Windows-1252 as Polish.
"""

import codecs
from dataclasses import dataclass
from typing import Final

from secure_storage import BadInput

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SINGLE: Final = ("cp1252", "latin-1", "mac_roman")
"""In this order where they fit equally well: Windows-1252 holds all letters of Latin-1."""
NAMES: Final = {
    "utf-8": "UTF-8", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16", "utf-32-le": "UTF-32",
    "utf-32-be": "UTF-32", "cp1252": "Windows-1252", "latin-1": "Latin-1", "mac_roman": "Mac Roman",
}  # fmt: skip
_LOOKED_AT: Final = 200_000
"""Bytes by which an encoding is told."""
_ZEROS: Final = 0.2
"""Share of zero bytes at even, or at odd, places by which UTF-16 without a mark is known."""
_CONTROLS: Final = 0.05
"""Share of control characters above which a file is no text."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text, and how it was read."""

    text: str
    encoding: str
    """A name for people."""
    sure: bool
    """A mark or the bytes themselves settle it."""
    damaged: int
    """Bytes that make no character in this encoding, shown as «�»."""


def decode(data: bytes) -> Decoded:
    """Read text; BadInput where the bytes are no text in any of the encodings."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _decoded(data[len(mark) :], encoding, sure=True)
    head = data[:_LOOKED_AT]
    for start, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        zeros, others = head[start::2].count(0), head[1 - start :: 2].count(0)
        if zeros > _ZEROS * len(head) / 2 and others * 20 < zeros:
            return _decoded(data, encoding, sure=True)
    if _is_utf8(data):
        return _decoded(data, "utf-8", sure=True)
    return _decoded(data, max(_SINGLE, key=lambda one: _likeness(head, one)), sure=False)


def _decoded(data: bytes, encoding: str, *, sure: bool) -> Decoded:
    text = data.decode(encoding, "replace")
    controls = sum(one < " " and one not in "\t\n\v\f\r" for one in text[:_LOOKED_AT])
    if controls > _CONTROLS * len(text[:_LOOKED_AT]):
        raise BadInput(
            "This file holds no text that can be read, whatever its name says. Open it in the "
            "program it came from and save it as text (UTF-8), Word or WebVTT."
        )
    return Decoded(text, NAMES[encoding], sure, text.count("\ufffd"))


def _is_utf8(data: bytes) -> bool:
    """Tell UTF-8, also where a few bytes of much are damaged or the end is cut off."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("utf-8", "replace")
        damaged = text.count("\ufffd")
        return sum(one > "\x7f" for one in text) - damaged > 10 * damaged
    return True


def _likeness(data: bytes, encoding: str) -> float:
    """How much like words the text looks beyond ASCII, for comparison with other encodings."""
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return float("-inf")
    score = 0.0
    for before, one in zip(" " + text, text, strict=False):
        if one < "\x80":
            continue
        if "\x80" <= one < "\xa0":
            score -= 5
        elif one.isalpha():
            score += -3 if one.isupper() and before.islower() else 2
        else:
            # A quotation mark may follow a word; a sign of money or sums seldom does.
            score += 0.5 if one in "«»“”„‘’–—…•\xa0" else -3 if before.isalpha() else -1
    return score
