"""The gate: without a session nothing, with one only what its member may have."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect
from streamlit.proto.BackMsg_pb2 import BackMsg

from secure_storage import (
    FLOOR,
    DiskFull,
    Gate,
    NotAllowed,
    NotSignedIn,
    StaleWrite,
    Study,
    create_study,
    gate_routes,
    moments,
    read_settings,
    setup_code,
    study_of,
    unlock,
    web_session,
)
from secure_storage import signin as pages
from secure_storage.gate import content_policy
from secure_storage.hosts import Hosts
from secure_storage.listening import names_of
from secure_storage.opened import already_open
from secure_storage.sessions import IDLE, LONGEST, sessions_of

BASE = "http://127.0.0.1:8501"
LEAD = "Ada Lead"
PASSPHRASE = "correct horse battery"
SOCKET = "ws://127.0.0.1:8501/_stcore/stream"
LIVE = "ws://127.0.0.1:8501/api/live"
SAME = {"origin": BASE}
HTML = {"accept": "text/html,application/xhtml+xml"}


async def whoami(request: Request) -> JSONResponse:
    study = web_session(request.headers)
    assert study is study_of(request)
    return JSONResponse(
        {"name": study.member.name, "headers": dict(request.headers), "cookies": request.cookies}
    )


async def failing(request: Request) -> JSONResponse:
    kind = {"stale": StaleWrite, "role": NotAllowed}[request.path_params["kind"]]
    raise kind("What happened, and what to do.")


async def page(request: Request) -> PlainTextResponse:
    return PlainTextResponse("inside")


async def echo(socket: WebSocket) -> None:
    await socket.accept()
    with suppress(WebSocketDisconnect):
        while True:
            message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            await socket.send_text(f"{study_of(socket).member.name}: {message.get('text')}")


def application(home: Path) -> Starlette:
    everything = ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]
    return Starlette(
        routes=[
            *gate_routes(home),
            Route("/api/whoami", whoami, methods=everything),
            Route("/api/fails/{kind}", failing),
            Route("/_stcore/health", page),
            WebSocketRoute("/_stcore/stream", echo),
            WebSocketRoute("/api/live", echo),
            Route("/{rest:path}", page, methods=everything),
        ],
        middleware=[Middleware(Gate, home=home)],
    )


@pytest.fixture
def browser(home: Path) -> Iterator[Callable[[], TestClient]]:
    """Give browsers of their own, all before the same server."""
    app = application(home)

    def new() -> TestClient:
        return TestClient(app, base_url=BASE, follow_redirects=False)

    yield new
    sessions_of(home).close()


@pytest.fixture
def client(browser: Callable[[], TestClient]) -> TestClient:
    return browser()


@pytest.fixture
def clock(home: Path) -> list[float]:
    """A clock the test turns."""
    time = [1000.0]
    table = sessions_of(home)
    table.clock = table.tries.clock = lambda: time[0]
    return time


def sign_in(client: TestClient, name: str = LEAD, passphrase: str = PASSPHRASE) -> int:
    form = {"name": name, "passphrase": passphrase}
    return client.post("/sign-in", data=form, headers=SAME).status_code


PLACES = [
    "/", "/index.html", "/_stcore/metrics", "/_stcore/host-config", "/_stcore/agent/openapi.json",
    "/media/abc.wav", "/static/js/index.js", "/component/x", "/audio/1", "/api/whoami",
    "/passphrase", "/sign-out", "/sign-in/", "/sign-in/../api/whoami", "//sign-in", "/first-run",
    "/_stcore/health/", "/_stcore/health/../../api/whoami", "/%73ign-in/x", "/app/static/x",
]  # fmt: skip


@pytest.mark.parametrize("path", PLACES)
def test_without_a_session_every_place_is_refused(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 401 and "inside" not in answer.text
    navigating = client.get(path, headers=HTML)
    assert (navigating.status_code, navigating.headers["location"]) == (303, "/sign-in")
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert client.request(method, path, headers={**SAME, "x-fokus": "1"}).status_code == 401
    assert client.options(path, headers={**SAME, "x-fokus": "1"}).status_code == 401


@pytest.mark.parametrize("path", ["/sign-in", "/sign-in/look.css", "/_stcore/health"])
def test_what_is_open_is_open(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 200


def test_signing_in_lets_in_and_signing_out_out(client: TestClient) -> None:
    assert sign_in(client) == 303
    assert client.get("/").text == "inside"
    assert client.get("/api/whoami").json()["name"] == LEAD
    assert client.get("/sign-out", headers=HTML).status_code == 200
    cookies = dict(client.cookies)
    assert client.post("/sign-out", headers=SAME).headers["location"] == "/sign-in"
    assert client.get("/").status_code == 401
    client.cookies.update(cookies)
    assert client.get("/").status_code == 401


def test_the_cookie_is_closed_to_scripts_and_other_sites(client: TestClient) -> None:
    form = {"name": LEAD, "passphrase": PASSPHRASE}
    cookie = client.post("/sign-in", data=form, headers=SAME).headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie and "path=/" in cookie
    assert "secure" not in cookie


@pytest.fixture
def public(home: Path) -> Iterator[TestClient]:
    """A browser that comes through a proxy which speaks TLS."""
    (home / "fokus.toml").write_text('[serve]\nnames = ["fokus.test"]\nbehind_tls = true\n')
    app = Hosts(application(home), names_of(read_settings(home)))
    yield TestClient(app, base_url="https://fokus.test", follow_redirects=False)
    sessions_of(home).close()


def test_behind_tls_the_cookie_is_of_this_host_alone(public: TestClient, home: Path) -> None:
    form = {"name": LEAD, "passphrase": PASSPHRASE}
    https = {"origin": "https://fokus.test"}
    for origin in ("http://fokus.test", "https://evil.test", "https://fokus.test.evil.test"):
        assert public.post("/sign-in", data=form, headers={"origin": origin}).status_code == 403
    answer = public.post("/sign-in", data=form, headers=https)
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"__Host-{sessions_of(home).cookie.removeprefix('__Host-')}=")
    assert "Secure" in cookie and "Path=/" in cookie and "Domain" not in cookie
    assert public.get("/").text == "inside"
    for host in ("127.0.0.1", "localhost:8501", "evil.test"):
        assert public.get("/", headers={"host": host}).status_code == 421
    gone = public.post("/sign-out", headers=https).headers["set-cookie"]
    assert "Secure" in gone and "Max-Age=0" in gone
    assert public.get("/").status_code == 401


@pytest.mark.parametrize(
    ("name", "passphrase"), [(LEAD, "wrong wrong wrong"), ("Nobody", PASSPHRASE), ("", "")]
)
def test_a_wrong_passphrase_stays_outside(client: TestClient, name: str, passphrase: str) -> None:
    assert sign_in(client, name, passphrase) == 403
    assert client.get("/").status_code == 401


def test_typed_text_comes_back_escaped(client: TestClient) -> None:
    form = {"name": '"><script>alert(1)</script>', "passphrase": "x"}
    answer = client.post("/sign-in", data=form, headers=SAME)
    assert "<script>" not in answer.text and "&lt;script&gt;" in answer.text


def test_guessing_gets_slower_for_that_name_only(
    client: TestClient, clock: list[float], home: Path
) -> None:
    create = unlock(home, LEAD, PASSPHRASE)
    create.invite("Bo Coder", "coder")
    create.close()
    for _ in range(3):
        assert sign_in(client, passphrase="wrong wrong wrong") == 403
    assert sign_in(client) == 429
    assert sign_in(client, "Bo Coder", "wrong wrong wrong") == 403
    clock[0] += 2
    assert sign_in(client, passphrase="wrong wrong wrong") == 403
    clock[0] += 1.5
    assert sign_in(client) == 429
    clock[0] += 1
    assert sign_in(client) == 303


def test_failed_sign_ins_are_on_record_when_the_study_is_open(
    client: TestClient, home: Path
) -> None:
    study = unlock(home, LEAD, PASSPHRASE)
    sign_in(client, passphrase="wrong wrong wrong")
    sign_in(client, "Nobody", "wrong wrong wrong")
    last = study.recent_events(2)
    assert [(one.action, one.object, one.actor) for one in last] == [
        ("read.signin_failed", "study", None), ("read.signin_failed", "member:1", None),
    ]  # fmt: skip
    study.close()


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"origin": "file://"},
    ],
)
def test_writing_needs_our_own_origin(client: TestClient, headers: dict[str, str]) -> None:
    assert sign_in(client) == 303
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        answer = client.request(method, "/api/whoami", headers={**headers, "x-fokus": "1"})
        assert answer.status_code == 403
    assert client.post("/sign-out", headers=headers).status_code == 403
    form = {"name": LEAD, "passphrase": PASSPHRASE}
    assert client.post("/sign-in", data=form, headers=headers).status_code == 403


ELSEWHERE = ("cross-site", "same-site", "anything")
"""Another port of this machine is the same site to a browser, which sends the cookie."""


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        *({"sec-fetch-site": site, "sec-fetch-mode": "no-cors"} for site in ELSEWHERE),
        *(
            {"sec-fetch-site": site, "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"}
            for site in ELSEWHERE
        ),
    ],
)
def test_reading_from_another_site_is_refused(client: TestClient, headers: dict[str, str]) -> None:
    assert sign_in(client) == 303
    for path in ("/", "/api/whoami", "/export/1", "/sign-in", "/_stcore/host-config"):
        for method in ("GET", "HEAD"):
            assert client.request(method, path, headers={**HTML, **headers}).status_code == 403


@pytest.mark.parametrize("site", ELSEWHERE)
def test_a_link_from_another_site_leads_to_the_sign_in(client: TestClient, site: str) -> None:
    assert sign_in(client) == 303
    link = {"sec-fetch-site": site, "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    for path in ("/", "/export/1"):
        assert client.get(path, headers={**HTML, **link}).headers["location"] == "/sign-in"
    assert client.get("/api/whoami", headers=link).status_code == 401
    assert client.get("/sign-in", headers={**HTML, **link}).status_code == 200


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_our_own_pages_and_bookmarks_read(client: TestClient, site: str) -> None:
    assert sign_in(client) == 303
    for more in ({}, SAME):
        answer = client.get("/api/whoami", headers={"sec-fetch-site": site, **more})
        assert answer.json()["name"] == LEAD


def test_writing_to_the_api_needs_our_header(client: TestClient) -> None:
    assert sign_in(client) == 303
    assert client.post("/api/whoami", headers=SAME).status_code == 403
    assert client.post("/api/whoami", headers={**SAME, "x-fokus": "1"}).status_code == 200


def test_claimed_identities_are_dropped(browser: Callable[[], TestClient], home: Path) -> None:
    ada, bo = browser(), browser()
    lead = unlock(home, LEAD, PASSPHRASE)
    once = lead.invite("Bo Coder", "coder")
    lead.close()
    assert sign_in(ada) == 303 and sign_in(bo, "Bo Coder", once) == 303
    own = {"passphrase": "the own words of Bo", "again": "the own words of Bo"}
    assert bo.post("/passphrase", data=own, headers=SAME).status_code == 303
    hers = ada.get("/api/whoami").json()["headers"]["x-fokus-session"]
    for name in ("x-fokus-session", "X-Fokus-Session", "X_Fokus_Session"):
        seen = bo.get("/api/whoami", headers={name: hers}).json()
        assert seen["name"] == "Bo Coder"
        assert list(seen["headers"].values()).count(hers) == 0
        assert browser().get("/api/whoami", headers={name: hers}).status_code == 401
    twice = [("x-fokus-session", hers), ("x-fokus-session", hers), ("X-FOKUS_SESSION", hers)]
    assert bo.get("/api/whoami", headers=twice).json()["name"] == "Bo Coder"


def test_scripts_do_not_see_the_token(client: TestClient) -> None:
    assert sign_in(client) == 303
    client.cookies.set("other", "kept")
    token = next(value for name, value in client.cookies.items() if name.startswith("fokus-"))
    answer = client.get("/api/whoami")
    assert token not in answer.text and answer.json()["cookies"] == {"other": "kept"}


def test_a_handle_is_no_cookie(
    client: TestClient, browser: Callable[[], TestClient], home: Path
) -> None:
    assert sign_in(client) == 303
    handle = client.get("/api/whoami").json()["headers"]["x-fokus-session"]
    thief = browser()
    thief.cookies.set(sessions_of(home).cookie, handle)
    assert thief.get("/").status_code == 401


@pytest.mark.parametrize(
    "cookie", ["", "x", "fokus-=1", "\xff", "a=b; " * 200, "fokus-00000000=zz"]
)
def test_odd_cookies_are_no_session(client: TestClient, cookie: str) -> None:
    assert client.get("/", headers={"cookie": cookie.encode("latin-1")}).status_code == 401


def test_idle_sessions_end(client: TestClient, clock: list[float]) -> None:
    assert sign_in(client) == 303
    for _ in range(3):
        clock[0] += IDLE - 1
        assert client.get("/").status_code == 200
    clock[0] += IDLE + 1
    assert client.get("/").status_code == 401


@pytest.mark.parametrize("path", ["/api/whoami", "/_stcore/health", "/_stcore/host-config"])
def test_what_a_page_asks_by_itself_keeps_no_session_open(
    client: TestClient, clock: list[float], path: str
) -> None:
    assert sign_in(client) == 303
    clock[0] += IDLE - 1
    headers = {"x-fokus-quiet": "1"} if path.startswith("/api/") else {}
    answer = client.get(path, headers=headers)
    assert answer.status_code == 200 and "x-fokus-quiet" not in answer.text
    clock[0] += 2
    assert client.get("/").status_code == 401


def rerun(*, auto: bool) -> bytes:
    message = BackMsg()
    message.rerun_script.query_string = ""
    message.rerun_script.is_auto_rerun = auto
    return message.SerializeToString()


@pytest.mark.parametrize(
    ("address", "message", "counts"),
    [
        (SOCKET, rerun(auto=False), True),
        (SOCKET, BackMsg(stop_script=True).SerializeToString(), True),
        (SOCKET, rerun(auto=True), False),
        (SOCKET, BackMsg(app_heartbeat=True).SerializeToString(), False),
        (SOCKET, b"\xff\xff\xff", False),
        (LIVE, rerun(auto=False), False),
    ],
    ids=["rerun", "stop", "rerun by itself", "heartbeat", "no message", "news"],
)
def test_only_what_a_person_does_keeps_a_session_open(
    client: TestClient, clock: list[float], address: str, message: bytes, counts: bool
) -> None:
    assert sign_in(client) == 303
    with client.websocket_connect(address, headers=dict(SAME)) as socket:
        clock[0] += IDLE - 1
        socket.send_bytes(message)
        assert socket.receive_text() == f"{LEAD}: None"
        clock[0] += 2
        assert client.get("/").status_code == (200 if counts else 401)


def test_long_sessions_end_also_when_busy(client: TestClient, clock: list[float]) -> None:
    assert sign_in(client) == 303
    for _ in range(int(LONGEST // (IDLE - 1))):
        clock[0] += IDLE - 1
        assert client.get("/").status_code == 200
    clock[0] += IDLE - 1
    assert client.get("/").status_code == 401


def test_the_last_session_to_end_locks_the_study(
    browser: Callable[[], TestClient], clock: list[float], home: Path
) -> None:
    one, two = browser(), browser()
    assert sign_in(one) == 303 and sign_in(two) == 303
    one.post("/sign-out", headers=SAME)
    assert (home / "study.db-wal").exists()
    clock[0] += IDLE + 1
    sessions_of(home).sweep()
    assert not (home / "study.db-wal").exists()
    assert two.get("/").status_code == 401


def test_a_disabled_member_is_out(browser: Callable[[], TestClient], home: Path) -> None:
    lead = unlock(home, LEAD, PASSPHRASE)
    once = lead.invite("Bo Coder", "coder")
    bo = browser()
    assert sign_in(bo, "Bo Coder", once) == 303
    own = {"passphrase": "the own words of Bo", "again": "the own words of Bo"}
    bo.post("/passphrase", data=own, headers=SAME)
    assert bo.get("/").status_code == 200
    lead.disable(2)
    assert bo.get("/").status_code == 401
    lead.close()


def test_a_first_sign_in_leads_to_an_own_passphrase_and_nowhere_else(
    browser: Callable[[], TestClient], home: Path
) -> None:
    lead = unlock(home, LEAD, PASSPHRASE)
    once = lead.invite("Bo Coder", "coder")
    lead.close()
    bo = browser()
    assert sign_in(bo, "Bo Coder", once) == 303
    assert bo.get("/", headers=HTML).headers["location"] == "/passphrase"
    for path in ("/api/whoami", "/media/x", "/audio/1"):
        assert bo.get(path).status_code == 403
    with pytest.raises(WebSocketDisconnect), bo.websocket_connect(SOCKET, headers=dict(SAME)):
        pass
    assert "one-time passphrase" in bo.get("/passphrase").text
    for new, again in (("the own words of Bo", "other"), ("short", "short"), (once, once)):
        form = {"passphrase": new, "again": again}
        assert bo.post("/passphrase", data=form, headers=SAME).status_code == 400
    form = {"passphrase": "the own words of Bo", "again": "the own words of Bo"}
    assert bo.post("/passphrase", data=form, headers=SAME).headers["location"] == "/"
    assert bo.get("/api/whoami").json()["name"] == "Bo Coder"
    assert sign_in(browser(), "Bo Coder", once) == 403
    assert sign_in(browser(), "Bo Coder", "the own words of Bo") == 303


def test_a_member_changes_the_passphrase_knowing_the_present_one(
    client: TestClient, browser: Callable[[], TestClient]
) -> None:
    assert sign_in(client) == 303
    new = {"passphrase": "a new long passphrase", "again": "a new long passphrase"}
    wrong = client.post("/passphrase", data={"old": "not it at all", **new}, headers=SAME)
    assert wrong.status_code == 400
    right = client.post("/passphrase", data={"old": PASSPHRASE, **new}, headers=SAME)
    assert right.status_code == 303
    assert sign_in(browser(), passphrase="a new long passphrase") == 303


def test_guesses_at_the_present_passphrase_count_as_at_the_sign_in(
    client: TestClient, browser: Callable[[], TestClient], clock: list[float]
) -> None:
    assert sign_in(client) == 303
    new = {"passphrase": "a new long passphrase", "again": "a new long passphrase"}
    for _ in range(3):
        guess = {"old": "not it at all", **new}
        assert "is wrong" in client.post("/passphrase", data=guess, headers=SAME).text
    right = client.post("/passphrase", data={"old": PASSPHRASE, **new}, headers=SAME)
    assert right.status_code == 400 and "Too many wrong tries" in right.text
    assert sign_in(browser()) == 429
    clock[0] += 2
    right = client.post("/passphrase", data={"old": PASSPHRASE, **new}, headers=SAME)
    assert right.status_code == 303


def test_a_socket_needs_a_session_and_our_origin(client: TestClient) -> None:
    def opens(headers: dict[str, str]) -> bool:
        try:
            with client.websocket_connect(SOCKET, headers=dict(headers)) as socket:
                socket.send_text("hello")
                return bool(socket.receive_text() == f"{LEAD}: hello")
        except WebSocketDisconnect:
            return False

    assert not opens(SAME)
    assert sign_in(client) == 303
    assert opens(SAME)
    for headers in ({}, {"origin": "http://evil.example"}, {"origin": "null"}):
        assert not opens(headers)


def test_signing_out_cuts_open_sockets(
    client: TestClient, browser: Callable[[], TestClient]
) -> None:
    assert sign_in(client) == 303
    other = browser()
    other.cookies.update(client.cookies)
    with client.websocket_connect(SOCKET, headers=dict(SAME)) as socket:
        socket.send_text("hello")
        socket.receive_text()
        assert other.post("/sign-out", headers=SAME).status_code == 303
        with pytest.raises(WebSocketDisconnect) as cut:
            socket.receive_text()
    assert cut.value.code == 4401


def test_every_answer_is_hardened(client: TestClient) -> None:
    answers = [client.get("/"), client.get("/sign-in"), client.get("/sign-in", headers=HTML)]
    assert sign_in(client) == 303
    answers += [client.get("/"), client.get("/media/x"), client.get("/api/fails/role")]
    for answer in answers:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["cache-control"] == "no-store"
        policy = answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy and "form-action 'self'" in policy
        assert "http:" not in policy and "https:" not in policy and "*" not in policy
    assert client.get("/static/js/x.js").headers.get("cache-control") is None


def test_streamlits_own_inline_script_is_allowed_by_its_digest() -> None:
    scripts = content_policy().split("script-src ")[1].split(";")[0]
    assert "'sha256-" in scripts and "unsafe-inline" not in scripts


def test_our_errors_become_answers(client: TestClient) -> None:
    assert sign_in(client) == 303
    stale, role = client.get("/api/fails/stale"), client.get("/api/fails/role")
    assert (stale.status_code, role.status_code) == (409, 403)
    assert stale.json() == {"error": "What happened, and what to do."}


def test_a_page_without_the_gate_gets_no_study() -> None:
    for headers in ({}, {"x-fokus-session": ""}, {"x-fokus-session": "guess"}):
        with pytest.raises(NotSignedIn):
            web_session(headers)


def test_too_large_a_form_is_refused(client: TestClient) -> None:
    assert sign_in(client, "x" * 100_000, "y") == 400


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    def cheaply(home: Path, title: str, lead: str, passphrase: str) -> None:
        create_study(home, title, lead, passphrase, cost=FLOOR)

    monkeypatch.setattr(pages, "create_study", cheaply)
    folder = tmp_path / "new"
    yield TestClient(application(folder), base_url=BASE, follow_redirects=False)
    sessions_of(folder).close()


def test_an_empty_home_leads_to_its_first_study(empty: TestClient, tmp_path: Path) -> None:
    assert empty.get("/", headers=HTML).headers["location"] == "/first-run"
    assert empty.get("/sign-in", headers=HTML).headers["location"] == "/first-run"
    assert empty.get("/api/whoami").status_code == 401
    assert "Create a study" in empty.get("/first-run").text
    form = {"title": "Home care", "name": LEAD, "passphrase": PASSPHRASE, "again": PASSPHRASE}
    form["code"] = sessions_of(tmp_path / "new").setup_code
    for bad in ({"again": "different words"}, {"title": " "}, {"name": ""},
                {"passphrase": "short", "again": "short"}):  # fmt: skip
        assert empty.post("/first-run", data={**form, **bad}, headers=SAME).status_code == 400
        assert not (tmp_path / "new" / "study.json").exists()
    assert empty.post("/first-run", data=form).status_code == 403
    made = empty.post("/first-run", data=form, headers=SAME)
    assert (made.status_code, made.headers["location"]) == (303, "/")
    assert empty.get("/api/whoami").json()["name"] == LEAD


def test_only_who_started_the_server_can_make_the_study(empty: TestClient, tmp_path: Path) -> None:
    table = sessions_of(tmp_path / "new")
    time = [1000.0]
    table.tries.clock = lambda: time[0]
    form = {"title": "Mine", "name": "Eve", "passphrase": PASSPHRASE, "again": PASSPHRASE}
    for wrong in ("", "aaaaa-bbbbb", table.setup_code[:-1]):
        answer = empty.post("/first-run", data={**form, "code": wrong}, headers=SAME)
        assert answer.status_code == 400 and "set-up code is wrong" in answer.text
        assert table.setup_code not in answer.text
    right = {**form, "code": f" {table.setup_code.upper().replace('-', ' ')} "}
    assert empty.post("/first-run", data=right, headers=SAME).status_code == 429
    assert not (tmp_path / "new" / "study.json").exists()
    assert setup_code(tmp_path / "new") == table.setup_code
    time[0] += 2
    assert empty.post("/first-run", data=right, headers=SAME).status_code == 303
    assert setup_code(tmp_path / "new") is None


def test_first_run_is_over_once_there_is_a_study(empty: TestClient, tmp_path: Path) -> None:
    create_study(tmp_path / "new", "Home care", LEAD, PASSPHRASE, cost=FLOOR)
    form = {"title": "Mine", "name": "Eve", "passphrase": "an evil passphrase"}
    form["again"] = form["passphrase"]
    form["code"] = sessions_of(tmp_path / "new").setup_code
    assert empty.get("/first-run", headers=HTML).headers["location"] == "/sign-in"
    assert empty.post("/first-run", data=form, headers=SAME).status_code == 401


def test_sessions_of_two_members_are_two_studies(
    browser: Callable[[], TestClient], study: Study
) -> None:
    client = browser()
    assert sign_in(client) == 303
    assert client.get("/api/whoami").json()["name"] == study.member.name
    study.head()


def test_odd_cookies_of_other_servers_do_not_hide_ours(client: TestClient, home: Path) -> None:
    assert sign_in(client) == 303
    name = sessions_of(home).cookie
    token = client.cookies[name]
    client.cookies.clear()
    odd = f'theirs={{"a": [1,2]}}; [x]; {name}=stale; {name}={token}; more=1'
    assert client.get("/", headers={"cookie": odd}).status_code == 200


def test_signing_in_again_ends_the_session_before(
    client: TestClient, browser: Callable[[], TestClient]
) -> None:
    assert sign_in(client) == 303
    older = browser()
    older.cookies.update(client.cookies)
    assert sign_in(client) == 303
    assert older.get("/").status_code == 401 and client.get("/").status_code == 200


SHUT_TO_ALL = [
    "/media/abc.wav", "/media", "/component/x/y.js", "/app/static/x", "/auth/login",
    "/auth/logout", "/oauth2callback", "/_stcore/metrics", "/_stcore/agent/openapi.json",
    "/_stcore/agent/mcp", "/_stcore/script-health-check", "/_stcore/", "/_stcore/anything-new",
]  # fmt: skip


@pytest.mark.parametrize("path", SHUT_TO_ALL)
def test_doors_that_nothing_of_ours_uses_are_shut_to_members_too(
    client: TestClient, path: str
) -> None:
    assert sign_in(client) == 303
    for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"):
        answer = client.request(method, path, headers=SAME)
        assert answer.status_code == 404 and "inside" not in answer.text


def test_what_pages_need_of_streamlit_is_open_to_members(client: TestClient) -> None:
    assert sign_in(client) == 303
    for path in ("/_stcore/host-config", "/_stcore/bidi-components/x.js", "/static/js/x.js"):
        assert client.get(path).text == "inside"


def test_the_policy_names_no_other_place(client: TestClient) -> None:
    own = {"'self'", "'none'", "data:", "blob:", "'unsafe-inline'", "'wasm-unsafe-eval'"}
    for path, scripts in (("/sign-in", None), ("/", {"'self'", "blob:", "'wasm-unsafe-eval'"})):
        if path == "/":
            assert sign_in(client) == 303
        policy = client.get(path).headers["content-security-policy"]
        parts = {part.split()[0]: set(part.split()[1:]) for part in policy.split(";")}
        assert all(
            word in own or word.startswith("'sha256-") for words in parts.values() for word in words
        )
        allowed = parts.get("script-src", parts["default-src"])
        assert {word for word in allowed if not word.startswith("'sha256-")} == (
            scripts or {"'none'"}
        )
        assert parts["frame-ancestors"] == {"'none'"} and "default-src" in parts
        assert not parts.get("object-src", parts["default-src"]) - {"'none'"}


def test_locking_signs_everybody_out_and_forgets_the_keys(
    browser: Callable[[], TestClient], home: Path
) -> None:
    lead = unlock(home, LEAD, PASSPHRASE)
    once = lead.invite("Bo Coder", "coder")
    lead.close()
    ada, bo = browser(), browser()
    assert sign_in(ada) == 303 and sign_in(bo, "Bo Coder", once) == 303
    own = {"passphrase": "the own words of Bo", "again": "the own words of Bo"}
    assert bo.post("/passphrase", data=own, headers=SAME).status_code == 303
    asked = ada.get("/lock", headers=HTML)
    assert "One other person is signed in now" in asked.text and bo.get("/").status_code == 200
    assert ada.post("/lock", headers={"origin": "http://evil.example"}).status_code == 403
    with bo.websocket_connect(SOCKET, headers=dict(SAME)) as socket:
        assert ada.post("/lock", headers=SAME).headers["location"] == "/sign-in"
        with pytest.raises(WebSocketDisconnect) as cut:
            socket.receive_text()
    assert cut.value.code == 4401
    assert ada.get("/").status_code == 401 and bo.get("/").status_code == 401
    assert already_open(home) is None
    again = unlock(home, LEAD, PASSPHRASE)
    (locked,) = [one for one in again.events() if one.action == "read.locked"]
    assert locked.actor == again.member.id
    again.close()


def test_a_study_is_locked_even_when_its_disk_is_away(
    browser: Callable[[], TestClient], home: Path, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    one, two = browser(), browser()
    assert sign_in(one) == 303 and sign_in(two) == 303

    def away(*said: object) -> None:
        raise DiskFull("The disk is full.")

    def leaving(core: object) -> None:
        raise DiskFull("The disk is full.")

    monkeypatch.setattr(Study, "note", away)
    monkeypatch.setattr(moments, "when_leaving", [leaving])
    one.post("/lock", headers=SAME)
    assert one.get("/").status_code == 401 and two.get("/").status_code == 401
    assert already_open(home) is None
    assert "locking is not on record: DiskFull" in caplog.text


def test_forwarded_claims_reach_no_page(client: TestClient) -> None:
    assert sign_in(client) == 303
    claims = {"X-Forwarded-User": "eve", "X_Forwarded_For": "1.2.3.4", "Forwarded": "for=eve",
              "X-Real-IP": "1.2.3.4"}  # fmt: skip
    seen = client.get("/api/whoami", headers=claims).json()["headers"]
    assert not [name for name in seen if "forward" in name or "real" in name]


@pytest.mark.parametrize("twice", ["origin", "host"])
def test_two_origins_or_hosts_are_none(client: TestClient, twice: str) -> None:
    assert sign_in(client) == 303
    headers = [("origin", BASE), ("x-fokus", "1"), ("host", "127.0.0.1:8501")]
    assert client.post("/api/whoami", headers=headers).status_code == 200
    again = [*headers, (twice, dict(headers)[twice])]
    assert client.post("/api/whoami", headers=again).status_code == 403
