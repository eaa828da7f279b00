"""The page «Members & security»: who works on the study, and what happened in it."""

import pandas as pd  # type: ignore[import-untyped]
import streamlit as st

from ..errors import FokusError
from ..events import Event
from ..members import RIGHTS, ROLES, Member, Role
from ..study import DEEDS, Study, verified_chain
from .telling import plain

RECENT = 200


def members_page(study: Study) -> None:
    """Draw the page."""
    study.require("read")
    st.title("Members and security")
    members = study.members()
    _table(members)
    if "members" in RIGHTS[study.member.role]:
        invite, end = st.columns(2)
        with invite:
            _invite(study)
        with end:
            _end_access(study, members)
    _rights()
    _journal(study, members)


def _table(members: list[Member]) -> None:
    st.dataframe(
        pd.DataFrame(
            {
                "Name": [one.name for one in members],
                "Initials": [one.initials for one in members],
                "Role": [one.role for one in members],
                "Access": ["ended" if one.disabled else "yes" for one in members],
            }
        ),
        hide_index=True,
        width="stretch",
    )


def _invite(study: Study) -> None:
    st.subheader("Invite a member")
    with st.form("invite", clear_on_submit=True):
        name = st.text_input("Name", max_chars=80)
        role: Role = st.selectbox("Role", ROLES, index=1)
        if not st.form_submit_button("Invite", icon=":material/person_add:"):
            return
    try:
        once = study.invite(name, role)
    except FokusError as error:
        st.error(plain(str(error)))
        return
    st.caption(
        "Give this one-time passphrase to the new member in person or by phone. It is shown "
        "only now, and at the first sign-in it is replaced by an own one."
    )
    st.code(once, language=None)


def _end_access(study: Study, members: list[Member]) -> None:
    st.subheader("End access")
    others = {one.id: one for one in members if not one.disabled and one.id != study.member.id}
    if not others:
        st.caption("Nobody else has access yet.")
        return
    with st.form("end"):
        chosen = st.selectbox("Member", list(others), format_func=lambda key: others[key].name)
        sure = st.checkbox("The member is signed out at once and cannot sign in any more")
        if not st.form_submit_button("End access", icon=":material/person_off:"):
            return
    if not sure:
        st.error("Tick the box to confirm.")
        return
    try:
        study.disable(chosen)
    except FokusError as error:
        st.error(plain(str(error)))
    else:
        st.rerun()


def _rights() -> None:
    st.subheader("Who may do what")
    columns = {
        role.capitalize(): ["✓" if right in RIGHTS[role] else "" for right in DEEDS]
        for role in ROLES
    }
    what = [deed.capitalize() for deed in DEEDS.values()]
    st.dataframe(pd.DataFrame({"May": what, **columns}), hide_index=True, width="stretch")


def _journal(study: Study, members: list[Member]) -> None:
    st.subheader("Recent events")
    check = verified_chain(study)
    if check.ok:
        st.caption("The journal is unbroken: every event follows from the one before it.")
    else:
        st.error("The journal was tampered with: " + plain(check.problem))
    names = {one.id: one.name for one in members}
    events = study.recent_events(RECENT)
    st.dataframe(pd.DataFrame(_rows(events, names)), hide_index=True, width="stretch")


def _rows(events: list[Event], names: dict[int, str]) -> dict[str, list[object]]:
    return {
        "No.": [one.seq for one in events],
        "Time (UTC)": [one.at.replace("T", " ")[:19] for one in events],
        "Who": [names.get(one.actor, "") if one.actor else "" for one in events],
        "What": [one.action for one in events],
        "On": [one.object for one in events],
    }
