"""The page «Erasure»: who withdraws, what is theirs, a second person, and the certificates."""

import textwrap
from collections.abc import Callable

import pandas as pd  # type: ignore[import-untyped]
import streamlit as st

from ..backup import backups, forget_backups
from ..erasure import (
    Certificate,
    Erasure,
    Found,
    ask_erasure,
    cancel_erasure,
    certificate_text,
    confirm_erasure,
    continue_erasures,
    erasure_run,
    find_theirs,
    list_erasures,
    participants_to_erase,
    read_certificate,
    start_erasure,
    stop_erasure,
)
from ..erasure.eraser import Mode
from ..erasure.store import Person
from ..errors import FokusError
from ..members import RIGHTS
from ..study import Study
from .telling import plain

MODES: dict[Mode, str] = {
    "redact": "Redact: sentences and codings stay as rows, their words are erased",
    "remove": "Remove: sentences, their codings and quotes are taken out",
}
_AGAIN = 1.0
"""Seconds between looks at an erasure that is at work."""


def erasure_page(study: Study) -> None:
    """Draw the page."""
    if "erase" not in RIGHTS[study.member.role]:
        study.require("approve")
    st.title("Erasure")
    st.caption(
        "When a participant withdraws, everything of theirs is found, erased after a second "
        "person has confirmed, searched for, and certified."
    )
    continue_erasures(study)
    people = {one.id: one for one in participants_to_erase(study)}
    rows = list_erasures(study)
    _at_work(study)
    _waiting(study, [one for one in rows if one.state == "waiting"], people)
    if "erase" in RIGHTS[study.member.role]:
        busy = {one.participant_id for one in rows if one.state in ("waiting", "confirmed")}
        _choose(study, [one for one in people.values() if not one.erased and one.id not in busy])
    _certificates(study, [one for one in rows if one.state == "done"], people)


def _at_work(study: Study) -> None:
    run = erasure_run(study)
    unfinished = [one for one in list_erasures(study) if one.state in ("confirmed", "erased")]
    if run is None or not unfinished:
        return
    st.subheader("At work")
    if run.problem:
        st.error(plain(run.problem))
        if st.button("Continue", icon=":material/play_arrow:", type="primary"):
            _told(start_erasure, study, unfinished[-1].id)
        return

    @st.fragment(run_every=_AGAIN)
    def progress() -> None:
        if not run.alive:
            st.rerun()
        st.progress(min(1.0, run.done / max(1, run.total)), plain(run.step or "Beginning"))
        if st.button("Stop", help="Only while nothing is erased yet"):
            stop_erasure(study)

    progress()


def _waiting(study: Study, rows: list[Erasure], people: dict[int, Person]) -> None:
    st.subheader("Waiting for a second person")
    if not rows:
        st.caption("Nothing waits. What one member asks for, another confirms here.")
    names = {one.id: one.name for one in study.members()}
    for one in rows:
        with st.container(border=True):
            st.text(
                f"{_name(people[one.participant_id])}\n{MODES[one.mode]}\n"
                f"Asked for by {names[one.asked_by]} on {one.asked_at[:16].replace('T', ' ')} UTC"
            )
            # Only when asked: looking opens every sealed export and goes on the record.
            if st.toggle("Show everything that is theirs", key=f"theirs{one.id}"):
                _theirs(study, one.participant_id)
            if one.asked_by == study.member.id:
                st.caption("You asked for it, so another member (lead or coder) has to confirm.")
            else:
                sure = st.checkbox("I have looked at it. It cannot be undone.", key=f"sure{one.id}")
                if st.button(
                    "Confirm and erase", key=f"yes{one.id}", type="primary", disabled=not sure,
                    icon=":material/person_remove:",
                ):  # fmt: skip
                    _told(_confirm, study, one.id)
            if st.button("Cancel", key=f"no{one.id}"):
                _told(cancel_erasure, study, one.id)


def _confirm(study: Study, erasure_id: int) -> None:
    confirm_erasure(study, erasure_id)
    start_erasure(study, erasure_id)


def _choose(study: Study, people: list[Person]) -> None:
    st.subheader("Somebody withdraws")
    if not people:
        st.caption(
            "There is nobody to choose. Participants are added on the page **Recordings**, and "
            "linked to speakers on the page **Transcript**."
        )
        return
    noted = [one for one in people if one.withdrawn_at]
    if noted:
        st.warning(plain(
            f"The custodian has noted withdrawals that are not carried out yet: {len(noted)}. "
            "They stand first in the list."
        ))  # fmt: skip
    chosen = st.selectbox(
        "Participant", people, index=None, format_func=_name, placeholder="Choose who withdraws"
    )
    if chosen is None:
        return
    _theirs(study, chosen.id)
    with st.form("ask"):
        mode = st.radio("How", list(MODES), format_func=lambda key: MODES[key])
        mentions = st.checkbox(
            "Replace the pseudonym in codes, themes and titles, as listed above", value=True
        )
        sure = st.checkbox("It cannot be undone, also not from this study's backups once expired")
        if not st.form_submit_button("Ask for the erasure", icon=":material/person_remove:"):
            return
    if not sure:
        st.error("Tick the box to ask for it.")
        return
    _told(lambda: ask_erasure(study, chosen.id, mode, mentions=mentions))


def _theirs(study: Study, participant_id: int) -> None:
    with st.spinner("Looking through the study"):
        found = [one for one in find_theirs(study, participant_id).found if one.count]
    if not found:
        st.caption("Nothing in the study is theirs: no speaker is linked to this participant.")
        return
    st.dataframe(_counts(found), hide_index=True, width="stretch", height="content")
    for number, one in enumerate(found):
        if one.lines:
            with st.expander(plain(f"{one.what}: {one.count}")):
                st.text(textwrap.fill(one.fate, 110))
                st.dataframe(
                    pd.DataFrame({"Text": list(one.lines)}), hide_index=True, width="stretch",
                    key=f"lines{participant_id}-{number}",
                )  # fmt: skip


def _counts(found: list[Found]) -> pd.DataFrame:
    return pd.DataFrame({
        "What": [one.what for one in found],
        "How many": [one.count for one in found],
        "What becomes of it": [one.fate for one in found],
    })  # fmt: skip


def _certificates(study: Study, rows: list[Erasure], people: dict[int, Person]) -> None:
    st.subheader("Certificates")
    if not rows:
        st.caption("No erasure was carried out yet. Each leaves a certificate here.")
        return
    by_id = {one.id: one for one in rows}
    chosen = st.selectbox(
        "Certificate", list(by_id),
        format_func=lambda key: f"{_name(people[by_id[key].participant_id])}, "
        f"{(by_id[key].decided_at or '')[:10]}",
    )  # fmt: skip
    certificate = read_certificate(by_id[chosen])
    st.caption("To keep it outside the study, print this page.")
    st.code(certificate_text(certificate), language=None)
    if "backup" in RIGHTS[study.member.role]:
        _older_backups(study, certificate, chosen)


def _older_backups(study: Study, certificate: Certificate, erasure_id: int) -> None:
    """Offer to remove now what still holds what was erased, once a newer backup is good."""
    held = {one.name for one in certificate.backups}
    try:
        present = backups(study.home)
    except FokusError as error:
        st.error(plain(str(error)))
        return
    newer = [
        one for one in present if one.name not in held and one.made_at >= certificate.erased_at
    ]
    left = [one for one in present if one.name in held]
    if not left or not any(one.good for one in newer):
        return
    st.text(f"Backups from before this erasure that have not expired yet: {len(left)}")
    sure = st.checkbox(
        "They go for good. The study can then be restored only as it was after the erasure.",
        key=f"older{erasure_id}",
    )
    if st.button("Remove older backups now", disabled=not sure, icon=":material/delete:"):
        _told(forget_backups, study, min(one.made_at for one in newer))


def _name(one: Person) -> str:
    noted = f", withdrawal noted {one.withdrawn_at[:10]}" if one.withdrawn_at else ""
    return f"{one.pseudonym}, group {one.group}{noted}"


def _told(call: Callable[..., object], *given: object) -> None:
    try:
        call(*given)
    except FokusError as error:
        st.error(plain(str(error)))
    else:
        st.rerun()
