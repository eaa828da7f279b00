"""Transcripts as JSON: Fokus, Whisper and its kin, SegLST, oTranscribe.

Nothing is taken on trust: an entry that is not what its form says is told and left out.
"""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import fields
from types import NoneType
from typing import Any, Final

from secure_storage import BadInput, still_alive

from ..formats.data import FORMAT, read_json
from ..transcript import UNKNOWN, Transcription, Word
from .dialogue import numbered, read_text
from .markup import lines_of_html
from .parsed import Kind, Note, Parsed, Piece, quote

_UNREADABLE: Final = (
    "This JSON file is none of the forms that Fokus reads (its own, Whisper's, SegLST, "
    "oTranscribe's), or it is damaged."
)


def read_data(text: str, kind: Kind | None) -> Parsed:
    """Read JSON of any known form, told by its content."""
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        raise BadInput(_UNREADABLE) from None
    match values:
        case {"format": str(form), "version": _} if form == FORMAT:
            return _fokus(read_json(text))
        case {"segments": list(entries)}:
            return _segments("Whisper", entries, values.get("language"))
        case {"transcription": list(entries)}:
            result = values.get("result")
            language = result.get("language") if isinstance(result, dict) else None
            return _segments("whisper.cpp", entries, language)
        case {"text": str(body)}:
            return read_text(
                "oTranscribe", lines := numbered(lines_of_html(body)), lines, kind or "transcript"
            )
        case [*entries] if any(isinstance(one, dict) and "words" in one for one in entries):
            return _seglst(entries)
    raise BadInput(_UNREADABLE)


def _segments(form: str, entries: list[Any], language: object) -> Parsed:
    notes: list[Note] = []
    pieces = []
    for number, entry in enumerate(entries, 1):
        still_alive()
        if piece := _segment(entry, f"entry {number}"):
            pieces.append(piece)
        else:
            notes.append(Note(f"entry {number}", "No text can be found in it.", quote(str(entry))))
    said = language if isinstance(language, str) else None
    return Parsed(form, tuple(pieces), tuple(notes), language=said)


def _segment(entry: Any, place: str) -> Piece | None:
    match entry:
        case {"text": str(text)} if text.strip():
            pass
        case _:
            return None
    start, end = seconds(entry.get("start")), seconds(entry.get("end"))
    match entry.get("offsets"):
        case {"from": first, "to": last}:
            start, end = _milliseconds(first), _milliseconds(last)
    words = entry.get("words")
    timed = tuple(_words(words)) if isinstance(words, list) else ()
    if "".join(word.text for word in timed) != "".join(text.split()):
        timed = ()
    speaker = entry.get("speaker")
    named = speaker if isinstance(speaker, str) and speaker.strip() else UNKNOWN
    return Piece(text, place, named, start, end, timed)


def _milliseconds(value: object) -> float | None:
    found = seconds(value)
    return None if found is None else found / 1000


def _words(entries: list[Any]) -> Iterator[Word]:
    """Give words that have times; one without them makes all of no use (WhisperX)."""
    for entry in entries:
        match entry:
            case {"word": str(text), "start": start, "end": end}:
                pass
            case _:
                return
        first, last = seconds(start), seconds(end)
        if first is None or last is None or last < first or len(text.split()) != 1:
            return
        sure = seconds(entry.get("probability", entry.get("score", 1.0)))
        yield Word(text.strip(), first, last, min(1.0, sure if sure is not None else 1.0))


def _seglst(entries: list[Any]) -> Parsed:
    sessions = {str(one.get("session_id", "")) for one in entries if isinstance(one, dict)}
    if len(sessions) > 1:
        raise BadInput(
            f"This file describes {len(sessions)} recordings. Give one that describes one."
        )
    notes: list[Note] = []
    pieces = []
    for number, entry in enumerate(entries, 1):
        still_alive()
        place = f"entry {number}"
        match entry:
            case {"words": str(text), "speaker": speaker} if text.strip():
                start, end = seconds(entry.get("start_time")), seconds(entry.get("end_time"))
                pieces.append(Piece(text, place, str(speaker), start, end))
            case {"words": str()}:
                pass
            case _:
                notes.append(Note(place, "No text can be found in it.", quote(str(entry))))
    return Parsed("SegLST", tuple(pieces), tuple(notes))


def seconds(value: object) -> float | None:
    """Read a time written as a number or as text; None for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _fokus(read: Transcription) -> Parsed:
    _check(read)
    pieces = (
        Piece(one.text, f"sentence {number}", turn.speaker, one.start, one.end, one.words)
        for number, (turn, one) in enumerate(
            ((turn, one) for turn in read.turns for one in turn.sentences), 1
        )
    )
    return Parsed(
        "Fokus", tuple(pieces), language=read.language, spans=read.spans, doubts=read.doubts,
        provenance=read.provenance, demo=read.demo, cut=True,
    )  # fmt: skip


_TYPES: Final[Mapping[object, tuple[type, ...]]] = {
    str: (str,), bool: (bool,), float: (int, float), float | None: (int, float, NoneType)
}  # fmt: skip


def _check(read: Transcription) -> None:
    """Refuse values that are of other types than ours are."""
    every: list[Any] = [read, *read.turns, *read.spans, *read.doubts]
    for turn in read.turns:
        every += [*turn.sentences, *(word for one in turn.sentences for word in one.words)]
    for one in every:
        still_alive()
        for field in fields(one):
            value = getattr(one, field.name)
            if field.type in _TYPES and not isinstance(value, _TYPES[field.type]):
                raise BadInput(_UNREADABLE)
            if isinstance(value, float) and not math.isfinite(value):
                raise BadInput(_UNREADABLE)
    if not all(isinstance(part, str) for pair in read.provenance for part in pair):
        raise BadInput(_UNREADABLE)
