"""Saving what was typed into a grid, its last cell included."""

import time
from typing import Final

import streamlit as st

_SETTLES: Final = 0.4
"""Seconds after which a grid has sent what was typed; Streamlit's waits 0.15."""


def settled(pressed: bool, key: str) -> bool:
    """Tell, once for each press of a button, when the grid beside it can be read.

    A grid sends its last cell a moment after it was left, which pressing the button does:
    read at once, that cell would be lost.
    """
    if pressed:
        st.session_state[key] = True
        time.sleep(_SETTLES)
        st.rerun()
    return bool(st.session_state.pop(key, False))
