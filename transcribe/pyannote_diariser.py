"""Who speaks when with pyannote.audio 4 and a folder laid out like its «community-1».

Only importer of pyannote.audio. Its telemetry reports to the makers unless switched off
before the import; so do the libraries it loads models with. Its checkpoints are pickles,
which run code when opened: the folder is compared with its manifest first, and nothing
but files inside it is loaded. Always in fp32: half precision merges speakers.

The pipeline is pyannote's own (Bredin 2023; Plaquet & Bredin 2023 for the segmentation;
Landini et al. 2022 for the clustering), with three of its methods done differently and to
the same result, which a test compares:

- segmentation and embedding go through the recording together, in steps that are kept;
- the embedding network runs once for each ten seconds, not once for each of the three
  voices that may be in them: only its last, pooling layer needs to know whose voice;
- the label matrix of all windows at once, which grows to gigabytes, is never made.
"""

import math
import os
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

os.environ.update(  # before the import below: afterwards it is too late
    PYANNOTE_METRICS_ENABLED="0",
    OTEL_SDK_DISABLED="true",
    HF_HUB_OFFLINE="1",
    HF_HUB_DISABLE_TELEMETRY="1",
    DO_NOT_TRACK="1",
)

import io  # noqa: E402
import warnings  # noqa: E402

import numpy as np  # noqa: E402
import torch  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it complains of sound decoders that are not used
    from pyannote.audio import __version__
    from pyannote.audio.pipelines import SpeakerDiarization
    from pyannote.audio.pipelines.clustering import VBxClustering
    from pyannote.core import SlidingWindow, SlidingWindowFeature

from secure_storage import BadInput, FokusError  # noqa: E402

from .audio import SAMPLE_RATE, Samples  # noqa: E402
from .checkpoints import Checkpoints  # noqa: E402
from .models import verify_folder  # noqa: E402
from .models.manifest import MANIFEST, is_inside, sha256_of  # noqa: E402
from .options import TranscribeOptions  # noqa: E402
from .transcript import SpeakerSpan  # noqa: E402

NAME: Final = f"pyannote.audio {__version__}"
_STEP: Final = 64
"""Windows between two checkpoints; they begin a second apart."""
_GPU_BATCH: Final = 32
_CPU_BATCH: Final = 4
"""Windows embedded at once; one needs some 40 MB of activations."""
_CLUSTERED_AT_ONCE: Final = 10_000
"""Embeddings that are clustered (their distances take n²/2 numbers): two hours of talk."""
_PARAMETERS: Final = {
    "clustering", "segmentation", "segmentation_batch_size", "embedding",
    "embedding_batch_size", "embedding_exclude_overlap", "plda",
}  # fmt: skip
_LOCAL: Final = "$model/"
_WEIGHTS: Final = ".bin"
"""In a folder pyannote itself opens only ``pytorch_model.bin``, or the ``.npz`` of the PLDA."""

Floats = NDArray[np.float32]
Spans = tuple[SpeakerSpan, ...]


def diarise(
    samples: Samples,
    options: TranscribeOptions,
    folder: Path,
    progress: Callable[[int, int], None],
    kept: Checkpoints,
) -> tuple[Spans, Spans]:
    """Give the exclusive and the overlapping spans; speakers are S1, S2 … by appearance."""
    pipeline = _load(folder)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # too few speakers in too short a recording
        found = pipeline.run(samples, options, progress, kept)
    names: dict[str, str] = {}
    exclusive = _spans(found.exclusive_speaker_diarization, names)
    return exclusive, _spans(found.speaker_diarization, names)


def weights_of(folder: Path) -> str:
    """Give the sha256 of the folder's manifest, which tells all its files."""
    return sha256_of(folder / MANIFEST)


def _load(folder: Path) -> "_InSteps":
    verify_folder(folder)
    return _loaded(folder, weights_of(folder))


@lru_cache(maxsize=1)
def _loaded(folder: Path, weights: str) -> "_InSteps":
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # checkpoints tell of other versions
            pipeline = _InSteps(**_parameters(folder))
            pipeline.weights = weights
            pipeline.instantiate(_config(folder)["params"])
    except Exception as error:
        why = str(error) if isinstance(error, BadInput) else f"({type(error).__name__})."
        raise FokusError(
            f"The diarization pipeline in {folder} cannot be loaded. {why} Copy it again, or "
            "remove the folder to use the built-in diarizer."
        ) from error
    if torch.cuda.is_available():
        pipeline.to(torch.device("cuda"))
        torch.cuda.synchronize()
    return pipeline


def _config(folder: Path) -> dict[str, Any]:
    import yaml  # type: ignore[import-untyped]

    config = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
    if config["pipeline"]["name"].rpartition(".")[2] != "SpeakerDiarization":
        raise BadInput("This is not a speaker diarization pipeline.")
    return dict(config)


def _parameters(folder: Path) -> dict[str, Any]:
    """Read the parameters; models are files of this folder, never names on a server."""
    given = _config(folder)["pipeline"]["params"]
    found = {key: value for key, value in given.items() if key in _PARAMETERS}
    for part in ("segmentation", "embedding", "plda"):
        place = str(found[part])
        inner = place.removeprefix(_LOCAL)
        if inner == place or not is_inside(inner):
            raise BadInput("The pipeline asks for files outside its folder.")
        path = folder / inner
        if not path.is_dir() and path.suffix != _WEIGHTS:
            raise BadInput("The pipeline asks for weights from a file of another kind.")
        found[part] = str(path)
    return found


class _FewAtOnce(VBxClustering):
    """Clusters every n-th embedding of a very long recording; all are assigned afterwards."""

    def filter_embeddings(
        self, embeddings: NDArray[Any], segmentations: Any = None, min_active_ratio: float = 0.2
    ) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """Choose the embeddings that are clustered; their windows and voices come along."""
        found = super().filter_embeddings(embeddings, segmentations, min_active_ratio)
        every = max(1, -(-len(found[0]) // _CLUSTERED_AT_ONCE))
        return found[0][::every], found[1][::every], found[2][::every]


class _InSteps(SpeakerDiarization):
    """The pipeline, in steps that are kept."""

    weights: str
    """sha256 of the folder's manifest: steps of other weights are not taken up."""

    def __init__(self, **parameters: Any) -> None:
        super().__init__(**parameters)
        if not getattr(self._segmentation.model.specifications, "powerset", False):
            raise BadInput("The segmentation model is older than powerset training.")
        if self.klustering == "VBxClustering" and self._plda is not None:
            self.clustering = _FewAtOnce(self._plda, metric=self._embedding.metric)

    def run(
        self,
        samples: Samples,
        options: TranscribeOptions,
        progress: Callable[[int, int], None],
        kept: Checkpoints,
    ) -> Any:
        """Give pyannote's DiarizeOutput for a recording."""
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
        sound = torch.from_numpy(samples)
        with torch.cuda.stream(_own_stream()):
            self._segmented, self._voices = self._in_steps(sound, progress, kept)
        try:
            return self.apply(
                {"waveform": sound[None], "sample_rate": SAMPLE_RATE, "uri": "recording"},
                num_speakers=options.speakers,
                min_speakers=options.min_speakers,
                max_speakers=options.max_speakers,
            )
        finally:
            del self._segmented, self._voices

    def _in_steps(
        self, sound: torch.Tensor, progress: Callable[[int, int], None], kept: Checkpoints
    ) -> tuple[Floats, Floats]:
        """Segment and embed; kept steps are read, the others done."""
        window, hop = self._samples_of_windows()
        total = max(1, 1 + -(-(len(sound) - window) // hop))
        parts: list[tuple[Floats, Floats]] = []
        for first in range(0, total, _STEP):
            name = f"pyannote-{self.weights[:8]}-{first // _STEP:05d}"
            last = min(first + _STEP, total)
            if (data := kept.get(name)) is None:
                progress(first, total)
                piece = sound[first * hop : (last - 1) * hop + window]
                missing = (last - 1 - first) * hop + window - len(piece)
                piece = torch.nn.functional.pad(piece, (0, missing))
                data = _write(*self._step(piece.unfold(0, window, hop)[:, None]))
                kept.put(name, data)
            parts.append(_read(data))
        progress(total, total)
        return (
            np.concatenate([segmented for segmented, _ in parts]),
            np.concatenate([voices for _, voices in parts]),
        )

    def _samples_of_windows(self) -> tuple[int, int]:
        window = self._segmentation.model.audio.get_num_samples(self._segmentation.duration)
        return int(window), round(self._segmentation.step * SAMPLE_RATE)

    def _step(self, windows: torch.Tensor) -> tuple[Floats, Floats]:
        """Segment and embed windows (windows, 1, samples).

        Gives (windows, frames, voices) of 0 and 1, and (windows, voices, dimension).
        """
        size = _GPU_BATCH if self._embedding.device.type == "cuda" else _CPU_BATCH
        segmented = _halving(self._segment, size, windows)
        weights = torch.from_numpy(self._whose(segmented))
        return segmented, _halving(self._embed, size, windows, weights)

    def _segment(self, windows: torch.Tensor) -> Floats:
        return np.asarray(self._segmentation.infer(windows), dtype=np.float32)

    def _whose(self, segmented: Floats) -> Floats:
        """Where each voice is heard (windows, voices, frames): alone, if that is enough."""
        whole = segmented.transpose(0, 2, 1)
        if not self.embedding_exclude_overlap:
            return np.ascontiguousarray(whole)
        frames = segmented.shape[1]
        seconds = self._segmentation.duration
        fewest = math.ceil(frames * self._shortest() / (seconds * SAMPLE_RATE))
        alone = whole * (whole.sum(axis=1, keepdims=True) < 2)
        enough = alone.sum(axis=2, keepdims=True) > fewest
        return np.ascontiguousarray(np.where(enough, alone, whole))

    @lru_cache(maxsize=1)  # noqa: B019 (the pipeline is kept for good)
    def _shortest(self) -> int:
        """Samples from which a voice can be embedded."""
        return int(self._embedding.min_num_samples)

    def _embed(self, windows: torch.Tensor, weights: torch.Tensor) -> Floats:
        """Embed the voices of windows; the network hears each window once."""
        device = self._embedding.device
        with torch.inference_mode():
            found = self._embedding.model_(windows.to(device), weights=weights.to(device))
        return np.asarray(found.cpu().numpy(), dtype=np.float32)

    def get_segmentations(self, file: Any, hook: Any = None) -> Any:
        """Give what the steps found."""
        window = SlidingWindow(
            start=0.0, duration=self._segmentation.duration, step=self._segmentation.step
        )
        return SlidingWindowFeature(self._segmented, window)

    def get_embeddings(self, *_: Any, **__: Any) -> Floats:
        """Give what the steps found."""
        return self._voices

    def reconstruct(self, segmentations: Any, hard_clusters: NDArray[Any], count: Any) -> Any:
        """Give who speaks in each frame (frames, speakers), window after window.

        The speakers of a frame are the ones whom most of the windows over it heard, as
        many as are counted there. ``hard_clusters`` (windows, voices) says whose voice is
        whose, -2 nobody's; ``count`` (frames, 1) how many speak.
        """
        frames = count.sliding_window
        speakers = max(int(hard_clusters.max()) + 1, int(count.data.max()))
        heard = np.zeros((len(count.data), speakers), np.float32)
        for whose, (window, segmented) in zip(hard_clusters, segmentations, strict=True):
            start = frames.closest_frame(window.start + 0.5 * frames.duration)
            rows = heard[start : start + len(segmented)]
            for speaker in np.unique(whose[whose >= 0]):
                rows[:, speaker] += segmented[: len(rows), whose == speaker].max(axis=1)
        loudest = np.argsort(-heard, axis=1)
        spoken = np.zeros_like(heard)
        chosen = (np.arange(speakers) < count.data).astype(np.float32)
        np.put_along_axis(spoken, loudest, chosen, axis=1)
        return SlidingWindowFeature(spoken, frames)


def _own_stream() -> torch.cuda.Stream | None:
    """Make a queue of its own: on the common one it would wait for the recogniser's work."""
    if not torch.cuda.is_available():
        return None
    return torch.cuda.Stream()  # type: ignore[no-untyped-call]


def _halving(work: Callable[..., Floats], size: int, *inputs: torch.Tensor) -> Floats:
    """Do rows in batches; a batch for which there is no memory is done in halves."""
    parts: list[Floats] = []
    first = 0
    while first < len(inputs[0]):
        try:
            parts.append(work(*(one[first : first + size] for one in inputs)))
        except (torch.OutOfMemoryError, MemoryError):  # pyannote makes one of the other
            if size == 1:
                raise FokusError(
                    "There is not enough memory to tell speakers apart. Close other programs "
                    "that use the graphics card, and start again."
                ) from None
            torch.cuda.empty_cache()
            size //= 2
        else:
            first += size
    return np.concatenate(parts)


def _write(segmented: Floats, voices: Floats) -> bytes:
    with io.BytesIO() as target:
        np.savez_compressed(target, segmented=segmented.astype(np.uint8), voices=voices)
        return target.getvalue()


def _read(data: bytes) -> tuple[Floats, Floats]:
    with np.load(io.BytesIO(data), allow_pickle=False) as found:
        return found["segmented"].astype(np.float32), found["voices"]


def _spans(annotation: Any, names: dict[str, str]) -> Spans:
    """Spans named S1, S2 … by first appearance; ``names`` is shared by both outputs."""
    return tuple(_named(annotation, names))


def _named(annotation: Any, names: dict[str, str]) -> Iterator[SpeakerSpan]:
    tracks = sorted(
        (float(segment.start), float(segment.end), str(label))
        for segment, _, label in annotation.itertracks(yield_label=True)
    )
    for start, end, label in tracks:
        name = names.setdefault(label, f"S{len(names) + 1}")
        yield SpeakerSpan(round(start, 3), round(end, 3), name)
