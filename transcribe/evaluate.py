"""How good a transcript is against a reference: words (meeteval), speakers (pyannote.metrics).

Words are compared in lower case and without punctuation; letters of every language stay
as they are. ``collar`` seconds in all around each boundary of the reference (half on
each side, as pyannote.metrics counts; NIST's md-eval would call 0.25 here 0.125) are not
scored; overlapping speech is. What the reference cannot give is None.
"""

import re
import unicodedata
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from secure_storage import BadInput, open_foreign

from .formats.data import read_json
from .formats.segments import StmLine, read_rttm, read_stm
from .formats.subtitles import import_vtt
from .transcript import SpeakerSpan, Transcription

COLLAR: Final = 0.25
_MOST_BYTES: Final = 256 << 20
_NOT_WORDS: Final = re.compile(r"[^\w'’]+")


@dataclass(frozen=True, slots=True)
class Scores:
    """Error rates (shares of the reference, 0 is perfect); None where not applicable."""

    wer: float | None = None
    cpwer: float | None = None
    der: float | None = None
    missed: float | None = None
    false_alarm: float | None = None
    confusion: float | None = None


@dataclass(frozen=True, slots=True)
class Spoken:
    """What can be compared: who speaks when, and, where known, which words."""

    spans: tuple[SpeakerSpan, ...]
    lines: tuple[StmLine, ...] | None
    name: str | None = None


def evaluate(reference: Path, hypothesis: Path, collar: float = COLLAR) -> Scores:
    """Compare two files (.stm, .rttm, .json, .vtt); the reference is .stm or .rttm."""
    if reference.suffix.lower() not in {".stm", ".rttm"}:
        raise BadInput("The reference must be an .stm file (words and speakers) or an .rttm file.")
    return compare(read(reference, hypothesis.stem), read(hypothesis, reference.stem), collar)


def compare(reference: Spoken, hypothesis: Spoken, collar: float = COLLAR) -> Scores:
    """Compare what was said and who said it."""
    words = _word_scores(reference.lines, hypothesis.lines)
    speakers = diarization_scores(reference.spans, hypothesis.spans, collar)
    return Scores(*words, *speakers)


def read(path: Path, file: str | None = None) -> Spoken:
    """Read a file to compare; ``file`` names the recording where a file has several."""
    with open_foreign(path, max_bytes=_MOST_BYTES) as stream:
        try:
            text = stream.read().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise BadInput(f"{path.name} is not a text file.") from error
    match path.suffix.lower():
        case ".rttm":
            return Spoken(read_rttm(text, file), None)
        case ".stm":
            lines = read_stm(text, file)
            return Spoken(_spans(lines), lines)
        case ".json":
            return of_transcription(read_json(text))
        case ".vtt":
            return of_transcription(import_vtt(text))
    raise BadInput(f"{path.name}: only .stm, .rttm, .json and .vtt files can be compared.")


def of_transcription(transcription: Transcription) -> Spoken:
    """Take what can be compared out of a transcription."""
    lines = tuple(
        StmLine("", turn.speaker, sentence.start, sentence.end, sentence.text)
        for turn in transcription.turns
        for sentence in turn.sentences
        if sentence.start is not None and sentence.end is not None
    )
    return Spoken(transcription.spans or _spans(lines), lines)


def normalise(text: str) -> str:
    """Lower case, no punctuation, single spaces; letters of every language are kept."""
    plain = unicodedata.normalize("NFKC", text).lower().replace("’", "'")
    words = (word.strip("'") for word in _NOT_WORDS.sub(" ", plain).split())
    return " ".join(word for word in words if word)


def _spans(lines: Iterable[StmLine]) -> tuple[SpeakerSpan, ...]:
    return tuple(
        SpeakerSpan(line.start, line.end, line.speaker) for line in lines if line.end > line.start
    )


def _word_scores(
    reference: Sequence[StmLine] | None, hypothesis: Sequence[StmLine] | None
) -> tuple[float | None, float | None]:
    if not reference or hypothesis is None:
        return None, None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of numpy and the like, on import
        from meeteval.wer.wer.cp import cp_word_error_rate
        from meeteval.wer.wer.siso import siso_word_error_rate
    plain = siso_word_error_rate(_text(reference), _text(hypothesis))
    by_speaker = cp_word_error_rate(_by_speaker(reference), _by_speaker(hypothesis))
    return _share(plain.error_rate), _share(by_speaker.error_rate)


def _share(value: Any) -> float | None:
    return None if value is None else round(float(value), 6)


def _text(lines: Iterable[StmLine]) -> str:
    return normalise(" ".join(line.text for line in sorted(lines, key=lambda line: line.start)))


def _by_speaker(lines: Iterable[StmLine]) -> dict[str, str]:
    texts: dict[str, list[str]] = {}
    for line in sorted(lines, key=lambda line: line.start):
        texts.setdefault(line.speaker, []).append(line.text)
    return {speaker: normalise(" ".join(parts)) for speaker, parts in texts.items()}


def diarization_scores(
    reference: Sequence[SpeakerSpan], hypothesis: Sequence[SpeakerSpan], collar: float = COLLAR
) -> tuple[float | None, float | None, float | None, float | None]:
    """Give DER and its parts: missed speech, false alarm, confusion."""
    if not reference:
        return None, None, None, None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of matplotlib and the like, on import
        from pyannote.core import Annotation, Segment, Timeline
        from pyannote.metrics.diarization import DiarizationErrorRate

    def annotation(spans: Sequence[SpeakerSpan]) -> Any:
        made = Annotation()
        for number, span in enumerate(spans):
            made[Segment(span.start, span.end), number] = span.speaker
        return made

    end = max(span.end for span in (*reference, *hypothesis))
    metric = DiarizationErrorRate(collar=collar, skip_overlap=False)
    parts = metric(
        annotation(reference), annotation(hypothesis),
        uem=Timeline([Segment(0.0, end)]), detailed=True,
    )  # fmt: skip
    total = float(parts["total"])
    if total == 0:
        return None, None, None, None
    missed, false_alarm, confusion = (
        round(float(parts[name]) / total, 6)
        for name in ("missed detection", "false alarm", "confusion")
    )
    return round(float(parts["diarization error rate"]), 6), missed, false_alarm, confusion
