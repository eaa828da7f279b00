"""WebVTT and SubRip: subtitles out. ``importing.cues`` reads them."""

import html
from collections.abc import Iterator
from typing import Final

from ..pauses import Marked, marked_turns
from ..transcript import Transcription
from .clock import subtitle_time

_NOTICE_SECONDS: Final = 2.0


def write_vtt(transcription: Transcription) -> str:
    """Write WebVTT with a voice for each cue, pauses in a class of their own."""
    notice = "\n\nNOTE Made by the demo model." if transcription.demo else ""
    cues = [
        f"{subtitle_time(start)} --> {subtitle_time(end)}\n<v {_voice(speaker)}>{_paused(said)}"
        for speaker, start, end, said in _cues(transcription)
    ]
    return f"WEBVTT{notice}\n\n" + "".join(f"{cue}\n\n" for cue in cues)


def write_srt(transcription: Transcription) -> str:
    """Write SubRip, the speaker's label before the text."""
    cues = [
        (start, end, f"{speaker}: {' '.join(' '.join(text for _, text in said).split())}")
        for speaker, start, end, said in _cues(transcription)
    ]
    if transcription.demo:
        # SubRip knows no comments: only what is a subtitle itself survives other programs.
        cues.insert(0, (0.0, _NOTICE_SECONDS, "[Made by the demo model.]"))
    return "".join(
        f"{number}\n{subtitle_time(start, ',')} --> {subtitle_time(end, ',')}\n{line}\n\n"
        for number, (start, end, line) in enumerate(cues, start=1)
    )


def _cues(transcription: Transcription) -> Iterator[tuple[str, float, float, Marked]]:
    for turn, marked in marked_turns(transcription):
        for sentence, said in zip(turn.sentences, marked, strict=True):
            if sentence.start is not None and sentence.end is not None:
                end = max(sentence.end, sentence.start + 0.001)
                yield turn.speaker, sentence.start, end, said


def _paused(said: Marked) -> str:
    return " ".join(
        f"<c.pause>{pause.mark}</c> {_escape(text)}" if pause else _escape(text)
        for pause, text in said
    )


def _escape(text: str) -> str:
    return html.escape(" ".join(text.split()), quote=False)


def _voice(speaker: str) -> str:
    return html.escape(" ".join(speaker.split()), quote=False).replace("&gt;", ")")
