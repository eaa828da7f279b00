"""The page Pseudonymise: find, decide on each place with the keyboard, replace, have it read."""

import textwrap
from typing import Final

import streamlit as st

from secure_storage import Study

from ..pseudonymise import KINDS
from ..sentences import entities_of
from ..store import (
    IdentifierRow,
    TranscriptRow,
    add_term,
    find_identifiers,
    forget_term,
    identifiers,
    named_elsewhere,
    replace_identifiers,
    replacements,
    residual,
)
from ..transcript_component import choose_transcript, may
from .deciding import deciding_part
from .sampling import sampling_part
from .silenced import silenced_part
from .telling import told

_WIDTH: Final = 110
_SAID: Final = "pseudonymise_said"


def pseudonymise_page(study: Study) -> None:
    """Draw the page."""
    st.title("Pseudonymise")
    st.caption(
        "Names, places, workplaces, numbers and dates are looked for; you decide on each. The "
        "result is **pseudonymised, not anonymous**: who somebody is can show in what they tell."
    )
    with told():
        row = choose_transcript(study)
        if row is None:
            return
        if not may(study, "transcribe"):
            st.caption("Your role does not change transcripts. Ask a lead or a coder.")
            _report(study, row)
            return
        # What is shown below are sentences of it.
        study.opened(f"transcript:{row.id}")
        _looking(study, row)
        rows = identifiers(study, row.id)
        deciding_part(study, row, rows)
        _replacing(study, row, rows)
        sampling_part(study, row)
        _report(study, row)
        silenced_part(study, row)
        _terms(study)


def _looking(study: Study, row: TranscriptRow) -> None:
    look, model = st.columns([1, 3], vertical_alignment="center")
    with_model = model.checkbox(
        "Ask an installed language model too",
        help="A spaCy model of the transcript's language, where one is installed. Slower.",
    )
    if look.button("Look for identifiers", icon=":material/search:", type="primary"):
        with st.spinner("Looking through the transcript …"):
            found = entities_of(row.language) if with_model else None
            find_identifiers(study, row.id, found)
        st.session_state[_SAID] = with_model and found is None
        st.rerun()
    if st.session_state.pop(_SAID, False):
        st.caption(
            "No language model for this transcript's language is installed; the rest was looked "
            "for."
        )


def _replacing(study: Study, row: TranscriptRow, rows: list[IdentifierRow]) -> None:
    chosen = sum(one.state == "chosen" for one in rows)
    if not chosen:
        return
    state = residual(study, row.id)
    with st.container(border=True):
        st.subheader("Replace")
        st.text(f"{chosen} places are chosen, {state.open} are still open.")
        st.caption(
            "This is for good: the words go from the text, from what was heard, from doubts and "
            "from the journal, and cannot be taken back. They are sealed to the linking store, "
            "whose custodians alone can tell what stood there. Backups made before still hold "
            "them until they expire, and so does the recording."
            if state.sealed
            else "This is for good, and there is **no linking store**: what is replaced cannot be "
            "brought back by anybody. A custodian can make one first."
        )
        sure = st.checkbox("I have looked at what is to be replaced", key=f"sure-{row.id}")
        if st.button("Replace them", disabled=not sure, icon=":material/find_replace:"):
            replace_identifiers(study, row.id)
            # What is left shows at once; so does what stayed in sentences that were rewritten.
            find_identifiers(study, row.id)
            st.rerun()


def _report(study: Study, row: TranscriptRow) -> None:
    state = residual(study, row.id)
    with st.expander("Residual report", icon=":material/fact_check:", expanded=False):
        st.caption("What was done, and what is left, on this transcript.")
        share = f" ({100 * state.read // state.sentences} %)" if state.sentences else ""
        lines = {
            "Sentences": str(state.sentences),
            "Places not decided on": str(state.open),
            "Places decided to stay": str(state.kept),
            "Places chosen, not yet replaced": str(state.chosen),
            "Places replaced": str(state.replaced),
            "… of which known when they are heard": str(state.silent),
            "Sentences read by a second person": f"{state.read}{share}",
            "… of which with something missed": str(state.missed),
            "Other transcripts of the same recording, not touched": str(state.others),
        }
        st.dataframe({"": list(lines), "Number": list(lines.values())}, hide_index=True)
        _elsewhere(study, row)


def _elsewhere(study: Study, row: TranscriptRow) -> None:
    st.caption(
        "Titles, labels of speakers, codes, themes and other transcripts can hold the same names, "
        "and nothing here changes them."
    )
    if not st.button("Look for the names there", icon=":material/travel_explore:"):
        return
    with st.spinner("Looking through the study …"):
        found = named_elsewhere(study, row.id)
    if not found:
        st.caption("None of the registered names and of the replaced words stands there.")
        return
    st.dataframe(
        {"Where": [one.what for one in found], "Texts with a name": [one.texts for one in found]},
        hide_index=True,
    )


def _terms(study: Study) -> None:
    known = replacements(study)
    with st.expander("What is looked for, and put there", icon=":material/list_alt:"):
        st.caption(
            "The participants' names come from the linking store. Add names of others, places "
            "and workplaces here. They are kept as keyed hashes: nobody can list them afterwards. "
            "A file of the same name in the folder lists of the study's home is used instead of "
            "one of the shipped lists of names, places and ordinary words."
        )
        with st.form("term", clear_on_submit=True, border=False):
            first, second, third = st.columns([2, 1, 2])
            words = first.text_input("Name, place or workplace", max_chars=80, autocomplete="off")
            kind = second.selectbox("Kind", KINDS[:3])
            label = third.text_input("Put there", placeholder="next free one", max_chars=80)
            if st.form_submit_button("Add", icon=":material/add:"):
                with told():
                    add_term(study, kind, words, label)
                    st.rerun()
        if not known:
            return
        st.text(textwrap.fill(", ".join(one.label for one in known), _WIDTH))
        gone = st.selectbox(
            "Look no more for what is replaced with", [None, *known],
            format_func=lambda one: "choose" if one is None else one.label,
        )  # fmt: skip
        if gone is not None and st.button("Forget its words", icon=":material/delete:"):
            forget_term(study, gone.id)
            st.rerun()
