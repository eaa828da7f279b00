"""Export: what leaves the study, for whom, and what left before."""

import streamlit as st

import transcribe
from secure_storage import Released, Study

from .. import store
from ..export import export_manuscript
from .telling import told


def export_page(study: Study) -> None:
    """Draw the page Export."""
    st.title("Export")
    rows = transcribe.list_transcripts(study)
    if not rows:
        st.caption(
            "There is nothing to export yet. Open **Recordings** to add a recording; its coding "
            "table, themes and quotes can then leave from here as a Word file."
        )
    elif study.member.role == "lead":
        _asking(study, rows)
    else:
        st.caption("Only a lead releases exports. Ask a lead of the study for the Word file.")
    _ledger(study)


def _asking(study: Study, rows: list[transcribe.TranscriptRow]) -> None:
    st.caption(
        "A Word file with the coding table (markers C1, C2 … in the text), each theme with its "
        "concept, codes and attributed quotes, and how it was made."
    )
    st.caption(
        ":material/warning: **Names not checked.** Nothing searches the text for names or places "
        "yet. Read the file through before you pass it on."
    )
    titles = {row.id: f"{row.title} (group {row.group})" for row in rows}
    with st.form("export"):
        chosen = st.multiselect(
            "Transcripts", list(titles), default=list(titles), format_func=titles.__getitem__
        )
        purpose = st.text_input("What for", placeholder="Supplement of the article", max_chars=500)
        recipient = st.text_input("For whom", placeholder="BMC Palliative Care", max_chars=500)
        asked = st.form_submit_button("Release the Word file", type="primary")
    if asked:
        with told(), st.spinner("Writing the file …"):
            st.session_state["released"] = export_manuscript(study, chosen, purpose, recipient)
    released: Released | None = st.session_state.get("released")
    if released is not None:
        with st.container(border=True):
            st.caption(":material/check_circle: Released, written to the study's exports folder:")
            st.text(released.path.name)
            st.link_button("Fetch the Word file", f"/export/{released.id}", type="primary")


def _ledger(study: Study) -> None:
    st.subheader("What left the study")
    rows = store.exports(study)
    if not rows:
        st.caption("Nothing has left the study so far.")
        return
    lead = study.member.role == "lead"
    table = {
        "When": [row.at[:16].replace("T", " ") for row in rows],
        "Who": [row.initials for row in rows],
        "File": [row.file_name for row in rows],
        "What for": [row.purpose for row in rows],
        "For whom": [row.recipient for row in rows],
        "Names": ["checked" if row.names_checked else "not checked" for row in rows],
        "SHA-256": [row.sha256 for row in rows],
        **({"Fetch": [f"/export/{row.id}" for row in rows]} if lead else {}),
    }
    st.dataframe(
        table,
        hide_index=True,
        column_config={
            "SHA-256": st.column_config.TextColumn(width="small"),
            "Fetch": st.column_config.LinkColumn(display_text="Word file", width="small"),
        },
    )
