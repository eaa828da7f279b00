"""In the guarded child: a stranger's file, read by the form it is in."""

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import BinaryIO, Final

from secure_storage import BadInput, expect, read_pdf

from ..sentences import split_sentences
from ..transcript import Word
from .cleaning import cleaned
from .cues import has_cues, read_srt, read_vtt, voiced
from .cutting import transcription
from .data import read_data
from .dialogue import numbered, read_text
from .encodings import Decoded, decode
from .markup import lines_of_html
from .office import read_office
from .paragraphs import joined, without_marks
from .parsed import Kind, Line, Note, Parsed, lines_of
from .preview import Preview, write_preview
from .timed import read_rttm_turns, read_stm_lines

_MOST_NOTES: Final = 300
_ARCHIVE: Final = b"PK\x03\x04"
_PDF: Final = b"%PDF"


def prepare() -> None:
    """Load what cuts sentences, before the child is shut in."""
    # spaCy takes torch along wherever it is installed; its rules have no use for it.
    sys.modules["torch"] = None  # type: ignore[assignment]
    split_sentences([Word("Ready.", 0.0, 1.0, 1.0)], "en")


def parse(stream: BinaryIO, setting: str) -> bytes:
    """Read a file and give its preview; ``setting`` is ``ending:language:kind``."""
    ending, language, wanted = setting.split(":")
    kind: Kind | None = wanted if wanted in ("transcript", "document") else None  # type: ignore[assignment]
    return write_preview(read(stream, ending, language, kind))


def read(stream: BinaryIO, ending: str, language: str, kind: Kind | None) -> Preview:
    """Read a file that was named with ``ending``; None finds out the kind."""
    data = stream.read()
    decoded: Decoded | None = None
    if data.startswith(_ARCHIVE):
        parsed = _office(data, kind)
    elif data.startswith(_PDF):
        parsed = _pdf(data, kind)
    else:
        if ending not in _TEXTS:
            raise BadInput(
                f"This is no .{ending} file, whatever its name says. Save it again with the "
                "program it came from."
            )
        if ending != "html":
            expect(data[:64], "text")
        decoded = decode(data)
        if decoded.text.lstrip("\ufeff \r\n").startswith("WEBVTT"):
            ending = "vtt"
        parsed = _TEXTS[ending](decoded.text, kind)
    if kind == "document" and parsed.kind == "transcript":
        raise BadInput(f"{parsed.form} files hold people talking. Read this one as a transcript.")
    parsed = cleaned(parsed)
    made, about = transcription(parsed, language)
    notes = [*_about_reading(decoded, parsed, language), *parsed.notes, *about]
    if len(notes) > _MOST_NOTES:
        more = len(notes) - _MOST_NOTES
        notes[_MOST_NOTES:] = [Note("", f"There are {more:,} more remarks like these.")]
    encoding = decoded.encoding if decoded else ""
    return Preview(made, parsed.kind, parsed.form, encoding, tuple(notes))


def _about_reading(decoded: Decoded | None, parsed: Parsed, language: str) -> list[Note]:
    notes = []
    if decoded and not decoded.sure:
        said = (
            "The encoding is a guess. If letters such as æ, ø and å are wrong, save the file as "
            "UTF-8 and choose it again."
        )
        notes.append(Note("", said, decoded.encoding))
    if decoded and decoded.damaged:
        said = "Some letters are damaged in the file and are shown as «�»."
        notes.append(Note("", said, f"{decoded.damaged} places"))
    if parsed.language and parsed.language not in (language, "unknown"):
        said = "The file says that its language is another than the one chosen."
        notes.append(Note("", said, parsed.language))
    return notes


def _office(data: bytes, kind: Kind | None) -> Parsed:
    import io

    form, paragraphs, left_out = read_office(io.BytesIO(data))
    if kind != "document" and has_cues(paragraphs):
        parsed = replace(read_srt(voiced(paragraphs)), form=form)
    else:
        lines = numbered(paragraphs, "paragraph")
        parsed = read_text(form, lines, lines, kind)
    notes = [Note("", "The file also holds these; they were not read.", ", ".join(left_out))]
    return replace(parsed, notes=(*(notes if left_out else ()), *parsed.notes))


def _pdf(data: bytes, kind: Kind | None) -> Parsed:
    import io

    pages: list[str] = json.loads(read_pdf(io.BytesIO(data), ""))
    lines = [
        Line(line, f"page {number}") if line.strip() else None
        for number, page in enumerate(pages, 1)
        for line in [*lines_of(page), *([""] if page.rstrip().endswith((".", "!", "?")) else [])]
    ]
    paragraphs = joined(lines)
    return read_text("PDF", paragraphs, paragraphs, kind)


def _plain(text: str, kind: Kind | None) -> Parsed:
    lines = lines_of(text)
    if kind != "document" and has_cues(lines):
        return read_srt(text)
    return _wrapped("Plain text", lines, kind)


def _markdown(text: str, kind: Kind | None) -> Parsed:
    lines = lines_of(text)
    if lines[0].strip() == "---" and "---" in (one.strip() for one in lines[1:]):
        end = next(at for at, one in enumerate(lines[1:], 1) if one.strip() == "---")
        lines = [""] * (end + 1) + lines[end + 1 :]
    return _wrapped("Markdown", [without_marks(line) for line in lines], kind)


def _wrapped(form: str, lines: list[str], kind: Kind | None) -> Parsed:
    places = [
        Line(line, f"line {number}") if line.strip() else None
        for number, line in enumerate(lines, 1)
    ]
    return read_text(form, [one for one in places if one], joined(places), kind)


def _html(text: str, kind: Kind | None) -> Parsed:
    lines = numbered(lines_of_html(text), "paragraph")
    return read_text("HTML", lines, lines, kind)


_TEXTS: Final[Mapping[str, Callable[[str, Kind | None], Parsed]]] = {
    "vtt": lambda text, kind: read_vtt(text),
    "srt": lambda text, kind: read_srt(text),
    "rttm": lambda text, kind: read_rttm_turns(text),
    "stm": lambda text, kind: read_stm_lines(text),
    "json": read_data,
    "otr": read_data,
    "html": _html,
    "md": _markdown,
    "txt": _plain,
}
