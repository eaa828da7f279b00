"""flite and festival as functions from text to speech with word and phone times."""

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import soundfile  # type: ignore[import-untyped]  # ships no types

from demo.align import Phone, Span, Speech, word_spans, words_of
from demo.dsp import SAMPLE_RATE, Wave, resample

_MAX_DRIFT_S = 0.3
"""Phone times may differ from the audio's length by this; more means lost phones."""


def lexicon(words: Sequence[str]) -> dict[str, list[str]]:
    """Phones of each word as flite says it alone."""
    return {w: _phones_alone(w) for w in words}


def _phones_alone(word: str) -> list[str]:
    said = _run("flite", "-voice", "kal16", "-ps", "-t", word, "-o", "none").split()
    return [p for p in said if p != "pau"] or ["ax"]


def _run(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _load(path: Path) -> Wave:
    samples, rate = soundfile.read(path, dtype="float32")
    return resample(samples, rate)


def _flite_phones(listing: str) -> list[Phone]:
    """Parse ``phone:end`` pairs; times restart at zero with each sentence."""
    phones: list[Phone] = []
    start, offset = 0.0, 0.0
    for item in listing.split():
        name, _, end_text = item.rpartition(":")
        end = float(end_text) + offset
        if end < start:
            offset = start
            end = float(end_text) + offset
        phones.append((name, start, end))
        start = end
    return phones


def flite(
    text: str, voice: str, lexicon_: dict[str, list[str]], stretch: float = 1.0, f0: int = 0
) -> Speech | None:
    """Say ``text`` with a flite voice; ``f0`` (Hz) works for the diphone voice only."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.wav"
        options = ["--setf", f"duration_stretch={stretch}"]
        if f0:
            options += ["--setf", f"int_f0_target_mean={f0}"]
        listing = _run("flite", "-voice", voice, *options, "-psdur", "-t", text, "-o", str(path))
        samples = _load(path)
    return _speech(text, samples, _flite_phones(listing), lexicon_)


def _speech(
    text: str, samples: Wave, phones: list[Phone], lexicon_: dict[str, list[str]]
) -> Speech | None:
    words = words_of(text)
    if not phones or abs(len(samples) / SAMPLE_RATE - phones[-1][2]) > _MAX_DRIFT_S:
        return None
    spans: tuple[Span, ...] | None = word_spans(words, lexicon_, phones)
    if spans is None:
        return None
    spoken = tuple(p for p in phones if p[0] != "pau")
    return Speech(samples, tuple(words), spans, spoken)


_FESTIVAL_HEAD = """(voice_ked_diphone)
(define (say path text stretch mean)
  (Parameter.set 'Duration_Stretch stretch)
  (set! int_lr_params (list (list 'target_f0_mean mean) (list 'target_f0_std 14)
    (list 'model_f0_mean 170) (list 'model_f0_std 34)))
  (let ((u (utt.synth (eval (list 'Utterance 'Text text)))))
    (utt.save.wave u path 'riff)
    (format t "UTT %s" path)
    (mapcar (lambda (s) (format t " %s:%s" (item.name s) (item.feat s 'end)))
      (utt.relation.items u 'Segment))
    (format t "\\n")))
"""

FestivalJob = tuple[str, float, int]
"""Text, duration stretch and mean pitch (Hz) of one festival utterance."""


def festival(jobs: Sequence[FestivalJob], lexicon_: dict[str, list[str]]) -> list[Speech | None]:
    """Say all ``jobs`` with the voice ked in one festival process."""
    with tempfile.TemporaryDirectory() as folder:
        lines = [_FESTIVAL_HEAD]
        for i, (text, stretch, mean) in enumerate(jobs):
            safe = text.replace('"', "")
            lines.append(f'(say "{folder}/{i}.wav" "{safe}" {stretch} {mean})')
        script = Path(folder) / "job.scm"
        script.write_text("\n".join(lines))
        found: dict[str, list[Phone]] = {}
        for line in _run("festival", "-b", str(script)).splitlines():
            if line.startswith("UTT "):
                path, _, listing = line[4:].partition(" ")
                found[Path(path).stem] = _flite_phones(listing)
        return [
            _speech(job[0], _load(Path(folder) / f"{i}.wav"), found[str(i)], lexicon_)
            for i, job in enumerate(jobs)
        ]
