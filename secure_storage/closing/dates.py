"""When a study ends and when its data has to be gone, as its approval says.

Both stand in the database. A copy lies beside it in plaintext, for they have to be told
while the study is locked too. Nothing is destroyed by itself: a person closes the study.
"""

import json
from datetime import date
from pathlib import Path
from typing import Final

from ..backup.making import DATES
from ..disk import replacing
from ..errors import BadInput
from ..study import Study
from . import store
from .store import StudyDates

AHEAD: Final = 60
"""Days before a date from which on it is told."""


def study_dates(study: Study) -> StudyDates:
    """Give the study's dates."""
    study.require("read")
    return store.dates(study.db)


def dates_of_home(home: Path) -> StudyDates:
    """Give the dates of a study that may be locked; none if they cannot be read."""
    try:
        said = json.loads((home / DATES).read_bytes())
        return StudyDates(_date(said["end"]), _date(said["deletion"]))
    except (OSError, ValueError, KeyError, TypeError):
        return StudyDates()


def set_study_dates(study: Study, dates: StudyDates) -> None:
    """Set both dates; for leads."""
    study.require("members")
    if dates.end and dates.deletion and dates.deletion < dates.end:
        raise BadInput("The data cannot be due for deletion before the study ends.")
    with study.change("members") as change:
        before = store.dates(change.db)
        if before == dates:
            raise BadInput("These are the study's dates already.")
        store.set_dates(change.db, dates)
        change.record("study.dates_set", "study", before=_said(before), after=_said(dates))
    with replacing(study.home / DATES) as file:
        file.write(json.dumps(_said(dates)).encode())


def date_warnings(dates: StudyDates, today: date) -> list[str]:
    """Say which date is near or over, and what to do."""
    told = []
    if dates.end is not None:
        left = (dates.end - today).days
        if left < 0 and (dates.deletion is None or today < dates.deletion):
            told.append(f"The study ended on {dates.end}. Close it, or have its end put off.")
        elif 0 <= left <= AHEAD:
            told.append(f"The study ends on {dates.end}, in {_days(left)}.")
    if dates.deletion is not None:
        left = (dates.deletion - today).days
        if left < 0:
            told.append(
                f"The study's data was to be gone by {dates.deletion}. A lead must close the "
                "study now: fokus study close"
            )
        elif left <= AHEAD:
            told.append(
                f"The study's data has to be gone by {dates.deletion}, in {_days(left)}. A lead "
                "closes the study by: fokus study close"
            )
    return told


def _days(number: int) -> str:
    return "1 day" if number == 1 else f"{number} days"


def _date(said: str | None) -> date | None:
    return date.fromisoformat(said) if said else None


def _said(dates: StudyDates) -> dict[str, str | None]:
    return {
        "end": dates.end.isoformat() if dates.end else None,
        "deletion": dates.deletion.isoformat() if dates.deletion else None,
    }
