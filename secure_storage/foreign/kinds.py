"""What a file is by its first bytes, whatever its name says."""

from typing import Final, Literal

from ..errors import BadInput

Kind = Literal["sound", "text"]
_SIGNS: Final = (
    (b"%PDF", "a PDF"),
    (b"PK\x03\x04", "a Word, Excel or ZIP file"),
    (b"PK\x05\x06", "an empty ZIP file"),
    (b"\xd0\xcf\x11\xe0", "an old Word or Excel file"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"SQLite format 3\0", "a database"),
    (b"Rar!", "an archive"),
    (b"7z\xbc\xaf", "an archive"),
    (b"\x1f\x8b", "a compressed file"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"{\\rtf", "an RTF document"),
    (b"<?xml", "an XML file"),
    (b"<!DOCTYPE", "a web page"),
    (b"<html", "a web page"),
    (b"#EXTM3U", "a list of places on the internet"),
    (b"ffconcat", "a list of other files"),
)
_WANTED: Final = {"sound": "a sound or video file", "text": "a transcript as text"}


def expect(head: bytes, kind: Kind) -> None:
    """Refuse, by its first bytes, what is certainly something else; the rest is its reader's."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:16]
    for sign, name in _SIGNS:
        if start.lower().startswith(sign.lower()):
            raise BadInput(f"This is {name}, not {_WANTED[kind]}. Choose another file.")
