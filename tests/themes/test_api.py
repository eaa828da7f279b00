"""The routes of the board and of quotes, behind the real gate."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

import themes
import themes.api
from secure_storage import Gate, gate_routes

from .conftest import made_by_demo

PASSPHRASE = "correct horse battery"
OURS = {"origin": "http://fokus.test", "x-fokus": "1"}


@pytest.fixture
def client(desk) -> Iterator[Callable[[str], TestClient]]:
    """Sign a member in at the routes behind the gate."""
    home = desk.lead.home
    with ExitStack() as stack:

        def signed_in(name: str) -> TestClient:
            app = Starlette(
                routes=[*gate_routes(home), *themes.api.routes()],
                middleware=[Middleware(Gate, home=home)],
            )
            browser = stack.enter_context(
                TestClient(app, base_url="http://fokus.test", headers=OURS)
            )
            browser.post("/sign-in", data={"name": name, "passphrase": PASSPHRASE})
            return browser

        yield signed_in


def test_the_board_tells_themes_and_codes_once(desk, client) -> None:
    number = themes.add_theme(desk.lead, "Barriers to technology", "Care is touch.")
    themes.add_code(desk.lead, number, desk.hands)
    browser = client("Cia Dahl")
    answer = browser.get("/api/board")
    told = answer.json()
    (theme,) = told["themes"]
    assert (theme["codes"], theme["concept"]) == ([desk.hands], "Care is touch.")
    assert theme["nudge"].startswith("This name reads like a topic.")
    assert {one["name"]: one["codings"] for one in told["codes"]} == {
        "hands stay": 2, "screens visit": 1,
    }  # fmt: skip
    tag = {"if-none-match": answer.headers["etag"]}
    assert browser.get("/api/board", headers=tag).status_code == 304
    themes.add_theme(desk.lead, "Another one that says more")
    assert browser.get("/api/board", headers=tag).status_code == 200


def test_a_code_is_put_in_and_out_and_repeats_do_nothing(desk, client) -> None:
    number = themes.add_theme(desk.lead, "Hands stay, screens visit")
    browser = client("Bo Lund")
    asked = {"theme": number, "code": desk.hands, "set": True, "client_id": "a1"}
    first = browser.post("/api/board/code", json=asked)
    assert (first.status_code, first.json()) == (200, {"head": desk.lead.head()})
    browser.post("/api/board/code", json={**asked, "set": False, "client_id": "a2"})
    assert browser.post("/api/board/code", json=asked).status_code == 200
    assert themes.theme(desk.lead, number).codes == ()


def test_the_excerpts_of_a_code_are_shown_and_noted(desk, client) -> None:
    told = client("Cia Dahl").get(f"/api/board/code/{desk.hands}").json()
    assert told["excerpts"] == [
        {
            "before": "What do you hope for?",
            "lines": [{"voice": "Occupational therapist, group 3", "text": "Hands should stay."}],
            "after": "A screen may visit.",
            "demo": False,
        }
    ]
    assert desk.lead.events()[-1].action == "read.excerpts"


def test_what_the_demo_model_made_says_so(desk, client) -> None:
    made_by_demo(desk)
    told = client("Cia Dahl").get(f"/api/board/code/{desk.hands}").json()
    assert [one["demo"] for one in told["excerpts"]] == [True]


def test_quotes_are_marked_and_unmarked(desk, client) -> None:
    browser = client("Bo Lund")
    asked = {
        "transcript": desk.transcript, "first": desk.lines[1], "last": desk.lines[2], "set": True,
        "client_id": "q1",
    }  # fmt: skip
    for _ in range(2):
        answer = browser.post("/api/quote", json=asked)
        assert (answer.status_code, answer.json()) == (200, {"head": desk.lead.head()})
    assert len(themes.quotes(desk.lead)) == 1
    browser.post("/api/quote", json={**asked, "set": False, "client_id": "q2"})
    assert themes.quotes(desk.lead) == []


@pytest.mark.parametrize(
    "wrong", [{"first": 999}, {"first": "1"}, {"set": 1}, {"client_id": ""}, {"transcript": None}]
)
def test_what_cannot_be_read_is_refused(desk, client, wrong: dict[str, object]) -> None:
    asked = {
        "transcript": desk.transcript, "first": desk.lines[1], "last": desk.lines[2], "set": True,
        "client_id": "q1",
    }  # fmt: skip
    answer = client("Bo Lund").post("/api/quote", json={**asked, **wrong})
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert themes.quotes(desk.lead) == []


def test_a_reader_and_a_stranger_change_nothing(desk, client) -> None:
    number = themes.add_theme(desk.lead, "Hands stay, screens visit")
    asked = {"theme": number, "code": desk.hands, "set": True, "client_id": "a1"}
    assert client("Cia Dahl").post("/api/board/code", json=asked).status_code == 403
    stranger = client("Nobody")
    assert stranger.post("/api/board/code", json=asked).status_code == 401
    assert stranger.get("/api/board").status_code == 401
    assert themes.theme(desk.lead, number).codes == ()
