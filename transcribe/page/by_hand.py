"""Beginning a transcript that is typed by hand."""

import streamlit as st

from secure_storage import Study

from ..languages import NAMES
from ..store import RecordingRow, start_typed, study_defaults
from ..transcript_component import remember_transcript
from .telling import labels, told


def typing_part(study: Study, rows: list[RecordingRow]) -> None:
    """Offer the recordings to be typed from scratch; no model is needed."""
    if not rows:
        st.caption("Add a recording first; then it can be typed by hand here.")
        return
    st.caption(
        "Without any model: you listen and type, with keys for the sound, the speakers and the "
        "times. The transcript begins empty, on the page **Transcript**."
    )
    titles, allowed = labels(rows), study_defaults(study).allowed
    first, second = st.columns([3, 2])
    recording = first.selectbox("Recording", list(titles), format_func=titles.__getitem__)
    language = second.selectbox(
        "Language",
        [*allowed, *(code for code in NAMES if code not in allowed)],
        format_func=NAMES.__getitem__,
        key="typed-language",
    )
    if st.button("Begin to type", icon=":material/keyboard:"):
        with told():
            remember_transcript(start_typed(study, recording, language))
            st.toast("An empty transcript is there. Open it on the page Transcript and press o.")
