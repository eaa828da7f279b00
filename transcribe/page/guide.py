"""The interview guide of the study, and the places in a transcript where its questions come."""

from collections.abc import Sequence
from typing import Final

import streamlit as st

from secure_storage import Study

from ..interview_guide import LONGEST, MOST
from ..reading_guide import questions_in
from ..store import (
    Question,
    TranscriptRow,
    is_locked,
    mark_question,
    question_marks,
    save_guide,
    sentences,
    speakers,
)
from ..transcript_component import may
from .telling import clock, told

_DRAFT: Final = "guide_draft"
_TURN: Final = "guide_turn"
_SEEN: Final = "guide_seen"
_SHOWN: Final = 100
"""Characters of a sentence in the list to choose from."""


def guide_part(study: Study, row: TranscriptRow, guide: Sequence[Question]) -> None:
    """Mark where questions are asked, and change the guide."""
    st.subheader("Interview guide")
    if not guide:
        st.caption(
            "There is no interview guide yet. Write or import its questions below; marked in the "
            "transcript, they show who talked how much to which question."
        )
    else:
        _marks(study, row, guide)
    if may(study, "transcribe"):
        with st.expander("The questions", icon=":material/list_alt:", expanded=not guide), told():
            _questions(study, guide)


def _marks(study: Study, row: TranscriptRow, guide: Sequence[Question]) -> None:
    lines = {one.id: one for one in sentences(study, row.id)}
    study.opened(f"transcript:{row.id}")
    names = {one.id: one.name for one in speakers(study, row.id)}
    texts = {one.id: one.text for one in guide}
    # Somebody else may have changed the guide, or the sentences, since they were read.
    marks = [
        one for one in question_marks(study, row.id)
        if one.question_id in texts and one.sentence_id in lines
    ]  # fmt: skip

    def told_of(sentence: int) -> str:
        line = lines[sentence]
        at = "" if line.start is None else f"{clock(line.start)}  "
        return f"{at}{names.get(line.speaker_id or 0, '?')}: {line.text[:_SHOWN]}"

    if marks:
        st.dataframe(
            {
                "Question": [texts[one.question_id] for one in marks],
                "Asked at": [told_of(one.sentence_id) for one in marks],
            },
            hide_index=True,
            height="content",
        )
    else:
        st.caption(
            "No question is marked in this transcript yet. Mark it here, or on the page "
            "**Transcript** with the key **q**."
        )
    if not may(study, "transcribe") or is_locked(study, row.id):
        return
    with st.form("mark-question", clear_on_submit=True):
        chosen = st.selectbox(
            "Question", [None, *texts],
            format_func=lambda one: "none (take the mark back)" if one is None else texts[one],
            index=1,
        )  # fmt: skip
        sentence = st.selectbox(
            "Asked with the sentence", list(lines), format_func=told_of, index=None,
            placeholder="Type a few of its words",
        )  # fmt: skip
        if st.form_submit_button("Mark", icon=":material/flag:") and sentence is not None:
            with told():
                mark_question(study, row.id, sentence, chosen)
                st.rerun()


def _questions(study: Study, guide: Sequence[Question]) -> None:
    turn = st.session_state.setdefault(_TURN, 0)
    given = st.file_uploader(
        "A file with the questions", type=["docx", "odt", "txt", "md", "pdf"], max_upload_size=5,
        key=f"guide-file-{turn}", help="One question on each line or in each paragraph.",
    )  # fmt: skip
    if given is not None:
        st.session_state[_DRAFT] = questions_in(given.getvalue(), given.name)
        st.session_state[_TURN] = turn + 1
        st.rerun()
    now = [one.text for one in guide]
    key = f"guide-{turn}"
    if key not in st.session_state:
        st.session_state[_SEEN] = now
    seen: list[str] = st.session_state[_SEEN]
    draft = st.session_state.get(_DRAFT)
    if draft is not None:
        st.caption("Read from the file, and not saved yet. Take out what is no question.")
    if seen != now:
        st.caption("Somebody else changed the guide meanwhile. It reads now:")
        st.text("\n".join(now))
    with st.form("guide"):
        text = st.text_area(
            "One question on each line", "\n".join(seen if draft is None else draft), height=260,
            max_chars=MOST * LONGEST, key=key,
            help="A question that is reworded or moved keeps its marks.",
        )  # fmt: skip
        if st.form_submit_button("Save the guide", icon=":material/check:"):
            save_guide(study, text.splitlines(), seen)
            st.session_state.pop(_DRAFT, None)
            st.session_state[_TURN] = turn + 1
            st.rerun()
