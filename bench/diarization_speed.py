"""How long diarization takes with pyannote's pipeline, ours and stock, in one run.

    python -m bench.diarization_speed [--minutes N] [--tiny]

The pipeline has the layout and the shapes of «community-1» (PyanNet, WeSpeaker ResNet34,
PLDA, VBx). Its weights are random, those of the segmentation too: the networks take as long
as trained ones, but how many voices a window holds, so how many embeddings are made, and what
the clustering finds (it is told six speakers) are chance. The sound is the project's sample,
repeated.
Both hand over the same sound in memory, on the same device, and have to give the same
spans. With a graphics card 90 minutes are taken, else one, which says nothing of a card.
Exits with 1 where the spans differ, or 90 minutes take a card longer than the limit.
"""

import argparse
import time
import warnings
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from transcribe import SpeakerSpan, TranscribeOptions
from transcribe.audio import SAMPLE_RATE, Samples, decode
from transcribe.checkpoints import NoCheckpoints
from transcribe.models.manifest import MANIFEST, sha256_of, sums_text

ROOT = Path(__file__).parent.parent
SPEAKERS = 6
LONG = 90.0
"""Minutes that a graphics card is given."""
LIMIT = 45.0
"""Seconds that LONG minutes may take there."""
CONFIG = """
dependencies: {pyannote.audio: 4.0.0}
pipeline:
  name: pyannote.audio.pipelines.SpeakerDiarization
  params:
    clustering: VBxClustering
    segmentation: $model/segmentation
    segmentation_batch_size: 32
    embedding: $model/embedding
    embedding_batch_size: 32
    embedding_exclude_overlap: true
    plda: $model/plda
params:
  clustering: {threshold: 0.6, Fa: 0.07, Fb: 0.8}
  segmentation: {min_duration_off: 0.0}
"""


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of the two networks."""

    hidden: int
    layers: int
    mels: int
    seconds: float


COMMUNITY = Shape(hidden=128, layers=4, mels=80, seconds=10.0)
TINY = Shape(hidden=16, layers=1, mels=8, seconds=5.0)


def make_pipeline(folder: Path, shape: Shape) -> Path:
    """Write a pipeline of random weights that its manifest vouches for."""
    for part in ("segmentation", "embedding", "plda"):
        (folder / part).mkdir(parents=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        save_models(folder, shape)
    axes = np.linalg.qr(np.random.default_rng(0).normal(size=(256, 128)))[0]
    plda = folder / "plda"
    np.savez(plda / "xvec_transform.npz", mean1=np.zeros(256), mean2=np.zeros(128), lda=axes)
    np.savez(plda / "plda.npz", mu=np.zeros(128), tr=np.eye(128), psi=np.linspace(2, 1, 128))
    (folder / "config.yaml").write_text(CONFIG)
    vouch(folder)
    return folder


def vouch(folder: Path) -> None:
    """Write the manifest of a folder as it now is."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST]
    sums = {path.relative_to(folder).as_posix(): sha256_of(path) for path in files}
    (folder / MANIFEST).write_bytes(sums_text(sums))


def save_models(folder: Path, shape: Shape) -> None:
    """Write both networks as Lightning checkpoints."""
    from transcribe import pyannote_diariser  # noqa: F401  # first: it switches telemetry off

    # isort: split
    import torch
    from pyannote.audio.core.task import Problem, Resolution, Specifications
    from pyannote.audio.models.embedding import WeSpeakerResNet34
    from pyannote.audio.models.segmentation import PyanNet

    torch.manual_seed(0)
    segmentation: Any = PyanNet(
        lstm={"hidden_size": shape.hidden, "num_layers": shape.layers},
        linear={"hidden_size": shape.hidden, "num_layers": 2},
    )
    segmentation.specifications = Specifications(
        problem=Problem.MONO_LABEL_CLASSIFICATION, resolution=Resolution.FRAME,
        duration=shape.seconds, min_duration=None, warm_up=(0.0, 0.0),
        classes=["one", "two", "three"], powerset_max_classes=2, permutation_invariant=True,
    )  # fmt: skip
    segmentation.build()
    torch.nn.init.normal_(segmentation.classifier.weight, std=5.0)
    embedding: Any = WeSpeakerResNet34(num_mel_bins=shape.mels)
    embedding.specifications = Specifications(
        problem=Problem.REPRESENTATION, resolution=Resolution.CHUNK, duration=3.0,
        min_duration=1.0, classes=["one", "two"],
    )  # fmt: skip
    for model, name in ((segmentation, "segmentation"), (embedding, "embedding")):
        checkpoint = {
            "state_dict": model.state_dict(), "hyper_parameters": dict(model.hparams),
            "pytorch-lightning_version": version("pytorch-lightning"), "epoch": 0,
            "global_step": 0,
        }  # fmt: skip
        model.on_save_checkpoint(checkpoint)
        torch.save(checkpoint, folder / name / "pytorch_model.bin")


def by_stock(
    samples: Samples, folder: Path, **counts: int
) -> tuple[tuple[SpeakerSpan, ...], tuple[SpeakerSpan, ...], float]:
    """Give what pyannote's own pipeline finds, and the seconds that took without loading."""
    import torch
    from pyannote.audio import Pipeline

    from transcribe.pyannote_diariser import _spans

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pipeline: Any = Pipeline.from_pretrained(folder)
        if torch.cuda.is_available():
            pipeline.to(torch.device("cuda"))
        started = time.perf_counter()
        sound = {"waveform": torch.from_numpy(samples)[None], "sample_rate": SAMPLE_RATE}
        found = pipeline(sound, **counts)
        took = time.perf_counter() - started
    names: dict[str, str] = {}
    exclusive = _spans(found.exclusive_speaker_diarization, names)
    return exclusive, _spans(found.speaker_diarization, names), took


def by_us(
    samples: Samples, folder: Path
) -> tuple[tuple[SpeakerSpan, ...], tuple[SpeakerSpan, ...], float]:
    """Give what ours finds, and the seconds that took without loading."""
    from transcribe import pyannote_diariser

    pyannote_diariser._load(folder)
    started = time.perf_counter()
    found = pyannote_diariser.diarise(
        samples, TranscribeOptions(speakers=SPEAKERS), folder, lambda done, total: None,
        NoCheckpoints(),
    )  # fmt: skip
    return *found, time.perf_counter() - started


def long_sound(minutes: float) -> Samples:
    """Repeat the project's sample for so long."""
    with (ROOT / "demo" / "sample.opus").open("rb") as stream:
        sample = decode(stream).samples
    wanted = round(minutes * 60 * SAMPLE_RATE)
    return np.tile(sample, -(-wanted // len(sample)))[:wanted]


def measure(minutes: float, shape: Shape) -> tuple[list[str], bool]:
    """Run both; give the lines of the table, and whether what is asked was reached."""
    import torch

    card = torch.cuda.is_available()
    samples = long_sound(minutes)
    lines = []
    with TemporaryDirectory() as folder:
        made = make_pipeline(Path(folder) / "community-1", shape)
        results = []
        for name, run in (("ours", by_us), ("stock", by_stock_of_six)):
            if card:
                torch.cuda.reset_peak_memory_stats()
            *spans, took = run(samples, made)
            results.append((spans, took))
            peak = f"{torch.cuda.max_memory_allocated() / 1e9:.1f} GB" if card else "no card"
            lines.append(
                f"| {name} | {device()} | {minutes:g} min | {took:.1f} | "
                f"{minutes * 60 / took:.1f}x | {peak} |"
            )
    (ours, quick), (stock, slow) = results
    same = "the same spans" if ours == stock else "NOT the same spans"
    lines.append(
        f"\nOurs is {slow / quick:.1f} times as fast as stock, and gives {same}. All weights, the "
        "segmentation's too, are random: how many voices they hear is chance."
    )
    if not card:
        lines.insert(2, f"| ours | graphics card, 90 min, limit {LIMIT:g} s | not measured | | | |")
    on_time = not card or shape != COMMUNITY or minutes < LONG or quick <= LIMIT
    return lines, ours == stock and on_time


def by_stock_of_six(samples: Samples, folder: Path) -> Any:
    """Give what stock finds when it is told the number of speakers."""
    return by_stock(samples, folder, num_speakers=SPEAKERS)


def device() -> str:
    """Name what computes."""
    import torch

    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return f"{torch.get_num_threads()} cores"


def main() -> int:
    """Print the table."""
    import torch

    parser = argparse.ArgumentParser(prog="python -m bench.diarization_speed")
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--tiny", action="store_true", help="networks too small to say anything")
    given = parser.parse_args()
    minutes = given.minutes or (LONG if torch.cuda.is_available() else 1.0)
    print("| who | on | sound | seconds | times real time | peak of the card |")
    print("|---|---|--:|--:|--:|--:|")
    lines, reached = measure(minutes, TINY if given.tiny else COMMUNITY)
    print("\n".join(lines))
    return 0 if reached else 1


if __name__ == "__main__":
    raise SystemExit(main())
