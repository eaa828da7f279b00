"""Importing a questionnaire: choose the file, say what its columns are, look, then keep."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import streamlit as st

from secure_storage import Study

from ..questionnaire.mapping import Column, Target, guess, values_in
from ..questionnaire.matching import Answered, match, missing
from ..questionnaire.saving import check_columns, save_questionnaire, with_made_up
from ..questionnaire.table import Table, read_table
from ..questionnaire.values import Kind
from ..store import ParticipantRow, attributes, participants
from .people import redraw_grid
from .telling import told

_TURN: Final = "questionnaire_turn"
_DONE: Final = "questionnaire_done"
_TARGETS: Final[dict[Target, str]] = {
    "": "Leave out", "pseudonym": "Pseudonym", "group": "Group", "profession": "Profession",
    "role": "Role", "attribute": "Attribute",
}  # fmt: skip
_STATES: Final = {
    "new": "Not in the study", "changed": "New answers", "same": "As in the study",
    "refused": "Left out",
}  # fmt: skip
_KINDS: Final[dict[Kind, str]] = {"text": "Text", "number": "Number", "years": "Years"}


def questionnaire_part(study: Study) -> None:
    """Lead through the import."""
    st.caption(
        "A CSV or Excel file with one line for each participant, as Nettskjema and other forms "
        "give it. Take real names out first: people are found by pseudonym and group. The file "
        "itself is not kept."
    )
    if done := st.session_state.pop(_DONE, ""):
        st.text(done)
    # A new key empties the widget: what is imported is not offered for import again.
    turn = st.session_state.setdefault(_TURN, 0)
    given = st.file_uploader(
        "Questionnaire", type=["csv", "txt", "xlsx"], max_upload_size=20,
        key=f"questionnaire-{turn}",
    )  # fmt: skip
    if given is None:
        st.caption("Choose a file. You see whose answers were understood before anything is kept.")
        return
    with told():
        data = given.getvalue()
        table = _table(data, given.file_id)
        columns = _mapping(study, table, turn)
        check_columns(columns)
        group = None
        if all(one.target != "group" for one in columns):
            group = st.number_input(
                "Group of everybody", 1, 999, value=None, placeholder="Found by pseudonym",
                help="No column is the group. Left empty, people are found by pseudonym alone.",
            )  # fmt: skip
        found = _look(study, table, columns, group)
        _keep(study, data, table, columns, group, found)


def _table(data: bytes, file_id: str) -> Table:
    """Read the file once, however often the page is drawn."""
    kept: tuple[str, Table] | None = st.session_state.get("questionnaire_table")
    if kept is None or kept[0] != file_id:
        with st.spinner("Reading the questionnaire …"):
            kept = (file_id, read_table(data))
        st.session_state["questionnaire_table"] = kept
    return kept[1]


def _mapping(study: Study, table: Table, turn: int) -> tuple[Column, ...]:
    guessed = guess(table, attributes(study))
    st.markdown("**What the columns are**")
    edited: dict[str, list[Any]] = st.data_editor(
        {
            "Column": [one.header for one in guessed],
            "Examples": [", ".join(values_in(table, one.header)[:3]) for one in guessed],
            "Is": [_TARGETS[one.target] for one in guessed],
            "Attribute": [one.name for one in guessed],
            "Answers are": [_KINDS[one.kind] for one in guessed],
        },
        key=f"mapping-{turn}-{len(guessed)}",
        hide_index=True,
        disabled=["Column", "Examples"],
        column_config={
            "Is": st.column_config.SelectboxColumn(options=list(_TARGETS.values()), required=True),
            "Attribute": st.column_config.TextColumn(
                max_chars=80, help="The name of the attribute, where the column is one."
            ),
            "Answers are": st.column_config.SelectboxColumn(
                options=list(_KINDS.values()), required=True, help="Of a new attribute."
            ),
        },
    )
    columns = tuple(
        _column(*one)
        for one in zip(
            guessed, edited["Is"], edited["Attribute"], edited["Answers are"], strict=True
        )
    )
    return _with_meanings(table, columns, turn)


def _column(guessed: Column, target: str, name: str | None, kind: str) -> Column:
    wanted = next(key for key, said in _TARGETS.items() if said == target)
    return replace(
        guessed,
        target=wanted,
        kind=next(key for key, said in _KINDS.items() if said == kind),
        name=((name or "").strip() or guessed.header) if wanted == "attribute" else "",
    )


def _with_meanings(table: Table, columns: tuple[Column, ...], turn: int) -> tuple[Column, ...]:
    """Let numbers that stand for answers be put into words, as a codebook has them."""
    headers = [one.header for one in columns if one.target in ("profession", "attribute")]
    with st.expander("Answers that are numbers of a codebook", icon=":material/translate:"):
        chosen = st.selectbox("Column", headers, index=None, placeholder="None")
        if chosen is None:
            return columns
        values = values_in(table, chosen)
        edited: dict[str, list[Any]] = st.data_editor(
            {"In the file": values, "Means": values},
            key=f"meanings-{turn}-{headers.index(chosen)}",
            hide_index=True,
            disabled=["In the file"],
        )
    meanings = tuple(zip(values, (str(one or "") for one in edited["Means"]), strict=True))
    return tuple(
        replace(one, meanings=meanings) if one.header == chosen else one for one in columns
    )


def _look(
    study: Study, table: Table, columns: Sequence[Column], group: int | None
) -> tuple[Answered, ...]:
    people = participants(study)
    asked = with_made_up(columns, attributes(study))
    names = {one.id: one.name for one in asked}
    found = match(table, columns, people, asked, group)
    st.markdown("**Whose answers they are**")
    st.dataframe(
        {
            "Line": [one.line for one in found],
            "Group": [one.group for one in found],
            "Pseudonym": [one.pseudonym for one in found],
            "State": [_STATES[one.state] for one in found],
            "Profession": [one.wanted.profession if one.wanted else "" for one in found],
            "Answers": [_answers(one, names) for one in found],
            "Not understood": [" ".join(one.problems) for one in found],
        },
        hide_index=True,
    )
    _silent(missing(found, people))
    return found


def _answers(one: Answered, names: Mapping[int, str]) -> str:
    answers = one.wanted.answers if one.wanted else ()
    return "; ".join(f"{names[number]}: {answer}" for number, answer in answers)


def _silent(people: list[ParticipantRow]) -> None:
    if people:
        st.caption("Participants of the study who are not in this file:")
        st.text(", ".join(f"{one.pseudonym} (group {one.group})" for one in people))


def _keep(
    study: Study, data: bytes, table: Table, columns: Sequence[Column], group: int | None,
    found: Sequence[Answered],
) -> None:  # fmt: skip
    unknown = sum(one.state == "new" for one in found)
    add = False
    if unknown:
        st.text(f"{unknown} of these people are not in the study.")
        add = st.checkbox("Add the people who are not in the study", key="add_unknown")
    ready = any(one.state == "changed" or (one.state == "new" and add) for one in found)
    if not st.button("Import the answers", type="primary", disabled=not ready):
        return
    saved = save_questionnaire(
        study, data, table, columns, group, add_unknown=add, source="upload in the browser"
    )
    st.session_state[_DONE] = (
        f"{saved.added} added, {saved.changed} with new answers, {saved.same} as they were, "
        f"{saved.left_out} left out."
    )
    st.session_state[_TURN] += 1
    st.session_state.pop("questionnaire_table", None)
    redraw_grid()
    st.rerun()
