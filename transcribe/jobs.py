"""Transcriptions as the study sees them: started, watched, taken in, taken up again.

The work is done by a worker process on a capsule, which outlives this process. Here the
capsule is made, and seen to its end (``line`` takes its result in). The job's key stands in
the encrypted database only; forgetting it makes the capsule unreadable.

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
from .intake import drop_loose_files, slices
from .job_view import WORKING, Job, job_view
from .line import jobs_folder, moving, settle, take_in
from .models import DEMO, OFFICIAL, find_model
from .options import TranscribeOptions
from .slurm_jobs import ask_slurm, offered

_LOOK_EVERY: Final = 1.0
_making = threading.Lock()
"""A capsule in the making is not yet in the database, and must not be swept."""
_watching = threading.Lock()
_tended: Final[set[Path]] = set()
_watched: Final[set[Path]] = set()
_hands: Final[dict[Path, list[Study]]] = {}
"""Who may move a home's line, the last first: one who signs out leaves it to the others."""
_RELEASE: Final = 10.0
"""Seconds in which a worker, one just starting too, lets go of what is cancelled."""


def jobs(study: Study) -> list[Job]:
    """All transcriptions, newest first."""
    titles = {row.id: row.title for row in store.recordings(study)}
    rows = store.jobs(study)
    working = sorted(
        (row.state != "running", row.id)
        for row in rows
        if row.state in WORKING and not array.wanted(jobs_folder(study) / row.capsule)
    )
    line = {number: before for before, (_, number) in enumerate(working)}
    return [
        job_view(
            row, titles.get(row.recording_id, ""), jobs_folder(study), before=line.get(row.id, 0)
        )
        for row in rows
    ]  # fmt: skip


def start_job(study: Study, recording_id: int, options: TranscribeOptions) -> int:
    """Have a recording transcribed by a worker process; gives the job's id."""
    (number,) = start_jobs(study, [recording_id], options)
    return number


def start_jobs(
    study: Study, recordings: Sequence[int], options: TranscribeOptions, *,
    on_slurm: bool = False, aligns: int | None = None,
) -> list[int]:  # fmt: skip
    """Have recordings transcribed, by a worker process or by one array of Slurm's.

    With ``aligns``, what is heard gives the text of that transcript its times. Gives the
    jobs' ids; where it raises, none was started.
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
                numbers = [store.insert_job(change, *one, said, aligns) for one in made]
        except BaseException:
            for _, _, name, _ in made:
                shutil.rmtree(jobs_folder(study) / name, ignore_errors=True)
            raise
    # They are started: what goes wrong from here on is told beside them, and tried again.
    for old in store.jobs(study):
        if old.recording_id in recordings and old.id not in numbers and old.resumable:
            with suppress(FokusError):
                discard_job(study, old.id)
    with suppress(FokusError):
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
        path = capsule.create(jobs_folder(study), parts, options, key)
    try:
        if on_slurm:
            array.want(path)
    except BaseException:
        shutil.rmtree(path, ignore_errors=True)
        raise
    return recording_id, len(parts), path.name, key


def cancel_job(study: Study, job_id: int) -> None:
    """Stop a transcription; what is finished of it stays until it is discarded."""
    study.require("transcribe")
    with moving:
        row = store.job(study, job_id)
        if row.state not in WORKING:
            return
        path, name = jobs_folder(study) / row.capsule, ""
        if path.is_dir():
            name = array.cancel(jobs_folder(study), path)
            _wait_for_release(path)
        # A node that was lost may hold its lock for ever; what comes of it is not taken in.
        if row.state == "queued" or not path.is_dir() or array.wanted(path):
            settle(study, row, "cancelled")
        take_in(study)
    if name:
        array.drop(name)  # nobody else is to wait for Slurm meanwhile


def resume_job(study: Study, job_id: int) -> None:
    """Take a transcription up again where it stopped."""
    study.require("transcribe")
    with moving:
        row = store.job(study, job_id)
        path = jobs_folder(study) / row.capsule
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
            if not offered(study):
                array.want_no_more(path)
        take_in(study)
    watch(study)


def discard_job(study: Study, job_id: int) -> None:
    """Clear away what is left of a transcription that has stopped."""
    study.require("transcribe")
    with moving:
        row = store.job(study, job_id)
        path = jobs_folder(study) / row.capsule
        with suppress(DamagedFile):  # where it cannot even be read, it is to be cleared away
            lost = array.wanted(path) and row.state not in WORKING  # with its node, perhaps
            if capsule.progress(path).alive and not lost:
                raise BadInput(
                    "This transcription is running. Cancel it first, or wait until it has stopped."
                )
        if row.state in WORKING:
            settle(study, row, "cancelled")
        with study.change("transcribe") as change:
            store.forget_job_key(change, job_id)
        array.remove(path)


def tend(study: Study) -> None:
    """After a sign-in: clear what a crash left, and continue what was under way.

    Cheap to repeat, so every page may; a reader's sign-in moves nothing.
    """
    try:
        study.require("transcribe")
    except NotAllowed:
        return
    with moving:
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
    with moving:
        _sweep(study)
        for row in store.unfinished_jobs(study):
            path = jobs_folder(study) / row.capsule
            with suppress(DamagedFile):  # that one is settled below, and the others go on
                if row.state == "running" and path.is_dir() and capsule.progress(path).stopped:
                    settle(study, row, "queued")
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
            ask_slurm(study)
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


def _with_whole_path(options: TranscribeOptions) -> TranscribeOptions:
    """Refuse a model that is not there; name a file so that the worker finds it too."""
    file = find_model(options.model)
    if options.model in (DEMO, *OFFICIAL):
        return options
    return replace(options, model=str(file.path.resolve()))


def _wait_for_release(path: Path) -> None:
    """Until a cancelled capsule is free it can neither be resumed nor cleared away."""
    end = time.monotonic() + _RELEASE
    with suppress(DamagedFile):
        while time.monotonic() < end:
            told = capsule.progress(path)
            if not told.alive or told.elsewhere:
                return
            time.sleep(0.02)


def _sweep(study: Study) -> None:
    """Remove capsules that no job can open any more."""
    known = {row.capsule for row in store.jobs(study) if row.resumable}
    with _making:
        for path in jobs_folder(study).iterdir():
            if path.name not in known and path.is_dir():
                array.remove(path)
