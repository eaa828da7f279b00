"""Who corrected what and when, and two revisions beside each other, word by word."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Final

import streamlit as st

from secure_storage import Study

from ..editing import Difference, PastLine, compare
from ..store import TranscriptRow, passes
from ..store.revisions import Revision, as_of, history, revisions
from .telling import clock, told

_MOST: Final = 200
"""Acts that are listed and offered to choose from, the newest."""
_PAGE: Final = 25
"""Differences that are shown at once."""
_WIDTH: Final = 100
_FIRST: Final = 0
_BEGINS: Final = 60
"""Characters by which a sentence is known in a list."""


def revisions_part(study: Study, row: TranscriptRow) -> None:
    """Show the acts on a transcript, one sentence's history, and the difference of two states."""
    with st.expander("Revisions", icon=":material/history:"), told():
        acts = revisions(study, row.id)
        if not acts:
            st.caption(
                "Nobody has changed this transcript yet. What is corrected stands here, with who "
                "did it and when; what was there before can be compared with it."
            )
            return
        # What follows shows words of the transcript, earlier ones too.
        study.opened(f"transcript:{row.id}")
        people: dict[int | None, str] = {one.id: one.initials for one in study.members()}
        every, between, sentence = st.tabs(["Acts", "Compare", "A sentence"])
        with every:
            _acts(acts, people)
        with between:
            _compare(study, row, acts, people)
        with sentence:
            _sentence(study, row, acts, people)


def _acts(acts: Sequence[Revision], people: Mapping[int | None, str]) -> None:
    st.dataframe(
        {
            "When": [_moment(one.at) for one in acts[:_MOST]],
            "Who": [people.get(one.member_id, "") for one in acts[:_MOST]],
            "What": [one.said for one in acts[:_MOST]],
            "Sentences": [len(one.sentences) for one in acts[:_MOST]],
        },
        hide_index=True,
    )
    if len(acts) > _MOST:
        st.text(f"The newest {_MOST} of {len(acts)}.")


def _compare(
    study: Study, row: TranscriptRow, acts: Sequence[Revision], people: Mapping[int | None, str]
) -> None:
    # Newest first; the first of all is the transcript as it was made or imported.
    states = {
        **{one.seq: f"{_moment(one.at)} {people.get(one.member_id, '')}: {one.said}"
           for one in acts[:_MOST]},
        **{one.seq: f"{_moment(one.at)} when {one.initials} had listened through ({one.number})"
           for one in passes(study, row.id)},
        _FIRST: "As it was first saved",
    }  # fmt: skip
    order = sorted(states, reverse=True)
    first, second = st.columns(2)
    old = first.selectbox(
        "From", order, index=len(order) - 1, format_func=states.__getitem__, key="revision_from"
    )
    new = second.selectbox("To", order, format_func=states.__getitem__, key="revision_to")
    found = compare(as_of(study, row.id, min(old, new)), as_of(study, row.id, max(old, new)))
    if not found:
        st.caption("These two do not differ in a word, nor in who says it.")
        return
    st.text(
        f"Places that differ: {len(found)}. Words in [- -] stand in the older one alone, those in "
        "{+ +} in the newer."
    )
    pages = -(-len(found) // _PAGE)
    page = int(st.number_input("Page", 1, pages, key=f"revisions-{pages}")) if pages > 1 else 1
    for one in found[(page - 1) * _PAGE : page * _PAGE]:
        _difference(one)


def _difference(one: Difference) -> None:
    lines = one.new or one.old
    start = lines[0].start
    voices = [_voices(one.old), _voices(one.new)]
    who = voices[1] if voices[0] == voices[1] or not voices[0] else " → ".join(voices)
    with st.container(border=True):
        st.text(f"{clock(start)}  {who}" if start is not None else who)
        st.text(textwrap.fill(" ".join(_marked(kind, words) for kind, words in one.pieces), _WIDTH))


def _voices(lines: Sequence[PastLine]) -> str:
    return ", ".join(dict.fromkeys(one.speaker for one in lines))


def _marked(kind: str, words: str) -> str:
    return {"same": words, "gone": f"[-{words}-]"}.get(kind, f"{{+{words}+}}")


def _sentence(
    study: Study, row: TranscriptRow, acts: Sequence[Revision], people: Mapping[int | None, str]
) -> None:
    changed = {number for act in acts for number in act.sentences}
    lines = {one.id: one for one in as_of(study, row.id, acts[0].seq) if one.id in changed}
    if not lines:
        st.caption("No sentence that is there now was changed.")
        return
    chosen = st.selectbox(
        "Sentence",
        list(lines),
        format_func=lambda one: textwrap.shorten(lines[one].text, _BEGINS, placeholder=" …"),
    )
    if (said := lines[chosen].verbatim) is not None:
        st.caption("What was said:")
        st.text(textwrap.fill(said, _WIDTH))
    for one in history(study, row.id, chosen):
        st.text(f"{_moment(one.at)} {people.get(one.member_id, '')}: {one.said}")
        st.text(textwrap.fill(f"{one.before or 'nothing'} → {one.after or 'nothing'}", _WIDTH))


def _moment(at: str) -> str:
    return at[:16].replace("T", " ")
