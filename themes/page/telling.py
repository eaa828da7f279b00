"""Saying what went wrong as plain text: a message may hold what somebody typed."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from secure_storage import FokusError


@contextmanager
def told() -> Iterator[None]:
    """Show what goes wrong in the block, and go on with the page."""
    try:
        yield
    except FokusError as error:
        with st.container(border=True):
            st.caption(":material/error: This did not work")
            st.text(str(error))


def demo_words(demo: bool) -> str:
    """Say in a table that the demo model made a text; see ``demo_mark``."""
    return "demo model" if demo else ""


def demo_mark() -> None:
    """Say beside a text that the demo model made it: it is no real recognition."""
    st.caption(":material/science: demo model")


def allowed(study_role: str) -> bool:
    """Tell whether a role may work on themes (the store decides; the page hides)."""
    return study_role in {"lead", "coder"}
