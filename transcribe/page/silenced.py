"""Asking for the recording without the words that were replaced."""

import streamlit as st

from secure_storage import Study

from ..asked_component import where_it_stands
from ..silenced_copy import export_silenced
from ..store import TranscriptRow
from ..transcript_component import may
from .telling import told


def silenced_part(study: Study, row: TranscriptRow) -> None:
    """Let a silenced copy of the recording be asked for."""
    if row.recording_id is None or not may(study, "export"):
        return
    asked = f"silenced_asked_{row.id}"
    with st.expander("Recording without the replaced words", icon=":material/volume_off:"):
        st.caption(
            "A FLAC file for each part of the recording, silent or with a tone where replaced "
            "words are heard. Voices stay what they are, and can be known."
        )
        with st.form(f"silenced-{row.id}", border=False):
            purpose = st.text_input("What for", max_chars=500)
            recipient = st.text_input("For whom", max_chars=500)
            beep = st.checkbox("A tone where words were replaced, instead of silence")
            wanted = st.form_submit_button("Ask for the sound", icon=":material/outbox:")
        if wanted:
            with told():
                bar = st.progress(0.0)
                made = export_silenced(
                    study, row.id, purpose, recipient, beep=beep, told=bar.progress
                )
                st.session_state[asked] = made[-1].id
        where_it_stands(study, st.session_state.get(asked))
