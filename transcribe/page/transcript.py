"""The page Transcript: read it, hear it, correct it, say who speaks."""

import textwrap
from typing import Final

import streamlit as st

from secure_storage import Study

from ..store import (
    DoubtRow,
    TranscriptRow,
    doubts,
    how_made,
    study_defaults,
)
from ..transcript_component import choose_transcript, may, show_transcript
from .exporting import exporting_part
from .passes import passes_part
from .revisions import revisions_part
from .sound import sound_part
from .speakers import speakers_part
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
        # First, for it has most to fetch.
        with text:
            show_transcript(study, row, written=_written(study))
        found = doubts(study, row.id)
        with beside:
            speakers_part(study, row)
            if found:
                st.caption("Something was dropped or doubted: see below the transcript.")
        _left_out(found)
        sound_part(study, row)
        passes_part(study, row)
        revisions_part(study, row)
        if may(study, "export"):
            exporting_part(study, row)
        _how_made(study, row)


def _written(study: Study) -> bool:
    """Let a member say, where the study asks for it, that what follows is written language."""
    if not study_defaults(study).written or not may(study, "transcribe"):
        return False
    return st.toggle(
        "Put into written language",
        help="First correct what was misheard. Then switch this on: what you change from here on "
        "is wording, and what was said is kept beside each sentence.",
    )


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
