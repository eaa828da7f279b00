"""The sound of a text that came without: attached later, and its times found."""

from typing import Final

import streamlit as st

from secure_storage import Study

from ..job_view import WORKING
from ..jobs import jobs, start_jobs
from ..options import TranscribeOptions
from ..store import (
    TranscriptRow,
    attach_recording,
    recordings,
    sentences,
    study_defaults,
)
from ..transcript_component import may
from .starting import choose_model
from .telling import clock, labels, told

_SLACK: Final = 2.0
"""Seconds that the last sentence may end after the sound."""


def sound_part(study: Study, row: TranscriptRow) -> None:
    """Let sound be attached to a text that has none, and its times be found."""
    if row.source in ("whisper", "document") or not may(study, "transcribe"):
        return
    with st.expander("Sound", icon=":material/graphic_eq:"), told():
        if row.recording_id is None:
            _attach(study, row)
        else:
            _align(study, row, row.recording_id)


def _attach(study: Study, row: TranscriptRow) -> None:
    rows = recordings(study)
    if not rows:
        st.caption(
            "This text has no sound yet. Add its recording on the page **Recordings**; then it can "
            "be attached here, to hear the sentences and to find their times."
        )
        return
    names = labels(rows)
    # Those of the same group come first.
    order = [one.id for one in sorted(rows, key=lambda one: (one.group != row.group, one.id))]
    with st.form(f"attach-{row.id}", border=False):
        chosen = st.selectbox("Recording of this text", order, format_func=names.__getitem__)
        if st.form_submit_button("Attach", icon=":material/attach_file:"):
            attach_recording(study, row.id, chosen)
            st.rerun()


def _align(study: Study, row: TranscriptRow, recording_id: int) -> None:
    if any(job.recording_id == recording_id and job.state in WORKING for job in jobs(study)):
        st.caption(
            "The recording is being listened to; the page **Recordings** says how far it is."
        )
        return
    lines = sentences(study, row.id)
    untimed = sum(one.start is None for one in lines)
    st.text(
        f"{untimed} of {len(lines)} sentences have no times." if untimed
        else "All sentences have times."
    )  # fmt: skip
    last = max((one.end for one in lines if one.end is not None), default=0.0)
    if row.duration is not None and last > row.duration + _SLACK:
        st.warning("The recording ends before the text does.", icon=":material/timer_off:")
        st.text(
            f"The text goes on until {clock(last)}, the recording until {clock(row.duration)}. "
            "Is it the recording of this text, and are all its parts here?"
        )
    st.caption(
        "A model can listen to the recording and find when each sentence is said. The text stays "
        "as it is; times it has are replaced. It can be taken back with the other acts."
    )
    model = choose_model()
    if st.button("Find the times", icon=":material/schedule:"):
        defaults = study_defaults(study)
        options = TranscribeOptions(
            model=model, language=row.language, allowed=defaults.allowed, prompt=defaults.prompt
        )
        with st.spinner("Sealing the sound for the worker …"):
            start_jobs(study, [recording_id], options, aligns=row.id)
        st.rerun()
