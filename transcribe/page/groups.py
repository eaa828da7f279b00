"""The groups: what they are called, when they met, which are kept out of the analysis."""

from dataclasses import replace
from datetime import date
from typing import Final

import streamlit as st

from secure_storage import Study

from ..store import GroupRow, edit_group
from .telling import clock, told

_DRAWN: Final = "group_drawn"
"""The group that the form was drawn from, and as it was when last told."""
_PRESSED: Final = "group_save"


def groups_part(study: Study, rows: list[GroupRow], *, may_change: bool) -> None:
    """List the groups and let one be described."""
    if not rows:
        st.caption(
            "No groups yet. A group is there as soon as it has a participant, a recording or a "
            "transcript; then it can be named here."
        )
        return
    st.dataframe(
        {
            "Group": [row.number for row in rows],
            "Name": [row.title for row in rows],
            "Met on": [row.held_on for row in rows],
            "Participants": [row.participants for row in rows],
            "Length": [clock(row.seconds) if row.seconds else "" for row in rows],
            "In the analysis": [not row.left_out for row in rows],
        },
        hide_index=True,
        column_config={"Group": st.column_config.NumberColumn(width="small")},
    )
    if may_change:
        _describe(study, {row.number: row for row in rows})


def _describe(study: Study, rows: dict[int, GroupRow]) -> None:
    number = st.selectbox(
        "Describe", list(rows), format_func=lambda one: rows[one].name, key="group_described"
    )
    now = rows[number]
    seen, known = st.session_state.get(_DRAWN, (now, now))
    if seen.number != number or not st.session_state.get(_PRESSED):
        # Nothing is being saved: what others did in the meantime may be shown.
        seen = known = now
    st.session_state[_DRAWN] = seen, known
    # What is stored is in the key, so that a change made elsewhere draws a fresh form.
    with st.form(f"group-{number}-{seen.title}-{seen.held_on}-{seen.left_out}"):
        first, second = st.columns([3, 2])
        title = first.text_input(
            "Name", seen.title, max_chars=80, placeholder="Pilot, night shift, online"
        )
        met = second.date_input(
            "Met on",
            date.fromisoformat(seen.held_on) if seen.held_on else None,
            format="YYYY-MM-DD",
        )
        left_out = st.checkbox(
            "Keep out of the analysis",
            seen.left_out,
            help="A pilot group, say: it is not counted in Table 1, and not proposed for exports.",
        )
        if st.form_submit_button("Save", icon=":material/check:", key=_PRESSED):
            # Who saves again, having been told what others wrote, means to replace it.
            st.session_state[_DRAWN] = seen, now
            with told():
                held_on = met.isoformat() if isinstance(met, date) else ""
                edit_group(
                    study, known, replace(seen, title=title, held_on=held_on, left_out=left_out)
                )
                st.rerun()
