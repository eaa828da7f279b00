"""The server answers to its own names only."""

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from secure_storage.hosts import Hosts


async def inside(request: object) -> PlainTextResponse:
    return PlainTextResponse("inside")


async def socket(opened: WebSocket) -> None:
    await opened.accept()
    await opened.send_text("inside")


@pytest.fixture
def app() -> Starlette:
    return Starlette(routes=[Route("/", inside), WebSocketRoute("/live", socket)])


OURS = ["127.0.0.1", "127.0.0.1:8501", "localhost:8501", "LOCALHOST", "[::1]", "[::1]:8501"]
OTHERS = [
    "", "evil.example", "evil.example:8501", "127.0.0.1.evil.example", "127.0.0.1:8501.evil",
    "127.0.0.1:", "localhost.", "127.0.0.1@evil.example", "0.0.0.0", "[::1", "::1", "x:127.0.0.1",
]  # fmt: skip


@pytest.mark.parametrize("host", OURS)
def test_its_own_names_are_answered(app: Starlette, host: str) -> None:
    client = TestClient(Hosts(app))
    assert client.get("/", headers={"host": host}).text == "inside"
    with client.websocket_connect("/live", headers={"host": host}) as opened:
        assert opened.receive_text() == "inside"


@pytest.mark.parametrize("host", OTHERS)
def test_other_names_are_refused(app: Starlette, host: str) -> None:
    client = TestClient(Hosts(app))
    answer = client.get("/", headers={"host": host})
    assert answer.status_code == 421 and "inside" not in answer.text
    with (
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect("/live", headers={"host": host}) as opened,
    ):
        opened.receive_text()


def test_a_further_name_can_be_allowed(app: Starlette) -> None:
    client = TestClient(Hosts(app, {"study.example"}))
    assert client.get("/", headers={"host": "study.example:443"}).status_code == 200
    assert client.get("/", headers={"host": "127.0.0.1"}).status_code == 421
