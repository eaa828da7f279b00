"""The page of a custodian: the linking store, and nothing of the study."""

import streamlit as st

from ..study import Study
from .way_out import signed_in


def custodian_page(study: Study) -> None:
    """Draw what there is for a custodian, who may not read the study."""
    signed_in(study)
    st.title("Linking store")
    st.caption(
        "Your role keeps the keys of the linking store, which this study does not have yet. "
        "You can change your passphrase or sign out."
    )
