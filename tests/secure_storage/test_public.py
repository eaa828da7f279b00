"""``fokus serve`` on a socket behind a TLS proxy, and ``streamlit run`` without the gate."""

import asyncio
import http.client
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest
import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from secure_storage import FLOOR, create_study

ROOT = Path(__file__).parents[2]
FOKUS = [sys.executable, "-c", "import app, sys; sys.exit(app.main())"]
NAME, PASSPHRASE = "Ada Lead", "correct horse battery"
HOST = "fokus.test"
SAME = {"host": HOST, "origin": f"https://{HOST}"}


class OverSocket(http.client.HTTPConnection):
    """HTTP as the proxy speaks it, through the socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=30)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(self.path))


@dataclass(frozen=True)
class Public:
    socket: Path
    said: Path

    def ask(
        self, method: str, path: str, headers: dict[str, str], body: str = ""
    ) -> tuple[int, dict[str, str], str]:
        connection = OverSocket(self.socket)
        try:
            connection.request(method, path, body or None, headers)
            answer = connection.getresponse()
            kept = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, kept, answer.read().decode()
        finally:
            connection.close()


def wait_for(process: "subprocess.Popen[bytes]", said: Path, answers: Callable[[], bool]) -> None:
    async def waiting() -> None:
        async with asyncio.timeout(60):
            while not answers():
                assert process.poll() is None, said.read_text()
                await asyncio.sleep(0.1)

    asyncio.run(waiting())


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Public]:
    folder = tmp_path_factory.mktemp("public")
    home, path = folder / "home", folder / "run" / "study.sock"
    create_study(home, "Home care", NAME, PASSPHRASE, cost=FLOOR)
    (home / "fokus.toml").write_text(
        f'[serve]\nsocket = "{path}"\nnames = ["{HOST}"]\nbehind_tls = true\n'
    )
    server = Public(path, folder / "said")
    with server.said.open("wb") as out:
        process = subprocess.Popen(
            [*FOKUS, "serve", "--home", str(home)], cwd=ROOT, stdout=out, stderr=out
        )

    def answers() -> bool:
        try:
            return server.ask("GET", "/_stcore/health", SAME)[0] == 200
        except OSError:
            return False

    try:
        wait_for(process, server.said, answers)
        yield server
    finally:
        process.terminate()
        process.wait(20)
    assert not path.exists()


def sign_in(public: Public, **more: str) -> tuple[int, str]:
    form = urlencode({"name": NAME, "passphrase": PASSPHRASE})
    status, headers, _ = public.ask("POST", "/sign-in", {**SAME, **more}, form)
    return status, headers.get("set-cookie", "")


def test_people_are_told_where_it_is(public: Public) -> None:
    said = public.said.read_text()
    assert f"open https://{HOST} in a browser" in said and str(public.socket) in said
    assert "set-up code" not in said


def test_the_socket_is_its_owners_alone(public: Public) -> None:
    assert public.socket.stat().st_mode & 0o777 == 0o600
    assert public.socket.parent.stat().st_mode & 0o777 == 0o700


def test_signing_in_through_the_proxy(public: Public) -> None:
    status, cookie = sign_in(public)
    assert status == 303 and cookie.startswith("__Host-fokus-")
    assert "Secure" in cookie and "HttpOnly" in cookie and "SameSite=strict" in cookie
    member = {**SAME, "cookie": cookie.partition(";")[0]}
    status, _, page = public.ask("GET", "/", member)
    assert status == 200 and "<html" in page
    assert public.ask("GET", "/", SAME)[0] == 401


@pytest.mark.parametrize(
    "origin",
    ["http://fokus.test", "https://evil.test", "https://fokus.test:444", "null",
     "https://evil.test@fokus.test", "https://fokus.test.evil.test"],
)  # fmt: skip
def test_another_origin_writes_nothing(public: Public, origin: str) -> None:
    assert sign_in(public, origin=origin)[0] == 403


def test_other_names_are_unknown(public: Public) -> None:
    for host in ("localhost", "127.0.0.1", "evil.test"):
        assert public.ask("GET", "/_stcore/health", {"host": host})[0] == 421


def test_what_a_proxy_claims_identifies_nobody(public: Public) -> None:
    claims = {
        "x-forwarded-user": NAME, "x-fokus-session": "x" * 32, "forwarded": "for=127.0.0.1",
        "x-forwarded-host": "evil.test", "x-forwarded-proto": "http", "x-forwarded-for": "::1",
    }  # fmt: skip
    assert public.ask("GET", "/", {**SAME, **claims})[0] == 401
    assert sign_in(public, **claims)[0] == 303


@pytest.mark.parametrize("origin", [f"https://{HOST}", f"http://{HOST}", None])
def test_the_page_behind_the_proxy_draws(public: Public, origin: str | None) -> None:
    async def drawn() -> bool:
        cookie = sign_in(public)[1].partition(";")[0]
        try:
            opened = await websockets.unix_connect(
                str(public.socket), f"ws://{HOST}/_stcore/stream", origin=origin,
                subprotocols=["streamlit", "PLACEHOLDER"],
                additional_headers={"cookie": cookie}, max_size=None,
            )  # fmt: skip
        except websockets.InvalidStatus:
            return False
        texts = await texts_of(opened)
        return NAME in texts

    assert asyncio.run(drawn()) == (origin == f"https://{HOST}")


async def texts_of(opened: websockets.ClientConnection) -> list[str]:
    """Run the page once; gives the texts it drew."""
    message = BackMsg()
    message.rerun_script.query_string = ""
    await opened.send(message.SerializeToString())
    texts = []
    async with asyncio.timeout(60):
        while True:
            frame = ForwardMsg()
            frame.ParseFromString(await opened.recv())
            kind = frame.WhichOneof("type")
            if kind == "delta":
                texts.append(frame.delta.new_element.text.body)
            elif kind == "script_finished":
                await opened.close()
                return [one for one in texts if one]


def test_streamlit_alone_shows_nothing(tmp_path: Path) -> None:
    """Without the gate no session belongs to a page, whatever the browser claims."""
    said = tmp_path / "said"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    with said.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port),
             "--server.address", "127.0.0.1"],
            cwd=ROOT, stdout=out, stderr=out, env={**os.environ, "HOME": str(tmp_path)},
        )  # fmt: skip

    def answers() -> bool:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5):
                return True
        except OSError:
            return False

    async def drawn() -> list[str]:
        opened = await websockets.connect(
            f"ws://127.0.0.1:{port}/_stcore/stream", origin=f"http://127.0.0.1:{port}",
            subprotocols=["streamlit", "PLACEHOLDER"], max_size=None,
            additional_headers={"X-Fokus-Session": "x" * 32},
        )  # fmt: skip
        return await texts_of(opened)

    try:
        wait_for(process, said, answers)
        assert asyncio.run(drawn()) == []
    finally:
        process.terminate()
        process.wait(20)
    assert not re.search("Traceback|Error", said.read_text())
