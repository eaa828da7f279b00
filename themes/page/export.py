"""Export: composing what is to leave; where it stands then, the page Exports tells."""

import streamlit as st

import transcribe
from secure_storage import Request, Study, list_requests, who_can_release

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
    st.caption("What waits, what left and what came in stands on the page **Exports**.")


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
    with st.form("export"):
        chosen = st.multiselect(
            "Transcripts", list(titles), default=list(titles), format_func=titles.__getitem__
        )
        purpose = st.text_input("What for", placeholder="Supplement of the article", max_chars=500)
        recipient = st.text_input("For whom", placeholder="BMC Palliative Care", max_chars=500)
        asked = st.form_submit_button("Ask for the Word file", type="primary")
    if asked:
        with told(), st.spinner("Writing the file …"):
            made = export_manuscript(study, chosen, purpose, recipient)
            st.session_state[_ASKED] = made.id
    # Read anew: somebody may have decided meanwhile.
    number = st.session_state.get(_ASKED)
    for one in list_requests(study):
        if one.id == number:
            with st.container(border=True):
                _what_next(study, one)


def _what_next(study: Study, asked: Request) -> None:
    if asked.names_found:
        st.caption(":material/warning: **Names found.** Read the file through, and take them out.")
    elif not asked.names_checked:
        st.caption(
            ":material/warning: **Names not checked.** No names are registered to look for. "
            "Read the file through before it is passed on."
        )
    if asked.state == "released":
        st.caption(":material/check_circle: Released, written to the study's exports folder:")
        st.text(asked.file_name)
        if study.member.may_release:
            st.link_button("Fetch the Word file", f"/export/{asked.export_id}", type="primary")
    elif asked.state == "waiting":
        st.caption(":material/hourglass: Sealed in the study. It waits on the page **Exports**.")
        st.text(asked.file_name)
        able = [member.name for member in who_can_release(study, asked)]
        if able:
            st.text("It leaves when one of these agrees: " + ", ".join(able))
        else:
            st.caption(
                "Nobody else can agree to it yet. The page **Exports** says what is missing."
            )
    else:
        st.text(f"{asked.file_name} was {asked.state}. {asked.reason}")
