"""Who is signed in, and the ways out, small in a corner of every page."""

import streamlit as st

from ..study import Study


def signed_in(study: Study) -> None:
    """Say, small and at the right, who is signed in, and let them out."""
    # In the empty band under the navigation, so that it moves no page down.
    st.html(
        "<style>.st-key-signed-in { margin-top: -2.2rem; }"
        ".st-key-signed-in * { font-size: 0.85rem; line-height: 1.2; }</style>"
    )
    with st.container(horizontal=True, horizontal_alignment="right", key="signed-in"):
        st.text(study.member.name, width="content")
        way_out()


def way_out() -> None:
    """Link the pages outside Streamlit, which open in this tab."""
    st.html(
        '<a href="/passphrase" target="_self" style="color: inherit">Change passphrase</a> · '
        '<a href="/sign-out" target="_self" style="color: inherit">Sign out</a> · '
        '<a href="/lock" target="_self" style="color: inherit">Lock now</a>',
        width="content",
    )
