"""The page «Exports»: what waits to leave, what left, what came in, and who has to agree."""

from collections.abc import Callable

import streamlit as st

from ..access import one_time_passphrase
from ..audit.words import anchor_words
from ..errors import FokusError
from ..ledger import (
    Export,
    Request,
    Rules,
    Verdict,
    approve_export,
    export_rules,
    list_exports,
    list_imports,
    list_requests,
    names_shown,
    offer_age,
    refuse_export,
    set_export_rules,
    verdict_on,
    voice,
    who_can_release,
    withdraw_request,
)
from ..members import RIGHTS
from ..study import Study
from .telling import plain

_DONE = "exports_done"
_MOST_SHOWN = 100
"""Names drawn of one file; who has more to take out asks again after that."""


def exports_page(study: Study) -> None:
    """Draw the page."""
    study.require("read")
    st.title("Imports and exports")
    if done := st.session_state.pop(_DONE, ""):
        st.success(plain(done))
    people = {one.id: one.name for one in study.members()}
    asked = list_requests(study)
    _waiting(study, [one for one in asked if one.state == "waiting"], people)
    _left(study, list_exports(study), people)
    _not_released([one for one in asked if one.state in ("refused", "withdrawn")], people)
    _came_in(study, people)
    _rules(study)


def _waiting(study: Study, asked: list[Request], people: dict[int, str]) -> None:
    st.subheader("Waiting")
    if not asked:
        st.caption(
            "Nothing waits to leave. Files are asked for on the page **Export**; those that need "
            "a second person wait here."
        )
    for one in asked:
        with st.container(border=True):
            _facts(one, people)
            _next(study, one)
            _deciding(study, one)


def _facts(one: Request, people: dict[int, str]) -> None:
    st.text(one.file_name)
    what, who = st.columns(2)
    what.text(f"What for: {one.purpose}\nFor whom: {one.recipient}")
    who.text(
        f"Asked for by {people[one.asked_by]}, {_day(one.at)} UTC\n"
        f"{_size(one.size)}, {_names(one.names_checked, one.names_found)}"
    )


def _next(study: Study, one: Request) -> None:
    """Say whom it waits for, or what is missing."""
    if verdict_on(study.db, one) is Verdict.ASKER_GONE:
        st.warning("Who asked for it may not ask for exports any more. Refuse it.")
        return
    able = who_can_release(study, one)
    if verdict_on(study.db, one) is Verdict.RELEASE:
        st.caption("It needs no second person: who asked for it can release it.")
    elif able:
        st.text("Waits for one of: " + ", ".join(member.name for member in able))
    else:
        st.warning(
            "Nobody else in this study can agree to it yet. A lead invites a second member (a "
            "lead or a coder) on the page **Members & security**, gives somebody the permission to "
            "release there, or changes below who has to agree."
        )


def _deciding(study: Study, one: Request) -> None:
    own, mine = voice(study.member), one.asked_by == study.member.id
    if not (mine or own.approves or own.releases):
        return
    second = None if mine else study.member.id
    verdict = verdict_on(study.db, one, second)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.link_button("Read the file", f"/export/request/{one.id}", icon=":material/visibility:")
        if verdict is Verdict.RELEASE and st.button(
            "Release" if mine else "Approve and release",
            key=f"approve-{one.id}",
            type="primary",
        ):
            with st.spinner("Writing the file …"):
                _act(lambda: approve_export(study, one.id), "The file was released.")
        if mine and st.button("Withdraw", key=f"withdraw-{one.id}"):
            _act(lambda: withdraw_request(study, one.id), "The request was withdrawn.")
    if one.names_found:
        _where(study, one)
    if not mine:
        _refusing(study, one)


def _where(study: Study, one: Request) -> None:
    """Show the names that were found, on demand: looking is on record."""
    if not st.button("Show the names found", key=f"names-{one.id}", icon=":material/search:"):
        return
    try:
        with st.spinner("Searching the file …"):
            found = names_shown(study, one.id)
    except FokusError as error:
        st.error(plain(str(error)))
        return
    if not found:
        st.caption("None of the names registered now stands in the file.")
    for place in found[:_MOST_SHOWN]:
        st.text(f"… {place.before}»{place.found}«{place.after} …")
    if len(found) > _MOST_SHOWN:
        st.text(f"And {len(found) - _MOST_SHOWN} more. Take these out first and ask anew.")


def _refusing(study: Study, one: Request) -> None:
    with st.expander("Refuse"), st.form(f"refuse-{one.id}", border=False):
        reason = st.text_input("Why", max_chars=500, help="The member who asked reads it here.")
        if st.form_submit_button("Refuse the export"):
            _act(lambda: refuse_export(study, one.id, reason), "The export was refused.")


def _left(study: Study, rows: list[Export], people: dict[int, str]) -> None:
    st.subheader("What left the study")
    if not rows:
        st.caption("Nothing has left the study so far.")
        return
    st.dataframe(
        {
            "No.": [row.id for row in rows],
            "When (UTC)": [_day(row.at) for row in rows],
            "File": [row.file_name for row in rows],
            "What for": [row.purpose for row in rows],
            "For whom": [row.recipient for row in rows],
            "Asked by": [people[row.asked_by] for row in rows],
            "Approved by": [people.get(row.approved_by or 0, "") for row in rows],
            "Names": [_names(row.names_checked, row.names_found) for row in rows],
            "age": ["also" if row.age else "" for row in rows],
            "Size": [_size(row.size) for row in rows],
            "SHA-256": [row.sha256 for row in rows],
            "Receipt": [anchor_words(row.head) for row in rows],
        },
        hide_index=True,
        column_config={"SHA-256": st.column_config.TextColumn(width="small")},
    )
    st.caption(
        "The files lie in the study's exports folder, each with its receipt. The words of the "
        "receipt stand for the journal's head at that moment: compare them with one on paper."
    )
    if voice(study.member).releases:
        _fetching(study, [row for row in rows if row.file_id is not None])


def _fetching(study: Study, rows: list[Export]) -> None:
    if not rows:
        return
    by_id = {row.id: row for row in rows}
    chosen = st.selectbox(
        "Fetch a file", list(by_id), format_func=lambda one: f"{one}: {by_id[one].file_name}"
    )
    row = by_id[chosen]
    st.text(f"SHA-256: {row.sha256}\nReceipt: event {row.event}, {anchor_words(row.head)}")
    st.link_button("Fetch it as it is", f"/export/{chosen}", icon=":material/download:")
    with st.expander("Fetch it as an age file, for people outside", icon=":material/lock:"):
        _as_age(study, row)


def _as_age(study: Study, row: Export) -> None:
    st.caption(
        "An age file opens only for the recipients, with the free program age. Ask them for "
        "their public keys, or let a passphrase be drawn and tell it to them by another way."
    )
    with st.form("age"):
        keys = st.text_area(
            "Public keys, one on each line", placeholder="age1…", max_chars=20_000,
            help="Keys of age begin with age1; SSH keys (ssh-ed25519, ssh-rsa) work too.",
        )  # fmt: skip
        drawn = st.checkbox("Draw a passphrase instead")
        if not st.form_submit_button("Make the age file"):
            return
    words = one_time_passphrase() if drawn else ""
    try:
        with st.spinner("Encrypting …"):
            place = offer_age(study, row, keys.splitlines(), words)
    except FokusError as error:
        st.error(plain(str(error)))
        return
    if words:
        st.caption("The passphrase, shown only now:")
        st.code(words, language=None)
    st.link_button("Fetch the age file (once)", place, type="primary")


def _not_released(rows: list[Request], people: dict[int, str]) -> None:
    if not rows:
        return
    st.subheader("What did not leave")
    st.dataframe(
        {
            "When (UTC)": [_day(row.decided_at or "") for row in rows],
            "File": [row.file_name for row in rows],
            "For whom": [row.recipient for row in rows],
            "Asked by": [people[row.asked_by] for row in rows],
            "What": [row.state for row in rows],
            "By": [people.get(row.decided_by or 0, "") for row in rows],
            "Why": [row.reason for row in rows],
        },
        hide_index=True,
    )


def _came_in(study: Study, people: dict[int, str]) -> None:
    st.subheader("What came in")
    rows = list_imports(study)
    if not rows:
        st.caption(
            "Nothing has come in yet. Open **Recordings** to add a recording or a transcript."
        )
        return
    st.dataframe(
        {
            "When (UTC)": [_day(row.at) for row in rows],
            "Who": [people[row.member_id] for row in rows],
            "What": [row.kind for row in rows],
            "How it came": [row.source or "not recorded" for row in rows],
            "What for": [row.purpose or "not recorded" for row in rows],
            "Size": [_size(row.size) for row in rows],
            "SHA-256": [row.sha256 for row in rows],
        },
        hide_index=True,
    )


def _rules(study: Study) -> None:
    st.subheader("Who has to agree")
    rules = export_rules(study)
    may = "members" in RIGHTS[study.member.role]
    st.caption(
        "Every export needs a member with the permission to release (given on the page "
        "**Members & security**). Where registered names are found, a second person always has to "
        "agree."
    )
    with st.form("rules"):
        two = st.checkbox(
            "A second person agrees to every export", value=rules.two_person, disabled=not may
        )
        unchecked = st.checkbox(
            "A second person agrees where names were not checked",
            value=rules.second_for_unchecked,
            disabled=not may,
            help="Without it, one person alone can let out text that nobody searched for names.",
        )
        if st.form_submit_button("Save", disabled=not may):
            _act(lambda: set_export_rules(study, Rules(two, unchecked)), "Saved, and on record.")
    if not may:
        st.caption("Only a lead changes this.")
    elif not rules.second_for_unchecked:
        st.warning(
            "One person alone may release files that nobody searched for names. Read each file "
            "through before it leaves."
        )


def _act(act: Callable[[], object], done: str) -> None:
    try:
        act()
    except FokusError as error:
        st.error(plain(str(error)))
    else:
        st.session_state[_DONE] = done
        st.rerun()


def _names(checked: bool, found: int) -> str:
    if not checked:
        return "names not checked"
    return {0: "no names found", 1: "1 name found"}.get(found, f"{found} names found")


def _day(at: str) -> str:
    return at[:16].replace("T", " ")


def _size(size: int) -> str:
    if size < 1 << 20:
        return f"{max(1, size >> 10)} KiB"
    return f"{size / (1 << 20):.1f} MiB"
