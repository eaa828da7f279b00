"""What the page of members shows of backups and dates, and every page of the dates."""

import threading
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from secure_storage import Study, fresh_backup
from secure_storage.backup import backups, shelf
from secure_storage.closing import StudyDates, set_study_dates, study_dates
from secure_storage.page import backups as drawn
from secure_storage.sessions import HEADER, sessions_of

LEAD, PASSPHRASE = "Ada Lead", "correct horse battery"


@pytest.fixture
def study(home: Path) -> Iterator[Study]:
    table = sessions_of(home)
    session = table.find(table.sign_in(LEAD, PASSPHRASE))
    assert session is not None
    yield session.study
    table.close()
    drawn._under_way.clear()


def page(study: Study) -> Any:
    def script(handle: str, header: str) -> None:
        from secure_storage import web_session
        from secure_storage.page.backups import backups_section, dates_notice

        dates_notice(web_session({header: handle}))
        backups_section(web_session({header: handle}))

    handle = next(
        one.handle for one in sessions_of(study.home)._by_token.values() if one.study is study
    )
    return AppTest.from_function(script, kwargs={"handle": handle, "header": HEADER}).run(
        timeout=30
    )


def told(page: Any) -> str:
    assert not page.exception
    return " ".join(one.value for one in [*page.caption, *page.error])


def test_an_empty_list_says_what_to_do(study: Study) -> None:
    assert "There are no backups yet" in told(page(study))


def test_the_list_says_state_and_expiry(study: Study) -> None:
    made = fresh_backup(study)
    (row,) = page(study).dataframe[0].value.to_dict("records")
    assert row["State"] == "verified" and row["Kind"] == "made by hand"
    assert row["Expires"] == made.expires_at[:10]
    shelf.mark_checked(made.folder, made.made_at, "study.db was altered or damaged")
    shown = page(study)
    assert "altered or damaged" in told(shown)
    assert "not good" in shown.dataframe[0].value["State"][0]


def test_a_backup_is_made_from_the_page(study: Study) -> None:
    shown = page(study)
    (button,) = [one for one in shown.button if one.label == "Back up now"]
    button.click().run(timeout=30)
    work = drawn._under_way[study.home]
    for thread in threading.enumerate():
        if thread.name == "backup":
            thread.join()
    assert work.over and not work.problem and work.share == 1.0
    assert backups(study.home)[0].good
    assert "verified" in page(study).dataframe[0].value["State"][0]


def test_why_a_backup_failed_is_told(study: Study) -> None:
    (study.home / "fokus.toml").write_text("[backup]\nfolder = '/nowhere/at/all'\n")
    drawn._start(study)
    for thread in threading.enumerate():
        if thread.name == "backup":
            thread.join()
    assert "is not there" in told(page(study))


def test_dates_are_kept_and_told(study: Study) -> None:
    shown = page(study)
    end, deletion = date.today() + timedelta(days=30), date.today() + timedelta(days=120)
    shown.date_input[0].set_value(end)
    shown.date_input[1].set_value(deletion)
    (button,) = [one for one in shown.button if one.label == "Keep these dates"]
    button.click().run(timeout=30)
    assert study_dates(study) == StudyDates(end, deletion)
    assert "in 30 days" in told(page(study)).replace("\\", "")


def test_dates_the_wrong_way_round_are_refused(study: Study) -> None:
    shown = page(study)
    shown.date_input[0].set_value(date(2026, 5, 2))
    shown.date_input[1].set_value(date(2026, 5, 1))
    (button,) = [one for one in shown.button if one.label == "Keep these dates"]
    button.click().run(timeout=30)
    assert "before the study ends" in told(shown)


def test_others_see_the_dates_alone(study: Study, home: Path) -> None:
    set_study_dates(study, StudyDates(None, date.today() + timedelta(days=3)))
    once = study.invite("Cy", "coder")
    table = sessions_of(home)
    session = table.find(table.sign_in("Cy", once))
    assert session is not None
    session.study.choose_passphrase("the own words of Cy")
    shown = page(session.study)
    assert "in 3 days" in told(shown) and not shown.button and not shown.dataframe
