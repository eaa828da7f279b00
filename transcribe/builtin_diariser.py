"""Who speaks when without any installed weights: Resemblyzer's bundled voice encoder.

Works where pyannote's weights are not installed, and is worse: it hears no overlap (one
speaker at a time) and its encoder is of 2018. Two passes over the speech regions:
windows of 1.6 s (what the encoder was trained on) are clustered, then windows of 0.8 s
every 0.1 s are matched to the clusters, which puts the change points within about a
tenth of a second. Always in fp32. Only importer of resemblyzer; its file loading, its
webrtcvad and its volume normalisation are not used. Embeddings are kept in steps, so that
a killed job does at most one of them again.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .audio import SAMPLE_RATE, Samples
from .checkpoints import Checkpoints
from .clusters import Bounds, Labels, Matrix, cluster, likelihoods, smooth
from .speech import one_thread
from .transcript import SpeakerSpan
from .windows import Region

NAME: Final = "built-in (Silero VAD, Resemblyzer embeddings, average-linkage clustering)"
_FRAMES: Final = 100
"""Spectrogram frames a second, fixed by the encoder."""
_LONG: Final = 160
"""Frames the encoder was trained on: the windows that are clustered."""
_LONG_HOP: Final = 40
_SHORT: Final = 80
"""Frames of the windows that find change points: half the above, still recognisable."""
_SHORT_HOP: Final = 10
_PAUSE: Final = 0.3
"""Seconds; shorter pauses do not end a stretch of speech (NIST Rich Transcription rule)."""
_BATCH: Final = 256
"""Windows embedded at once."""
_STEP: Final = 2048
"""Windows between two checkpoints: some three minutes of talk."""
_PIECE: Final = 60 * _FRAMES
"""Frames whose spectrum is computed at once: that of 90 minutes would take 1.3 GB."""
_CONTEXT: Final = 3
"""Frames beside a piece that its own frames hear: a frame is two and a half hops long."""
_ROUNDS: Final = 2
"""Times the voices are learnt anew from the smoothed labels."""

Span = tuple[int, int]
"""First and last (exclusive) spectrogram frame."""


def diarise(
    samples: Samples,
    regions: Sequence[Region],
    bounds: Bounds,
    progress: Callable[[int, int], None],
    kept: Checkpoints,
) -> tuple[SpeakerSpan, ...]:
    """Label speech regions with speakers; labels are S1, S2 … by first appearance.

    ``progress`` counts windows; steps found in ``kept`` are not done again.
    """
    stretches = _stretches(regions)
    if not stretches:
        return ()
    spectrogram = _spectrogram(samples)
    long = [span for one in stretches for span in _spans(one, _LONG, _LONG_HOP)]
    short = [span for one in stretches for span in _spans(one, _SHORT, _SHORT_HOP)]
    found = _embed(spectrogram, [*long, *short], progress, kept)
    coarse, fine = found[: len(long)], found[len(long) :]
    labels = _label(long, coarse, short, fine, stretches, bounds)
    return _name(_join(stretches, labels))


def _stretches(regions: Sequence[Region]) -> list[Region]:
    joined: list[Region] = []
    for region in regions:
        if joined and region.start - joined[-1].end < _PAUSE:
            joined[-1] = Region(joined[-1].start, region.end)
        else:
            joined.append(region)
    return joined


def _spans(region: Region, length: int, hop: int) -> list[Span]:
    """Windows of ``length`` around each ``hop``, pushed inside the region where it ends."""
    first, last = round(region.start * _FRAMES), round(region.end * _FRAMES)
    last = max(last, first + 1)
    if last - first <= length:
        count = max(1, -(-(last - first) // hop))
        return [(first, last)] * (count if hop == _SHORT_HOP else 1)
    centres = range(first + hop // 2, last, hop)
    begins = [min(max(centre - length // 2, first), last - length) for centre in centres]
    if hop != _SHORT_HOP:
        begins = sorted(set(begins))
    return [(begin, begin + length) for begin in begins]


def _label(
    long: Sequence[Span],
    coarse: Matrix,
    short: Sequence[Span],
    fine: Matrix,
    stretches: Sequence[Region],
    bounds: Bounds,
) -> Labels:
    """Cluster the long windows, then give each short one a voice."""
    enough = np.array([last - first >= _SHORT for first, last in long])
    kept = np.flatnonzero(enough) if enough.sum() > bounds.fewest else np.arange(len(long))
    times = np.array([(first + last) / 2 / _FRAMES for first, last in long])
    clustered = cluster(coarse[kept], times[kept], _LONG / _FRAMES, bounds)
    centres = np.array([(first + last) / 2 / _FRAMES for first, last in short])
    labels = clustered[_nearest(centres, times[kept])]
    full = np.array([last - first >= _SHORT for first, last in short])
    if not full.any():
        return labels
    begins = np.zeros(len(short), bool)
    counts = [len(_spans(one, _SHORT, _SHORT_HOP)) for one in stretches]
    begins[np.cumsum([0, *counts[:-1]])] = True
    for _ in range(_ROUNDS):
        scores = likelihoods(fine[full], labels[full], fine)
        labels = smooth(scores * (_SHORT_HOP / _SHORT), begins, labels)
    return labels


def _nearest(wanted: Matrix, places: Matrix) -> Labels:
    """Index of the place (ascending) nearest to each wanted one."""
    after = np.clip(np.searchsorted(places, wanted), 1, max(1, len(places) - 1))
    before = after - 1
    after = np.minimum(after, len(places) - 1)
    nearer = np.abs(places[after] - wanted) < np.abs(wanted - places[before])
    return np.where(nearer, after, before)


def _join(stretches: Sequence[Region], labels: Labels) -> list[tuple[float, float, int]]:
    """Turn one label for each hop back into spans."""
    spans: list[tuple[float, float, int]] = []
    position = 0
    for region in stretches:
        count = len(_spans(region, _SHORT, _SHORT_HOP))
        own = labels[position : position + count].tolist()
        position += count
        edges = [region.start + index * _SHORT_HOP / _FRAMES for index in range(count)]
        edges.append(region.end)
        start = 0
        for index in range(1, count + 1):
            if index == count or own[index] != own[start]:
                spans.append((edges[start], edges[index], own[start]))
                start = index
    return spans


def _name(spans: Sequence[tuple[float, float, int]]) -> tuple[SpeakerSpan, ...]:
    names: dict[int, str] = {}
    for _, _, label in spans:
        names.setdefault(label, f"S{len(names) + 1}")
    return tuple(
        SpeakerSpan(round(start, 3), round(end, 3), names[label]) for start, end, label in spans
    )


def _spectrogram(samples: Samples) -> NDArray[np.float32]:
    """Mel spectrogram of the whole recording (frames, bands), computed in pieces."""
    hop = SAMPLE_RATE // _FRAMES
    frames = 1 + len(samples) // hop
    pieces = []
    for first in range(0, frames, _PIECE):
        last = min(first + _PIECE, frames)
        before = min(first, _CONTEXT)
        sound = samples[(first - before) * hop : (last + _CONTEXT) * hop]
        heard = _resemblyzer().audio.wav_to_mel_spectrogram(sound)
        pieces.append(heard[before : before + last - first])
    return np.concatenate(pieces)


def _embed(
    spectrogram: NDArray[np.float32],
    spans: Sequence[Span],
    progress: Callable[[int, int], None],
    kept: Checkpoints,
) -> Matrix:
    """Embed each span: equal ones once, those of a length together, a step at a time."""
    different = sorted(set(spans), key=lambda span: (span[1] - span[0], span))
    voices: list[NDArray[np.float32]] = []
    for first in range(0, len(different), _STEP):
        step = different[first : first + _STEP]
        name = f"voices-{first // _STEP:05d}"
        if (data := kept.get(name)) is None:
            progress(first, len(different))
            data = np.concatenate(list(_embedded(spectrogram, step))).tobytes()
            kept.put(name, data)
        voices.append(np.frombuffer(data, np.float32).reshape(len(step), -1))
    progress(len(different), len(different))
    rows = {span: row for row, span in enumerate(different)}
    found = np.concatenate(voices)[[rows[span] for span in spans]].astype(np.float64)
    return np.nan_to_num(found, copy=False)


def _embedded(
    spectrogram: NDArray[np.float32], spans: Sequence[Span]
) -> Iterator[NDArray[np.float32]]:
    """Embed spans in order of their lengths, in batches of one length."""
    import torch

    encoder = _encoder()
    for length, same in groupby(spans, key=lambda span: span[1] - span[0]):
        rest = list(same)
        while rest:
            batch, rest = rest[:_BATCH], rest[_BATCH:]
            heard = np.zeros((len(batch), length, spectrogram.shape[1]), np.float32)
            for row, (first, last) in zip(heard, batch, strict=True):
                piece = spectrogram[first:last]
                row[: len(piece)] = piece
            with one_thread(), torch.no_grad():
                yield encoder(torch.from_numpy(heard)).numpy()


@lru_cache(maxsize=1)
def _encoder() -> Any:  # untyped torch module
    import torch

    return _resemblyzer().VoiceEncoder(torch.device("cpu"), verbose=False)


@lru_cache(maxsize=1)
def _resemblyzer() -> Any:  # untyped module
    import warnings

    with warnings.catch_warnings():
        # It imports scipy.ndimage.morphology and webrtcvad's pkg_resources: both deprecated.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", UserWarning)
        import resemblyzer
        import resemblyzer.audio
    return resemblyzer
