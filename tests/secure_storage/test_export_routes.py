"""Fetching what leaves, behind the real gate: by whom, in what form, and on record."""

from collections.abc import Callable, Iterator

import pyrage
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from secure_storage import (
    Gate,
    Role,
    Study,
    approve_export,
    export_routes,
    gate_routes,
    list_exports,
    refuse_export,
    request_export,
)
from secure_storage.ledger import offer_age
from secure_storage.sessions import sessions_of

BASE = "http://127.0.0.1:8501"
WORDS = bytes(range(256)) * 9000
NAME = "quotes «é» & more.docx"
Browse = Callable[[str], TestClient]


@pytest.fixture
def browse(study: Study) -> Iterator[Browse]:
    browsers: list[TestClient] = []

    def signed_in(name: str) -> TestClient:
        app = Starlette(
            routes=[*gate_routes(study.home), *export_routes()],
            middleware=[Middleware(Gate, home=study.home)],
        )
        browser = TestClient(app, base_url=BASE, follow_redirects=False)
        browsers.append(browser)
        words = "correct horse battery" if name == "Ada Lead" else f"the own words of {name}"
        form = {"name": name, "passphrase": words}
        browser.post("/sign-in", data=form, headers={"origin": BASE})
        return browser

    yield signed_in
    sessions_of(study.home).close()
    for browser in browsers:
        browser.close()


@pytest.fixture
def coder(join: Callable[[str, Role], Study]) -> Study:
    return join("Bo Coder", "coder")


def ask(study: Study) -> int:
    return request_export(
        study, data=WORDS, form="docx", file_name=NAME, purpose="article", recipient="BMC"
    ).id


def test_a_request_is_read_by_who_decides(
    study: Study, coder: Study, browse: Browse, join: Callable[[str, Role], Study]
) -> None:
    join("Rita Reader", "reader")
    number = ask(study)
    answer = browse("Bo Coder").get(f"/export/request/{number}")
    assert answer.status_code == 200 and answer.content == WORDS
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-length"] == str(len(WORDS))
    assert answer.headers["content-disposition"] == (
        "attachment; filename*=UTF-8''quotes%20%C2%AB%C3%A9%C2%BB%20%26%20more.docx"
    )
    assert answer.headers["content-type"].endswith("wordprocessingml.document")
    event = study.recent_events(1)[0]
    assert (event.action, event.actor) == ("read.export_reviewed", coder.member.id)
    assert browse("Rita Reader").get(f"/export/request/{number}").status_code == 403
    assert browse("Nobody").get(f"/export/request/{number}").status_code == 401
    refuse_export(coder, number, "no")
    assert browse("Bo Coder").get(f"/export/request/{number}").status_code == 409
    assert browse("Bo Coder").get("/export/request/99").status_code == 400


def test_a_released_file_is_fetched_by_who_may_release(
    study: Study, coder: Study, browse: Browse
) -> None:
    export_id = approve_export(coder, ask(study)).export_id
    lead = browse("Ada Lead")
    assert lead.get(f"/export/{export_id}").content == WORDS
    event = study.recent_events(1)[0]
    assert (event.action, event.after) == ("read.exported", {"again": True})
    assert browse("Bo Coder").get(f"/export/{export_id}").status_code == 403
    assert browse("Nobody").get(f"/export/{export_id}").status_code == 401
    assert lead.get("/export/99").status_code == 400
    assert list_exports(study)[0].event < event.seq


def test_what_goes_wrong_is_told_in_a_tab_as_a_page(browse: Browse, study: Study) -> None:
    tab = {"accept": "text/html,application/xhtml+xml"}
    for place in ("/export/99", "/export/request/99", "/export/age/gone"):
        answer = browse("Ada Lead").get(place, headers=tab)
        assert answer.status_code == 400
        assert answer.headers["content-type"].startswith("text/html")
        assert 'role="alert"' in answer.text and 'href="/"' in answer.text
        assert "error" in browse("Ada Lead").get(place).json()


def test_an_age_file_is_fetched_once_by_who_made_it(
    study: Study, coder: Study, browse: Browse
) -> None:
    approve_export(coder, ask(study))
    key = pyrage.x25519.Identity.generate()
    place = offer_age(study, list_exports(study)[0], [str(key.to_public())])
    assert browse("Bo Coder").get(place).status_code == 403
    assert browse("Nobody").get(place).status_code == 401
    lead = browse("Ada Lead")
    assert lead.get("/export/age/another").status_code == 400
    answer = lead.get(place)
    assert pyrage.decrypt(answer.content, [key]) == WORDS
    assert answer.headers["content-disposition"].endswith("more.docx.age")
    assert lead.get(place).status_code == 400
