"""RTTM (who speaks when) and STM (who says what when): what evaluations read."""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from secure_storage import BadInput

from ..transcript import SpeakerSpan, Transcription

_UNSAFE: Final = re.compile(r"\s+")
_GAP: Final = "inter_segment_gap"
_IGNORED: Final = "ignore_time_segment_in_scoring"
"""What NIST's STM files have in place of a speaker, and of words, where nothing is scored."""


@dataclass(frozen=True, slots=True)
class StmLine:
    """One utterance of an STM file."""

    file: str
    speaker: str
    start: float
    end: float
    text: str

    @property
    def ignored(self) -> bool:
        """The line is no utterance: it says that its time is not scored."""
        return self.speaker.lower() == _GAP or self.text.strip().lower() == _IGNORED


def write_rttm(transcription: Transcription, title: str) -> str:
    """Write the diarization, overlaps included."""
    name = _token(title)
    return "".join(
        f"SPEAKER {name} 1 {span.start:.3f} {span.end - span.start:.3f} <NA> <NA> "
        f"{_token(span.speaker)} <NA> <NA>\n"
        for span in transcription.spans
    )


def write_stm(transcription: Transcription, title: str) -> str:
    """Write one line for each sentence that has times."""
    name = _token(title)
    notice = ";; Made by the demo model.\n" if transcription.demo else ""
    return notice + "".join(
        f"{name} 1 {_token(turn.speaker)} {sentence.start:.3f} {sentence.end:.3f} "
        f"{_UNSAFE.sub(' ', sentence.text)}\n"
        for turn in transcription.turns
        for sentence in turn.sentences
        if sentence.start is not None and sentence.end is not None
    )


def read_rttm(text: str, file: str | None = None) -> tuple[SpeakerSpan, ...]:
    """Read the speakers of one recording; ``file`` names it where there are several."""
    rows = [line.split() for line in text.splitlines() if line.startswith("SPEAKER")]
    try:
        named = [(row[1], _seconds(row[3]), _seconds(row[4]), row[7]) for row in rows]
    except (IndexError, ValueError) as error:
        raise BadInput("This RTTM file has a line that cannot be read.") from error
    chosen = _one_file((row[0] for row in named), file)
    return tuple(
        SpeakerSpan(start, round(start + length, 6), speaker)
        for name, start, length, speaker in named
        if name == chosen and length > 0
    )


def read_stm(text: str, file: str | None = None) -> tuple[StmLine, ...]:
    """Read the lines of one recording; ``file`` names it where there are several."""
    lines = []
    for line in text.splitlines():
        if not line.strip() or line.startswith(";;"):
            continue
        row = line.split(maxsplit=5)
        try:
            words = re.sub(r"^<[^>]*>\s*", "", row[5]) if len(row) > 5 else ""
            lines.append(StmLine(row[0], row[2], _seconds(row[3]), _seconds(row[4]), words))
        except (IndexError, ValueError) as error:
            raise BadInput("This STM file has a line that cannot be read.") from error
    chosen = _one_file((line.file for line in lines), file)
    return tuple(line for line in lines if line.file == chosen)


def _seconds(text: str) -> float:
    """Read a time; ``nan`` and ``inf``, which Python takes for numbers, are none."""
    seconds = float(text)
    if not math.isfinite(seconds):
        raise ValueError(text)
    return seconds


def _one_file(names: Iterable[str], wanted: str | None) -> str | None:
    found = dict.fromkeys(names)
    if wanted in found or not found:
        return wanted
    if len(found) > 1:
        raise BadInput(
            "This file describes several recordings "
            f"({', '.join(list(found)[:5])} …); give one that describes one."
        )
    return next(iter(found))


def _token(text: str) -> str:
    return _UNSAFE.sub("_", text.strip()) or "_"
