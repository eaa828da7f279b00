"""How good a transcript is against a reference: words, and who said them.

Words by jiwer (WER) and meeteval (cpWER: every speaker's words on their own, under the
best pairing of speakers), speakers by pyannote.metrics (DER with its parts; JER, in which
quiet people weigh as much as others). Of the words that were heard, rightly or not, WDER
is the share under the wrong speaker (Shafey et al. 2019, «Joint Speech Recognition and
Speaker Diarization via Sequence Transduction»).

Words are compared in lower case and without punctuation; letters of every language stay
as they are. Writers differ in which hesitations (mm, eh) they write down, so the WER is also
given without them. ``collar`` seconds in all around each boundary of the reference (half on
each side, as pyannote.metrics counts; NIST's md-eval would call 0.25 here 0.125) are not
scored; overlapping speech is. What the reference cannot give is None.
"""

import math
import re
import unicodedata
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from secure_storage import BadInput, open_foreign

from .formats.data import read_json
from .formats.segments import StmLine, read_rttm, read_stm
from .importing.cues import read_vtt
from .importing.parsed import Piece
from .transcript import UNKNOWN, SpeakerSpan, Transcription

COLLAR: Final = 0.25
_MOST_BYTES: Final = 256 << 20
_NOT_WORDS: Final = re.compile(r"[^\w'’]+")
_HESITATIONS: Final = {
    "eh", "ehm", "hm", "hmm", "mhm", "mm", "mmm", "uh", "uhm", "um", "erm", "øh", "øhm", "öh",
    "öhm", "äh", "ähm",
}  # fmt: skip
"""As they are written in English and the Scandinavian languages."""

Times = tuple[tuple[float, float], ...]
"""Begin and end of stretches (seconds)."""


@dataclass(frozen=True, slots=True)
class Scores:
    """Error rates (shares of the reference, 0 is perfect); None where not applicable."""

    wer: float | None = None
    wer_fluent: float | None = None
    cpwer: float | None = None
    wder: float | None = None
    der: float | None = None
    missed: float | None = None
    false_alarm: float | None = None
    confusion: float | None = None
    jer: float | None = None


@dataclass(frozen=True, slots=True)
class Spoken:
    """What can be compared: who speaks when, and, where known, which words."""

    spans: tuple[SpeakerSpan, ...]
    lines: tuple[StmLine, ...] | None
    unscored: Times = ()
    """What an STM file says is not to be scored."""


def evaluate(reference: Path, hypothesis: Path, collar: float = COLLAR) -> Scores:
    """Compare two files (.stm, .rttm, .json, .vtt); the reference is .stm or .rttm."""
    if not 0 <= collar < math.inf:
        raise BadInput("The collar is a number of seconds, 0 or more.")
    if reference.suffix.lower() not in {".stm", ".rttm"}:
        raise BadInput("The reference must be an .stm file (words and speakers) or an .rttm file.")
    return compare(read(reference, hypothesis.stem), read(hypothesis, reference.stem), collar)


def compare(reference: Spoken, hypothesis: Spoken, collar: float = COLLAR) -> Scores:
    """Compare what was said and who said it."""
    words = _word_scores(reference.lines, _scored(hypothesis.lines, reference.unscored))
    spans = reference.spans, hypothesis.spans
    return Scores(
        *words,
        *diarization_scores(*spans, collar, reference.unscored),
        jaccard_error(*spans, collar, reference.unscored),
    )


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
            said = tuple(line for line in lines if not line.ignored)
            unscored = tuple((line.start, line.end) for line in lines if line.ignored)
            return Spoken(_spans(said), said, unscored)
        case ".json":
            return of_transcription(read_json(text))
        case ".vtt":
            return _of_cues(read_vtt(text).pieces)
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


def _of_cues(cues: Iterable[Piece]) -> Spoken:
    lines = tuple(
        StmLine("", cue.speaker, cue.start, cue.end, cue.text)
        for cue in cues
        if cue.start is not None and cue.end is not None
    )
    return Spoken(_spans(lines), lines)


def normalise(text: str) -> str:
    """Lower case, no punctuation, single spaces; letters of every language are kept."""
    plain = unicodedata.normalize("NFKC", text).lower().replace("’", "'")
    words = (word.strip("'") for word in _NOT_WORDS.sub(" ", plain).split())
    return " ".join(word for word in words if word)


def _spans(lines: Iterable[StmLine]) -> tuple[SpeakerSpan, ...]:
    return tuple(
        SpeakerSpan(line.start, line.end, line.speaker) for line in lines if line.end > line.start
    )


def _scored(lines: Sequence[StmLine] | None, unscored: Times) -> Sequence[StmLine] | None:
    """Leave out the lines whose middle is not scored; their words have no times of their own."""
    if lines is None:
        return None
    return [
        line for line in lines
        if not any(begin <= (line.start + line.end) / 2 < end for begin, end in unscored)
    ]  # fmt: skip


def _word_scores(
    reference: Sequence[StmLine] | None, hypothesis: Sequence[StmLine] | None
) -> tuple[float | None, float | None, float | None, float | None]:
    said, heard = _words(reference or ()), _words(hypothesis or ())
    if not said or hypothesis is None:
        return None, None, None, None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of numpy and the like, on import
        import jiwer
        from meeteval.wer.wer.cp import cp_word_error_rate
    plain = jiwer.process_words(_text(said), _text(heard))
    by_speaker = cp_word_error_rate(
        _by_speaker(said), _by_speaker(heard), reference_sort=False, hypothesis_sort=False
    )
    pairs = [
        (said[chunk.ref_start_idx + place].speaker, heard[chunk.hyp_start_idx + place].speaker)
        for chunk in plain.alignments[0]
        if chunk.type in {"equal", "substitute"}
        for place in range(chunk.ref_end_idx - chunk.ref_start_idx)
    ]
    fluent = jiwer.wer(_text(_fluent(said)), _text(_fluent(heard))) if _fluent(said) else None
    return (
        _share(plain.wer), _share(fluent), _share(by_speaker.error_rate), _wrongly_ascribed(pairs)
    )  # fmt: skip


def _fluent(words: Iterable["_Word"]) -> list["_Word"]:
    return [word for word in words if word.text not in _HESITATIONS]


def _wrongly_ascribed(pairs: Sequence[tuple[str, str]]) -> float | None:
    """Share of (who said it, who is said to have) that is wrong under the best pairing.

    Words of UNKNOWN are nobody's, so they count as wrong whoever said them.
    """
    if not pairs:
        return None
    from scipy.optimize import linear_sum_assignment

    counts = Counter(pair for pair in pairs if pair[1] != UNKNOWN)
    true = sorted({one for one, _ in counts})
    given = sorted({one for _, one in counts})
    table = [[counts[one, other] for other in given] for one in true] or [[0]]
    right = sum(table[row][column] for row, column in zip(
        *linear_sum_assignment(table, maximize=True), strict=True))  # fmt: skip
    return _share(1 - right / len(pairs))


def _share(value: Any) -> float | None:
    return None if value is None else round(float(value), 6)


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    speaker: str


def _words(lines: Iterable[StmLine]) -> list[_Word]:
    """All words as they are compared, in the order in which their lines begin."""
    return [
        _Word(word, line.speaker)
        for line in sorted(lines, key=lambda line: line.start)
        for word in normalise(line.text).split()
    ]


def _text(words: Iterable[_Word]) -> str:
    return " ".join(word.text for word in words)


def _by_speaker(words: Iterable[_Word]) -> dict[str, str]:
    texts: dict[str, list[_Word]] = {}
    for word in words:
        texts.setdefault(word.speaker, []).append(word)
    return {speaker: _text(parts) for speaker, parts in texts.items()}


def diarization_scores(
    reference: Sequence[SpeakerSpan],
    hypothesis: Sequence[SpeakerSpan],
    collar: float = COLLAR,
    unscored: Times = (),
) -> tuple[float | None, float | None, float | None, float | None]:
    """Give DER and its parts: missed speech, false alarm, confusion."""
    parts = _judged("DiarizationErrorRate", reference, hypothesis, collar, unscored)
    total = float(parts["total"]) if parts else 0.0
    if total == 0:
        return None, None, None, None
    missed, false_alarm, confusion = (
        round(float(parts[name]) / total, 6)
        for name in ("missed detection", "false alarm", "confusion")
    )
    return round(float(parts["diarization error rate"]), 6), missed, false_alarm, confusion


def jaccard_error(
    reference: Sequence[SpeakerSpan],
    hypothesis: Sequence[SpeakerSpan],
    collar: float = COLLAR,
    unscored: Times = (),
) -> float | None:
    """Give the JER: the mean over speakers of the time that is not in common (DIHARD II)."""
    parts = _judged("JaccardErrorRate", reference, hypothesis, collar, unscored)
    return _share(parts["jaccard error rate"]) if parts.get("speaker count") else None


def _judged(
    metric: str,
    reference: Sequence[SpeakerSpan],
    hypothesis: Sequence[SpeakerSpan],
    collar: float,
    unscored: Times,
) -> Mapping[str, float]:
    """What a metric of pyannote.metrics counts; empty without a reference."""
    if not reference:
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of matplotlib and the like, on import
        from pyannote.core import Annotation, Segment, Timeline
        from pyannote.metrics import diarization

    def annotation(spans: Sequence[SpeakerSpan]) -> Any:
        made = Annotation()
        for number, span in enumerate(spans):
            made[Segment(span.start, span.end), number] = span.speaker
        return made.support()  # spans of one speaker that overlap are one

    end = max(span.end for span in (*reference, *hypothesis))
    scored = Timeline([Segment(0.0, end)]).extrude(
        Timeline([Segment(*times) for times in unscored])
    )
    parts: Mapping[str, float] = getattr(diarization, metric)(collar=collar, skip_overlap=False)(
        annotation(reference), annotation(hypothesis),
        uem=scored, detailed=True,
    )  # fmt: skip
    return parts
