"""Adding sound: an upload in slices, or files that lie in the inbox folder."""

from dataclasses import replace

import streamlit as st

from secure_storage import Study

from ..inbox import import_inbox, inbox
from ..intake import Target
from ..store import PURPOSE, RecordingRow
from ..upload_component import uploader
from .telling import labels, told, trouble

_ADDED = "recordings_added"
_LEFT_BEHIND = "recordings_left_behind"


def adding_part(study: Study, rows: list[RecordingRow]) -> None:
    """Offer both ways in, for a new recording or a further part of one."""
    target = replace(_target(rows), purpose=_purpose())
    st.caption(
        "Upload from this computer. The sound is sealed as it arrives; it is never stored in the "
        "clear."
    )
    if (added := uploader("Choose recordings", target, key="upload")) is not None:
        # The component tells it once; the list above this part must be drawn anew.
        st.session_state[_ADDED] = added
        st.rerun()
    _inbox(study, target)


def _purpose() -> str:
    return st.text_input(
        "What for",
        value=PURPOSE,
        max_chars=500,
        key="purpose",
        help="It stands in the list of what came in, on the page Exports.",
    )


def _target(rows: list[RecordingRow]) -> Target:
    names = labels(rows)
    new = 0
    where = st.selectbox(
        "Add to",
        [new, *names],
        format_func=lambda one: (
            "A new recording" if one == new else f"{names[one]} (a further part)"
        ),
        key="add_to",
        help="Recorders that stop after an hour leave several files: add them as parts of one "
        "recording, in their order. They lie on one timeline.",
    )
    if where != new:
        return Target(where)
    columns = st.columns([3, 1])
    title = columns[0].text_input(
        "Title",
        max_chars=120,
        placeholder="Named like its file, if left empty",
        # A new key empties it for the next recording.
        key=f"title-{st.session_state.get(_ADDED, 0)}",
    )
    group = columns[1].number_input(
        "Group", 1, 999, value=max((row.group for row in rows), default=0) + 1
    )
    return Target(None, title.strip(), int(group))


def _inbox(study: Study, target: Target) -> None:
    st.caption(
        "Or take files that lie in the inbox folder of the study (a USB stick's way in). "
        "**They are overwritten and removed from the inbox once they are sealed in the study.** "
        "On an SSD or a disk with snapshots an overwritten file can leave traces; keep the inbox "
        "on an encrypted disk."
    )
    for name in st.session_state.pop(_LEFT_BEHIND, ()):
        trouble(
            f"{name} was imported but could not be removed from the inbox, or changed meanwhile. "
            "Look at it and remove it by hand."
        )
    waiting = inbox(study)
    if not waiting:
        st.caption("The inbox is empty.")
        return
    chosen = st.multiselect(
        "Files in the inbox",
        [file.name for file in waiting],
        help="Several files become parts of one recording, in the order chosen here.",
    )
    if any(not file.settled for file in waiting if file.name in chosen):
        st.caption("A chosen file changed a moment ago. Wait until it is copied completely.")
    if st.button("Import and remove from the inbox", disabled=not chosen, key="import_inbox"):
        with told(), st.spinner("Sealing and checking the sound …"):
            into = target if target.recording_id or target.title else _named(target, chosen[0])
            done = import_inbox(study, chosen, into)
            st.session_state[_LEFT_BEHIND] = done.left_behind
            st.session_state[_ADDED] = done.recording_id
            st.rerun()


def _named(target: Target, name: str) -> Target:
    return replace(target, title=name.rpartition(".")[0])
