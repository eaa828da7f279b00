"""Who speaks when: pyannote.audio where its weights are installed, else the built-in way.

Only importer of pyannote.audio. Its telemetry reports to the makers unless switched off
before the import; so do the libraries it loads models with. The sound is handed over in
memory. The exclusive output (one speaker at a time) labels words, the overlapping one
flags them. Always in fp32: half precision merges speakers.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from secure_storage import FokusError

from . import builtin_diariser
from .audio import SAMPLE_RATE, Samples
from .clusters import Bounds
from .options import TranscribeOptions
from .transcript import SpeakerSpan
from .windows import Region

_SILENT: Final = {
    "PYANNOTE_METRICS_ENABLED": "0",
    "OTEL_SDK_DISABLED": "true",
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
}
_SLOW_STEP: Final = "embeddings"
"""The step of pyannote's pipeline that takes nine tenths of its time."""


@dataclass(frozen=True, slots=True)
class Diarization:
    """Who speaks when, and how that was found."""

    exclusive: tuple[SpeakerSpan, ...]
    overlapping: tuple[SpeakerSpan, ...]
    method: str

    @property
    def speakers(self) -> int:
        """How many speakers there are."""
        return len({span.speaker for span in self.exclusive})


def diarise(
    samples: Samples,
    regions: Sequence[Region],
    options: TranscribeOptions,
    folder: Path | None,
    progress: Callable[[int, int], None],
) -> Diarization:
    """Tell speakers apart with the pipeline in ``folder``, or built in when there is none."""
    if not regions:
        return Diarization((), (), "not needed: no speech")
    if folder is not None:
        return _with_pyannote(samples, options, folder, progress)
    bounds = Bounds.of(options.speakers, options.min_speakers, options.max_speakers)
    spans = builtin_diariser.diarise(samples, regions, bounds, progress)
    return Diarization(spans, spans, builtin_diariser.NAME)


def _with_pyannote(
    samples: Samples,
    options: TranscribeOptions,
    folder: Path,
    progress: Callable[[int, int], None],
) -> Diarization:
    pipeline, version = _load(folder)
    import torch

    def hook(step: str, _: Any, file: Any = None, total: int | None = None,
             completed: int | None = None) -> None:  # fmt: skip
        if step == _SLOW_STEP and total and completed is not None:
            progress(completed, total)

    counts = {
        "num_speakers": options.speakers,
        "min_speakers": options.min_speakers,
        "max_speakers": options.max_speakers,
    }
    sound = {"waveform": torch.from_numpy(samples)[None], "sample_rate": SAMPLE_RATE}
    with _known_warnings():
        found = pipeline(
            sound, hook=hook, **{key: value for key, value in counts.items() if value is not None}
        )
    names: dict[str, str] = {}
    exclusive = _spans(found.exclusive_speaker_diarization, names)
    overlapping = _spans(found.speaker_diarization, names)
    return Diarization(exclusive, overlapping, f"pyannote.audio {version} ({folder.name})")


def _load(folder: Path) -> tuple[Any, str]:
    os.environ.update(_SILENT)  # before the import: afterwards it is too late
    with _known_warnings():
        import torch
        from pyannote.audio import Pipeline, __version__

        try:
            pipeline: Any = Pipeline.from_pretrained(folder)
        except Exception as error:
            raise FokusError(
                f"The diarization pipeline in {folder} cannot be loaded "
                f"({type(error).__name__}). Copy it again, or remove the folder to use the "
                "built-in diarizer."
            ) from error
        if torch.cuda.is_available():
            pipeline.to(torch.device("cuda"))
    return pipeline, str(__version__)


class _known_warnings:  # noqa: N801 (a context manager, used as a word)
    """Silence what pyannote and its libraries say on import and run, and only there."""

    def __enter__(self) -> None:
        import warnings

        self._caught = warnings.catch_warnings()
        self._caught.__enter__()
        warnings.simplefilter("ignore")

    def __exit__(self, *_: object) -> None:
        self._caught.__exit__(None, None, None)


def _spans(annotation: Any, names: dict[str, str]) -> tuple[SpeakerSpan, ...]:
    """Spans named S1, S2 … by first appearance; ``names`` is shared by both outputs."""
    tracks = sorted(
        (float(segment.start), float(segment.end), str(label))
        for segment, _, label in annotation.itertracks(yield_label=True)
    )
    for _, _, label in tracks:
        names.setdefault(label, f"S{len(names) + 1}")
    return tuple(
        SpeakerSpan(round(start, 3), round(end, 3), names[label]) for start, end, label in tracks
    )
