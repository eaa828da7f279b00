"""The page Recordings: what there is, what runs, and every way in."""

from typing import Final

import streamlit as st

from secure_storage import NotAllowed, Study

from ..job_view import WORKING, Job
from ..jobs import jobs, tend
from ..store import RecordingRow, recordings
from .adding import adding_part
from .by_hand import typing_part
from .defaults import defaults_part
from .grounds import grounds_part
from .importing import import_part
from .progress import progress_part
from .starting import starting_part
from .telling import clock, told


def recordings_page(study: Study) -> None:
    """Show the recordings and let them be added, transcribed and described."""
    st.title("Recordings")
    may_change = _may(study)
    with told():
        tend(study)
    rows = recordings(study)
    every = jobs(study)
    if rows:
        _table(rows, every)
    else:
        st.caption(
            "No recordings yet. Add the sound of your first group below; it is sealed as it "
            "arrives. Or import a transcript that was made elsewhere."
        )
    if not may_change:
        st.caption("Your role can read. Recordings are added by coders and leads.")
        with st.expander("Approval and consent"):
            grounds_part(study, rows, may_change=False)
        return
    progress_part(study, every)
    add, start, text, rests_on = st.tabs(
        ["Add a recording", "Transcribe", "Import a text", "Approval and consent"],
    )
    with add, told():
        adding_part(study, rows)
    with start, told():
        starting_part(study, rows, every)
        with st.expander("Words, style and languages", icon=":material/tune:"):
            defaults_part(study)
        with st.expander("Type it by hand", icon=":material/keyboard:"):
            typing_part(study, rows)
    with text, told():
        import_part(study)
    with rests_on, told():
        grounds_part(study, rows, may_change=True)


def _may(study: Study) -> bool:
    try:
        study.require("transcribe")
    except NotAllowed:
        return False
    return True


def _table(rows: list[RecordingRow], every: list[Job]) -> None:
    newest = {job.recording_id: job for job in reversed(every)}
    st.dataframe(
        {
            "Recording": [row.title for row in rows],
            "Group": [row.group for row in rows],
            "Length": [clock(row.duration) for row in rows],
            "Parts": [len(row.parts) for row in rows],
            "Transcript": [_state(row, newest.get(row.id)) for row in rows],
            "Added": [row.created_at[:10] for row in rows],
        },
        hide_index=True,
        column_config={
            "Recording": st.column_config.TextColumn(width="large"),
            "Group": st.column_config.NumberColumn(width="small"),
            "Parts": st.column_config.NumberColumn(width="small"),
        },
    )


def _state(row: RecordingRow, job: Job | None) -> str:
    if job is not None and job.state in WORKING:
        return _SAID[job.state]
    if row.transcript_id:
        return "Ready"
    return _SAID[job.state] if job is not None else "Not yet transcribed"


_SAID: Final = {
    "queued": "Waiting",
    "running": "Transcribing",
    "interrupted": "Interrupted",
    "failed": "Failed",
    "cancelled": "Cancelled",
    "done": "Ready",
}
