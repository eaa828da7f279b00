"""Plain text for reading: a paragraph for each turn, with its time and speaker."""

from ..transcript import Transcription
from .clock import reading_time


def write_txt(transcription: Transcription) -> str:
    """Write ``[0:01:23] S1: sentences``, one turn a paragraph."""
    lines = []
    if transcription.demo:
        lines.append("Made by the demo model: it knows only its sample's words and voices.\n")
    for turn in transcription.turns:
        start = next((s.start for s in turn.sentences if s.start is not None), None)
        stamp = f"[{reading_time(start)}] " if start is not None else ""
        lines.append(f"{stamp}{turn.speaker}: {' '.join(s.text for s in turn.sentences)}\n")
    return "\n".join(lines)
