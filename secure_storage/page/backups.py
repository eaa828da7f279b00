"""Of the page «Members & security»: backups and the study's dates; and what is told of dates."""

import threading
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import pandas as pd  # type: ignore[import-untyped]
import streamlit as st

from ..backup import Backup, backups, fresh_backup, problems
from ..closing import StudyDates, date_warnings, set_study_dates, study_dates
from ..errors import FokusError
from ..members import RIGHTS
from ..study import Study
from .telling import plain

KINDS: Final = {
    "nightly": "nightly", "weekly": "weekly", "on-demand": "made by hand",
    "before-migration": "before an upgrade",
}  # fmt: skip


@dataclass(slots=True)
class _Work:
    """A backup being made, told to every page that looks."""

    share: float = 0.0
    over: bool = False
    problem: str = ""


_under_way: Final[dict[Path, _Work]] = {}
_guard = threading.Lock()


def backups_section(study: Study) -> None:
    """Draw the backups, how to make one, and the dates; for those who may make backups."""
    if "backup" not in RIGHTS[study.member.role]:
        return
    st.subheader("Backups")
    try:
        present = backups(study.home)
    except FokusError as error:
        st.error(plain(str(error)))
        return
    for problem in problems(study.home):
        st.error(plain(problem))
    if present:
        st.dataframe(_table(present), hide_index=True, width="stretch")
    else:
        st.caption(
            "There are no backups yet. One is made every night while the server runs, or now."
        )
    _progress(study)
    st.caption(
        "A backup holds the database, the sealed files and the keys, all of it encrypted. Not "
        "in it: running transcriptions, the inbox and the exports folder. Nightly backups and "
        "those made by hand are kept 7 days, weekly ones and those before an upgrade 28; then "
        "they are removed. The newest verified one stays until a newer one is verified."
    )
    _dates(study)


def dates_notice(study: Study) -> None:
    """Say, small, on top of every page that an end or deletion date is near or over."""
    if "code" in RIGHTS[study.member.role]:
        for told in date_warnings(study_dates(study), date.today()):
            st.caption(":material/event: " + plain(told))


def _table(present: list[Backup]) -> pd.DataFrame:
    newest_first = present[::-1]
    return pd.DataFrame(
        {
            "Made (UTC)": [one.made_at[:16].replace("T", " ") for one in newest_first],
            "Kind": [KINDS[one.kind] for one in newest_first],
            "State": [_state(one) for one in newest_first],
            "Expires": [one.expires_at[:10] for one in newest_first],
            "MB": [round(one.size / 1e6, 1) for one in newest_first],
        }
    )


def _state(one: Backup) -> str:
    if one.problem:
        return f"not good: {one.problem}"
    return "verified" if one.good else "to be verified"


def _progress(study: Study) -> None:
    work = _under_way.get(study.home)
    if work is None or work.over:
        if work is not None and work.problem:
            st.error(plain(work.problem))
        if st.button("Back up now", icon=":material/backup:"):
            _start(study)
            st.rerun()
        return
    _watched(study)


@st.fragment(run_every=1.0)
def _watched(study: Study) -> None:
    work = _under_way[study.home]
    if work.over:
        st.rerun()
    st.progress(work.share, text="Making and verifying a backup. You can leave this page.")


def _start(study: Study) -> None:
    work = _Work()
    with _guard:
        running = _under_way.get(study.home)
        if running is not None and not running.over:
            return
        _under_way[study.home] = work

    def told(done: int, total: int) -> None:
        work.share = min(1.0, done / max(total, 1))

    def run() -> None:
        try:
            fresh_backup(study, told)
        except FokusError as error:
            work.problem = str(error)
        except Exception as error:
            work.problem = f"The backup could not be made ({type(error).__name__})."
        finally:
            work.over = True

    threading.Thread(target=run, name="backup", daemon=True).start()


def _dates(study: Study) -> None:
    st.subheader("End of the study")
    known = study_dates(study)
    st.caption(
        "As the approval says. From 60 days before a date it is told on every page. Nothing is "
        "destroyed by itself: a lead closes the study with the command fokus study close, "
        "which makes an archive first."
    )
    with st.form("dates"):
        ends, gone = st.columns(2)
        end = ends.date_input("The study ends", value=known.end, format="YYYY-MM-DD")
        deletion = gone.date_input(
            "Its data has to be gone by", value=known.deletion, format="YYYY-MM-DD"
        )
        if not st.form_submit_button("Keep these dates", icon=":material/event:"):
            return
    try:
        set_study_dates(study, StudyDates(_one(end), _one(deletion)))
    except FokusError as error:
        st.error(plain(str(error)))
    else:
        st.rerun()


def _one(chosen: object) -> date | None:
    return chosen if isinstance(chosen, date) else None
