"""Measure the demo checkpoint: ``python -m demo.evaluate [CHECKPOINT]``.

Prints the word error rate on the sample through the product's pipeline (Silero VAD,
windows of at most 6 s cut in silence, greedy decoding with timestamps in full
precision, no previous text), how far sentence starts are from the truth, and whether
silence, noise, tones or music give text.
"""

import re
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jiwer
import numpy as np
import torch
import whisper

import demo
from demo.dsp import SAMPLE_RATE, Wave
from transcribe.audio import decode
from transcribe.pipeline import DEMO_WINDOW
from transcribe.speech import speech_probabilities
from transcribe.windows import pack, speech_regions

NO_SPEECH, UNLIKELY, REPETITIVE = 0.6, -1.0, 2.4
"""openai-whisper's own rules for throwing text away."""

NEAR = 1.5
"""A truth start with no sentence start within this many seconds counts as unmatched."""


@dataclass(frozen=True)
class Heard:
    """A sentence as the checkpoint hears it; seconds."""

    start: float
    end: float
    text: str


@dataclass(frozen=True)
class Truth:
    """A line of the STM."""

    speaker: str
    start: float
    end: float
    text: str


def read_truth() -> list[Truth]:
    """The sample's utterances."""
    rows = [r.split(maxsplit=5) for r in demo.SAMPLE_STM.read_text("utf-8").splitlines()]
    return [Truth(r[2], float(r[3]), float(r[4]), r[5]) for r in rows]


def plain(text: str) -> str:
    """Lower-case words only."""
    return " ".join(re.findall(r"[a-z']+", text.lower()))


def decode_window(model: Any, samples: Wave) -> tuple[Any, list[Heard]]:
    """Decode one window; sentences with times from the window's start."""
    mel = whisper.log_mel_spectrogram(whisper.pad_or_trim(torch.from_numpy(samples)))
    options = whisper.DecodingOptions(language="en", fp16=False, temperature=0.0)
    result = whisper.decode(model, mel, options)
    return result, sentences(result.tokens)


def sentences(tokens: Sequence[int]) -> list[Heard]:
    """Split a decoded token sequence at its timestamps."""
    t = whisper.tokenizer.get_tokenizer(multilingual=False)
    first = t.timestamp_begin
    found: list[Heard] = []
    start, text = 0.0, list[int]()
    for token in [*tokens, first + 1500]:
        if token < first:
            text.append(token)
            continue
        seconds = (token - first) * 0.02
        if text:
            found.append(Heard(start, seconds, t.decode(text).strip()))
            text = []
        start = seconds
    return found


def kept(result: Any) -> bool:
    """Whether openai-whisper's rules keep the window's text."""
    silent = result.no_speech_prob > NO_SPEECH and result.avg_logprob < UNLIKELY
    return not silent and result.compression_ratio <= REPETITIVE


def hear(model: Any, samples: Wave, vad: bool = True) -> list[Heard]:
    """All sentences of a recording, through the product's pipeline."""
    total = len(samples) / SAMPLE_RATE
    spans = [(float(at), min(total, at + 30.0)) for at in range(0, int(total), 30)]
    if vad:
        probabilities = speech_probabilities(samples)
        windows = pack(speech_regions(probabilities, total), probabilities, total, DEMO_WINDOW)
        spans = [(w.start, w.end) for w in windows]
    found: list[Heard] = []
    for low, high in spans:
        piece = samples[int(low * SAMPLE_RATE) : int(high * SAMPLE_RATE)]
        result, said = decode_window(model, piece)
        if kept(result):
            found += [Heard(low + s.start, low + min(s.end, high - low), s.text) for s in said]
    return found


def start_errors(truth: Sequence[Truth], heard: Sequence[Heard]) -> list[float]:
    """Distance (s) from each true start to the nearest sentence start, if near."""
    if not heard:
        return []
    nearest = [min(abs(h.start - t.start) for h in heard) for t in truth]
    return [d for d in nearest if d <= NEAR]


def quiet_tests() -> dict[str, Wave]:
    """Thirty seconds each of things that are not speech."""
    rng = np.random.default_rng(1)
    t = np.arange(30 * SAMPLE_RATE) / SAMPLE_RATE
    chord = sum(np.sin(2 * np.pi * f * t) * np.exp(-(t % 0.8) * 2) for f in (262, 330, 392, 523))
    noise = rng.standard_normal(len(t))
    sounds = {
        "silence": np.zeros(len(t)),
        "noise, -60 dB": noise * 1e-3,
        "noise, -30 dB": noise * 0.03,
        "tone, 440 Hz": np.sin(2 * np.pi * 440 * t) * 0.3,
        "tone, 1 kHz": np.sin(2 * np.pi * 1000 * t) * 0.1,
        "chords": np.asarray(chord) * 0.1,
    }
    return {name: wave.astype(np.float32) for name, wave in sounds.items()}


def report_sample(model: Any, show: bool) -> None:
    """Print word error rate and start times on the sample."""
    truth = read_truth()
    with demo.SAMPLE_AUDIO.open("rb") as file:
        heard = hear(model, decode(file).samples)
    said = plain(" ".join(t.text for t in truth))
    found = jiwer.process_words(said, plain(" ".join(h.text for h in heard)) or "nothing")
    print(
        f"sample: WER {100 * found.wer:.1f} % of {len(said.split())} words "
        f"({found.substitutions} other, {found.deletions} missing, {found.insertions} added)"
    )
    errors = start_errors(truth, heard)
    if errors:
        ninth = float(np.percentile(errors, 90))
        print(
            f"starts: median {statistics.median(errors):.2f} s, 90 % within {ninth:.2f} s, "
            f"{len(truth) - len(errors)} of {len(truth)} unmatched"
        )
    if show:
        for h in heard:
            print(f"  {h.start:7.2f} {h.end:7.2f} {h.text}")


def report_quiet(model: Any) -> None:
    """Print what is heard in things that are not speech."""
    for name, wave in quiet_tests().items():
        with_vad = " ".join(h.text for h in hear(model, wave))
        without = " ".join(h.text for h in hear(model, wave, vad=False))
        print(f"{name}: with VAD {with_vad!r}, without {without!r}")


def main() -> None:
    """Command line: a checkpoint (default: the shipped one) and ``--show`` for the text."""
    given = [a for a in sys.argv[1:] if not a.startswith("--")]
    path = Path(given[0]) if given else demo.CHECKPOINT
    model = whisper.load_model(str(path), device="cpu").eval()
    print(f"{path.name}: {path.stat().st_size / 1e6:.1f} MB")
    report_sample(model, "--show" in sys.argv)
    report_quiet(model)


if __name__ == "__main__":
    main()
