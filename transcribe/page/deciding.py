"""Deciding on one place after the other, in its context, with the keyboard."""

import textwrap
from collections.abc import Sequence
from typing import Final

import streamlit as st

from secure_storage import Study

from ..pseudonymise import next_label
from ..store import (
    IdentifierRow,
    Replacement,
    TranscriptRow,
    choose_replacement,
    keep_identifiers,
    reopen_identifiers,
    replacements,
    sentences,
)
from .telling import clock, told

_WIDTH: Final = 100
_AT: Final = "pseudonymise_at"
_DONE: Final = "pseudonymise_done"


def deciding_part(study: Study, row: TranscriptRow, rows: Sequence[IdentifierRow]) -> None:
    """Show the next open place with its neighbours, and what can be decided."""
    waiting = [one for one in rows if one.state == "open"]
    if not rows:
        st.caption("Nothing has been looked for here yet, or nothing was found.")
        return
    decided = len(rows) - len(waiting)
    st.progress(decided / len(rows))
    st.text(f"{decided} of {len(rows)} places are decided on.")
    if not waiting:
        st.caption("Every place is decided on. Replace what was chosen, then have it read below.")
        _back(study, row)
        return
    at = st.session_state.get(f"{_AT}_{row.id}", -1)
    one = next((place for place in waiting if place.id > at), waiting[0])
    with st.container(border=True):
        _context(study, row, one)
        _decision(study, row, one, waiting)


def _context(study: Study, row: TranscriptRow, one: IdentifierRow) -> None:
    around = sentences(study, row.id)
    place = next(number for number, each in enumerate(around) if each.id == one.sentence_id)
    marked = f"{one.text[: one.start]}▶{one.words}◀{one.text[one.end :]}"
    if place:
        st.text(textwrap.fill(around[place - 1].text, _WIDTH))
    st.text(textwrap.fill(marked, _WIDTH))
    if place + 1 < len(around):
        st.text(textwrap.fill(around[place + 1].text, _WIDTH))
    when = "" if one.seconds is None else f", at {clock(one.seconds)}"
    said = ", in what was said beside the written text" if one.verbatim else ""
    st.text(f"{one.kind}: {one.why}{said}{when}")


def _decision(
    study: Study, row: TranscriptRow, one: IdentifierRow, waiting: Sequence[IdentifierRow]
) -> None:
    known = replacements(study)
    proposed = next((each for each in known if each.id == one.replacement_id), None)
    new = next_label(one.kind, [each.label for each in known])
    choice, own = st.columns(2)
    options: list[Replacement | None] = [None, *known]
    chosen = choice.selectbox(
        "Replace with", options, index=options.index(proposed), key=f"put-{one.id}",
        format_func=lambda each: f"new: {new}" if each is None else each.label,
    )  # fmt: skip
    label = own.text_input(
        "or with", key=f"own-{one.id}", max_chars=80, placeholder="a pseudonym of your own",
        autocomplete="off",
    )  # fmt: skip
    like = [each.id for each in waiting if each.words.casefold() == one.words.casefold()]
    put, every, keep, keep_every, skip = st.columns(5)
    only = [one.id]
    if put.button("Replace", shortcut="P", type="primary", width="stretch"):
        _put(study, row, one, only, chosen, label)
    if every.button("Replace all like it", shortcut="A", width="stretch"):
        _put(study, row, one, like, chosen, label)
    if keep.button("Keep", shortcut="K", width="stretch"):
        _keep(study, row, one, only)
    if keep_every.button("Keep all like it", shortcut="L", width="stretch"):
        _keep(study, row, one, like)
    if skip.button("Later", shortcut="S", width="stretch"):
        _next(row, one, [])
    if len(like) > 1:
        st.text(f"{len(like)} open places are written like this one.")
    _back(study, row)


def _put(
    study: Study, row: TranscriptRow, one: IdentifierRow, places: list[int],
    chosen: Replacement | None, label: str,
) -> None:  # fmt: skip
    with told():
        number = None if chosen is None or label.strip() else chosen.id
        choose_replacement(study, places, replacement_id=number, label=label)
        _next(row, one, places)


def _keep(study: Study, row: TranscriptRow, one: IdentifierRow, places: list[int]) -> None:
    with told():
        keep_identifiers(study, places)
        _next(row, one, places)


def _next(row: TranscriptRow, one: IdentifierRow, decided: list[int]) -> None:
    st.session_state[f"{_AT}_{row.id}"] = one.id
    if decided:
        st.session_state.setdefault(f"{_DONE}_{row.id}", []).append((one.id, decided))
    st.rerun()


def _back(study: Study, row: TranscriptRow) -> None:
    done = st.session_state.get(f"{_DONE}_{row.id}", [])
    if done and st.button("Take the last decision back", shortcut="B"):
        with told():
            first, places = done.pop()
            reopen_identifiers(study, places)
            st.session_state[f"{_AT}_{row.id}"] = first - 1
            st.rerun()
