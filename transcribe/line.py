"""The line of transcriptions: what has ended is taken in, what waits is handed over.

A result is taken in in one transaction with the job's end, so that a capsule that is looked
at twice, or by two members, gives one transcript. What is wrong with one job is settled
with that job, and stops no other. Slurm, which may take its time, is not asked here
(``slurm_jobs`` does, on a thread of its own).
"""

import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from secure_storage import BadInput, DamagedFile, DiskFull, FokusError, Repeated, Study

from . import array, capsule, store
from .anchoring import anchored
from .capsule import NoLocks, WorkerAlive
from .hand_over import Worker
from .job_view import WORKING
from .store import JobRow, JobState
from .transcript import Transcription

_NOBODY_SPEAKS: Final = (
    "No speech was found in this recording, so there is no transcript. Play it: is it the right "
    "file, and is it loud enough?"
)
_LEAST_ALIKE: Final = 0.2
"""Share of the words of a text that must be heard alike; of another talk, hardly any are."""
_OTHER_SOUND: Final = (
    "Only {0} % of the words of the text were heard in this recording. Is it the recording of "
    "this text, in this language? A larger model may hear more. The times were left as they were."
)
_NO_FOLDER: Final = "This transcription's folder is missing. Start it anew."
moving: Final = threading.RLock()
"""Workers are started and their results taken in by one thread at a time."""
workers: Final[dict[Path, Worker]] = {}
"""Of each home, the last worker this process has started."""


def jobs_folder(study: Study) -> Path:
    """Where a study's capsules lie."""
    return study.home / "jobs"


def take_in(study: Study) -> None:
    """Take finished capsules into the study and start the next one that waits here."""
    study.require("transcribe")
    with moving:
        held = [_take_in(study, row) for row in store.unfinished_jobs(study)]
        if here := waiting(study, on_slurm=False):
            _hand_over(study, here, busy=any(held))


def waiting(study: Study, *, on_slurm: bool) -> list[JobRow]:
    """Jobs that nobody has yet: those for the cluster, or those for this machine."""
    study.require("transcribe")
    rows = [row for row in store.unfinished_jobs(study) if _waits(study, row)]
    folder = jobs_folder(study)
    return [row for row in rows if array.wanted(folder / row.capsule) == on_slurm]


def _take_in(study: Study, row: JobRow) -> bool:
    """Settle a job that has come to an end; True while a worker of this machine holds it."""
    path = jobs_folder(study) / row.capsule
    try:
        told = capsule.progress(path)
        if told.state == "running" and row.state == "queued" and not told.stopped:
            settle(study, row, "running")
        if told.alive or told.state in WORKING:
            return told.alive and not told.elsewhere
        if told.state == "cancelled":
            settle(study, row, "cancelled")
            return False
        outcome = capsule.result(path, store.job_key(study, row.id) or b"")
    except DamagedFile as error:
        settle(study, row, "failed", str(error))
        return False
    if isinstance(outcome, Transcription) and not outcome.turns:
        settle(study, row, "failed", _NOBODY_SPEAKS)
    elif isinstance(outcome, Transcription) and row.aligns is not None:
        _align(study, row, row.aligns, outcome)
    elif isinstance(outcome, Transcription):
        _keep(study, row, outcome)
    else:
        lost = "The result of this transcription is missing. Resume it."
        settle(study, row, "failed", outcome.message if outcome else lost)
    return False


def _waits(study: Study, row: JobRow) -> bool:
    """Nobody holds it, and nobody elsewhere is to."""
    if row.state != "queued":
        return False
    path = jobs_folder(study) / row.capsule
    with suppress(DamagedFile):  # a missing folder too: that is told when it is handed over
        told = capsule.progress(path)
        return not told.alive and not told.elsewhere
    return True


def _hand_over(study: Study, rows: Sequence[JobRow], busy: bool) -> None:
    """Give what waits to the worker; to a new one, unless another of before is ``busy``."""
    worker = workers.get(study.home)
    new = worker is None or worker.ended()
    if new and busy:
        return
    if worker is None or new:
        if worker is not None:
            worker.let_go()
        try:
            worker = workers[study.home] = Worker()
        except FokusError as error:
            for row in rows:
                settle(study, row, "failed", str(error))
            return
    for row in rows:
        given = _give(study, worker, row)
        # Noted before the worker says so itself: if it dies at once, it is not tried for ever.
        if given and new:
            settle(study, row, "running")
            new = False


def _give(study: Study, worker: Worker, row: JobRow) -> bool:
    key = store.job_key(study, row.id)
    path = jobs_folder(study) / row.capsule
    if key is None or not path.is_dir():
        settle(study, row, "failed", _NO_FOLDER)
        return False
    # A live one was handed over just before this process was ended: it only was not noted.
    with suppress(WorkerAlive):
        try:
            return worker.hand_over(path, key)
        except (DamagedFile, DiskFull, NoLocks) as error:
            settle(study, row, "failed", str(error))
    return False


def _keep(study: Study, row: JobRow, outcome: Transcription) -> None:
    """Take a transcription in, once."""
    source = store.recording(study, row.recording_id)
    with study.change() as change:
        if store.read_job(change.db, row.id).state not in WORKING:
            return
        transcript_id = store.insert_transcription(
            change, outcome, source.title, source.group, source.id, "whisper"
        )
        store.set_job_state(change, row.id, "done", transcript_id=transcript_id, forget_key=True)
    array.remove(jobs_folder(study) / row.capsule)


def _align(study: Study, row: JobRow, transcript_id: int, outcome: Transcription) -> None:
    """Give the text of a transcript the times of what was heard, once."""
    try:
        lines = store.sentences(study, transcript_id)
        source = store.recording(study, row.recording_id)
        spoken = [one for turn in outcome.turns for said in turn.sentences for one in said.words]
        found = anchored([one.text for one in lines], spoken, source.duration)
        if found.share < _LEAST_ALIKE:
            raise BadInput(_OTHER_SOUND.format(round(100 * found.share)))
        placed = [
            (one.id, one.text, when) for one, when in zip(lines, found.sentences, strict=True)
        ]
        with suppress(Repeated):
            store.place_sentences(
                study, transcript_id, source.id, placed, f"align-{row.capsule}", row.asked_by
            )
    except BadInput as error:
        settle(study, row, "failed", str(error))
        return
    with study.change() as change:
        store.set_job_state(change, row.id, "done", transcript_id=transcript_id, forget_key=True)
    array.remove(jobs_folder(study) / row.capsule)


def settle(study: Study, row: JobRow, state: JobState, message: str = "") -> None:
    """Note the state a job is in, unless that is noted."""
    study.require("transcribe")
    with study.change("transcribe") as change:
        if store.read_job(change.db, row.id).state != state:
            store.set_job_state(change, row.id, state, message=message)
