"""What runs and what has stopped; asks again only while something runs."""

from typing import Final

import streamlit as st

from secure_storage import Study

from ..job_view import WORKING, Job
from ..jobs import cancel_job, discard_job, jobs, resume_job
from ..line import take_in
from .telling import told, trouble

_EVERY = 1.0
_STOPPED: Final = {
    "interrupted": "The transcription was interrupted. Resume it: what is finished is kept.",
    "cancelled": "The transcription was cancelled. What is finished is kept until it is discarded.",
    "failed": "The transcription failed.",
}


def progress_part(study: Study, every: list[Job]) -> None:
    """Show the jobs that have not ended well; poll while one is at work."""
    shown = _open(every)
    if not shown:
        return
    st.subheader("Transcriptions")
    working = any(job.state in WORKING for job in shown)
    st.fragment(_lines, run_every=_EVERY if working else None)(study, len(shown), working)


def _lines(study: Study, count: int, working: bool) -> None:
    with told():
        take_in(study)
        shown = _open(jobs(study))
        for job in shown:
            _line(study, job)
        if len(shown) != count or working != any(job.state in WORKING for job in shown):
            st.rerun()  # one ended: draw the list anew, and stop asking when nothing runs


def _open(every: list[Job]) -> list[Job]:
    """All that is under way, in its order; then what can be resumed or cleared away."""
    shown = [job for job in every if job.state != "done" and job.resumable]
    return sorted(shown, key=lambda job: (job.state not in WORKING, job.before))


def _line(study: Study, job: Job) -> None:
    with st.container(border=True):
        name, bar, act = st.columns([3, 6, 2], vertical_alignment="center")
        name.text(job.title)
        if job.state in WORKING:
            bar.progress(job.done, text=_said(job))
            if act.button("Cancel", key=f"cancel-{job.id}"):
                cancel_job(study, job.id)
                st.rerun()
            return
        with bar:
            trouble(job.message or _STOPPED[job.state])
        with act:
            if st.button("Resume", key=f"resume-{job.id}"):
                resume_job(study, job.id)
                st.rerun()
            if st.button("Discard", key=f"discard-{job.id}"):
                discard_job(study, job.id)
                st.rerun()


def _said(job: Job) -> str:
    if job.state == "queued":
        return "Waiting" if not job.before else f"Waiting, {job.before} before it"
    steps = [f"{step.name} ({step.done} of {step.total})" for step in job.steps]
    left = [] if job.left is None else [f"about {_minutes(job.left)} left"]
    if job.cluster == "is silent":
        steps = [*steps, "The cluster does not answer; what it runs goes on"]
    begun = steps or ["Waiting for its turn on the cluster" if job.cluster else "Starting"]
    return " · ".join([*begun, *left])


def _minutes(seconds: float) -> str:
    if seconds < 90:
        return "a minute"
    if seconds < 5400:
        return f"{round(seconds / 60)} minutes"
    return f"{seconds / 3600:.1f} hours"
