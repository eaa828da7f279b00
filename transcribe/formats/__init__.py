"""Transcriptions as files: each form has a writer, some a reader. Light but for Word."""

from collections.abc import Callable
from typing import Final

from ..transcript import Transcription
from .data import read_json, write_json
from .document import write_docx
from .segments import StmLine, read_rttm, read_stm, write_rttm, write_stm
from .subtitles import write_srt, write_vtt
from .text import write_txt

DEMO_NOTICE: Final = "Made by the demo model: it knows only its sample's words and voices."

_TEXTS: Final[dict[str, Callable[[Transcription], str]]] = {
    "txt": write_txt,
    "vtt": write_vtt,
    "srt": write_srt,
    "json": write_json,
}
FORMS: Final = (*_TEXTS, "docx", "rttm", "stm")


def render(transcription: Transcription, form: str, title: str) -> bytes:
    """Write a transcription in one of ``FORMS``; ``title`` names the recording."""
    if form == "docx":
        return write_docx(transcription, title)
    if form == "rttm":
        return write_rttm(transcription, title).encode()
    if form == "stm":
        return write_stm(transcription, title).encode()
    return _TEXTS[form](transcription).encode()


__all__ = [
    "FORMS", "StmLine", "read_json", "read_rttm", "read_stm", "render", "write_docx",
    "write_json", "write_rttm", "write_srt", "write_stm", "write_txt", "write_vtt",
]  # fmt: skip
