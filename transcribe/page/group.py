"""The page Group: who speaks when and how much, who answers whom, question by question."""

from collections.abc import Mapping, Sequence
from typing import Final

import streamlit as st

from secure_storage import Study

from ..store import Mark, Question, question_marks, questions
from ..talk import Section, Share, Spoken, answers, sections, shares, stretches
from ..talking import talk_of
from ..transcript import UNKNOWN
from ..transcript_component import choose_transcript
from .guide import guide_part
from .telling import clock, told

_NOBODY: Final = "Nobody known"
_BEFORE: Final = "Before the first question"
_ROW: Final = 30
"""Pixels of a person's row in a chart."""
_SHORT: Final = 60
"""Characters of a question in a chart."""


def group_page(study: Study) -> None:
    """Draw the page."""
    st.title("Group")
    with told():
        row = choose_transcript(study)
        if row is None:
            return
        # The marks first: a question they name may be taken out meanwhile, none comes.
        marks = question_marks(study, row.id)
        guide = questions(study)
        said = talk_of(study, row.id)
        asked = _asked(marks, guide, said)
        if all(one.who == UNKNOWN for one in said):
            st.caption(
                "It is not known who speaks in this transcript. Open **Transcript** and say whose "
                "words these are; then this page shows who talks how much and who answers whom."
            )
        else:
            _shares(said)
            _timeline(said, asked)
            _answers(said)
        if asked:
            _by_question(said, asked)
        guide_part(study, row, guide)


def _asked(
    marks: Sequence[Mark], guide: Sequence[Question], said: Sequence[Spoken]
) -> dict[int, Question]:
    """Give the question that is asked at a sentence (id), for those there still are."""
    known = {one.id: one for one in guide}
    ids = {one.sentence_id for one in said}
    return {
        one.sentence_id: known[one.question_id]
        for one in marks
        if one.question_id in known and one.sentence_id in ids
    }


def _named(who: str) -> str:
    return _NOBODY if who == UNKNOWN else who


def _shares(said: Sequence[Spoken]) -> None:
    rows = shares(said)
    timed = any(one.seconds for one in rows)
    st.subheader("Who talks how much")
    st.dataframe(
        {
            "Who": [_named(one.who) for one in rows],
            "Share": [100 * one.share for one in rows],
            "Time": [clock(one.seconds) if timed else "" for one in rows],
            "Words": [one.words for one in rows],
            "Turns": [one.turns for one in rows],
            "Broke in": [one.broke_in for one in rows],
            "Was broken into": [one.was_broken_into for one in rows],
            "Went along": [one.back_channels for one in rows],
        },
        hide_index=True,
        height="content",
        column_config={
            "Share": st.column_config.ProgressColumn(format="%.0f%%", min_value=0, max_value=100),
        },
    )
    st.caption(
        ("The share is of all time that somebody speaks. " if timed
         else "The share is of all words, for this text has no times. ")
        + "**Broke in**: began a turn while another's was not over. **Went along**: one or two "
        "words («mm», «yes») while another went on, which are no turn."
    )  # fmt: skip
    if not any(one.broke_in for one in rows):
        st.caption(
            "That nobody broke in may mean that it could not be heard: no two voices were found "
            "at the same time, which the built-in way of telling speakers apart never does, and "
            "texts without times do not tell."
        )


def _timeline(said: Sequence[Spoken], questions: Mapping[int, Question]) -> None:
    bars = [
        {"Who": _named(one.who), "start": one.start, "end": one.end, "From": clock(one.start),
         "Words": one.words}
        for one in stretches(said) if one.start is not None and one.end is not None
    ]  # fmt: skip
    if not bars:
        return
    st.subheader("Who speaks when")
    asked = [
        {"at": one.start, "Question": questions[one.sentence_id].text, "From": clock(one.start)}
        for one in said
        if one.sentence_id in questions and one.start is not None
    ]
    st.vega_lite_chart(
        spec={
            "height": _ROW * len({one["Who"] for one in bars}) + 20,
            "layer": [
                {
                    "data": {"values": bars},
                    "mark": {"type": "bar", "height": 16, "cornerRadius": 2},
                    "encoding": {
                        "x": _TIME_AXIS, "x2": {"field": "end"}, "y": _people("Who"),
                        "color": {"field": "Who", "type": "nominal", "legend": None},
                        "tooltip": [{"field": field} for field in ("Who", "From", "Words")],
                    },
                },
                {
                    "data": {"values": asked},
                    "mark": {"type": "rule", "strokeDash": [4, 3], "size": 2},
                    "encoding": {
                        "x": {"field": "at", "type": "quantitative"},
                        "tooltip": [{"field": field} for field in ("Question", "From")],
                    },
                },
            ],
        },
    )  # fmt: skip
    if asked:
        st.caption("A dashed line is a question of the guide; point at it to read it.")


_TIME_AXIS: Final[Mapping[str, object]] = {
    "field": "start",
    "type": "quantitative",
    "title": None,
    "axis": {
        "tickCount": 12,
        "labelExpr": "floor(datum.value / 60) + ':' + format(floor(datum.value % 60), '02d')",
    },
}


def _people(field: str) -> dict[str, object]:
    return {"field": field, "type": "nominal", "title": None, "axis": {"labelLimit": 180}}


def _answers(said: Sequence[Spoken]) -> None:
    found = answers(said)
    if not found:
        return
    st.subheader("Who answers whom")
    names = sorted({one.before for one in found} | {one.after for one in found})
    times = {(one.before, one.after): one.times for one in found}
    st.dataframe(
        {
            "After": [_named(name) for name in names],
            **{
                f"{_named(after)} speaks": [times.get((name, after), 0) for name in names]
                for after in names
            },
        },
        hide_index=True,
        height="content",
    )
    st.caption("How often each one's turn came right after another's.")


def _by_question(said: Sequence[Spoken], asked: Mapping[int, Question]) -> None:
    st.subheader("Question by question")
    texts: dict[int | None, str] = {one.id: one.text for one in asked.values()}
    texts[None] = _BEFORE
    marks = {sentence: one.id for sentence, one in asked.items()}
    found = _joined(sections(said, marks), texts)
    st.dataframe(
        {
            "Question": [text for text, _, _ in found],
            "Asked at": [clock(start) if start is not None else "" for _, start, _ in found],
            "Time": [clock(sum(one.seconds for one in rows)) for _, _, rows in found],
            "Turns": [sum(one.turns for one in rows) for _, _, rows in found],
            "Who talks": [_told(rows) for _, _, rows in found],
        },
        hide_index=True,
        height="content",
        column_config={
            "Question": st.column_config.TextColumn(width="large"),
            "Who talks": st.column_config.TextColumn(width="large"),
        },
    )
    _chart(found)


_Found = list[tuple[str, float | None, tuple[Share, ...]]]


def _joined(found: Sequence[Section], texts: Mapping[int | None, str]) -> _Found:
    """Put together what was said to a question that was asked more than once."""
    said: dict[int | None, list[Spoken]] = {}
    for section in found:
        said.setdefault(section.question_id, []).extend(section.said)
    return [(texts[key], lines[0].start, shares(lines)) for key, lines in said.items()]


def _told(rows: Sequence[Share]) -> str:
    return ", ".join(f"{_named(one.who)} {100 * one.share:.0f} %" for one in rows)


def _chart(found: _Found) -> None:
    lines = [
        (text[:_SHORT], _named(one.who), round(one.seconds / 60, 2))
        for text, _, rows in found for one in rows if one.seconds
    ]  # fmt: skip
    if not lines:
        return
    names = ("Question", "Who", "Minutes")
    st.vega_lite_chart(
        dict(zip(names, zip(*lines, strict=True), strict=True)),
        {
            "mark": {"type": "bar", "cornerRadiusEnd": 3},
            "height": _ROW * len(found) + 120,
            "encoding": {
                "x": {"field": "Minutes", "type": "quantitative", "axis": {"tickCount": 8}},
                "y": {**_people("Question"), "sort": [text[:_SHORT] for text, _, _ in found],
                      "axis": {"labelLimit": 300}},
                "color": {"field": "Who", "type": "nominal", "title": None,
                          "legend": {"orient": "top"}},
                "tooltip": [{"field": field} for field in names],
            },
        },
    )  # fmt: skip
