"""Export: composing what is to leave; where it stands then, the page Exports tells."""

import streamlit as st

import transcribe
from secure_storage import Study

from ..export import export_manuscript
from .telling import told

_ASKED = "export_asked"


def export_page(study: Study) -> None:
    """Draw the page Export."""
    st.title("Export")
    rows = transcribe.list_transcripts(study)
    if not rows:
        st.caption(
            "There is nothing to export yet. Open **Recordings** to add a recording; its coding "
            "table, themes and quotes can then leave from here as a Word file."
        )
    elif transcribe.may(study, "export"):
        _asking(study, rows)
    else:
        st.caption("Your role does not ask for exports. Ask a lead or a coder for the Word file.")
    st.caption(
        "What waits, what left and what came in stands on the page **Exports**. "
        "Transcripts are asked for on the page **Transcript**."
    )


def _asking(study: Study, rows: list[transcribe.TranscriptRow]) -> None:
    st.caption(
        "A Word file with the coding table (markers C1, C2 … in the text), each theme with its "
        "concept, codes and attributed quotes, and how it was made."
    )
    st.caption(
        "It is searched for the registered names and sealed in the study. It leaves when a member "
        "with the permission to release agrees; where names were found or could not be looked "
        "for, a second person has to agree too."
    )
    titles = {row.id: f"{row.title} (group {row.group})" for row in rows}
    pilots = {one.number for one in transcribe.groups(study) if one.left_out}
    proposed = [row.id for row in rows if row.group not in pilots]
    with st.form("export"):
        chosen = st.multiselect(
            "Transcripts", list(titles), default=proposed, format_func=titles.__getitem__
        )
        purpose = st.text_input("What for", placeholder="Supplement of the article", max_chars=500)
        recipient = st.text_input("For whom", placeholder="BMC Palliative Care", max_chars=500)
        asked = st.form_submit_button("Ask for the Word file", type="primary")
    if asked:
        with told(), st.spinner("Writing the file …"):
            made = export_manuscript(study, chosen, purpose, recipient)
            st.session_state[_ASKED] = made.id
    transcribe.where_it_stands(study, st.session_state.get(_ASKED))
