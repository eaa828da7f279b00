"""A study's waiting jobs, handed over to Slurm."""

from collections.abc import Sequence
from pathlib import Path

from secure_storage import FokusError, SlurmSettings, Study, read_settings

from . import array, store
from .store import JobRow, JobState


def offered(study: Study) -> bool:
    """The administrator has said what to ask of Slurm, so that it can be chosen."""
    return read_settings(study.home).slurm is not None


def submit_jobs(study: Study, folder: Path, rows: Sequence[JobRow]) -> tuple[JobState, str]:
    """Submit jobs, whose capsules lie in ``folder``, as one array.

    Gives the state they are in then, with what Slurm said where it refused.
    """
    keys = {row.capsule: store.job_key(study, row.id) for row in rows}
    work = [(folder / name, key) for name, key in keys.items() if key is not None]
    try:
        array.submit(folder, work, read_settings(study.home).slurm or SlurmSettings())
    except FokusError as error:
        return "failed", str(error)
    # Said before a task says so itself: what Slurm loses at once is not submitted for ever.
    return "running", ""
