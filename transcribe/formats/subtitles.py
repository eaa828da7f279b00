"""WebVTT and SubRip: subtitles out, and WebVTT with voices in.

The marks of pauses that we write into WebVTT are not read back as text.
"""

import html
import re
from collections.abc import Iterator, Sequence
from typing import Final

from secure_storage import BadInput

from ..pauses import Marked, marked_turns
from ..transcript import UNKNOWN, Sentence, Transcription, Turn
from .clock import parse_time, subtitle_time

_VOICE: Final = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]*)>")
_TAG: Final = re.compile(r"</?[^>]*>")
_PAUSE: Final = re.compile(r"<c\.pause>[^<]*</c>")
_NOTICE_SECONDS: Final = 2.0
_BLOCKS_WITHOUT_TEXT: Final = ("WEBVTT", "NOTE", "STYLE", "REGION", "X-TIMESTAMP")


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


def import_vtt(text: str, language: str = "en") -> Transcription:
    """Read WebVTT; each cue's text is one sentence, following cues of a voice one turn."""
    if not text.removeprefix("\ufeff").startswith("WEBVTT"):
        raise BadInput("This is not a WebVTT file: it does not begin with «WEBVTT».")
    spoken: list[tuple[str, Sentence]] = []
    blocks = re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n").replace("\r", "\n"))
    for number, block in enumerate(blocks, start=1):
        spoken += _read_block(number, block.strip("\n").split("\n"))
    if not spoken:
        raise BadInput("This WebVTT file holds no text.")
    return Transcription(language, _turns(spoken), provenance=(("Source", "WebVTT file"),))


def _read_block(number: int, lines: Sequence[str]) -> Iterator[tuple[str, Sentence]]:
    place = next((i for i, line in enumerate(lines) if "-->" in line), None)
    if place is None:
        if lines[0].strip() and not lines[0].lstrip("\ufeff").startswith(_BLOCKS_WITHOUT_TEXT):
            raise BadInput(f"Block {number} of this WebVTT file has text but no times.")
        return
    first, _, rest = lines[place].partition("-->")
    start, end = parse_time(first), parse_time((rest.split() or [""])[0])
    if start is None or end is None or end < start:
        raise BadInput(f"Block {number} of this WebVTT file has times that cannot be read.")
    body = " ".join(lines[place + 1 :])
    voices = list(_VOICE.finditer(body))
    if not voices or body[: voices[0].start()].strip():
        head = body[: voices[0].start()] if voices else body
        if plain := _plain(head):
            yield UNKNOWN, Sentence(plain, start, end)
    for index, voice in enumerate(voices):
        stop = voices[index + 1].start() if index + 1 < len(voices) else len(body)
        if plain := _plain(body[voice.end() : stop]):
            name = " ".join(html.unescape(voice.group(1)).split()) or UNKNOWN
            yield name, Sentence(plain, start, end)


def _plain(text: str) -> str:
    return " ".join(html.unescape(_TAG.sub("", _PAUSE.sub("", text))).split())


def _turns(spoken: Sequence[tuple[str, Sentence]]) -> tuple[Turn, ...]:
    turns: list[tuple[str, list[Sentence]]] = []
    for speaker, sentence in spoken:
        if not turns or turns[-1][0] != speaker:
            turns.append((speaker, []))
        turns[-1][1].append(sentence)
    return tuple(Turn(speaker, tuple(sentences)) for speaker, sentences in turns)
