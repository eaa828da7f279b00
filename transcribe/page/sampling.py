"""A second person reads a draw of sentences for what was missed."""

import textwrap
from typing import Final

import streamlit as st

from secure_storage import Study

from ..pseudonymise import KINDS
from ..store import TranscriptRow, add_identifier, note_sample, sentences_to_sample
from .telling import told

_WIDTH: Final = 100
_AT_ONCE: Final = 10


def sampling_part(study: Study, row: TranscriptRow) -> None:
    """Show sentences that somebody else decided on, to be read."""
    with st.expander("Second person's sample", icon=":material/visibility:"):
        drawn = sentences_to_sample(study, row.id, _AT_ONCE)
        st.caption(
            "For who did not decide on the places: read a tenth of the sentences at least, and "
            "mark what was missed. Sentences in which you decided something are not shown."
        )
        if not drawn:
            st.caption("You have read every sentence that there is for you to read.")
            return
        st.text("\n".join(textwrap.fill(f"{n}. {text}", _WIDTH)
                          for n, (_, text) in enumerate(drawn, 1)))  # fmt: skip
        if st.button("Nothing was missed in these", icon=":material/done_all:"):
            note_sample(study, [one for one, _ in drawn], missed=False)
            st.rerun()
        _missed(study, drawn)


def _missed(study: Study, drawn: list[tuple[int, str]]) -> None:
    with st.form("missed", clear_on_submit=True, border=False):
        first, second, third = st.columns([1, 3, 1])
        number = int(first.number_input("Sentence", 1, len(drawn)))
        words = second.text_input("Words that were missed", max_chars=200, autocomplete="off")
        kind = third.selectbox("Kind", KINDS)
        if st.form_submit_button("Mark them", icon=":material/add:"):
            with told():
                sentence = drawn[number - 1][0]
                add_identifier(study, sentence, words, kind)
                note_sample(study, [sentence], missed=True)
                st.rerun()
