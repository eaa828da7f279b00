"""What the coder component reads and writes, behind the real gate."""

from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

import transcribe.api
from coding import add_code, codings, list_codes, set_coding
from coding.api import routes
from transcribe import sentence
from transcribe.store.rewriting import remove_sentences

from .conftest import Desk

LIVE = "ws://fokus.test/api/live"

Browse = Callable[[str], TestClient]


@pytest.fixture
def browse(desk: Desk, browsing: Callable[..., Browse]) -> Browse:
    return browsing(desk.ann.home, [*transcribe.api.routes(), *routes()])


@pytest.fixture
def ann(browse: Browse) -> TestClient:
    return browse("Ann Berg")


def place(desk: Desk, first: int, last: int, code: int, **more: object) -> dict[str, object]:
    return {
        "transcript": desk.transcript,
        "first": desk.lines[first],
        "last": desk.lines[last],
        "code": code,
        "set": True,
        "client_id": "c1",
        **more,
    }


def test_the_margin_comes_whole(ann: TestClient, desk: Desk) -> None:
    code = add_code(desk.ann, "Comfort", "Being at ease.")
    set_coding(desk.bo, desk.transcript, desk.lines[1], desk.lines[2], code.id)
    body = ann.get(f"/api/codings/{desk.transcript}").json()
    assert (body["head"], body["me"]) == (desk.ann.head(), 1)
    assert body["codes"] == [
        {"id": code.id, "name": "Comfort", "definition": "Being at ease.", "kind": "semantic",
         "color": code.color, "uses": 1}
    ]  # fmt: skip
    (coding,) = body["codings"]
    assert (coding["first"], coding["last"]) == desk.lines[1:3]
    assert (coding["code"], coding["coder"], coding["initials"]) == (code.id, 2, "BL")
    assert {"id": 2, "initials": "BL"} in body["members"]
    assert body["quotes"] == []


def test_setting_clearing_and_repeating(ann: TestClient, desk: Desk) -> None:
    code = add_code(desk.ann, "Comfort").id
    first = ann.post("/api/coding", json=place(desk, 0, 0, code)).json()
    again = ann.post("/api/coding", json=place(desk, 0, 0, code)).json()
    assert first == again
    assert (first["set"], first["coding"]["code"]) == (True, code)
    cleared = ann.post("/api/coding", json=place(desk, 0, 0, code, set=False, client_id="c2"))
    assert (cleared.json()["set"], cleared.json()["coding"]) == (False, None)
    late = ann.post("/api/coding", json=place(desk, 0, 0, code))
    assert (late.status_code, late.json()["set"]) == (200, False)
    assert codings(desk.ann, desk.transcript) == []


def test_a_lead_clears_anothers_coding_and_a_coder_does_not(browse: Browse, desk: Desk) -> None:
    code = add_code(desk.ann, "Comfort").id
    for study in (desk.ann, desk.bo):
        set_coding(study, desk.transcript, desk.lines[0], desk.lines[0], code)
    refused = browse("Bo Lund").post(
        "/api/coding", json=place(desk, 0, 0, code, set=False, coder=1)
    )
    assert refused.status_code == 403
    done = browse("Ann Berg").post(
        "/api/coding", json=place(desk, 0, 0, code, set=False, coder=2, client_id="c2")
    )
    assert done.status_code == 200
    assert [one.coder_id for one in codings(desk.ann, desk.transcript)] == [1]


def test_nobody_codes_in_anothers_name(ann: TestClient, desk: Desk) -> None:
    code = add_code(desk.ann, "Comfort").id
    assert ann.post("/api/coding", json=place(desk, 0, 0, code, coder=2)).status_code == 403
    assert ann.post("/api/coding", json=place(desk, 0, 0, code, coder=1)).status_code == 200
    assert [one.coder_id for one in codings(desk.ann, desk.transcript)] == [1]


def test_a_new_code_is_made_once(ann: TestClient, desk: Desk) -> None:
    asked = {"name": "Comfort", "definition": "Ease.", "kind": "latent", "client_id": "k1"}
    first, again = ann.post("/api/code", json=asked), ann.post("/api/code", json=asked)
    assert first.json() == again.json()
    (code,) = list_codes(desk.ann)
    assert (first.json()["id"], code.kind, code.definition) == (code.id, "latent", "Ease.")
    taken = ann.post("/api/code", json={**asked, "client_id": "k2"})
    assert taken.status_code == 400
    assert "already has a code" in taken.json()["error"]


@pytest.mark.parametrize("field", ["transcript", "first", "last", "code", "set", "client_id"])
def test_a_missing_field_is_refused_whole(ann: TestClient, desk: Desk, field: str) -> None:
    code = add_code(desk.ann, "Comfort").id
    asked = place(desk, 0, 0, code)
    del asked[field]
    assert ann.post("/api/coding", json=asked).status_code == 400
    assert codings(desk.ann, desk.transcript) == []


def test_another_coders_coding_is_heard_at_once(browse: Browse, desk: Desk) -> None:
    code = add_code(desk.ann, "Comfort").id
    with browse("Ann Berg").websocket_connect(LIVE) as socket:
        socket.receive_json()
        browse("Bo Lund").post("/api/coding", json=place(desk, 1, 2, code))
        news = socket.receive_json()
    assert (news["action"], news["actor"]) == ("coding.set", 2)
    assert news["after"] == {
        "transcript": desk.transcript, "first": desk.lines[1], "last": desk.lines[2],
        "trim_start": 0, "trim_end": 0, "code": code, "coder": 2,
    }  # fmt: skip


def test_a_coding_of_a_part_is_set_told_and_cleared(ann: TestClient, desk: Desk) -> None:
    asked = place(desk, 1, 1, add_code(desk.ann, "Comfort").id, trim_start=4, trim_end=14)
    assert ann.post("/api/coding", json=asked).json()["coding"]["trim_start"] == 4
    (coding,) = ann.get(f"/api/codings/{desk.transcript}").json()["codings"]
    assert (coding["trim_start"], coding["trim_end"]) == (4, 14)
    whole = {**asked, "trim_start": 0, "trim_end": 0, "set": False, "client_id": "c2"}
    ann.post("/api/coding", json=whole)
    assert len(codings(desk.ann, desk.transcript)) == 1
    ann.post("/api/coding", json={**asked, "set": False, "client_id": "c3"})
    assert codings(desk.ann, desk.transcript) == []


def test_what_lost_its_words_is_put_right_and_back_on_the_list(ann: TestClient, desk: Desk) -> None:
    code = add_code(desk.ann, "Comfort").id
    set_coding(desk.ann, desk.transcript, desk.lines[2], desk.lines[2], code)
    gone = sentence(desk.ann, desk.lines[2])
    remove_sentences(desk.ann, desk.transcript, [(gone.id, gone.version)], None)

    def margin() -> dict[str, list[dict[str, object]]]:
        return ann.get(f"/api/codings/{desk.transcript}").json()  # type: ignore[no-any-return]

    (lost,) = margin()["repairs"]
    assert (lost["text"], lost["near"]) == (gone.text, desk.lines[1])
    assert lost["codings"] == [{"code": code, "coder": 1}]
    margin()
    reads = [one for one in desk.ann.events() if one.is_read and one.action == "read.opened"]
    assert len(reads) == 1
    act = {"repair": lost["id"], "first": desk.lines[0], "last": desk.lines[1]}
    steps = [("run", 0, 1), ("list", 1, 0), ("nowhere", 0, 0), ("list", 1, 0)]
    for number, (to, listed, shown) in enumerate(steps):
        done = ann.post("/api/repair", json={**act, "to": to, "client_id": f"r{number}"})
        assert done.status_code == 200
        assert [len(margin()["repairs"]), len(margin()["codings"])] == [listed, shown]
    assert ann.post("/api/repair", json={**act, "to": "?", "client_id": "r"}).status_code == 400
