"""The participants of the groups: by pseudonym, never by name."""

import streamlit as st

from secure_storage import Study

from ..store import add_participant, participants
from .telling import told


def participants_part(study: Study, *, may_change: bool) -> None:
    """List the participants and add one."""
    st.caption(
        "Quotes are attributed by profession and group. Use pseudonyms here; who is who does not "
        "belong in this workbench."
    )
    rows = participants(study)
    if rows:
        st.dataframe(
            {
                "Group": [row.group for row in rows],
                "Pseudonym": [row.pseudonym for row in rows],
                "Profession": [row.profession for row in rows],
                "Moderator": [row.role == "moderator" for row in rows],
            },
            hide_index=True,
            column_config={
                "Group": st.column_config.NumberColumn(width="small"),
                "Moderator": st.column_config.CheckboxColumn(width="small"),
            },
        )
    else:
        st.caption("No participants yet. Add each member of the first group, moderator included.")
    if may_change:
        _add(study, max((row.group for row in rows), default=1))


def _add(study: Study, group: int) -> None:
    with st.form("participant", clear_on_submit=True):
        columns = st.columns([1, 2, 3, 1], vertical_alignment="bottom")
        number = columns[0].number_input("Group", 1, 999, value=group)
        pseudonym = columns[1].text_input("Pseudonym", max_chars=80, key="pseudonym")
        profession = columns[2].text_input("Profession", max_chars=80, key="profession")
        moderator = columns[3].checkbox("Moderator")
        if st.form_submit_button("Add participant"):
            with told():
                add_participant(
                    study,
                    int(number),
                    pseudonym,
                    profession,
                    "moderator" if moderator else "participant",
                )
                st.rerun()
