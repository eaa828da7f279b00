"""Text in which lines name who speaks, and text in which nobody does. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from secure_storage import still_alive

from ..formats.clock import parse_time
from ..transcript import UNKNOWN
from .heads import Head, head_of, speakers
from .parsed import Kind, Line, Note, Parsed, Piece, quote
from .programs import from_the_first, only_said

_TIMED: Final = re.compile(
    r"^\s*[\[(#]?(\d{1,3}:\d{2}(?::\d{2})?(?:[.,]\d{1,3})?)"
    r"(?:\s{0,3}(?:-->|[-–—→])\s{0,3}(\d{1,3}:\d{2}(?::\d{2})?(?:[.,]\d{1,3})?))?[\])#]?"
    r"(?:\s{0,3}[-–—:]\s|\s{1,9}|$)"
)
_WITHIN: Final = re.compile(
    r"\s?(?:\[(\d{1,3}:\d{2}(?::\d{2})?(?:[.,]\d{1,3})?)\]"
    r"|#(\d{1,3}:\d{2}:\d{2}(?:[.,-]\d{1,3})?)#)(?:\s{0,3}[-–—]\s)?\s*"
)
"""A time stamp inside of what is said, as noScribe, aTrain, oTranscribe and f4 write them."""
_LEAST_TIMED: Final = 0.3
"""Share of lines that begin with a bare time, from which on such times are time stamps."""
_MOST_ABOUT: Final = 50
"""Notes about single lines; more are only counted."""


def numbered(lines: Sequence[str], word: str = "line") -> tuple[Line, ...]:
    """Give lines their places, from 1; empty ones are left out but counted."""
    return tuple(
        Line(text, f"{word} {number}") for number, text in enumerate(lines, 1) if text.strip()
    )


def read_text(
    form: str, lines: Sequence[Line], paragraphs: Sequence[Line], kind: Kind | None
) -> Parsed:
    """Read a text as a transcript or a document; None finds out which it is.

    ``lines`` are as the file has them, ``paragraphs`` with wrapped lines joined.
    """
    heads = _heads(lines)
    known = speakers(head for head in heads if head)
    if kind is None:
        kind = "transcript" if _is_talk(heads, known, lines) else "document"
    if kind == "document":
        pieces = tuple(Piece(one.text, one.place) for one in paragraphs)
        return Parsed(form, pieces, kind="document")
    lines, told = only_said(lines)
    heads = _heads(lines)
    pieces, about = from_the_first(tuple(_talk(lines, heads, known, _timed_lines(lines))))
    return Parsed(form, pieces, (*told, *about, *_notes(lines, heads, known, pieces)))


def _heads(lines: Sequence[Line]) -> list[Head | None]:
    found = []
    for line in lines:
        still_alive()
        found.append(head_of(line.text))
    return found


def _is_talk(heads: Sequence[Head | None], known: Mapping[str, int], lines: Sequence[Line]) -> bool:
    """Somebody speaks twice, or there are times; headings of an abstract have neither."""
    named = [head.name.casefold() for head in heads if head]
    twice = len(named) - len(set(named))
    stamped = sum(head is not None and head.start is not None for head in heads)
    enough = max(2, len(lines) // 20)
    return (
        (twice > 0 and len(named) >= enough)
        or stamped >= enough
        or (_timed_lines(lines) and len(lines) > 1)
    )


def _timed_lines(lines: Sequence[Line]) -> bool:
    timed = sum(_TIMED.match(line.text[:60]) is not None for line in lines)
    return timed >= 2 and timed >= _LEAST_TIMED * len(lines)


def _talk(
    lines: Sequence[Line], heads: Sequence[Head | None], known: Mapping[str, int], timed: bool
) -> Iterator[Piece]:
    speaker, start, end = UNKNOWN, None, None
    for line, head in zip(lines, heads, strict=True):
        still_alive()
        text = line.text
        if head is not None and head.name.casefold() in known:
            speaker, start, end, text = head.name, head.start, head.end, head.rest
        elif (found := _TIMED.match(text[:60])) and (timed or text.lstrip()[0] in "[(#"):
            start, end = (parse_time(one or "") for one in found.groups())
            text = text[found.end() :]
        yield from _stamped(Piece(text, line.place, speaker, start, end))
        if text.strip():
            start = end = None


def _stamped(piece: Piece) -> Iterator[Piece]:
    """Cut a piece at the time stamps inside of it."""
    begins, at = piece.start, 0
    for found in _WITHIN.finditer(piece.text):
        if before := piece.text[at : found.start()].strip():
            yield replace(piece, text=before, start=begins)
        begins = parse_time((found[1] or found[2]).replace("-", "."))
        piece, at = replace(piece, end=None) if at or before else piece, found.end()
    if rest := piece.text[at:].strip():
        yield replace(piece, text=rest, start=begins)


def _notes(
    lines: Sequence[Line],
    heads: Sequence[Head | None],
    known: Mapping[str, int],
    pieces: Sequence[Piece],
) -> Iterator[Note]:
    if pieces and pieces[0].speaker == UNKNOWN:
        first = pieces[0]
        yield Note(
            first.place, "Nobody is named before this; it has no speaker.", quote(first.text)
        )
    about = 0
    for line, head in zip(lines, heads, strict=True):
        if head is None or known.get(head.name.casefold(), 0) > 1:
            continue
        about += 1
        if about > _MOST_ABOUT:
            yield Note("", "There are more lines like these; they are not listed.")
            return
        if head.name.casefold() in known:
            said = "Read as a speaker, who speaks only here. Is it one?"
        else:
            said = "Not read as a speaker, because the line does not look like one."
        yield Note(line.place, said, quote(line.text))
