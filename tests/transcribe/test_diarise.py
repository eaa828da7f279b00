"""Who speaks when: the built-in diarizer on real voices."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from transcribe import TranscribeOptions, builtin_diariser
from transcribe.audio import decode
from transcribe.checkpoints import NoCheckpoints
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
        samples, regions_of(samples), TranscribeOptions(), None,
        lambda *step: told.append(step), NoCheckpoints(),
    )  # fmt: skip
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
    silent = np.zeros(16_000, np.float32)
    found = diarise(silent, (), TranscribeOptions(), None, nothing, NoCheckpoints())
    assert found.speakers == 0 and found.exclusive == ()


def test_a_killed_job_does_one_step_again_and_ends_the_same(
    spoken_wav: Path, monkeypatch: pytest.MonkeyPatch, mortal: Callable[..., Any]
) -> None:
    with spoken_wav.open("rb") as stream:
        samples = decode(stream).samples
    regions = regions_of(samples)
    monkeypatch.setattr(builtin_diariser, "_STEP", 64)
    whole = mortal()
    expected = diarise(samples, regions, TranscribeOptions(), None, nothing, whole)
    assert len(whole.data) > 3
    kept = mortal(most=2)
    with pytest.raises(InterruptedError):
        diarise(samples, regions, TranscribeOptions(), None, nothing, kept)
    kept.most = 1000
    told: list[tuple[int, int]] = []
    again = diarise(
        samples, regions, TranscribeOptions(), None, lambda *step: told.append(step), kept
    )
    assert again == expected
    assert kept.data == whole.data
    # Told before each step that is done now, and at the end: what was kept is no news.
    assert [done for done, _ in told][:2] == [128, 192]
    assert len(told) == len(whole.data) - 2 + 1


def test_the_spectrogram_in_pieces_is_that_of_the_whole(
    spoken_wav: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with spoken_wav.open("rb") as stream:
        samples = decode(stream).samples[: 16_000 * 7 + 77]
    whole = builtin_diariser._spectrogram(samples)
    monkeypatch.setattr(builtin_diariser, "_PIECE", 150)
    pieces = builtin_diariser._spectrogram(samples)
    assert pieces.shape == whole.shape == (1 + len(samples) // 160, 40)
    np.testing.assert_allclose(pieces, whole, rtol=1e-4, atol=1e-7)
