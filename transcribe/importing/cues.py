"""WebVTT and SubRip, as meeting software, subtitlers and recognisers write them.

Voices stand in ``<v Name>`` (Teams) or before the text as ``Name:`` (Zoom, SubRip). A block
whose times are missing or cannot be read keeps its text, without times, and is told.
"""

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from secure_storage import BadInput, still_alive

from ..formats.clock import parse_time
from ..transcript import UNKNOWN
from .heads import Head, head_of, speakers
from .parsed import Note, Parsed, Piece, lines_of, quote

_TIMES: Final = re.compile(r"\s*([\d:.,]{3,20})\s*--?>\s*([\d:.,]{3,20})(?:\s.*)?", re.DOTALL)
_VOICE: Final = re.compile(r"<v(?:\.[^\s>]{0,80})?[ \t]+([^>]{0,200})>")
_TAG: Final = re.compile(r"</?(?:[vcibu]|ruby|rt|lang|font)(?:[ .][^>]{0,200})?>|<\d[\d:.]{4,15}>")
_STYLE: Final = re.compile(r"\{\\[^}]{0,40}\}")
_PAUSE: Final = re.compile(r"<c\.pause>[^<]{0,40}</c>")
_NO_TEXT: Final = ("NOTE", "STYLE", "REGION", "X-TIMESTAMP")


@dataclass(slots=True)
class _Block:
    """A cue being read: its lines, each with its number."""

    start: float | None = None
    end: float | None = None
    timed: bool = False
    lines: list[tuple[int, str]] = field(default_factory=list)


def read_vtt(text: str) -> Parsed:
    """Read WebVTT; each cue's voices become pieces."""
    if not text.removeprefix("\ufeff").lstrip().startswith("WEBVTT"):
        raise BadInput("This is not a WebVTT file: it does not begin with «WEBVTT».")
    return _read(text, "WebVTT")


def read_srt(text: str) -> Parsed:
    """Read SubRip."""
    return _read(text, "SubRip")


def has_cues(lines: Sequence[str]) -> bool:
    """Tell subtitles in a file of another form."""
    return sum("-->" in line and _TIMES.fullmatch(line[:200]) is not None for line in lines) > 1


def voiced(lines: Sequence[str]) -> str:
    """Give as cues what Teams once wrote in Word: times, name and text in lines of their own."""
    before = ""
    made = []
    for line in lines:
        cue, named = "-->" in line, "-->" in before
        made.append(line if cue else f"<v {line.strip()}>" if named else html.escape(line))
        before = line
    return "\n".join(made)


def _read(text: str, form: str) -> Parsed:
    notes: list[Note] = []
    blocks = list(_blocks(lines_of(text), notes, webvtt=form == "WebVTT"))
    if not any(block.timed for block in blocks):
        raise BadInput(f"This {form} file holds no text with times.")
    known = speakers(
        head for block in blocks for _, line in block.lines if (head := _head(line)) is not None
    )
    pieces = []
    speaker = UNKNOWN
    for block in blocks:
        still_alive()
        if not block.timed and block.lines:
            number, first = block.lines[0]
            notes.append(Note(f"line {number}", "Text without times; kept without.", quote(first)))
        for piece in _pieces(block, known, speaker):
            speaker = piece.speaker if known else UNKNOWN
            pieces.append(piece)
    return Parsed(form, tuple(pieces), tuple(notes))


def _blocks(lines: Sequence[str], notes: list[Note], *, webvtt: bool) -> Iterator[_Block]:
    """Cut a file into cues; times begin one even where the blank line before it is missing."""
    block, skipping = _Block(), webvtt
    for number, line in enumerate(lines, 1):
        still_alive()
        if not line.strip():
            if block.lines or block.timed:
                yield block
            block, skipping = _Block(), False
        elif "-->" in line or _TIMES.fullmatch(line[:200]):
            if block.lines and (not block.timed or _is_number(block.lines[-1][1])):
                block.lines.pop()  # the cue's name or number
            if block.lines or block.timed:
                yield block
            block, skipping = _begun(number, line, notes), False
        elif not block.lines and not block.timed and line.startswith(_NO_TEXT) and webvtt:
            skipping = True
        elif not skipping:
            block.lines.append((number, line))
    if block.lines or block.timed:
        yield block


def _is_number(line: str) -> bool:
    return line.strip().isdecimal()


def _begun(number: int, line: str, notes: list[Note]) -> _Block:
    found = _TIMES.fullmatch(line[:200])
    start, end = (parse_time(found[one]) if found else None for one in (1, 2))
    if start is None:
        notes.append(
            Note(f"line {number}", "The times cannot be read; the text is kept without.",
                 quote(line))
        )  # fmt: skip
    return _Block(start, end if start is not None else None, timed=True)


def _head(line: str) -> Head | None:
    return None if _VOICE.search(line) else head_of(_plain(line))


def _pieces(block: _Block, known: Mapping[str, int], before: str) -> Iterator[Piece]:
    """Give what each voice of a cue says; a line without a voice goes on in the last one."""
    speaker, said, place = before, "", ""
    for number, line in block.lines:
        voices = list(_VOICE.finditer(line))
        head = None if voices else _head(line)
        named = head is not None and head.name.casefold() in known
        parts = [line[: voices[0].start()] if voices else line] if not named else []
        if voices or named:
            if said := _plain(" ".join([said, *parts])):
                yield Piece(said, place, speaker, block.start, block.end)
            said, parts = "", []
        if head is not None and named:
            speaker, parts, place = head.name, [head.rest], f"line {number}"
        for index, voice in enumerate(voices):
            stop = voices[index + 1].start() if index + 1 < len(voices) else len(line)
            if said := _plain(said):
                yield Piece(said, place, speaker, block.start, block.end)
            speaker = _plain(voice[1]).lstrip("/ ") or UNKNOWN
            # noScribe says the name once more, as text.
            said = line[voice.end() : stop].lstrip().removeprefix(f"{speaker}:")
            place = f"line {number}"
        place = place or f"line {number}"
        said = " ".join([said, *parts])
    if said := _plain(said):
        yield Piece(said, place, speaker, block.start, block.end)


def _plain(text: str) -> str:
    for mark in (_PAUSE, _VOICE, _TAG, _STYLE):
        text = mark.sub("", text)
    return " ".join(html.unescape(text).split())
