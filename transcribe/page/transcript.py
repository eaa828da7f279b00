"""The page Transcript: read it, hear it, correct it, say who speaks."""

import textwrap
from typing import Final

import streamlit as st

from secure_storage import Study

from ..store import (
    DoubtRow,
    ParticipantRow,
    SpeakerRow,
    TranscriptRow,
    doubts,
    how_made,
    link_speaker,
    participants,
    rename_speaker,
    speakers,
)
from ..transcript_component import choose_transcript, may, show_transcript
from .exporting import exporting_part
from .passes import passes_part
from .telling import clock, told

_WIDTH: Final = 110
"""Characters on a line below the transcript."""


def transcript_page(study: Study) -> None:
    """Draw the page."""
    st.title("Transcript")
    with told():
        row = choose_transcript(study)
        if row is None:
            return
        text, beside = st.columns([4, 1.15], gap="medium")
        found = doubts(study, row.id)
        with beside:
            _speakers(study, row)
            if found:
                st.caption("Something was dropped or doubted: see below the transcript.")
        with text:
            show_transcript(study, row)
        _left_out(found)
        _how_made(study, row)
        passes_part(study, row)
        if may(study, "export"):
            exporting_part(study, row)


def _speakers(study: Study, row: TranscriptRow) -> None:
    st.subheader("Speakers")
    voices = speakers(study, row.id)
    if not voices:
        st.caption("No speakers were told apart in this transcript.")
        return
    if not may(study, "transcribe"):
        st.dataframe(
            {
                "Name": [one.name for one in voices],
                "Profession": [one.profession for one in voices],
            },
            hide_index=True,
        )
        return
    known = [one for one in participants(study) if one.group == row.group]
    names = {one.id: one.name for one in voices}
    chosen = st.selectbox("Speaker", list(names), format_func=names.__getitem__)
    _who(study, next(one for one in voices if one.id == chosen), known)


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
    role = one.profession if one.role == "participant" else one.role
    return f"{one.pseudonym}, {role}" if role else one.pseudonym


def _left_out(found: list[DoubtRow]) -> None:
    if not found:
        return
    with st.expander("Dropped or doubted", icon=":material/hearing:"):
        st.caption("What the recogniser heard but did not trust. Listen before you rely on it.")
        st.dataframe(
            {
                "From": [clock(one.start) for one in found],
                "To": [clock(one.end) for one in found],
                "Why": [one.reason for one in found],
                "Heard": [one.text or "nothing" for one in found],
            },
            hide_index=True,
            column_config={
                "From": st.column_config.TextColumn(width="small"),
                "To": st.column_config.TextColumn(width="small"),
                "Why": st.column_config.TextColumn(width="medium"),
                "Heard": st.column_config.TextColumn(width="large"),
            },
        )


def _how_made(study: Study, row: TranscriptRow) -> None:
    facts = how_made(study, row.id)
    if not facts:
        return
    with st.expander("How it was made", icon=":material/receipt_long:"):
        st.caption("In words for a methods section; exports carry them too.")
        st.text("\n".join(textwrap.fill(f"{what}: {how}", _WIDTH) for what, how in facts))
