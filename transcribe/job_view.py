"""How a transcription looks right now: the study's row beside what its capsule tells."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from secure_storage import DamagedFile

from . import array, capsule
from .capsule import JobProgress, NoLocks
from .options import STEPS
from .pace import share_done
from .store import JobRow

State = Literal["queued", "running", "interrupted", "done", "failed", "cancelled"]
WORKING: Final = ("queued", "running")
_FULL: Final = (
    "The disk is full, so the transcription stopped. Free some space, then resume it: what is "
    "finished is kept."
)


@dataclass(frozen=True, slots=True)
class StepAt:
    """A step under way: its name, and how many of its units (windows, …) are done."""

    name: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Job:
    """A transcription, with what its capsule tells right now."""

    id: int
    recording_id: int
    title: str
    state: State
    message: str
    steps: tuple[StepAt, ...]
    """What the worker is doing: one step, or two at once."""
    done: float
    """Share of the work, 0 to 1."""
    left: float | None
    """Seconds it will probably still take."""
    cluster: Literal["", "has it", "is silent"]
    """Whether an array of Slurm's has it, and Slurm answers."""
    before: int
    """Of those that wait, how many come before it."""
    resumable: bool
    transcript_id: int | None
    created_at: str
    finished_at: str | None


def job_view(row: JobRow, title: str, jobs_folder: Path, before: int = 0) -> Job:
    """Put a job as people see it; ``before`` it, so many wait or run."""
    state: State = row.state
    told = _told(jobs_folder / row.capsule) if row.state == "running" else None
    share, message = 1.0 if row.state == "done" else 0.0, row.message
    steps: tuple[StepAt, ...] = ()
    if row.state == "running" and (told is None or told.stopped):
        state = "interrupted"
        message = _FULL if told is not None and told.full else message
    if told is not None and told.state == "running":
        steps, share = _at_work(told), share_done(told.steps)
    left = told.left if told is not None and not told.stopped else None
    cluster: Literal["", "has it", "is silent"] = ""
    if told is not None and told.elsewhere:
        cluster = "is silent" if array.silent(jobs_folder) else "has it"
    return Job(
        row.id, row.recording_id, title, state, message, steps, share, left, cluster, before,
        row.resumable, row.transcript_id, row.created_at, row.finished_at,
    )  # fmt: skip


def _told(path: Path) -> JobProgress | None:
    try:
        return capsule.progress(path)
    except (DamagedFile, NoLocks):
        return None


def _at_work(told: JobProgress) -> tuple[StepAt, ...]:
    return tuple(
        StepAt(name, one.done, one.total)
        for name, one in zip(STEPS, told.steps, strict=False)
        if one.total > 0 and one.done < one.total
    )
