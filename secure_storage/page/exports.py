"""The page «Exports»."""

import streamlit as st

from ..study import Study


def exports_page(study: Study) -> None:
    """Draw the page."""
    study.require("read")
    st.title("Exports")
