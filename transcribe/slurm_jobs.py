"""A study's jobs on a cluster. Slurm is asked on a thread that nobody waits for."""

import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from secure_storage import DamagedFile, FokusError, SlurmSettings, Study, read_settings

from . import array, capsule, store
from .capsule import WorkerAlive
from .line import jobs_folder, moving, settle, waiting
from .store import JobRow, JobState

_asking: Final = threading.Lock()
"""One thread at a time asks Slurm, so that none takes back what another is submitting."""


def offered(study: Study) -> bool:
    """The administrator has said what to ask of Slurm, so that it can be chosen."""
    return read_settings(study.home).slurm is not None


def ask_slurm(study: Study) -> None:
    """Take back what Slurm has no more, and submit what waits for it as one array.

    Slurm may let this wait for a minute; nobody else waits for it meanwhile.
    """
    study.require("transcribe")
    folder = jobs_folder(study)
    with _asking:
        array.tend(folder)
        with moving:
            rows = [row for row in waiting(study, on_slurm=True) if _is_whole(study, row)]
            if not rows:
                return
            try:
                settings = read_settings(study.home).slurm or SlurmSettings()
                name = _assign(study, rows, settings)
            except WorkerAlive:
                return  # somebody looks at one of them just now
            except FokusError as error:
                _settle(study, rows, "failed", str(error))
                return
        try:
            array.ask_for(name, folder, [folder / row.capsule for row in rows], settings)
        except FokusError as error:
            with moving:
                _settle(study, rows, "failed", str(error))
            return
    # Said before a task says so itself: what Slurm loses at once is not submitted for ever.
    with moving:
        _settle(study, rows, "running")


def _is_whole(study: Study, row: JobRow) -> bool:
    """Settle what cannot be worked on, so that it keeps nothing else from Slurm."""
    path = jobs_folder(study) / row.capsule
    try:
        if (key := store.job_key(study, row.id)) is None:
            raise DamagedFile("The key of this transcription is gone. Start it anew.")
        capsule.progress(path)
        capsule.read_options(path, key)
        with suppress(WorkerAlive), capsule.lock(path):
            pass
    except FokusError as error:
        settle(study, row, "failed", str(error))
        return False
    return True


def _assign(study: Study, rows: Sequence[JobRow], settings: SlurmSettings) -> str:
    keys = {row.capsule: store.job_key(study, row.id) or b"" for row in rows}
    return array.assign([(jobs_folder(study) / one, key) for one, key in keys.items()], settings)


def _settle(study: Study, rows: Sequence[JobRow], state: JobState, message: str = "") -> None:
    """Settle those to which nothing else has happened meanwhile."""
    for row in rows:
        if store.job(study, row.id).state == "queued":
            settle(study, row, state, message)
