"""Transcriptions as the study sees them: started, watched, taken in, taken up again.

The work is done by a worker process on a capsule, which outlives this process. Here the
capsule is made and its result is taken in: in one transaction with the job's end, so that
a capsule that is looked at twice, or by two members, gives one transcript. The job's key
stands in the encrypted database only; forgetting it makes the capsule unreadable.

One worker runs at a time, because each wants all cores. It is handed everything that
waits, so that the recogniser is loaded once and the line goes on when the app stops; what
comes later is handed over while it lives. A thread keeps the line moving while nobody
looks at the page; it holds nothing that is not on the disk.
"""

import json
import shutil
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from secure_storage import BadInput, DamagedFile, FokusError, NotAllowed, Study, new_key

from . import array, capsule, store
from .capsule import WorkerAlive
from .hand_over import Worker
from .intake import drop_loose_files, slices
from .job_view import WORKING, Job, job_view
from .models import DEMO, OFFICIAL, find_model
from .options import TranscribeOptions
from .slurm_jobs import submit_jobs
from .store import JobRow, JobState
from .transcript import Transcription

_LOOK_EVERY: Final = 1.0
_NOBODY_SPEAKS: Final = (
    "No speech was found in this recording, so there is no transcript. Play it: is it the right "
    "file, and is it loud enough?"
)
_one = threading.RLock()
"""Workers are started and their results taken in by one thread at a time."""
_making = threading.Lock()
"""A capsule in the making is not yet in the database, and must not be swept."""
_watching = threading.Lock()
_tended: Final[set[Path]] = set()
_watched: Final[set[Path]] = set()
_hands: Final[dict[Path, list[Study]]] = {}
"""Who may move a home's line, the last first: one who signs out leaves it to the others."""
_workers: Final[dict[Path, Worker]] = {}
"""Of each home, the last worker this process has started."""
_RELEASE: Final = 10.0
"""Seconds in which a worker, one just starting too, lets go of what is cancelled."""


def jobs(study: Study) -> list[Job]:
    """All transcriptions, newest first."""
    titles = {row.id: row.title for row in store.recordings(study)}
    rows = store.jobs(study)
    working = sorted(
        (row.state != "running", row.id)
        for row in rows
        if row.state in WORKING and not array.wanted(_folder(study) / row.capsule)
    )
    line = {number: before for before, (_, number) in enumerate(working)}
    return [
        job_view(
            row, titles.get(row.recording_id, ""), _folder(study), before=line.get(row.id, 0)
        )
        for row in rows
    ]  # fmt: skip


def start_job(study: Study, recording_id: int, options: TranscribeOptions) -> int:
    """Have a recording transcribed by a worker process; gives the job's id."""
    (number,) = start_jobs(study, [recording_id], options)
    return number


def start_jobs(
    study: Study, recordings: Sequence[int], options: TranscribeOptions, *, on_slurm: bool = False
) -> list[int]:
    """Have recordings transcribed, by a worker process or by one array of Slurm's.

    Gives the jobs' ids; where it raises, none was started.
    """
    study.require("transcribe")
    options = _with_whole_path(options)
    # The prompt often names people; the capsule has it, under its own key.
    said = json.dumps(replace(options, prompt="").to_json())
    made: list[tuple[int, int, str, bytes]] = []
    with _making:
        try:
            for one in recordings:
                made.append(_make(study, one, options, on_slurm))
            with study.change("transcribe") as change:
                numbers = [store.insert_job(change, *one, said) for one in made]
        except BaseException:
            for _, _, name, _ in made:
                shutil.rmtree(_folder(study) / name)
            raise
    for old in store.jobs(study):
        if old.recording_id in recordings and old.id not in numbers and old.resumable:
            discard_job(study, old.id)
    take_in(study)
    watch(study)
    return numbers


def _make(
    study: Study, recording_id: int, options: TranscribeOptions, on_slurm: bool
) -> tuple[int, int, str, bytes]:
    row = store.recording(study, recording_id)
    key = new_key()
    with ExitStack() as stack:
        parts = [
            (slices(stack.enter_context(study.files.open(part.file_id))), part.offset)
            for part in row.parts
        ]
        path = capsule.create(_folder(study), parts, options, key)
    if on_slurm:
        array.want(path)
    return recording_id, len(parts), path.name, key


def take_in(study: Study) -> None:
    """Take finished capsules into the study and start the next one that waits."""
    study.require("transcribe")
    with _one:
        array.tend(_folder(study))
        held = [_take_in(study, row) for row in store.unfinished_jobs(study)]
        waiting = [row for row in store.unfinished_jobs(study) if _waits(study, row)]
        there = [row for row in waiting if array.wanted(_folder(study) / row.capsule)]
        if there:
            state, message = submit_jobs(study, _folder(study), there)
            for row in there:
                _settle(study, row, state, message)
        if here := [row for row in waiting if row not in there]:
            _hand_over(study, here, busy=any(held))


def cancel_job(study: Study, job_id: int) -> None:
    """Stop a transcription; what is finished of it stays until it is discarded."""
    study.require("transcribe")
    with _one:
        row = store.job(study, job_id)
        if row.state not in WORKING:
            return
        path = _folder(study) / row.capsule
        if path.is_dir():
            array.cancel(_folder(study), path)
            _wait_for_release(path)
        if row.state == "queued" or not path.is_dir():
            _settle(study, row, "cancelled")
        take_in(study)


def resume_job(study: Study, job_id: int) -> None:
    """Take a transcription up again where it stopped."""
    study.require("transcribe")
    with _one:
        row = store.job(study, job_id)
        path = _folder(study) / row.capsule
        if not row.resumable or not path.is_dir():
            raise BadInput("Nothing is left of this transcription. Start it anew.")
        if row.state == "queued":
            raise BadInput("This transcription is waiting already.")
        _, offsets = capsule.read_options(path, store.job_key(study, job_id) or b"")
        with capsule.lock(path), study.change("transcribe") as change:
            # A part that came after the capsule was made would silently be left out.
            store.refuse_other_parts(change.db, row.recording_id, len(offsets))
            store.set_job_state(change, job_id, "queued")
            # Where it failed, the worker would else give the same message again.
            if row.state == "failed":
                (path / "result").unlink(missing_ok=True)
            capsule.clear_for_another_try(path)
        take_in(study)
    watch(study)


def discard_job(study: Study, job_id: int) -> None:
    """Clear away what is left of a transcription that has stopped."""
    study.require("transcribe")
    with _one:
        row = store.job(study, job_id)
        path = _folder(study) / row.capsule
        with suppress(DamagedFile):  # where it cannot even be read, it is to be cleared away
            if capsule.progress(path).alive:
                raise BadInput(
                    "This transcription is running. Cancel it first, or wait until it has stopped."
                )
        if row.state in WORKING:
            _settle(study, row, "cancelled")
        with study.change("transcribe") as change:
            store.forget_job_key(change, job_id)
        shutil.rmtree(path, ignore_errors=True)


def tend(study: Study) -> None:
    """After a sign-in: clear what a crash left, and continue what was under way.

    Cheap to repeat, so every page may; a reader's sign-in moves nothing.
    """
    try:
        study.require("transcribe")
    except NotAllowed:
        return
    with _one:
        if study.home not in _tended:
            # A full disk, say, is told beside the jobs; it must not shut every page. The
            # next page tries again.
            with suppress(FokusError):
                continue_jobs(study)
                _tended.add(study.home)
    watch(study)


def continue_jobs(study: Study) -> None:
    """Take up again what the end of this process, or of the machine, interrupted."""
    study.require("transcribe")
    drop_loose_files(study)
    with _one:
        _sweep(study)
        for row in store.unfinished_jobs(study):
            path = _folder(study) / row.capsule
            with suppress(DamagedFile):  # that one is settled below, and the others go on
                if row.state == "running" and path.is_dir() and capsule.progress(path).stopped:
                    _settle(study, row, "queued")
        take_in(study)


def watch(study: Study) -> None:
    """Keep taking in while something runs, whether or not anybody looks at the page."""
    study.require("transcribe")
    with _watching:
        others = [one for one in _hands.get(study.home, []) if one is not study]
        _hands[study.home] = [study, *(one for one in others if not one.closed)]
        if study.home in _watched or not _working(study):
            return
        _watched.add(study.home)
    threading.Thread(target=_watch, args=(study.home,), name="fokus-jobs", daemon=True).start()


def _watch(home: Path) -> None:
    rest = threading.Event()
    while (study := _hand(home)) is not None:
        try:
            take_in(study)
            with _watching:
                if not _working(study):
                    _watched.discard(home)
                    return
        except Exception as error:
            # The member signed out under us, which may surface anywhere, or lost the right.
            if study.closed or isinstance(error, NotAllowed):
                _drop_hand(study)
                continue
            with _watching:
                _watched.discard(home)
            if isinstance(error, FokusError):
                return  # a full disk, say, is told on the page, and the next page watches again
            raise
        rest.wait(_LOOK_EVERY)


def _hand(home: Path) -> Study | None:
    """Who moves the line now; with nobody left the watch ends until somebody comes."""
    with _watching:
        hands = [one for one in _hands.get(home, []) if not one.closed]
        if not hands:
            _watched.discard(home)
            _hands.pop(home, None)
        return hands[0] if hands else None


def _drop_hand(study: Study) -> None:
    with _watching:
        _hands[study.home] = [one for one in _hands.get(study.home, []) if one is not study]


def _working(study: Study) -> bool:
    return any(job.state in WORKING for job in jobs(study))


def _folder(study: Study) -> Path:
    return study.home / "jobs"


def _with_whole_path(options: TranscribeOptions) -> TranscribeOptions:
    """Refuse a model that is not there; name a file so that the worker finds it too."""
    file = find_model(options.model)
    if options.model in (DEMO, *OFFICIAL):
        return options
    return replace(options, model=str(file.path.resolve()))


def _take_in(study: Study, row: JobRow) -> bool:
    """Settle a job that has come to an end; True while a worker of this machine holds it."""
    path = _folder(study) / row.capsule
    try:
        told = capsule.progress(path)
        if told.state == "running" and row.state == "queued" and not told.stopped:
            _settle(study, row, "running")
        if told.alive or told.state in WORKING:
            return told.alive and not told.elsewhere
        if told.state == "cancelled":
            _settle(study, row, "cancelled")
            return False
        outcome = capsule.result(path, store.job_key(study, row.id) or b"")
    except DamagedFile as error:
        _settle(study, row, "failed", str(error))
        return False
    if isinstance(outcome, Transcription) and not outcome.turns:
        _settle(study, row, "failed", _NOBODY_SPEAKS)
    elif isinstance(outcome, Transcription):
        _keep(study, row, outcome)
    else:
        lost = "The result of this transcription is missing. Resume it."
        _settle(study, row, "failed", outcome.message if outcome else lost)
    return False


def _waits(study: Study, row: JobRow) -> bool:
    """Nobody holds it, and nobody elsewhere is to."""
    if row.state != "queued":
        return False
    path = _folder(study) / row.capsule
    with suppress(DamagedFile):  # a missing folder too: that is told when it is handed over
        told = capsule.progress(path)
        return not told.alive and not told.elsewhere
    return True


def _hand_over(study: Study, waiting: Sequence[JobRow], busy: bool) -> None:
    """Give what waits to the worker; to a new one, unless another of before is ``busy``."""
    worker = _workers.get(study.home)
    new = worker is None or worker.ended()
    if new and busy:
        return
    if worker is None or new:
        if worker is not None:
            worker.let_go()
        worker = _workers[study.home] = Worker()
    for row in waiting:
        given = _give(study, worker, row)
        # Noted before the worker says so itself: if it dies at once, it is not tried for ever.
        if given and new:
            _settle(study, row, "running")
            new = False


def _give(study: Study, worker: Worker, row: JobRow) -> bool:
    key = store.job_key(study, row.id)
    path = _folder(study) / row.capsule
    if key is None or not path.is_dir():
        _settle(study, row, "failed", "This transcription's folder is missing. Start it anew.")
        return False
    # A live one was handed over just before this process was ended: it only was not noted.
    with suppress(WorkerAlive):
        return worker.hand_over(path, key)
    return False


def _wait_for_release(path: Path) -> None:
    """Until a cancelled capsule is free it can neither be resumed nor cleared away."""
    end = time.monotonic() + _RELEASE
    with suppress(DamagedFile):
        while time.monotonic() < end:
            told = capsule.progress(path)
            if not told.alive or told.elsewhere:
                return
            time.sleep(0.02)


def _keep(study: Study, row: JobRow, outcome: Transcription) -> None:
    source = store.recording(study, row.recording_id)
    with study.change() as change:
        if store.read_job(change.db, row.id).state not in WORKING:
            return
        transcript_id = store.insert_transcription(
            change, outcome, source.title, source.group, source.id, "whisper"
        )
        store.set_job_state(change, row.id, "done", transcript_id=transcript_id, forget_key=True)
    shutil.rmtree(_folder(study) / row.capsule, ignore_errors=True)


def _settle(study: Study, row: JobRow, state: JobState, message: str = "") -> None:
    with study.change() as change:
        if store.read_job(change.db, row.id).state != state:
            store.set_job_state(change, row.id, state, message=message)


def _sweep(study: Study) -> None:
    """Remove capsules that no job can open any more."""
    known = {row.capsule for row in store.jobs(study) if row.resumable}
    with _making:
        for path in _folder(study).iterdir():
            if path.name not in known and path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
