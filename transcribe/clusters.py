"""Which voice is which: cluster embeddings, estimate their number, smooth over time. Pure.

No constant here was fitted to a recording. The number of speakers is the one with the
greatest mean silhouette (Rousseeuw 1987), computed without pairs of windows that share
sound: such pairs are alike whoever speaks, and would vote for ever smaller clusters.
Change points come from a hidden Markov model whose likelihoods are a shrunken linear
discriminant learnt from the recording's own clusters and whose chances of changing
speaker are counted in the recording itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Labels = NDArray[np.int64]

FEWEST: Final = 2
"""A conversation has two voices; a monologue has to be announced (``--speakers 1``)."""
MOST: Final = 12
"""More than this around one table is not a focus group; can be raised by ``max_speakers``."""
_CLUSTERED_AT_ONCE: Final = 3000
"""Windows that are clustered; in longer recordings the others follow their nearest cluster."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many speakers there may be."""

    fewest: int = FEWEST
    most: int = MOST

    @classmethod
    def of(cls, given: int | None, fewest: int | None, most: int | None) -> "Bounds":
        """Read the user's wishes: an exact number wins over bounds."""
        if given is not None:
            return cls(given, given)
        low = fewest if fewest is not None else min(FEWEST, most or FEWEST)
        return cls(low, max(low, most if most is not None else MOST))


def cluster(embeddings: Matrix, times: Matrix, window: float, bounds: Bounds) -> Labels:
    """Label each embedding (taken at ``times``, each hearing ``window`` seconds) with a voice."""
    count = len(embeddings)
    if count == 0 or bounds.most <= 1 or count <= bounds.fewest:
        return np.arange(count) if 1 < count <= bounds.fewest else np.zeros(count, np.int64)
    step = -(-count // _CLUSTERED_AT_ONCE)
    chosen = np.arange(0, count, step)
    centred = _centre(embeddings)
    labels = _best_partition(centred[chosen], times[chosen], window, bounds)
    if step == 1:
        return labels
    means = np.stack([centred[chosen][labels == one].mean(axis=0) for one in np.unique(labels)])
    return np.asarray((centred @ _unit(means).T).argmax(axis=1), dtype=np.int64)


def _centre(embeddings: Matrix) -> Matrix:
    """Take out what all windows share: the room and the microphone."""
    return _unit(embeddings - embeddings.mean(axis=0))


def _unit(rows: Matrix) -> Matrix:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, 1e-12), dtype=np.float64)


def _best_partition(points: Matrix, times: Matrix, window: float, bounds: Bounds) -> Labels:
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    distances = np.clip(1.0 - points @ points.T, 0.0, None)
    distances = (distances + distances.T) / 2
    np.fill_diagonal(distances, 0.0)
    tree = linkage(squareform(distances, checks=False), "average")
    share_sound = np.abs(times[:, None] - times[None]) < window - 1e-6
    best: Labels = np.zeros(len(points), np.int64)
    best_score = -np.inf
    for number in range(max(1, bounds.fewest), min(bounds.most, len(points) - 1) + 1):
        labels = np.asarray(fcluster(tree, number, "maxclust"), dtype=np.int64) - 1
        score = silhouette(distances, labels, share_sound) if number > 1 else 0.0
        if score > best_score:
            best, best_score = labels, score
    return best


def silhouette(distances: Matrix, labels: Labels, ignored: NDArray[np.bool_]) -> float:
    """Mean silhouette, leaving out ``ignored`` pairs; a point left alone counts as 0."""
    counted = (~ignored).astype(np.float64)
    np.fill_diagonal(counted, 0.0)
    members = np.eye(int(labels.max()) + 1)[labels]
    weights = counted @ members
    with np.errstate(invalid="ignore", divide="ignore"):
        means = (distances * counted) @ members / weights
    rows = np.arange(len(labels))
    own = means[rows, labels].copy()
    means[rows, labels] = np.inf
    other = np.where(np.isnan(means), np.inf, means).min(axis=1)
    usable = np.isfinite(own) & np.isfinite(other)
    score = np.zeros(len(labels))
    largest = np.maximum(np.maximum(own[usable], other[usable]), 1e-12)
    score[usable] = (other[usable] - own[usable]) / largest
    return float(score.mean())


def likelihoods(examples: Matrix, labels: Labels, points: Matrix) -> Matrix:
    """Log-likelihood (up to a constant) of each voice for each point."""
    voices, present = int(labels.max()) + 1, np.unique(labels)
    if len(present) == 1 or len(examples) <= len(present):
        return np.where(np.isin(np.arange(voices), present), np.zeros((len(points), 1)), -1e3)
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    model: Any = LinearDiscriminantAnalysis(
        solver="lsqr", shrinkage="auto", priors=np.full(len(present), 1 / len(present))
    )
    model.fit(examples, labels)
    found = np.full((len(points), voices), -np.inf)
    found[:, present] = model.predict_log_proba(points).reshape(len(points), len(present))
    return np.asarray(np.maximum(found, -1e3), dtype=np.float64)


def smooth(scores: Matrix, first_of_region: NDArray[np.bool_], start: Labels) -> Labels:
    """Viterbi path; how often speakers change inside and between regions is counted in ``start``.

    ``scores`` are log-likelihoods by frame and voice, already divided by how many
    neighbouring frames hear the same sound.
    """
    frames, voices = scores.shape
    if voices == 1 or frames == 0:
        return np.zeros(frames, np.int64)
    changed = np.diff(start, prepend=start[:1]) != 0
    inside = _transition(changed[~first_of_region], voices)
    between = _transition(changed[first_of_region], voices)
    best = np.empty((frames, voices), np.int64)
    total = scores[0].copy()
    for frame in range(1, frames):
        ways = total[:, None] + (between if first_of_region[frame] else inside)
        best[frame] = ways.argmax(axis=0)
        total = ways[best[frame], np.arange(voices)] + scores[frame]
    path = np.empty(frames, np.int64)
    path[-1] = int(total.argmax())
    for frame in range(frames - 1, 0, -1):
        path[frame - 1] = best[frame, path[frame]]
    return path


def _transition(changes: Sequence[bool] | NDArray[np.bool_], voices: int) -> Matrix:
    """Log-chances of going from voice to voice (Laplace's rule of succession)."""
    count = len(changes)
    change = (float(np.sum(changes)) + 1) / (count + 2)
    matrix = np.full((voices, voices), np.log(change / (voices - 1)))
    np.fill_diagonal(matrix, np.log1p(-change))
    return matrix
