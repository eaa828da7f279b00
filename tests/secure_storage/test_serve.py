"""The real server, Streamlit inside: what the gate promises holds over the wire."""

import asyncio
import http.client
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest
import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from secure_storage import (
    FLOOR,
    StudyBusy,
    create_study,
    held,
    unlock,
)
from secure_storage.serve import SWITCHES

SERVER = """
import sys
from functools import partial
from pathlib import Path
import secure_storage
from starlette.middleware import Middleware
from starlette.responses import JSONResponse
from starlette.routing import Route

async def kept(request):
    from streamlit import runtime
    sessions = runtime.get_instance()._session_mgr.list_sessions()
    return JSONResponse([one.session.id for one in sessions])

async def shut_out(request):
    study = secure_storage.study_of(request)
    study.disable(next(one.id for one in study.members() if one.name == "Cy Reader"))
    return JSONResponse({})

def build(home):
    import streamlit as st
    app = st.App(
        sys.argv[2],
        routes=[
            *secure_storage.gate_routes(home), *secure_storage.audio_routes(),
            Route("/api/kept", kept), Route("/api/shut_out", shut_out, methods=["POST"]),
        ],
        middleware=[Middleware(secure_storage.Gate, home=home)],
    )
    secure_storage.assert_switches()
    return app

home = Path(sys.argv[1])
secure_storage.serve(partial(build, home), home, int(sys.argv[3]))
"""

PAGE = """
import time
from pathlib import Path
import streamlit as st
from secure_storage import NotSignedIn, web_session
try:
    study = web_session(st.context.headers)
except NotSignedIn:
    st.text("nobody")
    st.stop()
st.session_state.setdefault("whose", study.member.name)
st.text("member:" + study.member.name)
st.text("state:" + st.session_state["whose"])
if st.query_params.get("fails"):
    raise ValueError("words of a participant")
busy = st.query_params.get("busy")
if busy:
    for number in range(10**6):
        study.head() if busy == "read" else st.text("busy")
        Path("ticks").write_text(str(number))
        time.sleep(0.02)
"""
ADA = ("Ada Lead", "correct horse battery")
BO = ("Bo Coder", "the own words of Bo")
CY = ("Cy Reader", "the own words of Cy")


@dataclass(frozen=True)
class Server:
    port: int
    home: Path

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def ask(
        self, method: str, path: str, headers: dict[str, str] | None = None, body: str = ""
    ) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection(self.host, timeout=30)
        try:
            connection.request(method, path, body or None, headers or {})
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def sign_in(self, who: tuple[str, str]) -> str:
        form = urlencode({"name": who[0], "passphrase": who[1]})
        headers = {"origin": f"http://{self.host}"}
        status, answer, _ = self.ask("POST", "/sign-in", headers, form)
        assert status == 303
        return answer["set-cookie"].split(";")[0]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("served")
    home = folder / "home"
    create_study(home, "Home care", *ADA, cost=FLOOR)
    lead = unlock(home, *ADA)
    for name, own in (BO, CY):
        member = unlock(home, name, lead.invite(name, "coder"))
        member.choose_passphrase(own)
        member.close()
    lead.close()
    (folder / "page.py").write_text(PAGE)
    shutil.copytree(Path(__file__).parents[2] / ".streamlit", folder / ".streamlit")
    running = Server(free_port(), home)
    log = (folder / "log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(home), str(folder / "page.py"), str(running.port)],
        stdout=log, stderr=subprocess.STDOUT, cwd=folder,
    )  # fmt: skip
    try:
        asyncio.run(answering(running, process))
        yield running
    finally:
        process.terminate()
        process.wait(20)
        log.close()
    written = (folder / "log").read_text()
    # Stopping locks the study: the log is folded into the database, nothing is left over.
    assert not list(home.glob("study.db-*"))
    assert "127.0.0.1" not in written and "Ada" not in written and "Traceback" not in written
    assert "words of a participant" not in written
    assert "ValueError at page.py:" in written


async def answering(server: Server, process: "subprocess.Popen[bytes]") -> None:
    async with asyncio.timeout(60):
        while process.poll() is None:
            try:
                if server.ask("GET", "/_stcore/health")[0] == 200:
                    return
            except ConnectionError:
                await asyncio.sleep(0.1)
    raise AssertionError("the server ended early")


def ticks(server: Server) -> str:
    """How far the long script has come."""
    file = server.home.parent / "ticks"
    return file.read_text() if file.exists() else ""


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.05)


async def stopped(server: Server) -> None:
    """Wait until the long script has come to its end."""
    async with asyncio.timeout(20):
        while True:
            before = ticks(server)
            await asyncio.sleep(0.3)
            if ticks(server) == before:
                return


async def connected(
    server: Server, cookie: str | None, session_id: str = "", headers: dict[str, str] | None = None,
    origin: str | None = "own", query: str = "",
) -> tuple[list[str], str, websockets.ClientConnection]:  # fmt: skip
    """Open Streamlit's socket as a browser does; gives the texts drawn and the session id."""
    sent = {**({"cookie": cookie} if cookie else {}), **(headers or {})}
    opened = await websockets.connect(
        f"ws://{server.host}/_stcore/stream",
        subprotocols=["streamlit", "PLACEHOLDER", *([session_id] if session_id else [])],
        additional_headers=sent, max_size=None,
        origin=f"http://{server.host}" if origin == "own" else origin,
    )  # fmt: skip
    message = BackMsg()
    message.rerun_script.query_string = query
    await opened.send(message.SerializeToString())
    texts, own_id = [], ""
    async with asyncio.timeout(30):
        while True:
            frame = ForwardMsg()
            frame.ParseFromString(await opened.recv())
            kind = frame.WhichOneof("type")
            if kind == "new_session":
                own_id = frame.new_session.initialize.session_id
            elif kind == "delta" and frame.delta.new_element.WhichOneof("type") == "text":
                texts.append(frame.delta.new_element.text.body)
                if query and len(texts) == 2:
                    return texts, own_id, opened
            elif kind == "script_finished":
                return texts, own_id, opened


def test_nothing_is_answered_without_a_session(server: Server) -> None:
    for path in (
        "/", "/_stcore/metrics", "/_stcore/host-config", "/_stcore/agent/openapi.json",
        "/media/abc", "/static/js/x.js", "/audio/1", "/_stcore/upload_file/a/b", "/favicon.png",
    ):  # fmt: skip
        assert server.ask("GET", path)[0] == 401, path
    status, headers, _ = server.ask("GET", "/", {"accept": "text/html"})
    assert (status, headers["location"]) == (303, "/sign-in")
    cookie = server.sign_in(ADA)
    status, headers, body = server.ask("GET", "/", {"cookie": cookie})
    assert status == 200 and b"<html" in body
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


def test_the_server_answers_to_its_own_names_only(server: Server) -> None:
    cookie = server.sign_in(ADA)
    for host, status in (("evil.example", 421), (f"localhost:{server.port}", 200)):
        assert server.ask("GET", "/", {"cookie": cookie, "host": host})[0] == status


def test_a_page_knows_its_member(server: Server) -> None:
    async def both() -> None:
        for who in (ADA, BO):
            texts, _, opened = await connected(server, server.sign_in(who))
            assert texts == [f"member:{who[0]}", f"state:{who[0]}"]
            await opened.close()

    asyncio.run(both())


@pytest.mark.parametrize("origin", ["own", None, "http://evil.example"])
@pytest.mark.parametrize("signed_in", [True, False])
def test_the_socket_needs_cookie_and_origin(
    server: Server, origin: str | None, signed_in: bool
) -> None:
    async def tried() -> bool:
        cookie = server.sign_in(ADA) if signed_in else None
        try:
            _, _, opened = await connected(server, cookie, origin=origin)
        except websockets.InvalidStatus:
            return False
        await opened.close()
        return True

    assert asyncio.run(tried()) == (signed_in and origin == "own")


def test_anothers_streamlit_session_cannot_be_taken_over(server: Server) -> None:
    async def attempt() -> None:
        hers = server.sign_in(ADA)
        _, session_id, ada = await connected(server, hers)
        again = server.sign_in(ADA)
        for cookie, name in ((server.sign_in(BO), BO[0]), (again, ADA[0])):
            texts, other_id, opened = await connected(server, cookie, session_id)
            assert other_id != session_id and texts[1] == f"state:{name}"
            await opened.close()
        await ada.close()
        # The owner herself, coming back, is let in to it.
        _, same_id, back = await connected(server, hers, session_id)
        assert same_id == session_id
        await back.close()

    asyncio.run(attempt())


def test_a_disconnected_session_cannot_be_taken_over_either(server: Server) -> None:
    async def attempt() -> None:
        _, session_id, ada = await connected(server, server.sign_in(ADA))
        await ada.close()
        texts, other_id, opened = await connected(server, server.sign_in(BO), session_id)
        assert other_id != session_id and texts == [f"member:{BO[0]}", f"state:{BO[0]}"]
        await opened.close()

    asyncio.run(attempt())


@pytest.mark.parametrize("cookie", [None, "dead", "junk"])
def test_without_a_living_session_a_stolen_id_opens_nothing(
    server: Server, cookie: str | None
) -> None:
    async def attempt() -> None:
        hers = server.sign_in(ADA)
        _, session_id, ada = await connected(server, hers)
        given = cookie
        if cookie == "dead":
            given = server.sign_in(BO)
            headers = {"cookie": given, "origin": f"http://{server.host}"}
            assert server.ask("POST", "/sign-out", headers)[0] == 303
        elif cookie == "junk":
            given = hers.partition("=")[0] + "=" + "x" * 43
        with pytest.raises(websockets.InvalidStatus):
            await connected(server, given, session_id)
        await ada.close()

    asyncio.run(attempt())


def test_a_fault_in_a_page_writes_no_words(server: Server) -> None:
    async def attempt() -> None:
        _, _, opened = await connected(server, server.sign_in(ADA), query="fails=1")
        # What was written is read when the server has stopped: see the fixture.
        await opened.close()

    asyncio.run(attempt())


def sign_out(server: Server, cookie: str) -> None:
    headers = {"cookie": cookie, "origin": f"http://{server.host}"}
    assert server.ask("POST", "/sign-out", headers)[0] == 303


def lock(server: Server, cookie: str) -> None:
    headers = {"cookie": server.sign_in(ADA), "origin": f"http://{server.host}"}
    assert server.ask("POST", "/lock", headers)[0] == 303


def disable(server: Server, cookie: str) -> None:
    headers = {"cookie": server.sign_in(ADA), "origin": f"http://{server.host}", "x-fokus": "1"}
    assert server.ask("POST", "/api/shut_out", headers)[0] == 200


@pytest.mark.parametrize(
    ("end", "busy", "who"),
    [
        (sign_out, "draw", BO), (sign_out, "read", BO), (lock, "draw", BO), (lock, "read", BO),
        (disable, "draw", CY),
    ],
)  # fmt: skip
def test_a_running_script_ends_with_its_session_and_leaves_nothing(
    server: Server, end: Callable[[Server, str], None], busy: str, who: tuple[str, str]
) -> None:
    async def attempt() -> None:
        cookie = server.sign_in(who)
        _, session_id, opened = await connected(server, cookie, query=f"busy={busy}")
        begun = ticks(server)
        await until(lambda: ticks(server) != begun)

        async def drained() -> None:
            with suppress(websockets.ConnectionClosed):
                while True:
                    await opened.recv()

        reading = asyncio.ensure_future(drained())
        end(server, cookie)
        await asyncio.wait_for(reading, 20)
        assert opened.close_code == 4401
        await stopped(server)
        other = {"cookie": server.sign_in(ADA)}
        await until(lambda: session_id not in server.ask("GET", "/api/kept", other)[2].decode())

    asyncio.run(attempt())


def test_a_socket_that_was_left_leaves_nothing_behind_either(server: Server) -> None:
    async def attempt() -> None:
        cookie = server.sign_in(BO)
        _, session_id, opened = await connected(server, cookie)
        await opened.close()
        other = {"cookie": server.sign_in(ADA)}
        assert session_id in server.ask("GET", "/api/kept", other)[2].decode()
        sign_out(server, cookie)
        await until(lambda: session_id not in server.ask("GET", "/api/kept", other)[2].decode())

    asyncio.run(attempt())


def test_a_claimed_session_header_is_dropped(server: Server) -> None:
    async def attempt() -> None:
        headers = {"X-Fokus-Session": "x" * 32}
        texts, _, opened = await connected(server, server.sign_in(BO), headers=headers)
        assert texts[0] == f"member:{BO[0]}"
        await opened.close()

    asyncio.run(attempt())


def test_signing_out_cuts_the_page(server: Server) -> None:
    async def attempt() -> int | None:
        cookie = server.sign_in(ADA)
        _, _, opened = await connected(server, cookie)
        headers = {"cookie": cookie, "origin": f"http://{server.host}"}
        assert server.ask("POST", "/sign-out", headers)[0] == 303
        async with asyncio.timeout(10):
            await opened.wait_closed()
        return opened.close_code

    assert asyncio.run(attempt()) == 4401


def test_a_command_says_that_the_server_holds_the_study(server: Server) -> None:
    with pytest.raises(StudyBusy, match="stop the server") as caught:
        unlock(server.home, *ADA)
    assert caught.value.pid is not None
    with pytest.raises(StudyBusy), held(server.home):
        pass


def test_a_taken_port_is_told(server: Server, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from secure_storage import serve\n"
        f"serve(lambda: None, Path({str(tmp_path)!r}), {server.port})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "Choose another with --port" in done.stderr


LOOSE = "[server]\nenableStaticServing = true\n[browser]\ngatherUsageStats = true\n"


@pytest.mark.parametrize(
    ("first", "refused"),
    [
        ("", False),
        ("from streamlit import config; config._main_script_path = 'app.py'; ", True),
    ],
    ids=["settings of the user", "settings of Fokus itself"],
)
def test_loose_settings_open_no_door(tmp_path: Path, first: str, refused: bool) -> None:
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit" / "config.toml").write_text(LOOSE)
    code = first + "import secure_storage; secure_storage.assert_switches()"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert ("not set up safely (browser.gatherUsageStats" in done.stderr) == refused
    assert done.returncode == refused


EACH = """
import json, sys, tomllib
from pathlib import Path
from streamlit import config
from secure_storage.serve import SWITCHES, wrong_switches
folder = Path(sys.argv[1])
file = folder / ".streamlit" / "config.toml"
ours = file.read_text()
config._main_script_path = str(folder / "app.py")
assert wrong_switches() == [], wrong_switches()

def written(said):
    for section, keys in said.items():
        yield f"[{section}]"
        yield from (f"{k} = {json.dumps(v)}" for k, v in keys.items() if type(v) is not dict)
        for key, inner in keys.items():
            if type(inner) is dict:
                yield f"[{section}.{key}]"
                yield from (f"{k} = {json.dumps(v)}" for k, v in inner.items())

for name, value in SWITCHES.items():
    said = tomllib.loads(ours)
    section, key = name.split(".")
    other = {bool: lambda v: not v, str: lambda v: "debug", int: lambda v: v + 1,
             list: lambda v: ["evil"], dict: lambda v: {"X-Other": "session"}}
    said.setdefault(section, {})[key] = other[type(value)](value)
    file.write_text("\\n".join(written(said)))
    print(name, wrong_switches() == [name])
"""


def test_each_switch_turned_alone_is_seen(tmp_path: Path) -> None:
    shutil.copytree(Path(__file__).parents[2] / ".streamlit", tmp_path / ".streamlit")
    done = subprocess.run(
        [sys.executable, "-c", EACH, str(tmp_path)],
        capture_output=True, text=True, check=False, cwd=tmp_path,
        env={**os.environ, "HOME": str(tmp_path / "nobody")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [word for name in SWITCHES for word in (name, "True")]


def test_the_switches_of_fokus_are_found_from_anywhere(tmp_path: Path) -> None:
    code = (
        "import secure_storage; secure_storage.assert_switches()\n"
        "from streamlit import config; print(config.get_option('theme.light.primaryColor'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.stdout.strip() == "#1f5f7a", done.stderr


def test_importing_the_stage_loads_no_streamlit() -> None:
    code = "import sys, secure_storage; print('streamlit' in sys.modules, 'uvicorn' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
