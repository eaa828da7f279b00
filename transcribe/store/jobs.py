"""The rows of transcription jobs; the work itself lives in their capsules."""

from typing import Any, Final

from sqlite_utils import Database

from secure_storage import BadInput, Change, Study

from .rows import JobRow, JobState

_JOBS: Final = """
SELECT id, recording_id, capsule, options, state, message, created_at, finished_at, transcript_id,
       key IS NOT NULL, aligns, created_by
FROM jobs
"""


def jobs(study: Study) -> list[JobRow]:
    """All jobs, newest first."""
    study.require("read")
    return [_job(row) for row in study.db.execute(_JOBS + " ORDER BY id DESC")]


def unfinished_jobs(study: Study) -> list[JobRow]:
    """Jobs that wait or run, oldest first."""
    study.require("read")
    rows = study.db.execute(_JOBS + " WHERE state IN ('queued', 'running') ORDER BY id")
    return [_job(row) for row in rows]


def job(study: Study, job_id: int) -> JobRow:
    """One job."""
    study.require("read")
    return read_job(study.db, job_id)


def read_job(db: Database, job_id: int) -> JobRow:
    """One job as ``db`` sees it."""
    row = db.execute(_JOBS + " WHERE id = ?", [job_id]).fetchone()
    if row is None:
        raise BadInput("This transcription does not exist (any more). Reload the page.")
    return _job(row)


def job_key(study: Study, job_id: int) -> bytes | None:
    """The capsule's key; None once the job has ended for good."""
    study.require("transcribe")
    row = study.db.execute("SELECT key FROM jobs WHERE id = ?", [job_id]).fetchone()
    return row[0] if row else None


def refuse_other_parts(db: Database, recording_id: int, parts: int) -> None:
    """Raise unless the recording still has as many parts as a capsule was given."""
    row = db.execute(
        "SELECT count(*) FROM recording_parts WHERE recording_id = ?", [recording_id]
    ).fetchone()
    if row[0] != parts:
        raise BadInput("A part was added since. Start the transcription anew.")


def insert_job(
    change: Change, recording_id: int, parts: int, capsule: str, key: bytes, options: str,
    aligns: int | None = None,
) -> int:  # fmt: skip
    """Write a waiting job, unless the recording has one that has not ended.

    ``aligns`` is the transcript to whose text it is to give times.
    """
    refuse_other_parts(change.db, recording_id, parts)
    if change.db.execute(
        "SELECT 1 FROM jobs WHERE recording_id = ? AND state IN ('queued', 'running')",
        [recording_id],
    ).fetchone():
        raise BadInput(
            "This recording is already being transcribed. Wait until that is done, or cancel it."
        )
    job_id = change.db.execute(
        "INSERT INTO jobs (recording_id, capsule, key, options, state, created_at, created_by,"
        " aligns) VALUES (?, ?, ?, ?, 'queued', ?, ?, ?)",
        [recording_id, capsule, key, options, change.now, change.member.id, aligns],
    ).lastrowid
    assert job_id is not None
    change.record(
        "job.added", f"job:{job_id}",
        after={"recording": recording_id, "options": options, "aligns": aligns},
    )  # fmt: skip
    return job_id


def forget_job_key(change: Change, job_id: int) -> None:
    """Make a job's capsule unreadable for ever; its end state stays."""
    change.db.execute("UPDATE jobs SET key = NULL WHERE id = ?", [job_id])
    change.record("job.discarded", f"job:{job_id}")


def set_job_state(
    change: Change,
    job_id: int,
    state: JobState,
    *,
    message: str = "",
    transcript_id: int | None = None,
    forget_key: bool = False,
) -> None:
    """Move a job to ``state``; ``forget_key`` makes its capsule unreadable for ever."""
    before = read_job(change.db, job_id)
    ended = state in ("done", "failed", "cancelled")
    change.db.execute(
        "UPDATE jobs SET state = ?, message = ?, finished_at = ?, transcript_id = ?,"
        " key = CASE WHEN ? THEN NULL ELSE key END WHERE id = ?",
        [state, message, change.now if ended else None, transcript_id, int(forget_key), job_id],
    )
    change.record(
        "job.started" if state == "running" else f"job.{state}",
        f"job:{job_id}",
        before={"state": before.state},
        after={"state": state, "message": message, "recording": before.recording_id,
               "transcript": transcript_id},
    )  # fmt: skip


def _job(row: tuple[Any, ...]) -> JobRow:
    *values, resumable, aligns, asked_by = row
    number, recording, capsule, options, state, message, created, finished, transcript = values
    return JobRow(
        number, recording, capsule, options, state, message, created, finished, transcript,
        bool(resumable), aligns, asked_by,
    )  # fmt: skip
