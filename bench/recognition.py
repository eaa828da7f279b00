"""How fast recordings are recognised, beside openai-whisper and faster-whisper, in one run.

    python -m bench.recognition [--shape base] [--minutes 10] [--runs 3] [--tiny]

The checkpoints have real shapes and made-up weights (``bench.shaped``), so that all write
the same number of words; word times are on in all. On a CPU it takes one shape; with a GPU
the shapes of large-v3 and turbo on 90 minutes (openai-whisper on 10 of them), with the peak
of the memory and the time against the least that the GPU could need (``bench.floor``).
``--tiny`` runs all of it on toy shapes. Prints Markdown; times are medians over the runs,
which take turns. faster-whisper takes part where it is installed. Exits with 1 where a limit
is missed: on a CPU of the base shape, on a GPU of both; ``--tiny`` has none.
"""

import argparse
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from unittest.mock import patch

import numpy as np

from transcribe.audio import SAMPLE_RATE, Samples
from transcribe.models import ModelFile
from transcribe.recognise import fastest_engine

from .floor import floor, measured_rates
from .rivals import Recogniser, Stages, faster, ours, stock
from .shaped import shaped_checkpoint

WINDOW: Final = 30.0
BASELINE: Final = 10.0
"""Minutes that openai-whisper is given at most."""
ON_GPU: Final = ("large-v3", "turbo")
LONG: Final = 90.0
"""Minutes that a GPU is given."""
REAL_TIME: Final = 300.0
"""Times real time on a GPU, at least."""
GPU_GAIN: Final = 20.0
CPU_GAIN: Final = 2.5
"""Times openai-whisper, at least; on a CPU for the base shape."""
MEMORY: Final = 24.0
"""GB of a GPU, at most."""
GPU_LIMITS: Final = (
    f"at least {REAL_TIME:g}x real time, {GPU_GAIN:g}x openai-whisper, at most {MEMORY:g} GB"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A recogniser and the sound it is given."""

    name: str
    run: Recogniser
    samples: Samples

    @property
    def minutes(self) -> float:
        """Of sound."""
        return len(self.samples) / SAMPLE_RATE / 60


@dataclass(frozen=True, slots=True)
class Timed:
    """What came out."""

    entry: Entry
    seconds: float

    @property
    def speed(self) -> float:
        """Times real time."""
        return self.entry.minutes * 60 / self.seconds


def noise(minutes: float) -> Samples:
    """Sound of whole windows; what it is makes no difference to these checkpoints."""
    count = max(1, round(minutes * 60 / WINDOW)) * round(WINDOW * SAMPLE_RATE)
    drawn = np.random.default_rng(0).standard_normal(count, dtype=np.float32)
    return drawn * np.float32(0.05)


def measured(entries: Sequence[Entry], tokens: int, runs: int) -> list[Timed]:
    """Time the recognisers in turns, after a warm-up; all have to write the same words."""
    for entry in entries:
        entry.run(entry.samples[: round(2 * WINDOW * SAMPLE_RATE)])
    spent: list[list[float]] = [[] for _ in entries]
    for _ in range(runs):
        for entry, seconds in zip(entries, spent, strict=True):
            began = time.perf_counter()
            words = entry.run(entry.samples)
            seconds.append(time.perf_counter() - began)
            expected = round(entry.minutes * 60 / WINDOW) * tokens
            if words != expected:
                raise SystemExit(f"{entry.name} wrote {words} words, not {expected}.")
    return [
        Timed(entry, statistics.median(seconds))
        for entry, seconds in zip(entries, spent, strict=True)
    ]


def table(shape: str, timed: Sequence[Timed], absent: Sequence[str]) -> None:
    """Print what came out, the first row being openai-whisper, the second ours."""
    base, own = timed[0], timed[1]
    print("| shape | recogniser | minutes | s | x real time | x openai-whisper | ours is |")
    print("|---|---|--:|--:|--:|--:|--:|")
    for one in timed:
        print(
            f"| {shape} | {one.entry.name} | {one.entry.minutes:.1f} | {one.seconds:.2f} | "
            f"{one.speed:.1f} | {one.speed / base.speed:.2f} | {own.speed / one.speed:.2f}x |"
        )
    for name in absent:
        print(f"| {shape} | {name} | | not measured | | | |")
    print()


def stages(own: Stages, total: float) -> None:
    """Print where our time went in the last run."""
    parts = own.seconds | {"rest": total - sum(own.seconds.values())}
    told = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in parts.items())
    print(f"Our last run: {told}.\n")


def peak(shape: str, run: Recogniser, samples: Samples) -> float:
    """Print how many GB of a GPU ours takes, while nothing else is loaded; 0 without one."""
    import torch

    if not torch.cuda.is_available():
        return 0.0
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    run(samples)
    taken = torch.cuda.max_memory_reserved() / 1e9
    print(f"{shape}: ours takes {taken:.1f} GB at most.\n")
    return taken


def missed(base: Timed, own: Timed, taken: float, gpu: bool) -> list[str]:
    """Name the limits that ours misses; ``base`` is openai-whisper, ``taken`` in GB."""
    gain = own.speed / base.speed
    limits = [(f"{gain:.2f}x openai-whisper", gain >= (GPU_GAIN if gpu else CPU_GAIN))]
    if gpu:
        limits.append((f"{own.speed:.0f}x real time", own.speed >= REAL_TIME))
        limits.append((f"{taken:.1f} GB", taken <= MEMORY))
    return [what for what, kept in limits if not kept]


def rivals(
    shape: str, tokens: int, minutes: float, runs: int, folder: Path
) -> tuple[Timed, Stages, list[str]]:
    """Measure everybody on one shape and print it; give ours, and the limits it misses."""
    path = shaped_checkpoint(shape, tokens, folder / f"{shape}.pt")
    file = ModelFile(f"shaped-{shape}", path)
    samples = noise(minutes)
    run, own = ours(file)
    taken = peak(shape, run, samples)
    entries = [
        Entry("openai-whisper", stock(file), noise(min(minutes, BASELINE))),
        Entry(f"Fokus: {own.engine.name}", run, samples),
    ]
    absent = []
    if "CPU" in own.engine.name:  # where the other engine might be the faster one
        other_run, beside = ours(file, "ctranslate2" if fastest_engine() == "torch" else "torch")
        entries.append(Entry(f"Fokus: {beside.engine.name}", other_run, samples))
    try:
        other, name = faster(file, folder / f"faster-{shape}")
        entries.append(Entry(name, other, samples))
    except ImportError:
        absent.append("faster-whisper (not installed)")
    timed = measured(entries, tokens, runs)
    table(shape, timed, absent)
    stages(own, timed[1].seconds)
    return timed[1], own, missed(timed[0], timed[1], taken, "CPU" not in own.engine.name)


def against_floor(shapes: Sequence[str], tokens: int, minutes: float, folder: Path) -> list[str]:
    """Measure shapes on a long recording, and how far from the floor we are.

    Gives the limits that were missed.
    """
    rates = measured_rates()
    rows, all_missed = [], []
    for shape in shapes:
        timed, own, some = rivals(shape, tokens, minutes, 1, folder)
        all_missed += [f"{shape}: {what}" for what in some]
        batch = own.engine.largest_batch
        least = floor(shape, round(minutes * 60 / WINDOW), tokens + 3, batch, rates)
        for name, ours_took, at_least in (
            ("encode", own.seconds["encode"], least.encode),
            ("decode", own.seconds["decode"], least.decode),
            ("whole", timed.seconds, least.encode + least.decode),
        ):
            rows.append(
                f"| {shape} | {batch} | {name} | {ours_took:.2f} | {at_least:.3f} | "
                f"{ours_took / at_least:.1f} |"
            )
    print(f"{rates.operations / 1e12:.2f} TFLOP/s and {rates.bytes / 1e12:.3f} TB/s measured.\n")
    print("| shape | batch | part | our s | least s | ratio |\n|---|--:|---|--:|--:|--:|")
    print("\n".join(rows), end="\n\n")
    return all_missed


def without_gpu() -> None:
    """Say what was not measured."""
    print(f"| shape | on a GPU, 90 minutes ({GPU_LIMITS}) |\n|---|---|")
    for shape in ON_GPU:
        print(f"| {shape} | not measured |")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the machine can; 1 where a limit is missed."""
    import torch

    parser = argparse.ArgumentParser(prog="python -m bench.recognition")
    parser.add_argument("--shape", default="base")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--tokens", type=int, default=120, help="words in a window")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--tiny", action="store_true")
    asked = parser.parse_args(arguments)
    gpu = torch.cuda.is_available()
    with TemporaryDirectory() as name, patch.dict("os.environ", FOKUS_MODELS=name):
        folder = Path(name)
        if asked.tiny:
            against_floor(("toy", "toy-v3"), 12, 1.0, folder)
            short = []
        elif gpu:
            short = against_floor(ON_GPU, asked.tokens, LONG, folder)
        else:
            *_, short = rivals(asked.shape, asked.tokens, asked.minutes, asked.runs, folder)
            short = short if asked.shape == "base" else []
    if asked.tiny or not gpu:
        without_gpu()
    if short:
        print(f"\nLimits missed: {'; '.join(short)}.")
    return int(bool(short))


if __name__ == "__main__":
    raise SystemExit(main())
