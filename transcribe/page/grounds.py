"""On what each recording rests: approval, consent, basis in law."""

from typing import Final, get_args

import streamlit as st

from secure_storage import Study

from ..store import Consent, GroundsRow, LawfulBasis, RecordingRow, grounds, set_grounds
from .telling import labels, told

_CONSENT: Final = {
    "": "Not stated", "written": "Written", "electronic": "Electronic",
    "spoken": "Spoken, recorded", "not needed": "Not needed",
}  # fmt: skip
_BASIS: Final = {
    "": "Not stated", "consent": "Consent: 6 (1) a", "public interest": "Public interest: 6 (1) e",
    "legitimate interests": "Legitimate interests: 6 (1) f",
    "legal obligation": "Legal obligation: 6 (1) c",
}  # fmt: skip


def grounds_part(study: Study, rows: list[RecordingRow], *, may_change: bool) -> None:
    """List on what the recordings rest, and let it be said of one."""
    if not rows:
        st.caption("Add a recording first; then say here on what approval and consent it rests.")
        return
    names, known = labels(rows), {one.recording_id: one for one in grounds(study)}
    st.dataframe(
        {
            "Recording": [names[row.id] for row in rows],
            "Approval": [known[row.id].approval for row in rows],
            "Consent": [_CONSENT[known[row.id].consent] for row in rows],
            "Lawful basis (GDPR)": [_BASIS[known[row.id].lawful_basis] for row in rows],
        },
        hide_index=True,
    )
    if may_change:
        chosen = st.selectbox(
            "Recording", list(names), format_func=names.__getitem__, key="grounds_of"
        )
        _say(study, known[chosen])


def _say(study: Study, seen: GroundsRow) -> None:
    key = f"grounds-{seen.recording_id}-{seen.approval}-{seen.consent}-{seen.lawful_basis}"
    with st.form(key, border=False):
        approval = st.text_input(
            "Approval", seen.approval, max_chars=80, placeholder="REK 2026/1234, Sikt 567890",
            help="The reference of the ethics committee or the data protection officer.",
        )  # fmt: skip
        first, second = st.columns(2)
        consents, bases = get_args(Consent), get_args(LawfulBasis)
        consent: Consent = first.selectbox(
            "Consent", consents, consents.index(seen.consent), format_func=_CONSENT.__getitem__
        )
        basis: LawfulBasis = second.selectbox(
            "Lawful basis (GDPR)", bases, bases.index(seen.lawful_basis),
            format_func=_BASIS.__getitem__,
        )  # fmt: skip
        if st.form_submit_button("Save", icon=":material/check:"):
            with told():
                set_grounds(study, GroundsRow(seen.recording_id, approval, consent, basis))
                st.rerun()
