"""A copy of a recording without the words that were replaced in its transcript, for export."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from secure_storage import BadInput, Request, Study, request_export

from . import store
from .intake import slices
from .silence import silenced
from .store import PartRow

AROUND: Final = 0.15
"""Seconds before and after: where words begin and end is known to about this."""
Span = tuple[float, float]


def export_silenced(
    study: Study, transcript_id: int, purpose: str, recipient: str, *, beep: bool = False,
    told: Callable[[float], object] = lambda share: None,
) -> list[Request]:  # fmt: skip
    """Ask for the recording of a transcript, silent (or beeping) where words were replaced.

    One FLAC file for each part. ``told`` hears the share that is done. ``BadInput`` while
    places are undecided, or where the time of one is not known.
    """
    study.require("export")
    row = store.transcript(study, transcript_id)
    found = [one for one in store.recordings(study) if one.id == row.recording_id]
    if not found:
        raise BadInput("This transcript has no recording. Attach it first, on the page Transcript.")
    spans = _spans(study, transcript_id)
    parts, asked = found[0].parts, []
    whole = sum(part.duration * part.sample_rate for part in parts)
    done = 0.0
    for part in parts:
        asked.append(
            request_export(
                study, data=_sound(study, part, spans, beep, _told(told, done, whole)),
                form="flac", file_name=f"sound {row.id} group {row.group} {part.position + 1}.flac",
                purpose=purpose, recipient=recipient, texts=(row.title,),
            )
        )  # fmt: skip
        done += part.duration * part.sample_rate
    return asked


def _spans(study: Study, transcript_id: int) -> list[Span]:
    state = store.residual(study, transcript_id)
    if state.open or state.chosen:
        raise BadInput("Decide on every place and replace them first: the sound follows the text.")
    if state.silent < state.replaced:
        raise BadInput(
            f"Of {state.replaced - state.silent} replaced words it is not known when they are "
            "heard, so the sound cannot be silenced. Such a transcript needs times of words: "
            "one that was transcribed here, or aligned with its recording."
        )
    return joined(store.silent_spans(study, transcript_id), AROUND)


def joined(spans: Iterable[Span], around: float) -> list[Span]:
    """Widen stretches by some seconds and join those that meet."""
    made: list[Span] = []
    for start, end in sorted(spans):
        first = max(0.0, start - around)
        if made and first <= made[-1][1]:
            made[-1] = (made[-1][0], max(made[-1][1], end + around))
        else:
            made.append((first, end + around))
    return made


def _sound(
    study: Study, part: PartRow, spans: Sequence[Span], beep: bool, told: Callable[[int], object]
) -> Iterator[bytes]:
    own = [
        (max(0.0, start - part.offset), end - part.offset)
        for start, end in spans
        if end > part.offset and start < part.offset + part.duration
    ]
    with study.files.open(part.file_id) as sealed:
        yield from silenced(study.home / "looks", slices(sealed), own, told, beep=beep)


def _told(told: Callable[[float], object], done: float, whole: float) -> Callable[[int], object]:
    # Every sample is gone through twice: measured, then written.
    return lambda samples: told(min(1.0, (done + samples) / whole) if whole else 1.0)
