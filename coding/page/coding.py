"""The page Coding: a transcript, its codings, and everything by keyboard."""

import streamlit as st

from secure_storage import Study
from transcribe import choose_transcript, may

from ..component import show_coder


def coding_page(study: Study) -> None:
    """Draw the page."""
    st.title("Coding")
    row = choose_transcript(study)
    if row is None:
        return
    if not may(study, "code"):
        st.caption("Your role can read the codings. Coders and leads make them.")
    show_coder(study, row)
