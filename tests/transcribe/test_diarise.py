"""Who speaks when: the built-in diarizer on real voices, and pyannote's pipeline offline."""

import socket
from pathlib import Path

import numpy as np
import pytest

from secure_storage import FokusError
from transcribe import SpeakerSpan, TranscribeOptions
from transcribe.audio import decode
from transcribe.clusters import Bounds, cluster, likelihoods, silhouette, smooth
from transcribe.diarise import diarise
from transcribe.evaluate import diarization_scores
from transcribe.formats import read_rttm
from transcribe.speech import speech_probabilities
from transcribe.windows import Region, speech_regions

RNG = np.random.default_rng(3)


def nothing(done: int, total: int) -> None:
    pass


def regions_of(samples: np.ndarray) -> tuple[Region, ...]:
    return speech_regions(speech_probabilities(samples), len(samples) / 16_000)


def voices(count: int, windows: int, spread: float = 0.3) -> tuple[np.ndarray, np.ndarray]:
    """Embeddings of ``count`` speakers who take turns of ten windows."""
    centres = RNG.normal(size=(count, 64))
    truth = np.arange(windows) // 10 % count
    points = centres[truth] + RNG.normal(size=(windows, 64)) * spread + 5
    return points, truth


def agree(found: np.ndarray, truth: np.ndarray) -> bool:
    pairs = set(zip(found.tolist(), truth.tolist(), strict=True))
    return len(pairs) == len(set(found.tolist())) == len(set(truth.tolist()))


@pytest.mark.parametrize("count", [2, 3, 6, 9])
def test_the_number_of_voices_is_found(count: int) -> None:
    points, truth = voices(count, count * 30)
    times = np.arange(len(points)) * 0.4
    assert agree(cluster(points, times, 1.6, Bounds()), truth)


def test_a_given_number_is_kept() -> None:
    points, _ = voices(3, 90)
    times = np.arange(90) * 0.4
    for wanted in (1, 2, 5):
        labels = cluster(points, times, 1.6, Bounds.of(wanted, None, None))
        assert len(set(labels.tolist())) == wanted


def test_bounds_hold() -> None:
    points, _ = voices(6, 180)
    times = np.arange(180) * 0.4
    assert len(set(cluster(points, times, 1.6, Bounds.of(None, None, 4)).tolist())) <= 4
    assert len(set(cluster(points, times, 1.6, Bounds.of(None, 8, None)).tolist())) >= 8


@pytest.mark.parametrize("windows", [0, 1, 2, 3])
def test_next_to_nothing_is_no_trouble(windows: int) -> None:
    points = RNG.normal(size=(windows, 8))
    assert len(cluster(points, np.arange(windows) * 0.4, 1.6, Bounds())) == windows


def test_windows_that_share_sound_do_not_vote() -> None:
    distances = np.array([[0.0, 0.1, 1.0], [0.1, 0.0, 1.0], [1.0, 1.0, 0.0]])
    labels = np.array([0, 0, 1])
    none = np.zeros((3, 3), bool)
    shared = none.copy()
    shared[0, 1] = shared[1, 0] = True
    assert silhouette(distances, labels, none) == pytest.approx(0.6)
    assert silhouette(distances, labels, shared) == 0.0


def test_smoothing_removes_flicker_but_keeps_turns() -> None:
    truth = np.repeat([0, 1, 0], [40, 30, 40])
    scores = np.where(truth[:, None] == np.arange(2), 0.0, -1.0)
    scores[10] = [-1.0, 0.0]  # one frame of the other voice
    begins = np.zeros(len(truth), bool)
    begins[0] = True
    assert smooth(scores, begins, truth).tolist() == truth.tolist()


def test_voices_are_learnt_from_their_examples() -> None:
    points, truth = voices(3, 120)
    scores = likelihoods(points[:90], truth[:90], points)
    assert (scores.argmax(axis=1) == truth).all()
    assert likelihoods(points, np.zeros(120, np.int64), points).shape == (120, 1)


def test_two_people_on_a_telephone_are_told_apart(spoken_wav: Path) -> None:
    with spoken_wav.open("rb") as stream:
        samples = decode(stream).samples
    told: list[tuple[int, int]] = []
    found = diarise(
        samples, regions_of(samples), TranscribeOptions(), None, lambda *step: told.append(step)
    )
    assert found.speakers == 2
    assert found.exclusive[0].speaker == "S1"
    assert "built-in" in found.method
    ordered = sorted(found.exclusive)
    assert all(a.end <= b.start for a, b in zip(ordered, ordered[1:], strict=False))
    truth = read_rttm(spoken_wav.with_suffix(".rttm").read_text())
    der, _, _, confusion = diarization_scores(truth, found.exclusive)
    assert der is not None and der < 0.25
    assert confusion is not None and confusion < 0.15
    assert told[-1][0] == told[-1][1]


def test_silence_has_no_speakers() -> None:
    assert (
        diarise(np.zeros(16_000, np.float32), (), TranscribeOptions(), None, nothing).speakers == 0
    )


@pytest.fixture(scope="module")
def pyannote_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pipeline laid out like community-1, its small models untrained."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _make_pipeline(tmp_path_factory.mktemp("models") / "pyannote")


def _make_pipeline(folder: Path) -> Path:
    import os

    os.environ["PYANNOTE_METRICS_ENABLED"] = "0"
    import pytorch_lightning
    import torch
    from pyannote.audio.core.task import Problem, Resolution, Specifications
    from pyannote.audio.models.embedding import XVectorMFCC
    from pyannote.audio.models.segmentation import PyanNet

    torch.manual_seed(0)
    segmentation = PyanNet(
        lstm={"hidden_size": 16, "num_layers": 1}, linear={"hidden_size": 16, "num_layers": 1}
    )
    segmentation.specifications = Specifications(
        problem=Problem.MONO_LABEL_CLASSIFICATION, resolution=Resolution.FRAME, duration=5.0,
        min_duration=None, warm_up=(0.0, 0.0), classes=["one", "two", "three"],
        powerset_max_classes=2, permutation_invariant=True,
    )  # fmt: skip
    embedding = XVectorMFCC(dimension=32)
    embedding.specifications = Specifications(
        problem=Problem.REPRESENTATION, resolution=Resolution.CHUNK, duration=3.0,
        min_duration=1.0, classes=["one", "two"],
    )  # fmt: skip
    for model, name in ((segmentation, "segmentation"), (embedding, "embedding")):
        model.build()
        model.eval()
        checkpoint = {
            "state_dict": model.state_dict(), "hyper_parameters": dict(model.hparams),
            "pytorch-lightning_version": pytorch_lightning.__version__, "epoch": 0,
            "global_step": 0,
        }  # fmt: skip
        model.on_save_checkpoint(checkpoint)
        (folder / name).mkdir(parents=True)
        torch.save(checkpoint, folder / name / "pytorch_model.bin")
    (folder / "plda").mkdir()
    same = np.eye(32)
    np.savez(
        folder / "plda" / "xvec_transform.npz", mean1=np.zeros(32), mean2=np.zeros(32), lda=same
    )
    np.savez(folder / "plda" / "plda.npz", mu=np.zeros(32), tr=same, psi=np.linspace(1, 2, 32))
    (folder / "config.yaml").write_text(PIPELINE)
    return folder


PIPELINE = """
dependencies: {pyannote.audio: 4.0.0}
pipeline:
  name: pyannote.audio.pipelines.SpeakerDiarization
  params:
    clustering: AgglomerativeClustering
    segmentation: $model/segmentation
    segmentation_batch_size: 8
    embedding: $model/embedding
    embedding_batch_size: 8
    embedding_exclude_overlap: true
    plda: $model/plda
params:
  segmentation: {min_duration_off: 0.0}
  clustering: {method: average, min_cluster_size: 2, threshold: 0.7}
"""


def test_an_installed_pipeline_runs_without_any_network(
    pyannote_folder: Path, spoken_wav: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []

    def refuse(*_: object, **__: object) -> None:
        calls.append("network")
        raise OSError("no network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    with spoken_wav.open("rb") as stream:
        samples = decode(stream).samples[: 16_000 * 8]
    region = (Region(0.0, 8.0),)
    found = diarise(samples, region, TranscribeOptions(speakers=2), pyannote_folder, nothing)
    assert calls == []
    assert "pyannote.audio 4" in found.method
    assert all(isinstance(span, SpeakerSpan) for span in found.overlapping)
    ordered = sorted(found.exclusive)
    assert all(a.end <= b.start + 0.001 for a, b in zip(ordered, ordered[1:], strict=False))


def test_a_broken_pipeline_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("pipeline: {}")
    with pytest.raises(FokusError, match="cannot be loaded"):
        diarise(
            np.zeros(16_000, np.float32), (Region(0, 1),), TranscribeOptions(), tmp_path, nothing
        )
