"""On the page «Audit»: the state of the chain and its anchors, and checking them now."""

import streamlit as st

from ..audit.anchors import anchors_of, latest_anchor
from ..audit.running import Running, check_of, quick_check, start_check
from ..audit.verify import Verification, restart_anchors
from ..study import Study
from .telling import plain

STEPS = {"journal": "the journal", "database": "the database", "files": "every file"}


def state_of_the_record(study: Study) -> None:
    """Say whether the record can be trusted, and offer to check it."""
    problem = anchors_of(study).problem
    if problem:
        st.warning(plain(problem), icon=":material/sync_problem:")
    with st.container(horizontal=True):
        quick = st.button("Verify now", icon=":material/verified:", type="primary")
        whole = st.button("Check every file too", icon=":material/fact_check:")
    if whole:
        start_check(study)
    at, found = _quick(study, quick)
    _outcome(found, at)
    _last_anchor(study)
    running = check_of(study)
    if running is not None and running.over:
        _whole_outcome(running)
    elif running is not None:
        _watch(study)
    if not found.ok:
        _begin_anew(study)


def _quick(study: Study, again: bool) -> tuple[str, Verification]:
    bar = st.progress(0.0, text="Checking the journal and its anchors")
    try:
        return quick_check(
            study, again=again,
            progress=lambda what, done, total: bar.progress(done / max(1, total)),
        )  # fmt: skip
    finally:
        bar.empty()


def _outcome(found: Verification, at: str) -> None:
    for finding in found.findings:
        st.error(plain(finding), icon=":material/error:")
    for note in found.notes:
        st.info(plain(note), icon=":material/info:")
    if found.ok:
        what = "Everything" if found.whole else "The journal"
        files = f", files: {found.files:,}" if found.whole else ""
        told = f"{what} is sound. Events: {found.events:,}, anchors: {found.anchors:,}{files}."
        st.success(plain(told), icon=":material/verified:")
    st.text(f"Checked {at[:19].replace('T', ' ')} (UTC)")


def _last_anchor(study: Study) -> None:
    anchor = latest_anchor(study)
    if anchor is None:
        st.caption(
            "There is no anchor yet. The first is written after 100 events, 10 minutes, or at "
            "the next sign-out."
        )
        return
    when = anchor.at[:16].replace("T", " ")
    st.text(
        f"Last anchor: no. {anchor.number}, event {anchor.seq:,}, {when} (UTC)\n"
        f"In words: {anchor.words}"
    )


@st.fragment(run_every=1.0)
def _watch(study: Study) -> None:
    running = check_of(study)
    if running is None or running.over:
        st.rerun()
    else:
        _progress(running)


def _whole_outcome(running: Running) -> None:
    st.subheader("The check of everything")
    if running.problem:
        st.error(plain(running.problem))
    elif running.outcome is not None:
        _outcome(running.outcome, running.at)


def _progress(running: Running) -> None:
    step = STEPS.get(running.what, running.what)
    st.progress(running.share(), text=plain(f"Checking {step}: {running.share():.0%}"))


def _begin_anew(study: Study) -> None:
    with st.form("anew"):
        sure = st.checkbox(
            "I know why this is so (a restored backup, or a move to another machine) and "
            "accept it. This stays on record."
        )
        if not st.form_submit_button("Begin the anchors anew", icon=":material/anchor:"):
            return
    if not sure:
        st.error("Tick the box to confirm.")
        return
    restart_anchors(study)
    quick_check(study, again=True)
    st.rerun()
