"""How a transcription looks right now: the study's row beside what its capsule tells."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from secure_storage import DamagedFile

from . import capsule
from .capsule import JobProgress
from .options import STEPS
from .store import JobRow

State = Literal["queued", "running", "interrupted", "done", "failed", "cancelled"]
WORKING: Final = ("queued", "running")
_SHARES: Final = (0.03, 0.04, 0.75, 0.16, 0.02)
"""Of the whole time, roughly, for each of STEPS; only the bar and the estimate use it."""
_TELLING: Final = 0.02
"""Share of the work that must have been watched before an estimate is given."""
_watched: Final[dict[int, tuple[float, float]]] = {}
"""Of each running job: when this process first saw it, and how far it was then."""


_FULL: Final = (
    "The disk is full, so the transcription stopped. Free some space, then resume it: what is "
    "finished is kept."
)


@dataclass(frozen=True, slots=True)
class Job:
    """A transcription, with what its capsule tells right now."""

    id: int
    recording_id: int
    title: str
    state: State
    message: str
    step: str
    """What the worker is doing, in a few words."""
    done: float
    """Share of the work, 0 to 1."""
    left: float | None
    """Seconds it will probably still take."""
    resumable: bool
    transcript_id: int | None
    created_at: str
    finished_at: str | None


def job_view(row: JobRow, title: str, jobs_folder: Path) -> Job:
    """Put a job as people see it."""
    state: State = row.state
    step, share, left = "", 1.0 if row.state == "done" else 0.0, None
    message = row.message
    if row.state == "running":
        try:
            told = capsule.progress(jobs_folder / row.capsule)
        except DamagedFile:
            told = None
        if told is None or stopped(told):
            state = "interrupted"
            message = _FULL if told is not None and told.full else message
        if told is not None and told.state == "running":
            step, share = STEPS[min(told.step, len(STEPS) - 1)], _share(told)
            left = _left(row.id, share) if told.alive else None
    return Job(
        row.id, row.recording_id, title, state, message, step, share, left, row.resumable,
        row.transcript_id, row.created_at, row.finished_at,
    )  # fmt: skip


def stopped(told: JobProgress) -> bool:
    """The worker was killed before it came to an end."""
    return not told.alive and told.state in WORKING


def _share(told: JobProgress) -> float:
    before = sum(_SHARES[: told.step])
    within = told.done / told.total if told.total else 0.0
    share = before + within * sum(_SHARES[told.step : told.step + 1])
    return max(0.0, min(1.0, share))


def _left(job_id: int, share: float) -> float | None:
    now = time.monotonic()
    first, then = _watched.setdefault(job_id, (now, share))
    if share < then:  # resumed: it begins anew
        _watched[job_id] = (now, share)
    elif share - then >= _TELLING:
        return (1 - share) * (now - first) / (share - then)
    return None
