"""On the page «Members & security»: what a lead changes for another member."""

from collections.abc import Callable

import streamlit as st

from ..errors import FokusError
from ..members import ROLES, Member, Role
from ..one_time_codes import switch_off_for
from ..rotation import rotate_keys
from ..study import Study
from .telling import plain


def change_member(study: Study) -> None:
    """Offer what can be changed for one of the others."""
    st.subheader("Change a member")
    others = {
        one.id: one for one in study.members() if not one.removed and one.id != study.member.id
    }
    if others:
        chosen = st.selectbox("Member", list(others), format_func=lambda key: others[key].name)
        member = others[chosen]
        _role(study, member)
        _access(study, member)
        if member.uses_codes:
            _codes(study, member)
        _remove(study, member)
    else:
        st.caption("Nobody else works on this study yet. Invite somebody first.")
    _rotate(study)


def _role(study: Study, member: Member) -> None:
    with st.form(f"role-{member.id}"):
        role: Role = st.selectbox("Role", ROLES, index=ROLES.index(member.role))
        may = st.checkbox("May release exports", value=member.may_release)
        if not st.form_submit_button("Save", icon=":material/save:"):
            return

    def save() -> None:
        if role != member.role:
            study.change_role(member.id, role)
        if may != member.may_release:
            study.let_release(member.id, may)

    if _done(save):
        st.rerun()


def _access(study: Study, member: Member) -> None:
    if not member.disabled:
        if st.button(
            "End access", icon=":material/person_off:", key=f"end-{member.id}",
            help="The member is signed out at once. You can give access again.",
        ) and _done(lambda: study.disable(member.id)):  # fmt: skip
            st.rerun()
        return
    if not st.button("Give access again", icon=":material/person_check:", key=f"give-{member.id}"):
        return
    given: list[str] = []
    if _done(lambda: given.append(study.enable(member.id))):
        st.caption("Give this one-time passphrase to the member. It is shown only now.")
        st.code(given[0], language=None)


def _codes(study: Study, member: Member) -> None:
    if st.button(
        "Switch off one-time codes", icon=":material/phonelink_erase:", key=f"codes-{member.id}",
        help="For a member whose phone is lost: the next sign-in asks for the passphrase alone.",
    ) and _done(lambda: switch_off_for(study, member.id)):  # fmt: skip
        st.rerun()


def _remove(study: Study, member: Member) -> None:
    with st.expander("Remove for good", icon=":material/person_remove:"):
        st.caption(
            "The member cannot come back; the name and everything the member did stay. "
            "Without changing the keys, somebody who copied the study folder or its root key "
            "before could still open a later copy of the study. Changing them seals the "
            "database and every file anew, while everybody goes on working. Backups from "
            "before still open with the keys of their day, until they expire."
        )
        with st.form(f"remove-{member.id}"):
            sure = st.checkbox("Remove this member for good")
            rotate = st.checkbox("Change the keys as well", value=True)
            if not st.form_submit_button("Remove", icon=":material/person_remove:"):
                return
        if not sure:
            st.error("Tick the box to confirm.")
        elif _done(lambda: study.remove(member.id)) and (not rotate or _rotated(study)):
            st.rerun()


def _rotate(study: Study) -> None:
    with st.expander("Change the keys", icon=":material/key:"):
        st.caption(
            "Seals the database and every file under new keys. Do it when a copy of the study "
            "folder may be in wrong hands together with its keys. Passphrases and the recovery "
            "kit stay as they are. It takes about as long as copying all recordings."
        )
        if st.button("Change the keys now", icon=":material/key:") and _rotated(study):
            st.success("The keys are new. Make a new backup.", icon=":material/key:")


def _rotated(study: Study) -> bool:
    bar = st.progress(0.0, text="Sealing every file anew")

    def show(done: int, total: int) -> None:
        bar.progress(min(1.0, done / max(1, total)), text="Sealing every file anew")

    try:
        return _done(lambda: rotate_keys(study, show))
    finally:
        bar.empty()


def _done(work: Callable[[], object]) -> bool:
    try:
        work()
    except FokusError as error:
        st.error(plain(str(error)))
        return False
    return True
