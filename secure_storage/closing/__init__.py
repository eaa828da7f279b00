"""The end of a study: its dates, its archive, its destruction and the certificate of it."""

from .. import moments
from .archive import Archive, make_archive, register_archiver
from .dates import (
    date_warnings,
    dates_of_home,
    set_study_dates,
    study_dates,
)
from .destroying import before_closing, check_title, close_study, drop_plan, finish_closing
from .records import archive_of_records, as_csv
from .second import needs_second
from .store import StudyDates

register_archiver("study", archive_of_records)
moments.when_unlocked.append(drop_plan)

__all__ = [
    "Archive",
    "StudyDates",
    "as_csv",
    "check_title",
    "before_closing",
    "close_study",
    "date_warnings",
    "dates_of_home",
    "finish_closing",
    "make_archive",
    "needs_second",
    "register_archiver",
    "set_study_dates",
    "study_dates",
]
