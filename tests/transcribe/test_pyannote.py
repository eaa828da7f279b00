"""Who speaks when with pyannote.audio: offline, checked, in steps, like pyannote itself.

The pipeline is laid out like «community-1», with its own kinds of models; they are untrained
and narrow. What they say is nonsense, but it is the same nonsense pyannote's own code makes.
"""

import json
import os
import socket
import subprocess
import sys
import tracemalloc
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.diarization_speed import CONFIG, TINY, by_stock, make_pipeline, measure, vouch
from secure_storage import BadInput, FokusError
from transcribe import TranscribeOptions
from transcribe.audio import Samples, decode
from transcribe.checkpoints import NoCheckpoints
from transcribe.diarise import Diarization, diarise
from transcribe.models.manifest import MANIFEST
from transcribe.windows import Region


def nothing(done: int, total: int) -> None:
    pass


@pytest.fixture(scope="module", autouse=True)
def quiet() -> Iterator[None]:
    """Keep what pyannote's libraries say on import out of every test."""
    os.environ["PYANNOTE_METRICS_ENABLED"] = "0"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.fixture
def make_folder(tmp_path: Path, made: Path) -> Callable[..., Path]:
    """Copy the pipeline, with another config if wanted, and vouch for it."""
    import shutil

    def copy(config: str = CONFIG) -> Path:
        folder = tmp_path / "community-1"
        shutil.copytree(made, folder)
        (folder / "config.yaml").write_text(config)
        vouch(folder)
        return folder

    return copy


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, quiet: None) -> Path:
    return make_pipeline(tmp_path_factory.mktemp("models") / "community-1", TINY)


@pytest.fixture(scope="module")
def samples(spoken_wav: Path) -> Samples:
    with spoken_wav.open("rb") as stream:
        return decode(stream).samples[: 16_000 * 9 + 1234]


def run(
    samples: Samples, folder: Path, kept: Any = None, progress: Any = nothing, **options: Any
) -> Diarization:
    region = (Region(0.0, len(samples) / 16_000),)
    return diarise(
        samples, region, TranscribeOptions(**options), folder, progress, kept or NoCheckpoints()
    )


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({}, {}),
        ({"min_speakers": 2, "max_speakers": 2}, {"min_speakers": 2, "max_speakers": 2}),
    ],
)
def test_it_says_what_pyannote_itself_says(
    made: Path, samples: Samples, ours: dict[str, int], theirs: dict[str, int]
) -> None:
    found = run(samples, made, **ours)
    exclusive, overlapping, _ = by_stock(samples, made, **theirs)
    assert len(overlapping) > 1
    assert found.exclusive == exclusive
    assert found.overlapping == overlapping
    if ours:
        assert len({span.speaker for span in found.overlapping}) == 2
    ordered = sorted(found.exclusive)
    assert all(a.end <= b.start + 0.001 for a, b in zip(ordered, ordered[1:], strict=False))


def test_the_whole_of_it_asks_no_network(
    made: Path, samples: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []

    def refuse(*_: object, **__: object) -> None:
        calls.append("network")
        raise OSError("no network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    from transcribe import pyannote_diariser

    pyannote_diariser._loaded.cache_clear()
    found = run(samples[: 16_000 * 6], made)
    assert calls == []
    assert found.method.startswith("pyannote.audio 4") and "community-1" in found.method


def test_telemetry_is_off_before_the_library_is_imported() -> None:
    code = (
        "import json, os, sys, warnings; warnings.simplefilter('ignore')\n"
        "import transcribe.diarise\n"
        "early = [n for n in ('torch', 'pyannote.audio') if n in sys.modules]\n"
        "import transcribe.pyannote_diariser\n"
        "from pyannote.audio.telemetry.metrics import is_metrics_enabled\n"
        "print(json.dumps([early, is_metrics_enabled(), os.environ['OTEL_SDK_DISABLED']]))"
    )
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYANNOTE", "OTEL", "HF_"))
    }
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=clean, check=True
    )
    assert json.loads(done.stdout) == [[], False, "true"]


class Opened:
    """Stands for a program in a pickle: leaves a trace if it is ever opened."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.trace,))


def test_weights_nobody_vouches_for_are_never_opened(
    make_folder: Callable[..., Path], samples: Samples, tmp_path: Path
) -> None:
    import pickle

    folder = make_folder()
    trace = tmp_path / "opened"
    weights = folder / "embedding" / "pytorch_model.bin"
    weights.write_bytes(pickle.dumps(Opened(trace)))
    with pytest.raises(BadInput, match="not the file it should be"):
        run(samples, folder)
    (folder / MANIFEST).unlink()
    with pytest.raises(BadInput, match="Nobody vouches"):
        run(samples, folder)
    assert not trace.exists()


def test_other_weights_in_the_same_folder_are_loaded_and_named(
    make_folder: Callable[..., Path], samples: Samples
) -> None:
    from transcribe.models.manifest import sha256_of
    from transcribe.pyannote_diariser import _load

    folder = make_folder()
    first, method = _load(folder), run(samples[: 16_000 * 6], folder).method
    assert sha256_of(folder / MANIFEST)[:12] in method
    (folder / "config.yaml").write_text(f"{CONFIG}\n# of another day\n")
    with pytest.raises(BadInput, match="not the file it should be"):
        _load(folder)
    vouch(folder)
    assert _load(folder) is not first
    assert run(samples[: 16_000 * 6], folder).method != method


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ("pipeline: {}", "KeyError"),
        (CONFIG.replace("$model/embedding", "somebody/embedding"), "outside its folder"),
        (CONFIG.replace("$model/embedding", "$model/../embedding"), "outside its folder"),
        (CONFIG.replace("SpeakerDiarization", "Resegmentation"), "not a speaker diarization"),
    ],
)
def test_a_pipeline_that_cannot_be_used_is_named(
    make_folder: Callable[..., Path], samples: Samples, config: str, why: str
) -> None:
    with pytest.raises(FokusError, match=f"cannot be loaded.*{why}.*remove the folder"):
        run(samples, make_folder(config))


def test_a_killed_job_does_one_step_again_and_ends_the_same(
    made: Path, samples: Samples, monkeypatch: pytest.MonkeyPatch, mortal: Callable[..., Any]
) -> None:
    from transcribe import pyannote_diariser

    monkeypatch.setattr(pyannote_diariser, "_STEP", 4)
    whole, kept = mortal(), mortal(most=2)
    expected = run(samples, made, whole)
    assert len(whole.data) == 3  # ten windows, half a second apart
    with pytest.raises(InterruptedError):
        run(samples, made, kept)
    kept.most = 1000
    told: list[tuple[int, int]] = []
    assert run(samples, made, kept, lambda *step: told.append(step)) == expected
    assert kept.data == whole.data
    assert told == [(8, 10), (10, 10)]


def test_steps_of_other_weights_are_not_taken_up(
    made: Path, make_folder: Callable[..., Path], samples: Samples, mortal: Callable[..., Any]
) -> None:
    short, kept = samples[: 16_000 * 5], mortal()
    run(short, made, kept)
    run(short, make_folder(CONFIG + "\n"), kept)
    assert len(kept.data) == 2


@pytest.mark.parametrize("seconds", [0.2, 5.0, 5.1])
def test_recordings_about_as_long_as_a_window(made: Path, samples: Samples, seconds: float) -> None:
    short = samples[: round(seconds * 16_000)]
    assert run(short, made).overlapping == by_stock(short, made)[1]


def test_a_batch_for_which_there_is_no_memory_is_halved() -> None:
    import torch

    from transcribe.pyannote_diariser import _halving

    sizes: list[int] = []

    def work(rows: torch.Tensor) -> np.ndarray:
        sizes.append(len(rows))
        if len(rows) > 2:
            raise torch.OutOfMemoryError
        return rows.numpy()

    rows = torch.arange(7.0)
    assert _halving(work, 8, rows).tolist() == rows.tolist()
    assert sizes == [7, 4, 2, 2, 2, 1]

    def never(rows: torch.Tensor) -> np.ndarray:
        raise MemoryError

    with pytest.raises(FokusError, match="not enough memory"):
        _halving(never, 4, rows)


def long_talk(windows: int, speakers: int) -> tuple[Any, np.ndarray, Any]:
    """What pyannote's reconstruction is given: windows of 10 s each second."""
    from pyannote.core import SlidingWindow, SlidingWindowFeature

    rng = np.random.default_rng(1)
    heard = (rng.random((windows, 1, 3)) < 0.4).astype(np.float32).repeat(589, axis=1)
    chunks = SlidingWindowFeature(heard, SlidingWindow(duration=10.0, step=1.0, start=0.0))
    clusters = rng.integers(0, speakers, (windows, 3))
    clusters[heard[:, 0] == 0] = -2
    clusters[0, 0] = speakers - 1
    frames = SlidingWindow(duration=0.0619375, step=0.016875, start=0.0)
    number = frames.closest_frame(9.0 + windows + 0.5 * frames.duration) + 1
    count = rng.integers(0, 3, (number, 1)).astype(np.uint8)
    return chunks, clusters, SlidingWindowFeature(count, frames)


def test_memory_does_not_grow_with_windows_times_frames_times_speakers(made: Path) -> None:
    from pyannote.audio.pipelines import SpeakerDiarization

    from transcribe.pyannote_diariser import _load

    pipeline = _load(made)
    given = long_talk(windows=900, speakers=8)
    tracemalloc.start()
    ours = pipeline.reconstruct(*given)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    stock = SpeakerDiarization.reconstruct(pipeline, *given)
    _, stock_peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (ours.data == stock.data).all()
    assert ours.sliding_window.step == stock.sliding_window.step
    assert peak < stock_peak / 3


def test_a_very_long_recording_clusters_every_other_voice(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pyannote.core import SlidingWindow, SlidingWindowFeature

    from transcribe import pyannote_diariser

    pipeline = pyannote_diariser._load(made)
    rng = np.random.default_rng(2)
    centres = rng.normal(size=(3, 256))
    truth = np.arange(300) // 10 % 3
    voices = np.zeros((300, 3, 256))
    voices[:, 0] = centres[truth] + 0.05 * rng.normal(size=(300, 256))
    spoken = np.zeros((300, 20, 3))
    spoken[:, :, 0] = 1.0
    windows = SlidingWindowFeature(spoken, SlidingWindow(duration=10.0, step=1.0))
    monkeypatch.setattr(pyannote_diariser, "_CLUSTERED_AT_ONCE", 100)
    chosen, *_ = pipeline.clustering.filter_embeddings(voices, segmentations=windows)
    assert len(chosen) == 100
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the voices of nobody have no direction
        labels, *_ = pipeline.clustering(
            embeddings=voices, segmentations=windows, num_clusters=3, min_clusters=3,
            max_clusters=3,
        )  # fmt: skip
    assert len(set(zip(labels[:, 0].tolist(), truth.tolist(), strict=True))) == 3


def test_the_benchmark_runs_and_says_what_was_not_measured() -> None:
    lines, reached = measure(0.1, TINY)
    assert reached and "gives the same spans." in lines[-1] and "random" in lines[-1]
    assert "not measured" in lines[2] or "no card" not in lines[0]
