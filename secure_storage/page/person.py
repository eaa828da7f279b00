"""Forms about one person of the linking store."""

from dataclasses import replace
from datetime import date
from typing import Final

import streamlit as st

from ..errors import FokusError
from ..linking import Linking, Person
from .telling import plain

NEW: Final = (0, "")
"""Chosen for a pseudonym that the study does not have (yet)."""
BASES: Final = (
    "",
    "Consent (GDPR art. 6.1 a, 9.2 a)",
    "Task in the public interest (GDPR art. 6.1 e, 9.2 j)",
)


def enter_person(linking: Linking, person: Person, *, fixed: bool) -> None:
    """Let a custodian enter who a pseudonym is; ``fixed`` when the pseudonym is given."""
    st.subheader("Who it is")
    # By number and version, so that another person's words are never left standing.
    here = f"{person.group_number}-{person.id}-{person.version}"
    with st.form(f"person-{here}" if person.id else "person-new", clear_on_submit=not person.id):
        group, pseudonym = person.group_number, person.pseudonym
        if not fixed:
            left, right = st.columns(2)
            group = left.number_input("Group", 1, 999, 1)
            pseudonym = right.text_input("Pseudonym", max_chars=80)
        left, right = st.columns(2)
        name = left.text_input("Name", person.name, max_chars=200, autocomplete="off")
        others = left.text_area(
            "Other names to look for, one a line", "\n".join(person.other_names),
            help="Nicknames, names before marriage, how the recogniser misspells the name",
        )  # fmt: skip
        contact = left.text_area("Contact (telephone, e-mail)", person.contact)
        consent = right.text_input("Consent reference", person.consent, max_chars=200)
        consent_on = right.date_input("Consent given on", _date(person.consent_on))
        bases = BASES if person.basis in BASES else (*BASES, person.basis)
        basis = right.selectbox(
            "Lawful basis", bases, bases.index(person.basis), accept_new_options=True
        )
        retention = right.text_area("Note on retention", person.retention)
        if not st.form_submit_button("Save", type="primary", icon=":material/save:"):
            return
    new = replace(
        person, group_number=int(group), pseudonym=pseudonym, name=name, contact=contact,
        other_names=tuple(others.splitlines()), consent=consent, consent_on=_day(consent_on),
        basis=basis or "", retention=retention,
    )  # fmt: skip
    try:
        with st.spinner("Saving"):
            linking.save_person(new)
    except FokusError as error:
        st.error(plain(str(error)))
    else:
        st.toast("Saved, and the name check renewed.")
        st.rerun()


def withdrawal_and_removal(linking: Linking, person: Person) -> None:
    """Let a custodian note a withdrawal, or remove a person for good."""
    left, right = st.columns(2)
    with left, st.form("withdrawal"):
        st.subheader("Withdrawal")
        st.caption(
            "The lead sees the pseudonym and the day, and that erasure is due; no name. Without "
            "a day, the withdrawal is taken back."
        )
        day = st.date_input("Withdrew on", _date(person.withdrawn_on), max_value="today")
        note = st.form_submit_button("Note the withdrawal", icon=":material/person_cancel:")
    with right, st.form("removal"):
        st.subheader("Remove")
        st.caption(
            "Removes this entry for good, under a new key. The pseudonym stays in the study. "
            "Backups made before hold the entry until they expire."
        )
        sure = st.checkbox("Remove who this is")
        remove = st.form_submit_button("Remove", icon=":material/delete_forever:")
    if remove and not sure:
        st.error("Tick the box to confirm.")
    elif note or remove:
        try:
            if note:
                linking.withdraw(person.id, _day(day))
            else:
                linking.remove_person(person.id)
        except FokusError as error:
            st.error(plain(str(error)))
        else:
            st.rerun()


def _date(day: str | None) -> date | None:
    return date.fromisoformat(day) if day else None


def _day(day: object) -> str | None:
    return day.isoformat() if isinstance(day, date) else None
