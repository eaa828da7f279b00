"""On the page «Members & security»: the member's own account."""

import streamlit as st

from ..study import Study


def your_account(study: Study) -> None:
    """Say how the member signs in, and lead to where that is changed."""
    st.subheader("Your account")
    st.text(f"{study.member.name} ({study.member.initials}), {study.member.role}")
    if study.member.uses_codes:
        st.caption("Your sign-ins ask for your passphrase and a one-time code of your app.")
        st.html(
            '<a href="/one-time-codes" target="_self" style="color: inherit">'
            "Switch one-time codes off</a>"
        )
    else:
        st.caption(
            "You sign in with your passphrase alone. One-time codes of an app on your phone "
            "keep out somebody who has seen you type it."
        )
        st.html(
            '<a href="/one-time-codes" target="_self" style="color: inherit">'
            "Switch one-time codes on</a>"
        )
    st.html(
        '<a href="/passphrase" target="_self" style="color: inherit">Change your passphrase</a>'
    )
