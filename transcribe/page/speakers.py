"""The speakers of a transcript: hear, name, link and merge them, and assign them again."""

from collections.abc import Sequence
from typing import Final

import streamlit as st

from secure_storage import Study

from ..sound_parts import sound_parts
from ..store import (
    ParticipantRow,
    SpeakerRow,
    TranscriptRow,
    assign_again,
    can_assign_again,
    is_locked,
    link_speaker,
    merge_speakers,
    participants,
    rename_speaker,
    speakers,
)
from ..talking import samples_of
from ..transcript_component import may
from ..voices_component import Samples, show_voices
from .telling import told

_SAMPLES: Final = "voice_samples"
_AGAIN: Final = "assigned_again"


def speakers_part(study: Study, row: TranscriptRow) -> None:
    """List the speakers, and let them be changed by who may."""
    st.subheader("Speakers")
    voices = speakers(study, row.id)
    if not voices:
        st.caption(
            "No speakers were told apart in this transcript. Choose a sentence and press **w** "
            "to say who speaks."
        )
        return
    called = {one.id: _titled(one) for one in voices}
    show_voices(called, _samples(study, row), sound_parts(study, row))
    if not may(study, "transcribe") or is_locked(study, row.id):
        return
    names = {one.id: one.name for one in voices}
    chosen = st.selectbox("Speaker", list(names), format_func=names.__getitem__)
    speaker = next(one for one in voices if one.id == chosen)
    # Also who was put into another group since: else saving the label would take the link back.
    known = [
        one for one in participants(study)
        if one.group == row.group or one.id == speaker.participant_id
    ]  # fmt: skip
    _who(study, speaker, known)
    with st.expander("Merge or assign again", icon=":material/call_merge:"), told():
        _merge(study, voices, chosen)
        _again(study, row)


def _samples(study: Study, row: TranscriptRow) -> Samples:
    """Find the samples once for each revision: all words are gone through for it."""
    if row.recording_id is None:
        return {}
    kept = st.session_state.get(_SAMPLES)
    if kept is None or kept[0] != (row.id, row.revision):
        kept = ((row.id, row.revision), samples_of(study, row.id))
        st.session_state[_SAMPLES] = kept
    found: Samples = kept[1]
    return found


def _who(study: Study, speaker: SpeakerRow, known: list[ParticipantRow]) -> None:
    """Rename one speaker, or say which participant it is."""
    called = {one.id: _called(one) for one in known}
    options: list[int | None] = [None, *called]
    # The key holds what is stored, so that a change made elsewhere draws a fresh form.
    with st.form(f"speaker-{speaker.id}-{speaker.label}-{speaker.participant_id}", border=False):
        label = st.text_input("Label", speaker.label, max_chars=80)
        linked = st.selectbox(
            "Is the participant",
            options,
            index=options.index(speaker.participant_id) if speaker.participant_id in called else 0,
            format_func=lambda one: "not linked" if one is None else called[one],
            help="Quotes are attributed by the participant's profession and group.",
        )
        if not st.form_submit_button("Save", icon=":material/check:"):
            if not known:
                st.caption("Add the participants on the page **Participants** to link them.")
            return
    with told():
        if label.strip() != speaker.label:
            rename_speaker(study, speaker.id, label)
        if linked != speaker.participant_id:
            link_speaker(study, speaker.id, linked)
        st.rerun()


def _called(one: ParticipantRow) -> str:
    return _with_role(one.pseudonym, one.profession, one.role)


def _titled(one: SpeakerRow) -> str:
    return _with_role(one.name, one.profession, one.role)


def _with_role(name: str, profession: str, role: str) -> str:
    about = profession if role == "participant" else role
    return f"{name}, {about}" if about and about != name.lower() else name


def _merge(study: Study, voices: Sequence[SpeakerRow], chosen: int) -> None:
    others = {one.id: one.name for one in voices if one.id != chosen}
    if not others:
        st.caption("There is one speaker only: nobody to merge with.")
        return
    into = st.selectbox(
        "Is the same person as",
        list(others),
        index=None,
        format_func=others.__getitem__,
        placeholder="Choose a speaker",
        help="All that the speaker chosen above says becomes this person's. It can be undone.",
        key=f"merge-{chosen}",
    )
    if st.button("Merge the two", icon=":material/call_merge:", disabled=into is None):
        assert into is not None
        merge_speakers(study, chosen, into)
        st.rerun()


def _again(study: Study, row: TranscriptRow) -> None:
    if not can_assign_again(study, row.id):
        return
    st.caption(
        "After merging, sentences can be assigned again from what was heard. What somebody gave "
        "a speaker by hand stays."
    )
    if st.button("Assign again", icon=":material/refresh:"):
        st.session_state[_AGAIN] = (row.id, assign_again(study, row.id))
        st.rerun()
    transcript_id, changed = st.session_state.pop(_AGAIN, (None, 0))
    if transcript_id == row.id:
        st.text(f"{changed} sentences have another speaker now." if changed else "All stay.")
