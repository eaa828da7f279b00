"""The participants of the groups, typed by hand: by pseudonym, never by name."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeGuard, get_args

import streamlit as st

from secure_storage import StaleWrite, Study

from ..questionnaire.values import Kind
from ..store import (
    AttributeRow,
    GroupRole,
    ParticipantRow,
    add_attribute,
    add_participant,
    attributes,
    remove_attribute,
    save_participants,
)
from .grids import settled
from .telling import told, trouble

ROLES: Final[tuple[GroupRole, ...]] = get_args(GroupRole)
_DRAWN: Final = "participants_drawn"
"""The rows that the grid was drawn from, and what was asked then: while somebody types, it
is not drawn anew."""
_TIMES: Final = "participants_times"
"""How often it was drawn anew: each time it is another widget, in which nothing is typed."""
_SHOWN: Final = "participants_shown"
"""What others wrote, once it was shown: who saves again means to replace it."""
_LINE, _TALLEST = 34, 900
"""Height of a line and of the tallest grid, in pixels."""
_KINDS: Final[dict[Kind, str]] = {"text": "Text", "number": "Number", "years": "Years (or months)"}


def participants_part(study: Study, rows: list[ParticipantRow], *, may_change: bool) -> None:
    """List the participants, let them be changed in a grid, and add one."""
    asked = attributes(study)
    if not may_change:
        if rows:
            st.dataframe(_lines(rows, asked), hide_index=True, column_config=_columns(asked))
        else:
            st.caption("No participants yet.")
        return
    if rows:
        _grid(study, rows, asked)
    else:
        st.caption(
            "No participants yet. Add each member of the first group, moderator and secretary "
            "included, or bring them in on the tab **Questionnaire**."
        )
    _add(study, max((row.group for row in rows), default=1))


def attributes_part(study: Study, *, may_change: bool) -> None:
    """Say what the team asks of its participants beside the profession."""
    asked = attributes(study)
    if not may_change:
        return
    with st.expander("What you ask of them", icon=":material/contact_page:"):
        st.caption(
            "Beside the profession: years of experience, education, workplace size. Years may be "
            "written as «6 months» or «2,5 år»."
        )
        with st.form("attribute", clear_on_submit=True, border=False):
            first, second = st.columns([3, 2], vertical_alignment="bottom")
            name = first.text_input("Attribute", max_chars=80, key="attribute_name")
            kind = second.selectbox("Its answers are", list(_KINDS), format_func=_KINDS.__getitem__)
            if st.form_submit_button("Add attribute"):
                with told():
                    add_attribute(study, name, kind)
                    redraw_grid()
                    st.rerun()
        if asked:
            _remove_attribute(study, {one.id: one.name for one in asked})


def redraw_grid() -> None:
    """Have the grid drawn from what is stored, without what is typed in it."""
    st.session_state.pop(_DRAWN, None)
    st.session_state.pop(_SHOWN, None)
    st.session_state[_TIMES] = st.session_state.get(_TIMES, 0) + 1


def edits(
    seen: Sequence[ParticipantRow], asked: Sequence[AttributeRow],
    edited: Sequence[Mapping[str, Any]],
) -> list[tuple[ParticipantRow | None, ParticipantRow | None]]:  # fmt: skip
    """Compare the rows that a grid was drawn from with its lines; a new line has no number."""
    before = {row.id: row for row in seen}
    found: list[tuple[ParticipantRow | None, ParticipantRow | None]] = []
    for cells in edited:
        number = cells.get("id")
        known = before.pop(int(number), None) if _is_number(number) else None
        wanted = _row(cells, asked, known)
        if wanted != known:
            found.append((known, wanted))
    return [*((row, None) for row in before.values()), *found]


def _grid(study: Study, rows: list[ParticipantRow], asked: tuple[AttributeRow, ...]) -> None:
    seen, known = st.session_state.setdefault(_DRAWN, (rows, asked))
    edited: list[dict[str, Any]] = st.data_editor(
        _lines(seen, known),
        key=f"participants-{st.session_state.get(_TIMES, 0)}",
        num_rows="dynamic",
        height=min(_TALLEST, _LINE * (len(seen) + 4)),
        hide_index=True,
        column_config=_columns(known),
    )
    changes = edits(seen, known, edited)
    if not changes:
        # Nothing is being typed: what others did in the meantime may be shown.
        if (seen, known) != (rows, asked):
            redraw_grid()
            st.rerun()
        st.caption("Type into the table, paste from a spreadsheet, or select a line and delete it.")
        return
    if gone := [f"{old.pseudonym} (group {old.group})" for old, new in changes if old and not new]:
        st.caption(":material/person_remove: Saving takes out, with all their answers:")
        st.text(", ".join(gone))
    with st.container(horizontal=True):
        save = st.button("Save changes", type="primary", icon=":material/check:", key="save_people")
        discard = st.button("Discard", key="discard_people")
    if settled(save, "save_people_pressed"):
        with told():
            if _save(study, rows, asked, changes):
                redraw_grid()
                st.rerun()
    if discard:
        redraw_grid()
        st.rerun()


def _save(
    study: Study, rows: list[ParticipantRow], asked: tuple[AttributeRow, ...],
    changes: list[tuple[ParticipantRow | None, ParticipantRow | None]],
) -> bool:  # fmt: skip
    """Save the grid; what others wrote since is shown first, and replaced when asked again."""
    shown: dict[int, ParticipantRow] = st.session_state.get(_SHOWN, {})
    try:
        save_participants(
            study, [(shown.get(old.id, old) if old else None, new) for old, new in changes]
        )
    except StaleWrite as error:
        before = {old.id: old for old, _ in changes if old}
        theirs = [row for row in rows if row.id in before and row != before[row.id]]
        st.session_state[_SHOWN] = {row.id: row for row in theirs}
        trouble(str(error))
        st.caption("As it stands now:")
        st.dataframe(_lines(theirs, asked), hide_index=True, column_config=_columns(asked))
        return False
    return True


def _lines(rows: Sequence[ParticipantRow], asked: Sequence[AttributeRow]) -> list[dict[str, Any]]:
    return [
        {
            "id": row.id, "Group": row.group, "Pseudonym": row.pseudonym, "Role": row.role,
            "Profession": row.profession,
            **{_column(one): dict(row.answers).get(one.id, "") for one in asked},
        }
        for row in rows
    ]  # fmt: skip


def _columns(asked: Sequence[AttributeRow]) -> dict[str, Any]:
    return {
        # Tells the lines apart and is not shown.
        "id": None,
        "Group": st.column_config.NumberColumn(
            width="small", min_value=1, max_value=999, step=1, required=True
        ),
        "Pseudonym": st.column_config.TextColumn(max_chars=80, required=True),
        "Role": st.column_config.SelectboxColumn(
            options=list(ROLES), default="participant", required=True
        ),
        "Profession": st.column_config.TextColumn(max_chars=80, default=""),
        **{
            _column(one): st.column_config.TextColumn(one.name, max_chars=200, default="")
            for one in asked
        },
    }


def _column(one: AttributeRow) -> str:
    """What its column goes by; a team may call an attribute «Group», or «id»."""
    return f"answer {one.id}"


def _row(
    cells: Mapping[str, Any], asked: Sequence[AttributeRow], known: ParticipantRow | None
) -> ParticipantRow:
    def text(name: str) -> str:
        value = cells.get(name)
        return value if isinstance(value, str) else ""

    group = cells.get("Group")
    return ParticipantRow(
        known.id if known else 0,
        int(group) if _is_number(group) else 0,
        text("Pseudonym"),
        text("Profession"),
        next((one for one in ROLES if one == cells.get("Role")), "participant"),
        tuple((one.id, text(_column(one))) for one in asked if text(_column(one)).strip()),
        known.withdrawn if known else False,
    )


def _is_number(value: object) -> TypeGuard[int | float]:
    """An empty cell is None, or what is no number."""
    return isinstance(value, int | float) and value == value


def _remove_attribute(study: Study, names: dict[int, str]) -> None:
    first, second = st.columns([3, 2], vertical_alignment="bottom")
    chosen = first.selectbox("Take out", list(names), format_func=names.__getitem__)
    sure = second.checkbox("With everybody's answers", key="attribute_sure")
    if second.button("Remove attribute", disabled=not sure):
        with told():
            remove_attribute(study, chosen)
            redraw_grid()
            st.rerun()


def _add(study: Study, group: int) -> None:
    with st.form("participant", clear_on_submit=True):
        columns = st.columns([1, 2, 3, 1.5], vertical_alignment="bottom")
        number = columns[0].number_input("Group", 1, 999, value=group)
        pseudonym = columns[1].text_input("Pseudonym", max_chars=80, key="pseudonym")
        profession = columns[2].text_input("Profession", max_chars=80, key="profession")
        role = columns[3].selectbox("Role", ROLES, format_func=str.capitalize)
        if st.form_submit_button("Add participant"):
            with told():
                add_participant(study, int(number), pseudonym, profession, role)
                st.rerun()
    st.caption(
        "A custodian's entry finds its participant by group and pseudonym. Tell the custodian "
        "when you change one of them."
    )
