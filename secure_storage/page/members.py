"""The page «Members & security»: who works on the study and how it is protected."""

import pandas as pd  # type: ignore[import-untyped]
import streamlit as st

from ..errors import FokusError
from ..members import RIGHTS, ROLES, Member, Role
from ..recovery import has_kit
from ..study import DEEDS, Study, verified_chain
from .account import your_account
from .backups import backups_section
from .changing import change_member
from .telling import plain


def members_page(study: Study) -> None:
    """Draw the page."""
    study.require("read")
    st.title("Members and security")
    # Filled last, so that it shows what was changed below it.
    table = st.container()
    if "members" in RIGHTS[study.member.role]:
        left, right = st.columns(2, gap="large")
        with left:
            _invite(study)
            _recovery_kit(study)
            your_account(study)
        with right:
            change_member(study)
    else:
        your_account(study)
    with table:
        _table(study.members())
    backups_section(study)
    _rights()
    _journal(study)


def _table(members: list[Member]) -> None:
    st.dataframe(
        pd.DataFrame(
            {
                "Name": [one.name for one in members],
                "Initials": [one.initials for one in members],
                "Role": [one.role for one in members],
                "Access": [_access(one) for one in members],
                "May release exports": ["yes" if one.may_release else "" for one in members],
                "One-time codes": ["yes" if one.uses_codes else "" for one in members],
            }
        ),
        hide_index=True,
        width="stretch",
    )


def _access(member: Member) -> str:
    if member.removed:
        return "removed"
    return "ended" if member.disabled else "yes"


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


def _recovery_kit(study: Study) -> None:
    st.subheader("Recovery kit")
    if has_kit(study):
        st.caption(
            "There is a printed recovery kit. It opens the study when no lead can sign in any "
            "more. If the paper is lost, make a new one, which replaces it."
        )
    else:
        st.warning(
            "There is no recovery kit yet. If every lead forgets the passphrase, the study is "
            "lost: nobody can restore it. Make the kit, print it and put it in a safe.",
            icon=":material/warning:",
        )
    st.html('<a href="/recovery-kit" target="_self" style="color: inherit">Make a recovery kit</a>')


def _rights() -> None:
    st.subheader("Who may do what")
    columns = {
        role.capitalize(): ["✓" if right in RIGHTS[role] else "" for right in DEEDS]
        for role in ROLES
    }
    what = [deed.capitalize() for deed in DEEDS.values()]
    table = pd.DataFrame({"May": what, **columns})
    st.dataframe(table, hide_index=True, width="stretch", height="content")
    st.caption("Releasing exports is in no role: it is a permission of a person.")


def _journal(study: Study) -> None:
    st.subheader("Journal")
    check = verified_chain(study)
    if check.ok:
        st.caption("The journal is unbroken: every event follows from the one before it.")
    else:
        st.error("The journal was tampered with: " + plain(check.problem))
    if "audit" in RIGHTS[study.member.role]:
        st.html(
            '<a href="/audit" target="_self" style="color: inherit">'
            "Read the journal and check its anchors</a>"
        )
