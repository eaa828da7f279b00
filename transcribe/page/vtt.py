"""Importing a transcript that was made elsewhere (WebVTT), looked at before it is kept."""

import streamlit as st

from secure_storage import Study

from ..foreign_text import read_vtt
from ..store import save_import
from ..transcript import UNKNOWN, Transcription
from .telling import clock, told

_TURN = "vtt_turn"
_DONE = "vtt_done"


def import_part(study: Study) -> None:
    """Choose a file, look at what is in it, keep it."""
    st.caption(
        "A transcript with voices in WebVTT form (.vtt), as meeting software and transcribers "
        "write it. Replace names by pseudonyms before importing."
    )
    if st.session_state.pop(_DONE, False):
        st.toast("The transcript is in the study. Open it on the page Transcript.")
    # A new key empties the widget: what is imported is not offered for import again.
    turn = st.session_state.setdefault(_TURN, 0)
    given = st.file_uploader("WebVTT file", type=["vtt"], max_upload_size=20, key=f"vtt-{turn}")
    if given is None:
        return
    with told():
        with st.spinner("Reading the transcript …"):
            result = read_vtt(given.getvalue())
        _preview(result)
        _keep(study, result, given.getvalue(), given.name.rpartition(".")[0])


def _preview(result: Transcription) -> None:
    names = dict.fromkeys(turn.speaker for turn in result.turns)
    shares = {name: [turn for turn in result.turns if turn.speaker == name] for name in names}
    every = [sentence for turn in result.turns for sentence in turn.sentences]
    with st.container(horizontal=True):
        st.metric("Speakers", len([name for name in names if name != UNKNOWN]), border=True)
        st.metric("Sentences", len(every), border=True)
        st.metric("Length", clock(max((s.end or 0.0 for s in every), default=0.0)), border=True)
    st.dataframe(
        {
            "Speaker": list(shares),
            "Turns": [len(turns) for turns in shares.values()],
            "Sentences": [sum(len(t.sentences) for t in turns) for turns in shares.values()],
            "First words": [turns[0].sentences[0].text[:80] for turns in shares.values()],
        },
        hide_index=True,
    )


def _keep(study: Study, result: Transcription, data: bytes, name: str) -> None:
    with st.form("import"):
        columns = st.columns([3, 1])
        title = columns[0].text_input("Title", value=name[:120], max_chars=120)
        group = columns[1].number_input("Group", 1, 999, value=1)
        origin = st.text_input(
            "Where it is from", max_chars=200, placeholder="A transcriber, meeting software, …",
            help="Goes into the ledger of imports on the page Exports.",
        )  # fmt: skip
        if st.form_submit_button("Import transcript", type="primary"):
            how = "upload in the browser" + (f": {origin}" if origin.strip() else "")
            save_import(study, result, data, title=title, group=int(group), source=how)
            st.session_state[_DONE] = True
            st.session_state[_TURN] += 1
            st.rerun()
