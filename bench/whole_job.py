"""How long a whole job takes: a sound file to a transcript with word times and speakers.

    python -m bench.whole_job [--shape large-v3] [--minutes 90] [--tiny]

The recogniser has a real shape and made-up weights (``bench.shaped``), the diarization the
shape of «community-1» and random weights (``bench.diarization_speed``), told six speakers;
the sound is the project's sample, repeated. Models are loaded within the time. On a graphics
card recognition and diarization run at once, as the steps' times show. ``--tiny`` runs the
same on toy shapes, which says nothing of a card. Exits with 1 where the limit is missed.
"""

import argparse
import time
import wave
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np

from transcribe import TranscribeOptions
from transcribe.audio import SAMPLE_RATE, decode
from transcribe.options import STEPS
from transcribe.pipeline import transcribe_audio

from .diarization_speed import COMMUNITY, SPEAKERS, TINY, device, long_sound, make_pipeline
from .shaped import shaped_checkpoint

LIMIT: Final = 60.0
"""Seconds that a job of LONG minutes may take on a graphics card."""
LONG: Final = 90.0


@dataclass(slots=True)
class Watch:
    """When each step was first and last heard of, in seconds since the job began."""

    began: float = field(default_factory=time.perf_counter)
    steps: dict[int, tuple[float, float]] = field(default_factory=dict)

    def tell(self, step: int, done: int, total: int) -> None:
        """Note a report of progress."""
        now = time.perf_counter() - self.began
        self.steps[step] = self.steps.get(step, (now, now))[0], now


def run(sound: Path, model: Path, pipeline: Path) -> tuple[Watch, float, int]:
    """Do the job; give the times of its steps, the seconds of the whole, and its words."""
    options = TranscribeOptions(model=str(model), language="en", speakers=SPEAKERS)
    watch = Watch()
    watch.tell(0, 0, 1)
    with sound.open("rb") as stream:
        samples = decode(stream).samples
    watch.tell(0, 1, 1)
    made = transcribe_audio(samples, options, watch.tell, pyannote=pipeline)
    took = time.perf_counter() - watch.began
    words = sum(len(one.words) for turn in made.turns for one in turn.sentences)
    return watch, took, words


def write_sound(minutes: float, path: Path) -> Path:
    """Write so much of the repeated sample as WAV."""
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(SAMPLE_RATE)
        out.writeframes((np.clip(long_sound(minutes), -1, 1) * 32767).astype(np.int16).tobytes())
    return path


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    import torch

    parser = argparse.ArgumentParser(prog="python -m bench.whole_job")
    parser.add_argument("--shape", default="large-v3")
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--tokens", type=int, default=120, help="words in a window")
    parser.add_argument("--tiny", action="store_true", help="networks too small to say anything")
    given = parser.parse_args(arguments)
    card = torch.cuda.is_available() and not given.tiny
    minutes = given.minutes or (LONG if card else 0.5)
    shape, tokens = ("toy", 12) if given.tiny else (given.shape, given.tokens)
    with TemporaryDirectory() as name:
        folder = Path(name)
        sound = write_sound(minutes, folder / "talk.wav")
        model = shaped_checkpoint(shape, tokens, folder / f"{shape}.pt")
        pipeline = make_pipeline(folder / "community-1", TINY if given.tiny else COMMUNITY)
        watch, took, words = run(sound, model, pipeline)
    print("| shape | on | sound | step | begins, s | ends, s |\n|---|---|--:|---|--:|--:|")
    place = f"| {shape} | {device()} | {minutes:g} min"
    for step, (first, last) in sorted(watch.steps.items()):
        print(f"{place} | {STEPS[step]} | {first:.1f} | {last:.1f} |")
    print(f"{place} | whole job, {words} words | 0.0 | {took:.1f} |")
    if not card:
        print(f"| {given.shape} | graphics card | {LONG:g} min | whole job, limit {LIMIT:g} s "
              "| | not measured |")  # fmt: skip
    return int(card and minutes >= LONG and took > LIMIT)


if __name__ == "__main__":
    raise SystemExit(main())
