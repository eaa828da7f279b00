"""The page Participants: groups, who took part, what they answered, and Table 1."""

import streamlit as st

from secure_storage import Study

from ..store import groups, participants
from ..transcript_component import may
from .groups import groups_part
from .people import attributes_part, participants_part
from .questionnaire import questionnaire_part
from .table_one import table_one_part
from .telling import told


def participants_page(study: Study) -> None:
    """Draw the page."""
    st.title("Participants")
    st.caption(
        "Quotes are attributed by profession and group. Use pseudonyms here; who is who is kept "
        "by a key custodian, apart from the study."
    )
    may_change = may(study, "transcribe")
    if not may_change:
        st.caption("Your role can read. Participants are entered by coders and leads.")
    people, meetings, asked, table = st.tabs(
        ["Participants", "Groups", "Questionnaire", "Table 1"],
    )
    with people, told():
        participants_part(study, participants(study), may_change=may_change)
        attributes_part(study, may_change=may_change)
    with meetings, told():
        groups_part(study, groups(study), may_change=may_change)
    with asked, told():
        if may_change:
            questionnaire_part(study)
        else:
            st.caption("Your role does not import questionnaires.")
    with table, told():
        table_one_part(study, may_change=may_change)
