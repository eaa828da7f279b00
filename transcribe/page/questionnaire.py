"""Importing a questionnaire: choose the file, say what its columns are, look, then keep."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, Literal

import streamlit as st

from secure_storage import Study

from ..questionnaire.mapping import Column, Target, coded, guess, in_words, values_in
from ..questionnaire.matching import Answered, match, missing
from ..questionnaire.saving import check_columns, save_questionnaire, with_made_up
from ..questionnaire.table import Table, read_table
from ..questionnaire.values import Kind
from ..store import ParticipantRow, attributes, participants
from .people import redraw_grid
from .telling import told

_TURN: Final = "questionnaire_turn"
_DONE: Final = "questionnaire_done"
_READ: Final = "questionnaire_read"
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
        st.session_state.pop(_READ, None)
        st.caption("Choose a file. You see whose answers were understood before anything is kept.")
        return
    with told():
        data = given.getvalue()
        table = _table(data, given.file_id)
        columns = _mapping(study, table, given.file_id)
        check_columns(columns)
        group = None
        if all(one.target != "group" for one in columns):
            group = st.number_input(
                "Group of everybody", 1, 999, value=None, placeholder="Found by pseudonym",
                help="No column is the group. Left empty, people are found by pseudonym alone.",
            )  # fmt: skip
        people = participants(study)
        found = _look(study, table, columns, group, people)
        _keep(study, data, table, columns, group, found, people)


def _table(data: bytes, file_id: str) -> Table:
    """Read the file once, however often the page is drawn."""
    kept: tuple[str, Table] | None = st.session_state.get(_READ)
    if kept is None or kept[0] != file_id:
        with st.spinner("Reading the questionnaire …"):
            kept = (file_id, read_table(data))
        st.session_state[_READ] = kept
    return kept[1]


def _mapping(study: Study, table: Table, file_id: str) -> tuple[Column, ...]:
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
        key=f"mapping-{file_id}",
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
    return _in_words(columns, coded(table, guessed), file_id)


def _column(guessed: Column, target: str, name: str | None, kind: str) -> Column:
    wanted = next(key for key, said in _TARGETS.items() if said == target)
    return replace(
        guessed,
        target=wanted,
        kind=next(key for key, said in _KINDS.items() if said == kind),
        name=((name or "").strip() or guessed.header) if wanted == "attribute" else "",
    )


def _in_words(
    columns: tuple[Column, ...], places: list[tuple[str, str]], file_id: str
) -> tuple[Column, ...]:
    """Let numbers that stand for answers be put into words, as a codebook has them."""
    if not places:
        return columns
    with st.expander("Answers that are numbers of a codebook", icon=":material/translate:"):
        edited: dict[str, list[Any]] = st.data_editor(
            {
                "Column": [header for header, _ in places],
                "In the file": [value for _, value in places],
                "Means": [value for _, value in places],
            },
            key=f"meanings-{file_id}",
            hide_index=True,
            disabled=["Column", "In the file"],
        )
    return in_words(columns, places, [str(one or "") for one in edited["Means"]])


def _look(
    study: Study, table: Table, columns: Sequence[Column], group: int | None,
    people: Sequence[ParticipantRow],
) -> tuple[Answered, ...]:  # fmt: skip
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
            "Role": [_changed(one, "role") for one in found],
            "Profession": [_changed(one, "profession") for one in found],
            "Answers": [_answers(one, names) for one in found],
            "Not understood": [" ".join(one.problems) for one in found],
        },
        hide_index=True,
    )
    _silent(missing(found, people))
    return found


def _answers(one: Answered, names: Mapping[int, str]) -> str:
    before = dict(one.known.answers) if one.known else {}
    answers = one.wanted.answers if one.wanted else ()
    return "; ".join(
        f"{names[number]}: {_with_old(answer, before.get(number, ''))}"
        for number, answer in answers
    )


def _changed(one: Answered, what: Literal["role", "profession"]) -> str:
    return _with_old(getattr(one.wanted, what, ""), getattr(one.known, what, ""))


def _with_old(new: str, old: str) -> str:
    """Say also what an import would replace."""
    return f"{new} (was: {old})" if old and new and new != old else new


def _silent(people: list[ParticipantRow]) -> None:
    if people:
        st.caption("Participants of the study who are not in this file:")
        st.text(", ".join(f"{one.pseudonym} (group {one.group})" for one in people))


def _keep(
    study: Study, data: bytes, table: Table, columns: Sequence[Column], group: int | None,
    found: Sequence[Answered], people: Sequence[ParticipantRow],
) -> None:  # fmt: skip
    unknown = sum(one.state == "new" for one in found)
    add = False
    if unknown:
        st.text(f"{unknown} of these people are not in the study.")
        if any(one.withdrawn for one in people):
            st.caption(
                ":material/warning: Somebody withdrew from this study. Who was erased is not "
                "known by their pseudonym any more: take their line out of the file before you "
                "add people."
            )
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
    redraw_grid()
    st.rerun()
