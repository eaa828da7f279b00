"""Who speaks when: pyannote.audio where its weights are installed, else the built-in way.

Light: what is heavy is imported when it is used. Both ways work in steps that are kept,
so that a killed job does at most one of them again, and tell progress by step.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .audio import Samples
from .checkpoints import Checkpoints
from .clusters import Bounds
from .options import TranscribeOptions
from .transcript import SpeakerSpan
from .windows import Region


@dataclass(frozen=True, slots=True)
class Diarization:
    """Who speaks when, and how that was found."""

    exclusive: tuple[SpeakerSpan, ...]
    """One speaker at a time: these label words."""
    overlapping: tuple[SpeakerSpan, ...]
    """Everybody who speaks: these flag words."""
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
    kept: Checkpoints,
) -> Diarization:
    """Tell speakers apart with the pipeline in ``folder``, or built in when there is none.

    ``progress`` is called with what is done and the total before each step that is not
    in ``kept`` yet, and at the end. Raises BadInput when the folder's files are not what
    its manifest says, and FokusError when they cannot be used.
    """
    if not regions:
        return Diarization((), (), "not needed: no speech")
    if folder is not None:
        from . import pyannote_diariser

        found = pyannote_diariser.diarise(samples, options, folder, progress, kept)
        weights = pyannote_diariser.weights_of(folder)[:12]
        method = f"{pyannote_diariser.NAME} ({folder.name}, manifest sha256 {weights})"
        return Diarization(*found, method)
    from . import builtin_diariser

    bounds = Bounds.of(options.speakers, options.min_speakers, options.max_speakers)
    spans = builtin_diariser.diarise(samples, regions, bounds, progress, kept)
    return Diarization(spans, spans, builtin_diariser.NAME)
