"""Who waits for the writer on a network disk waits alone: others are answered meanwhile."""

import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from secure_storage import Gate, Study, audio_routes, export_routes, gate_routes, unlock
from secure_storage import database as door
from secure_storage.sessions import sessions_of
from transcribe.live import live_route

BASE = "http://127.0.0.1:8501"
LIVE = "ws://127.0.0.1:8501/api/live"
SAME = {"origin": BASE}
LEAD, PASSPHRASE = "Ada Lead", "correct horse battery"


@pytest.fixture
def study(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Study]:
    monkeypatch.setattr(door, "network_disk", lambda path: "nfs")
    study = unlock(home, LEAD, PASSPHRASE)
    yield study
    study.close()


@pytest.fixture
def client(study: Study) -> Iterator[TestClient]:
    app = Starlette(
        routes=[
            *gate_routes(study.home),
            *audio_routes(),
            *export_routes(),
            live_route(),
        ],
        middleware=[Middleware(Gate, home=study.home)],
    )
    with TestClient(app, BASE, follow_redirects=False) as client:
        form = {"name": LEAD, "passphrase": PASSPHRASE}
        assert client.post("/sign-in", data=form, headers=SAME).status_code == 303
        yield client
    sessions_of(study.home).close()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/audio/1"), ("POST", "/audio/1"), ("GET", "/export/1"),
        ("GET", "/export/request/1"), ("GET", "/export/age/token"), ("GET", "/one-time-codes"),
        ("GET", "/recovery-kit"), ("GET", "/passphrase"), ("GET", "/lock"),
    ],
)  # fmt: skip
def test_a_held_writer_holds_no_other_request(
    study: Study, client: TestClient, monkeypatch: pytest.MonkeyPatch, method: str, path: str
) -> None:
    connections, waits = study._core._connections, threading.Event()
    real = connections.in_turn
    asked: dict[str, int] = {}

    def in_turn() -> AbstractContextManager[Any]:
        waits.set()
        return real()

    def ask(method: str, path: str) -> None:
        told = {"start": 0, "end": 1} if method == "POST" else None
        asked[path] = client.request(method, path, json=told, headers=SAME).status_code
        waits.set()

    first = threading.Thread(target=ask, args=(method, path))
    other = threading.Thread(target=ask, args=("GET", "/sign-in/look.css"))
    with monkeypatch.context() as patched, connections.still():
        patched.setattr(connections, "in_turn", in_turn)
        first.start()
        assert waits.wait(30)
        other.start()
        other.join(10)
        answered = dict(asked)
    first.join()
    other.join()
    assert answered.get("/sign-in/look.css") == 200
    assert asked[path] < 500


def test_a_held_writer_holds_no_page_that_begins_to_listen(
    study: Study, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    connections, waits, done = study._core._connections, threading.Event(), threading.Event()
    real = connections.in_turn
    heard: list[object] = []

    def in_turn() -> AbstractContextManager[Any]:
        waits.set()
        return real()

    def listen() -> None:
        with client.websocket_connect(LIVE, headers=dict(SAME)) as socket:
            heard.append(socket.receive_json()["action"])

    def look() -> None:
        heard.append(client.get("/sign-in/look.css").status_code)
        done.set()

    threads = [threading.Thread(target=work) for work in (listen, look)]
    with monkeypatch.context() as patched, connections.still():
        patched.setattr(connections, "in_turn", in_turn)
        threads[0].start()
        assert waits.wait(30)
        threads[1].start()
        done.wait(10)
        meanwhile = list(heard)
    for thread in threads:
        thread.join()
    assert (meanwhile, heard) == ([200], [200, "hello"])
    # The client is gone before the server has noticed.
    for _ in range(500):
        if not study._core._listeners:
            break
        time.sleep(0.02)
    assert not study._core._listeners
