"""Who listened through a transcript, and who approved it."""

import streamlit as st

from secure_storage import Study

from ..store import (
    Approval,
    PassRow,
    TranscriptRow,
    approval,
    approve_transcript,
    listening,
    mark_pass,
    passes,
    unlock_transcript,
    unmark_pass,
)
from ..transcript_component import may
from .telling import clock, told

_MOST_MISSED = 12


def passes_part(study: Study, row: TranscriptRow) -> None:
    """Show the passes and the approval; let a member add theirs."""
    rows, approved = passes(study, row.id), approval(study, row.id)
    if approved is not None:
        st.caption(":material/lock: This transcript is approved and locked.")
    with st.expander("Listened through and approved", icon=":material/hearing:"), told():
        _passes(rows)
        if may(study, "transcribe"):
            _own(study, row, rows)
        _approval(study, row, rows, approved)


def _passes(rows: list[PassRow]) -> None:
    if not rows:
        st.caption(
            "Nobody has listened through this transcript yet. Play it from the beginning and "
            "correct it; what you hear is counted, and here you say that you are through."
        )
        return
    st.dataframe(
        {
            "Who": [one.initials for one in rows],
            "Pass": [one.number for one in rows],
            "On": [one.at[:10] for one in rows],
            "Heard": [_share(one.heard, one.length) for one in rows],
            "Revision": [one.revision for one in rows],
        },
        hide_index=True,
    )


def _own(study: Study, row: TranscriptRow, rows: list[PassRow]) -> None:
    own = [one for one in rows if one.member_id == study.member.id]
    if row.recording_id is None:
        st.caption("This transcript has no sound. Attach its recording to listen to it.")
        return
    now = listening(study, row.id)
    number = len(own) + 1
    st.text(
        f"Your pass {number}: {clock(now.heard)} of {clock(now.length)} heard so far "
        f"({_share(now.heard, now.length)})."
    )
    if now.heard and now.missed:
        left = [f"{clock(start)} to {clock(end)}" for start, end in now.missed[:_MOST_MISSED]]
        more = ", …" if len(now.missed) > _MOST_MISSED else ""
        st.text(f"Not heard yet: {', '.join(left)}{more}")
    first, second, _ = st.columns([2, 2, 3])
    if first.button("I have listened through", icon=":material/check:", disabled=not now.heard):
        mark_pass(study, row.id)
        st.rerun()
    if own and second.button("Take my last pass back", icon=":material/undo:"):
        unmark_pass(study, own[-1].id)
        st.rerun()


def _approval(
    study: Study, row: TranscriptRow, rows: list[PassRow], approved: Approval | None
) -> None:
    st.divider()
    if approved is not None:
        st.text(f"Approved by {approved.initials} on {approved.at[:10]}. It is locked.")
        own = study.member.role == "lead" or study.member.id == approved.member_id
        if own and st.button("Unlock", icon=":material/lock_open:"):
            unlock_transcript(study, row.id)
            st.rerun()
        return
    if not may(study, "transcribe"):
        return
    if not rows and row.recording_id is not None:
        st.caption("Nobody has listened through it yet; it can be approved all the same.")
    if st.button(
        "Approve and lock",
        icon=":material/lock:",
        help="Nobody can change it until it is unlocked.",
    ):
        approve_transcript(study, row.id, row.revision)
        st.rerun()


def _share(heard: float, length: float) -> str:
    return f"{100 * heard / length:.0f} %" if length else ""
