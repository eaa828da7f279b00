"""The page «Erasure»."""

import streamlit as st

from ..study import Study


def erasure_page(study: Study) -> None:
    """Draw the page."""
    study.require("erase")
    st.title("Erasure")
