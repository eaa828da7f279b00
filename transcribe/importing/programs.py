"""What programs write beside what is said: it must not stand as somebody's words. Pure."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from .parsed import Line, Note, Piece, quote

_PROGRAM: Final = re.compile(
    r"\s*(?:Transcribed by https?://otter\.ai/?|[^:.]{1,80} (?:started|stopped) transcription)\s*"
)
_OURS: Final = re.compile(
    r"\[\d{1,3}:\d\d:\d\d\] \S[^:]{0,80}: |.{1,82}?\s{2}\d{1,3}:\d\d:\d\d\s{2}"
)
"""A turn as Fokus itself writes it for reading, as text and in Word."""
_PAUSE: Final = re.compile(r"\(\d{1,4} s\)(?:\s|$)")
_MADE: Final = "How this transcript was made"
"""The heading in our Word files below which nobody speaks."""
_EARLIEST: Final = 6 * 3600.0
"""Seconds; what begins so late has times of the day (Zoom)."""


def only_said(lines: Sequence[Line]) -> tuple[tuple[Line, ...], tuple[Note, ...]]:
    """Leave out what a program wrote; in our own files also the marks of pauses, and the end.

    Pauses are drawn from the times; in a file of others «(3 s)» is a person's own mark.
    """
    notes = [
        Note(line.place, "Written by a program, said by nobody; left out.", quote(line.text))
        for line in lines
        if _PROGRAM.fullmatch(line.text[:200])
    ]
    kept = [line for line in lines if not _PROGRAM.fullmatch(line.text[:200])]
    if not any(_OURS.match(line.text[:100]) for line in kept):
        return tuple(kept), tuple(notes)
    end = next((at for at, one in enumerate(kept) if one.text.strip() == _MADE), len(kept))
    if end < len(kept):
        notes.append(Note(kept[end].place, "From here on nobody speaks; left out.", _MADE))
    marks = sum(len(_PAUSE.findall(line.text)) for line in kept[:end])
    if marks:
        notes.append(Note("", "Marks of pauses, such as «(3 s)», were left out.", f"{marks} marks"))
    said = (replace(line, text=_PAUSE.sub("", line.text)) for line in kept[:end])
    return tuple(line for line in said if line.text.strip()), tuple(notes)


def from_the_first(pieces: Sequence[Piece]) -> tuple[tuple[Piece, ...], tuple[Note, ...]]:
    """Count times of the day from the first of them."""
    first = min((one.start for one in pieces if one.start is not None), default=0.0)
    if first < _EARLIEST:
        return tuple(pieces), ()
    shifted = (
        replace(one, start=one.start and one.start - first, end=one.end and one.end - first)
        for one in pieces
    )
    said = "The times are those of the day; they were counted from the first."
    return tuple(shifted), (Note("", said),)
