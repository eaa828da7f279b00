"""Plain text for reading: a paragraph a turn, with its time and speaker; pauses are marked."""

from ..pauses import marked_turns, read_aloud
from ..transcript import Transcription
from .clock import reading_time


def write_txt(transcription: Transcription) -> str:
    """Write ``[0:01:23] S1: sentences``, one turn a paragraph, pauses as «(3 s)»."""
    lines = []
    if transcription.demo:
        lines.append("Made by the demo model: it knows only its sample's words and voices.\n")
    for turn, sentences in marked_turns(transcription):
        start = next((s.start for s in turn.sentences if s.start is not None), None)
        voice = f"{turn.speaker}: " if turn.speaker else ""
        stamp = f"[{reading_time(start)}] " if start is not None else ""
        lines.append(f"{stamp}{voice}{' '.join(map(read_aloud, sentences))}\n")
    return "\n".join(lines)
