"""The page Codebook: codes with their definitions, their uses and what stands under them."""

import textwrap

import streamlit as st

from secure_storage import BadInput, FokusError, StaleWrite, Study
from transcribe import may

from .. import store
from ..codebook import KINDS, Code, CodedSegment

_WIDTH = 96
_SHOWN = 40
_SELECTED = "codebook_selected"
_ROUND = "codebook_round"
"""Counts up when a form has done its work, so that the next one starts fresh."""


def codebook_page(study: Study) -> None:
    """Draw the page."""
    st.title("Codebook")
    codes = store.list_codes(study)
    counts = store.coding_counts(study)
    may_change = may(study, "code")
    if not codes:
        st.caption(
            "There are no codes yet. Open **Coding**, choose a sentence and press **n**, or "
            "create the first code here."
        )
        if may_change:
            _new(study)
        return
    table, detail = st.columns([3, 2], gap="large")
    with table:
        chosen = _table(codes, counts)
        if may_change:
            with st.expander("New code", icon=":material/add:"):
                _new(study)
    with detail:
        if chosen is None:
            st.caption("Choose a code to read its definition and what stands under it.")
            return
        if may_change:
            _edit(study, chosen)
            _remove(study, chosen, counts.get(chosen.id, 0))
        else:
            _told("Definition", chosen.definition or "None yet.")
    _segments(study, chosen)


def _table(codes: list[Code], counts: dict[int, int]) -> Code | None:
    picked = st.dataframe(
        {
            "Code": [one.name for one in codes],
            "Codings": [counts.get(one.id, 0) for one in codes],
            "Kind": [one.kind for one in codes],
            "Definition": [one.definition for one in codes],
        },
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            "Code": st.column_config.TextColumn(width="medium"),
            "Definition": st.column_config.TextColumn(width="medium"),
            "Kind": st.column_config.TextColumn(width="small"),
            "Codings": st.column_config.NumberColumn(width="small"),
        },
        # A row's number means another code once the book has changed.
        key=f"codes-{'-'.join(str(one.id) for one in codes)}",
    )
    rows = picked.selection.rows
    if rows:
        st.session_state[_SELECTED] = codes[rows[0]].id
    return next((one for one in codes if one.id == st.session_state.get(_SELECTED)), None)


def _new(study: Study) -> None:
    with st.form(f"new-code-{_round()}", border=False):
        name = st.text_input("Name", max_chars=120)
        definition = st.text_area("Definition", placeholder="What belongs here, and what does not")
        kind = st.radio("Kind", KINDS, horizontal=True)
        if not st.form_submit_button("Create", icon=":material/add:"):
            return
    try:
        made = store.add_code(study, name, definition, kind or "semantic")
    except FokusError as error:
        _told("This did not work", str(error))
        return
    st.session_state[_SELECTED] = made.id
    _next_round()


def _edit(study: Study, code: Code) -> None:
    key = f"{code.id}-{_round()}"
    # The version that was read when the form was first drawn, not the one there is now.
    version = st.session_state.setdefault(f"code-version-{key}", code.version)
    with st.form(f"code-{key}", border=False):
        # By their keys what was typed survives that the stored value changes.
        name = st.text_input("Name", code.name, max_chars=120, key=f"name-{key}")
        definition = st.text_area("Definition", code.definition, height=140, key=f"text-{key}")
        kind = st.radio(
            "Kind", KINDS, index=KINDS.index(code.kind), horizontal=True, key=f"kind-{key}"
        )
        saved = st.form_submit_button("Save", icon=":material/check:")
    if version != code.version:
        _told("Somebody else has changed this code meanwhile. It now reads", _whole(code))
        st.button("Take theirs", on_click=_count_round, key=f"theirs-{key}")
        if st.button("Keep mine", key=f"mine-{key}"):
            st.session_state[f"code-version-{key}"] = code.version
            _save(study, code, name, definition, kind or code.kind, code.version)
    elif saved:
        _save(study, code, name, definition, kind or code.kind, version)


def _save(study: Study, code: Code, name: str, definition: str, kind: str, version: int) -> None:
    try:
        found = next(one for one in KINDS if one == kind)
        store.edit_code(study, code.id, name, definition, found, version)
    except StaleWrite:
        st.rerun()
    except FokusError as error:
        _told("This did not work", str(error))
        return
    _next_round()


def _remove(study: Study, code: Code, uses: int) -> None:
    with st.popover("Remove", icon=":material/delete:"):
        sure = True
        if uses:
            _told("In use", f"{uses} codings are under this code.")
            sure = st.checkbox("They may go with it", key=f"sure-{code.id}")
        else:
            st.caption("Nothing is coded with it.")
        if not st.button("Remove this code", disabled=not sure, key=f"remove-{code.id}"):
            return
        try:
            store.remove_code(study, code.id, with_codings=bool(uses) and sure)
        except BadInput as error:
            _told("This did not work", str(error))
            return
        st.session_state.pop(_SELECTED, None)
        _next_round()


def _segments(study: Study, code: Code) -> None:
    st.subheader("What stands under this code")
    found = store.segments_of(study, code.id)
    if not found:
        st.caption("Nothing yet. Open **Coding** and apply it to a sentence.")
        return
    study.opened(f"code:{code.id}")
    for one in found[:_SHOWN]:
        _segment(one)
    if len(found) > _SHOWN:
        with st.expander("The rest", on_change="rerun") as rest:
            if rest.open:
                for one in found[_SHOWN:]:
                    _segment(one)


def _segment(one: CodedSegment) -> None:
    with st.container(border=True):
        where, said = st.columns([1, 3])
        about = (f"{one.transcript}, group {one.group}", ", ".join(one.speakers))
        coders = f"Coded by {', '.join(one.coders)}"
        where.text("\n".join(textwrap.fill(part, _WIDTH // 3) for part in (*about, coders)))
        if one.demo:
            where.caption(":material/science: demo model")
        before = f"… {one.before}" if one.before else ""
        after = f"{one.after} …" if one.after else ""
        for part in filter(None, [before, one.text, after]):
            said.text(textwrap.fill(part, _WIDTH))


def _whole(code: Code) -> str:
    return f"{code.name} ({code.kind})\n{code.definition}"


def _told(what: str, text: str) -> None:
    """Say something that holds data: never through markdown."""
    with st.container(border=True):
        st.text(what)
        st.text("\n".join(textwrap.fill(line, _WIDTH) for line in text.splitlines()))


def _round() -> int:
    return int(st.session_state.setdefault(_ROUND, 0))


def _count_round() -> None:
    st.session_state[_ROUND] = _round() + 1


def _next_round() -> None:
    _count_round()
    st.rerun()
