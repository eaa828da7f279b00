"""The page «Audit»: who did what, and whether the record of it can be trusted."""

from datetime import date

import pandas as pd  # type: ignore[import-untyped]
import streamlit as st

from ..audit.log import NOBODY, Asked, Entry, journal, trace
from ..audit.wording import GROUPS, group_of, said
from ..study import Study
from .audit_state import state_of_the_record

PAGE = 100
_PLACE = "audit_place"
_LAST_ASKED = "audit_asked"


def audit_page(study: Study) -> None:
    """Draw the page."""
    study.require("audit")
    study.opened("audit")
    st.title("Audit")
    state_of_the_record(study)
    st.subheader("What happened")
    names = {one.id: one.name for one in study.members()}
    asked = _filters(names)
    places: list[int] = st.session_state.setdefault(_PLACE, [])
    if st.session_state.get(_LAST_ASKED) != asked:
        st.session_state[_LAST_ASKED] = asked
        places.clear()
    entries = journal(study, asked, places[-1] if places else None, PAGE + 1)
    if not entries:
        st.caption("No event is like this. Widen the choice above.")
        return
    chosen = _table(entries[:PAGE], names)
    _turn(entries, places)
    if chosen is not None:
        _detail(study, chosen)


def _filters(names: dict[int, str]) -> Asked:
    who, kind, on, first, last = st.columns([2, 2, 2, 1.4, 1.4])
    everybody: dict[int | None, str] = {None: "Everybody", NOBODY: "Nobody signed in"}
    for number, name in names.items():
        everybody[number] = name
    member = who.selectbox("Who", list(everybody), format_func=lambda one: everybody[one])
    group = kind.selectbox(
        "Kind of act", (None, *GROUPS), format_func=lambda one: (one or "all").capitalize()
    )
    # Kept in this page only: what somebody looks for here is itself on no record.
    thing = on.text_input("On", placeholder="code, or code:7", max_chars=60)
    since = first.date_input("From (UTC)", value=None, format="YYYY-MM-DD")
    until = last.date_input("To (UTC)", value=None, format="YYYY-MM-DD")
    return Asked(member, group, thing.strip(), _day(since), _day(until))


def _day(value: object) -> date | None:
    return value if isinstance(value, date) else None


def _table(entries: list[Entry], names: dict[int, str]) -> Entry | None:
    rows = {
        "No.": [one.seq for one in entries],
        "Time (UTC)": [one.at.replace("T", " ")[:19] for one in entries],
        "Who": [names.get(one.actor, "") if one.actor else "nobody" for one in entries],
        "What": [said(one.action) for one in entries],
        "On": [one.object.replace(":", " ").replace("_", " ") for one in entries],
        "Kind": [group_of(one.action) for one in entries],
        "Fields": [one.fields for one in entries],
    }
    event = st.dataframe(
        pd.DataFrame(rows), hide_index=True, width="stretch", height=430,
        on_select="rerun", selection_mode="single-row", key="audit_table",
        column_config={"No.": st.column_config.NumberColumn(width="small", format="%d")},
    )  # fmt: skip
    picked = event["selection"]["rows"]
    return entries[picked[0]] if picked and picked[0] < len(entries) else None


def _turn(entries: list[Entry], places: list[int]) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Newer", icon=":material/chevron_left:", disabled=not places):
            places.pop()
            st.rerun()
        if st.button("Older", icon=":material/chevron_right:", disabled=len(entries) <= PAGE):
            places.append(entries[PAGE - 1].seq)
            st.rerun()
        shown = entries[:PAGE]
        st.text(f"Events {shown[-1].seq:,} to {shown[0].seq:,}", width="content")
        st.caption("Tick a row for its place in the chain.", width="content")


def _detail(study: Study, entry: Entry) -> None:
    chain = trace(study, entry.seq)
    lines = [
        f"Event {entry.seq}: {entry.action} on {entry.object}, {entry.at} (UTC)",
        f"Fields:   {entry.fields or 'none'}",
        f"Digest:   {chain.digest}" + (" (the words were erased)" if chain.erased else ""),
        f"Previous: {chain.previous}",
        f"Hash:     {chain.hash}",
    ]
    st.code("\n".join(lines), language=None)
    st.caption("Words of participants are not shown here; the digest stands for them.")
