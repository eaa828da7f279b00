"""What every form goes through: clean texts, one name for each speaker, believable times. Pure."""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from secure_storage import BadInput, still_alive

from ..transcript import UNKNOWN
from .parsed import Note, Parsed, Piece

_CONTROLS: Final = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
_LONGEST_NAME: Final = 80
_LATEST: Final = 360_000.0
"""Seconds: no recording lasts a hundred hours."""
_MOST_PIECES: Final = 100_000
_MOST_CHARACTERS: Final = 5_000_000
_PACE: Final = 15.0
"""Characters a second, for the end of what has only a beginning and nothing after it."""
_SLOWEST: Final = 4.0
"""Characters a second; who says less was silent before the next began."""
_BREATH: Final = 5.0
"""Seconds that even a short answer may last."""


def clean_text(text: str) -> str:
    """Give a text in one line, composed (NFC), without control characters and lone surrogates."""
    return unicodedata.normalize("NFC", " ".join(_CONTROLS.sub("", text).split()))


def cleaned(parsed: Parsed) -> Parsed:
    """Make a file's pieces fit to be kept, and tell what was changed for it."""
    if len(parsed.pieces) > _MOST_PIECES or sum(map(_length, parsed.pieces)) > _MOST_CHARACTERS:
        raise BadInput(
            "This holds more text than a transcript of many hours. Cut it into several files."
        )
    notes: list[Note] = []
    pieces = [
        replace(piece, text=text, speaker=_name(piece, notes))
        for piece in parsed.pieces
        if (text := clean_text(piece.text))
    ]
    if not pieces:
        raise BadInput(f"This {parsed.form} file holds no text.")
    pieces = _one_name_each(pieces, notes)
    pieces = list(_believable(pieces, notes))
    notes += _out_of_order(pieces)
    return replace(parsed, pieces=tuple(_ended(pieces)), notes=(*parsed.notes, *notes))


def _length(piece: Piece) -> int:
    still_alive()
    return len(piece.text)


def _name(piece: Piece, notes: list[Note]) -> str:
    name = clean_text(piece.speaker)
    if len(name) > _LONGEST_NAME:
        name = f"{name[: _LONGEST_NAME - 1]}…"
        notes.append(Note(piece.place, "The speaker's name is too long and was cut.", name))
    return name or UNKNOWN


def _one_name_each(pieces: Sequence[Piece], notes: list[Note]) -> list[Piece]:
    """Take names that differ in capitals alone for one, as it is written most often."""
    often = Counter(piece.speaker for piece in pieces)
    forms: dict[str, list[str]] = {}
    for name in sorted(often, key=lambda name: (-often[name], name.isupper())):
        forms.setdefault(name.casefold(), []).append(name)
    chosen = {name: same[0] for same in forms.values() for name in same}
    notes += [
        Note("", "Two ways of writing one name; read as one speaker.", f"{name} = {chosen[name]}")
        for name in often
        if chosen[name] != name
    ]
    return [replace(piece, speaker=chosen[piece.speaker]) for piece in pieces]


def _believable(pieces: Sequence[Piece], notes: list[Note]) -> Iterator[Piece]:
    for piece in pieces:
        start, end = piece.start, piece.end
        wrong = [time for time in (start, end) if time is not None and not _possible(time)]
        if wrong or (start is not None and end is not None and end < start):
            notes.append(Note(piece.place, "Its times cannot be right; they were left out."))
            start = start if start is not None and _possible(start) else None
            end = None
        words = piece.words
        if not all(_possible(one.start) and one.start <= one.end <= _LATEST for one in words):
            notes.append(Note(piece.place, "The times of its words cannot be right; left out."))
            words = ()
        end = end if start is not None else None
        yield replace(piece, start=start, end=end, words=words)


def _possible(time: float) -> bool:
    return math.isfinite(time) and 0 <= time <= _LATEST


def _out_of_order(pieces: Sequence[Piece]) -> Iterator[Note]:
    """Tell of times that overlap or run backwards; they are kept, for people do overlap."""
    overlapping: list[Piece] = []
    backwards: list[Piece] = []
    before: Piece | None = None
    for piece in pieces:
        if piece.start is None:
            continue
        if before is not None and before.start is not None:
            if piece.start < before.start:
                backwards.append(piece)
            elif before.end is not None and piece.start < before.end - 0.001:
                overlapping.append(piece)
        before = piece
    if overlapping:
        yield Note(
            overlapping[0].place,
            "Begins before what stands before it has ended. The times are kept as they are.",
            _more(overlapping),
        )
    if backwards:
        yield Note(
            backwards[0].place,
            "Begins earlier than what stands before it. The order of the file is kept.",
            _more(backwards),
        )
    missing = sum(piece.start is None for piece in pieces)
    if before is not None and missing:
        yield Note("", "Some of the text has no times.", f"{missing} of {len(pieces)} pieces")


def _more(pieces: Sequence[Piece]) -> str:
    return "" if len(pieces) == 1 else f"and {len(pieces) - 1} more places"


def _ended(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """Let what has only a beginning last until the next begins, if somebody can speak so long."""
    after: float | None = None
    made = []
    for piece in reversed(pieces):
        if piece.start is not None:
            if piece.end is None:
                last = piece.start + len(piece.text) / _PACE
                longest = piece.start + _BREATH + len(piece.text) / _SLOWEST
                end = min(after, longest) if after is not None and after >= piece.start else last
                piece = replace(piece, end=end)
            after = piece.start
        made.append(piece)
    yield from reversed(made)
