"""Table 1: look at it, say how it is told, and ask for it as a file."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import streamlit as st

from secure_storage import StaleWrite, Study

from ..asked_component import where_it_stands
from ..store import (
    TableOneSettings,
    attributes,
    participants,
    set_table_one,
    table_one_settings,
)
from ..table_one import Rule, TableOne, share
from ..table_one_export import (
    PROFESSION,
    TABLE_ONE_FORMS,
    about_flags,
    export_table_one,
    gather_table_one,
)
from ..transcript_component import may
from .grids import settled
from .telling import told

_CALLED: Final = {"docx": "Word", "xlsx": "Excel"}
_ASKED: Final = "table_one_asked"
_DRAWN: Final = "table_one_drawn"
"""How the table was told when the grid was drawn: while somebody types, it is not drawn anew."""
_TOLD: Final = "table_one_told"
"""The version of others' that a person was told of: who saves again means to replace it."""
_ROOM: Final = 5
"""Empty lines for further bins."""


def table_one_part(study: Study, *, may_change: bool) -> None:
    """Draw the table, its labels and bins, and the way out."""
    names: dict[int | None, str] = {PROFESSION: "Profession"}
    names |= {one.id: one.name for one in attributes(study)}
    # Without a key: when something else is asked of people, the choice begins anew.
    shown = st.multiselect("Show", list(names), default=list(names), format_func=names.__getitem__)
    table = gather_table_one(study, shown)
    if not table.participants:
        st.caption(
            "Nobody to count yet. Add participants on the first tab, or import a questionnaire. "
            "Moderators, secretaries and groups kept out of the analysis are not counted."
        )
        return
    _show(table)
    if may_change:
        with st.expander("Labels, bins and threshold", icon=":material/label:"):
            _rules(study, names)
    if may(study, "export"):
        _export(study, shown)


def _show(table: TableOne) -> None:
    blocks = (*table.blocks, table.groups)
    lines = [(block, line) for block in blocks for line in block.lines]
    st.metric("Participants", table.participants, border=True)
    st.dataframe(
        {
            "Characteristic": [block.name for block, _ in lines],
            "Value": [line.label for _, line in lines],
            "n": [line.count for _, line in lines],
            "%": [share(line.count, table.participants) for _, line in lines],
            "Could identify somebody": [line.identifying for _, line in lines],
        },
        hide_index=True,
        height="content",
    )
    for block in blocks:
        if block.spread:
            st.text(f"{block.name}: {block.spread}")
    if any(line.identifying for _, line in lines):
        st.caption(":material/warning: **Some counts could identify somebody.**")
        st.text(about_flags(table.threshold))


def _rules(study: Study, names: dict[int | None, str]) -> None:
    """Let the team's labels and bins be changed, one characteristic at a time."""
    now = table_one_settings(study)
    settings: TableOneSettings = st.session_state.setdefault(_DRAWN, now)
    kinds = {one.id: one.kind for one in attributes(study)}
    chosen = st.selectbox("Characteristic", list(names), format_func=names.__getitem__)
    counted = chosen is not None and kinds[chosen] != "text"
    st.caption(
        "Each bin begins where you say and ends where the next begins. Years may be 0.5."
        if counted
        else "Each answer, and the label it is counted under; two answers may share a label."
    )
    own = [rule for attribute, rule in settings.rules if attribute == chosen]
    frame = _bins(own) if counted else _labels(study, chosen, own)
    edited = _grid(frame, f"rules-{settings.version}-{chosen}")
    threshold = st.number_input(
        "Mark counts below", 0, 100, settings.threshold, key=f"threshold-{settings.version}",
        help="So few people of a kind could be known by it. 0 marks nothing.",
    )  # fmt: skip
    save = st.button("Save", icon=":material/check:", key="save_rules")
    mine = rules_in(edited)
    if not settled(save, "save_rules_pressed"):
        if settings != now and mine == rules_in(frame) and threshold == settings.threshold:
            # Nothing is being typed: what others did in the meantime may be shown.
            _draw_anew()
        return
    with told():
        _save(study, now, replace(
            now, threshold=int(threshold), version=st.session_state.get(_TOLD, settings.version),
            rules=(*(pair for pair in now.rules if pair[0] != chosen),
                   *((chosen, rule) for rule in mine)),
        ))  # fmt: skip
        _draw_anew()


def _grid(frame: dict[str, list[Any]], key: str) -> dict[str, list[Any]]:
    if not frame["Label"]:
        st.caption("Nobody has answered this yet.")
        return frame
    edited: dict[str, list[Any]] = st.data_editor(
        frame,
        num_rows="dynamic" if "From" in frame else "fixed",
        hide_index=True,
        disabled=["Answer"],
        column_config={
            "From": st.column_config.NumberColumn(min_value=0),
            "Label": st.column_config.TextColumn(max_chars=80),
        },
        key=key,
    )
    return edited


def _save(study: Study, now: TableOneSettings, wanted: TableOneSettings) -> None:
    """Save; what others wrote since is told first, and replaced when asked again."""
    try:
        set_table_one(study, wanted)
    except StaleWrite:
        st.session_state[_TOLD] = now.version
        raise


def _draw_anew() -> None:
    st.session_state.pop(_DRAWN, None)
    st.session_state.pop(_TOLD, None)
    st.rerun()


def rules_in(columns: Mapping[str, Sequence[Any]]) -> list[Rule]:
    """Read the columns of a grid, of bins or of labels; a line without a label is none."""
    found = []
    for begins, label in zip(next(iter(columns.values())), columns["Label"], strict=True):
        label = str(label or "").strip()
        if "Answer" in columns and label and label != begins:
            found.append(Rule(label, str(begins)))
        elif "From" in columns and label and begins is not None and begins == begins:
            found.append(Rule(label, least=float(begins)))
    return found


def _bins(own: Sequence[Rule]) -> dict[str, list[Any]]:
    """The bins there are, and room for more."""
    room = [None] * _ROOM
    return {
        "From": [*(rule.least for rule in own), *room],
        "Label": [*(rule.label for rule in own), *room],
    }


def _labels(study: Study, chosen: int | None, own: Sequence[Rule]) -> dict[str, list[Any]]:
    """Every answer that was given, those with a label first and in their order."""
    people = [one for one in participants(study) if one.role == "participant"]
    given = {
        one.profession if chosen is None else dict(one.answers).get(chosen, "") for one in people
    }
    labels = {rule.value: rule.label for rule in own}
    known = {value.casefold() for value in labels} | {""}
    answers = [*labels, *sorted(one for one in given if one.casefold() not in known)]
    return {"Answer": answers, "Label": [labels.get(one, one) for one in answers]}


def _export(study: Study, shown: Sequence[int | None]) -> None:
    with st.form("table_one_export"):
        first, second, third = st.columns([1, 2, 2])
        form = first.selectbox("Form", TABLE_ONE_FORMS, format_func=_CALLED.__getitem__)
        purpose = second.text_input("What for", placeholder="Table 1 of the article", max_chars=500)
        recipient = third.text_input("For whom", placeholder="The journal", max_chars=500)
        if st.form_submit_button("Ask for the file", icon=":material/outbox:"):
            with told(), st.spinner("Writing the file …"):
                made = export_table_one(study, form, purpose, recipient, shown)
                st.session_state[_ASKED] = made.id
    where_it_stands(study, st.session_state.get(_ASKED))
