"""The page «Audit»."""

import streamlit as st

from ..study import Study


def audit_page(study: Study) -> None:
    """Draw the page."""
    study.require("audit")
    st.title("Audit")
