"""Asking for a transcript as a file: in which form, what for, for whom."""

from typing import Final

import streamlit as st

from secure_storage import Study

from ..asked_component import where_it_stands
from ..export import EXPORT_FORMS, export_transcript
from ..store import TranscriptRow
from .telling import told

_CALLED: Final = {
    "docx": "Word", "txt": "Plain text", "vtt": "WebVTT", "srt": "SubRip", "json": "JSON",
}  # fmt: skip


def exporting_part(study: Study, row: TranscriptRow) -> None:
    """Let a transcript be asked for, and show where the file stands."""
    asked = f"transcript_asked_{row.id}"
    with st.expander("Export", icon=":material/outbox:"):
        st.caption(
            "Speakers stand in the file with pseudonym and role; who is not linked to a "
            "participant is numbered. It is searched for the registered names and leaves when a "
            "member with the permission to release agrees (page **Exports**)."
        )
        with st.form(f"export-transcript-{row.id}", border=False):
            first, second = st.columns(2, vertical_alignment="bottom")
            form = first.selectbox("Form", EXPORT_FORMS, format_func=_CALLED.__getitem__)
            times = second.checkbox(
                "With times and pauses", value=True, help="Subtitles (WebVTT, SubRip) need them."
            )
            first, second = st.columns(2)
            purpose = first.text_input("What for", placeholder="Member check", max_chars=500)
            recipient = second.text_input("For whom", placeholder="The participants", max_chars=500)
            if st.form_submit_button("Ask for the file", icon=":material/outbox:"):
                with told(), st.spinner("Writing the file …"):
                    made = export_transcript(study, row.id, form, purpose, recipient, times=times)
                    st.session_state[asked] = made.id
        where_it_stands(study, st.session_state.get(asked))
