"""What every transcription of the study starts from: expected words, style, languages."""

import textwrap
from typing import Final

import streamlit as st

from secure_storage import StaleWrite, Study

from ..languages import NAMES
from ..options import LONGEST_PROMPT
from ..store import StudyDefaults, set_study_defaults, study_defaults
from .telling import told, trouble

_FORM: Final = "transcription_defaults"
"""Version that the form was drawn from: while somebody types, it is not drawn anew."""
_SEEN: Final = "transcription_defaults_seen"
"""Version that was shown last, which a person who saves again means to replace."""


def defaults_part(study: Study) -> None:
    """Show the study's words, style and languages, and let them be changed."""
    now = study_defaults(study)
    st.caption(
        "Names of places and people, technical terms and abbreviations that are said often. The "
        "recogniser then spells them so; they stay in the encrypted study."
    )
    drawn = st.session_state.setdefault(_FORM, now.version)
    wanted = _form(now, drawn)
    if wanted is None:
        return
    with told():
        try:
            set_study_defaults(study, wanted)
        except StaleWrite as error:
            st.session_state[_SEEN] = now.version
            trouble(str(error))
            st.caption("The words as they are now:")
            st.text(textwrap.fill(now.prompt, 80) or "none")
            return
        st.session_state.pop(_FORM)
        st.session_state.pop(_SEEN, None)
        st.rerun()


def _form(now: StudyDefaults, drawn: int) -> StudyDefaults | None:
    """Give what is to be saved, once somebody asks for it."""
    with st.form(f"transcription-defaults-{drawn}", border=False):
        words = st.text_area(
            "Words to expect, one on a line",
            now.prompt,
            max_chars=LONGEST_PROMPT,
            height=160,
            placeholder="Sunnaas\nhabilitering\nNAV",
            key=f"expected-words-{drawn}",
        )
        style = st.radio(
            "Style",
            ["clean", "verbatim"],
            index=int(now.verbatim),
            format_func={"clean": "Clean", "verbatim": "Verbatim"}.__getitem__,
            horizontal=True,
            help="Verbatim asks the model for hesitations and false starts. It writes more of "
            "them, not all.",
            key=f"style-{drawn}",
        )
        allowed = st.multiselect(
            "Languages that can be spoken",
            list(NAMES),
            default=now.allowed,
            format_func=NAMES.__getitem__,
            help="An unknown language is looked for among these only.",
            key=f"allowed-{drawn}",
        )
        written = st.checkbox(
            "Transcripts are put into written language",
            now.written,
            help="The page Transcript then offers it: whoever does so keeps what was said beside "
            "each sentence.",
            key=f"written-{drawn}",
        )
        if not st.form_submit_button("Save", icon=":material/check:"):
            return None
    seen = st.session_state.get(_SEEN, drawn)
    return StudyDefaults(words, style == "verbatim", tuple(allowed), seen, written)
