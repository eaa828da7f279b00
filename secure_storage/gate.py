"""The gate: one ASGI middleware in front of everything, Streamlit included.

Streamlit alone answers anybody who reaches the port, and takes a session id for proof
of identity. So nothing gets past here without a session: pages lead to the sign-in,
everything else is refused. Identity comes from our cookie alone; headers by which
somebody could claim one are dropped. A WebSocket, or a request that writes, must come
from our own pages (same Origin); what a page of another site asks for is refused, and a
link from there leads to the sign-in. When a session ends, its open sockets are cut and its
scripts in Streamlit are stopped within a second. Doors of Streamlit that nothing of ours
uses (its media store above all, which asks nobody who they are) are shut to everybody.
"""

import asyncio
import hashlib
import logging
import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from functools import cache, partial
from html import escape
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import anyio.to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from . import moments
from .acts import is_act, is_act_on_socket
from .errors import (
    BadInput,
    DamagedFile,
    DiskFull,
    FokusError,
    NotAllowed,
    NotSignedIn,
    StaleWrite,
    StorageAway,
    StudyBusy,
)
from .scripts import close_scripts
from .sessions import HEADER, SCOPE, SIGNED_OUT, Session, sessions_of

SIGN_IN: Final = "/sign-in"
LOOK: Final = "/sign-in/look.css"
FIRST_RUN: Final = "/first-run"
PASSPHRASE: Final = "/passphrase"
SIGN_OUT: Final = "/sign-out"
LOCK: Final = "/lock"
HEALTH: Final = "/_stcore/health"
OPEN: Final = frozenset({SIGN_IN, LOOK, HEALTH})
ONLY_PASSPHRASE: Final = frozenset({PASSPHRASE, SIGN_OUT, LOOK, HEALTH})
CORE: Final = "/_stcore/"
USED: Final = ("stream", "health", "host-config", "upload_file/", "bidi-components/")
"""What our pages need of Streamlit's own routes."""
SHUT: Final = ("/media", "/component/", "/app/static", "/auth/", "/oauth2callback")
FORWARDED: Final = (b"x-forwarded-", b"forwarded", b"x-real-ip")
"""Claims by which a proxy tells who asks; nothing here is to believe them."""
SAFE: Final = frozenset({"GET", "HEAD"})
NOT_OURS: Final = "This did not come from a page of this workbench."
SWEEP_EVERY: Final = 15.0
LOOK_EVERY: Final = 0.5
STATUS: Final[dict[type[FokusError], int]] = {
    NotSignedIn: 401, NotAllowed: 403, StaleWrite: 409, BadInput: 400, DamagedFile: 500,
    DiskFull: 507, StorageAway: 503, StudyBusy: 503,
}  # fmt: skip


class Gate:
    """Lets through what belongs to a session and nothing else."""

    def __init__(self, app: ASGIApp, home: Path) -> None:
        """Guard ``app`` for the study in ``home``."""
        self._app = app
        self._sessions = sessions_of(home)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] == "lifespan":
            await self._live(scope, receive, send)
            return
        headers = Headers(scope=scope)
        session = self._session(headers)
        scope = self._trusted(scope, session)
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send, headers, session)
        elif scope["type"] == "http":
            await self._request(scope, receive, _hardened(scope, send), headers, session)

    async def _request(
        self, scope: Scope, receive: Receive, send: Send, headers: Headers,
        session: Session | None,
    ) -> None:  # fmt: skip
        refusal = self._refusal(scope, headers, session)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        if session is not None and is_act(scope["path"], headers):
            session.touch()
        started = False

        async def noticing(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, noticing)
        except FokusError as error:
            if started:
                # Cut short, as when the session ends while a recording plays.
                if isinstance(error, NotSignedIn):
                    return
                raise
            status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 400)
            later = {"retry-after": "5"} if status == 503 else None
            answer = _told if asked_by_a_person(scope, headers) else _error
            await answer(str(error), status, later)(scope, receive, send)

    def _refusal(self, scope: Scope, headers: Headers, session: Session | None) -> ASGIApp | None:
        path, method = scope["path"], scope["method"]
        if (method not in SAFE or "origin" in headers) and not self._same_origin(headers):
            return _error(NOT_OURS, 403)
        if method not in SAFE and path.startswith("/api/") and headers.get("x-fokus") != "1":
            return _error("The request lacks the header x-fokus.", 403)
        if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            # A link somebody followed shows what it would to a stranger. Another port of this
            # machine is no other site to the browser, which then sends the cookie too.
            if method != "GET" or headers.get("sec-fetch-dest") != "document":
                return _error(NOT_OURS, 403)
            session = None
        if session is not None and not session.study.first_sign_in:
            return _error("There is no such page.", 404) if shut(path) else None
        if session is not None:
            open_to_all, lead_to, status = ONLY_PASSPHRASE, PASSPHRASE, 403
        elif (self._sessions.home / "study.json").exists():
            open_to_all, lead_to, status = OPEN, SIGN_IN, 401
        else:
            open_to_all, lead_to, status = OPEN | {FIRST_RUN}, FIRST_RUN, 401
        if path in open_to_all and not (path == SIGN_IN and lead_to == FIRST_RUN):
            return None
        if asked_by_a_person(scope, headers):
            return RedirectResponse(lead_to, 303)
        return _error(SIGNED_OUT, status)

    async def _socket(
        self, scope: Scope, receive: Receive, send: Send, headers: Headers,
        session: Session | None,
    ) -> None:  # fmt: skip
        if session is None or session.study.first_sign_in or not self._same_origin(headers):
            await receive()
            await send({"type": "websocket.close", "code": 4401})
            return
        over = False

        async def noticing(message: Message) -> None:
            nonlocal over
            over = over or message["type"] == "websocket.close"
            await send(message)

        async def touching() -> Message:
            message = await receive()
            if is_act_on_socket(scope["path"], message):
                session.touch()
            return message

        served = asyncio.ensure_future(self._app(scope, touching, noticing))
        try:
            while not (await asyncio.wait({served}, timeout=LOOK_EVERY))[0]:
                if not session.alive():
                    if not over:
                        await send({"type": "websocket.close", "code": 4401})
                    break
            else:
                served.result()
        finally:
            served.cancel()
            await asyncio.wait({served})

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        ongoing = [asyncio.ensure_future(self._sweep()), asyncio.ensure_future(self._watch())]

        async def locking(message: Message) -> None:
            # Before the server hears that all is over: after that it waits for nothing.
            if message["type"].startswith("lifespan.shutdown"):
                await anyio.to_thread.run_sync(self._sessions.close)
            await send(message)

        try:
            await self._app(scope, receive, locking)
        finally:
            for one in ongoing:
                one.cancel()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY)
            try:
                close_scripts(lambda handle: self._sessions.by_handle(handle) is not None)
            except Exception as error:
                name = type(error).__name__
                logging.getLogger("fokus").error("a script could not be ended: %s", name)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_EVERY)
            home = self._sessions.home
            calls: list[Callable[[], object]] = [self._sessions.sweep]
            calls += [partial(one, home) for one in moments.now_and_then]
            for call in calls:
                try:
                    await anyio.to_thread.run_sync(call)
                except Exception as error:
                    # A disk that is away for a while must not end the upkeep for good.
                    name = type(error).__name__
                    logging.getLogger("fokus").error("upkeep failed: %s", name)

    def _session(self, headers: Headers) -> Session | None:
        for line in headers.getlist("cookie"):
            # Not http.cookies: that stops at the first odd cookie of some other server.
            for part in line.split(";"):
                name, _, token = part.strip().partition("=")
                session = self._sessions.find(token) if name == self._sessions.cookie else None
                if session is not None:
                    return session
        return None

    def _trusted(self, scope: Scope, session: Session | None) -> Scope:
        """Drop claims of identity, hide our cookie from scripts, name the session."""
        own = self._sessions.cookie.encode()
        headers = []
        for name, value in scope["headers"]:
            # Some servers and libraries read "_" as "-": such a twin is a claim too.
            read_as = name.lower().replace(b"_", b"-")
            if read_as.startswith((b"x-fokus-", *FORWARDED)):
                continue
            if name.lower() == b"cookie":
                kept = [one for one in value.split(b";") if one.strip().split(b"=")[0] != own]
                value = b";".join(kept)
            headers.append((name, value))
        if session is not None and not session.study.first_sign_in:
            headers.append((HEADER.encode(), session.handle.encode()))
        return {**scope, "headers": headers, SCOPE: session}

    def _same_origin(self, headers: Headers) -> bool:
        """Tell whether the browser says that a page of ours sent the request."""
        origins, hosts = headers.getlist("origin"), headers.getlist("host")
        if len(origins) != 1 or len(hosts) != 1:
            return False
        scheme = "https" if self._sessions.behind_tls else "http"
        return origins[0].lower() == f"{scheme}://{hosts[0].strip().lower()}"


def shut(path: str) -> bool:
    """Tell whether the path is a door of Streamlit that nobody is to use."""
    if path.startswith(CORE):
        return not path.removeprefix(CORE).startswith(USED)
    return path.startswith(SHUT)


def _hardened(scope: Scope, send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.setdefault("content-security-policy", content_policy())
            headers["x-content-type-options"] = "nosniff"
            headers["x-frame-options"] = "DENY"
            # Not no-referrer: with that, forms would be sent with the Origin "null".
            headers["referrer-policy"] = "same-origin"
            headers["cross-origin-opener-policy"] = "same-origin"
            headers["cross-origin-resource-policy"] = "same-origin"
            headers["permissions-policy"] = "camera=(), microphone=(), geolocation=()"
            if not scope["path"].startswith("/static/"):
                # Streamlit's own code may be kept by the browser, data never.
                headers["cache-control"] = "no-store"
        await send(message)

    return sending


@cache
def content_policy() -> str:
    """Say what a page may load: only what this server sends.

    Streamlit's page holds one inline script, allowed by its digest; the code of
    components reaches the browser as a blob; styles are inline throughout Streamlit.
    """
    scripts = " ".join(f"'sha256-{digest}'" for digest in _inline_scripts())
    return (
        f"default-src 'self'; script-src 'self' blob: 'wasm-unsafe-eval' {scripts}; "
        "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
        "media-src 'self' blob:; font-src 'self' data:; connect-src 'self'; "
        "worker-src 'self' blob:; frame-src 'self'; frame-ancestors 'none'; "
        "base-uri 'self'; form-action 'self'; object-src 'none'"
    )


def _inline_scripts() -> list[str]:
    found = find_spec("streamlit")
    if found is None or found.origin is None:
        return []
    page = (Path(found.origin).parent / "static" / "index.html").read_text(encoding="utf-8")
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    return [b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in scripts]


def asked_by_a_person(scope: Scope, headers: Headers) -> bool:
    """Tell whether the answer will stand in a tab of a browser."""
    return scope["method"] == "GET" and "text/html" in headers.get("accept", "")


def _error(message: str, status: int, headers: Mapping[str, str] | None = None) -> ASGIApp:
    return JSONResponse({"error": message}, status, headers)


def _told(message: str, status: int, headers: Mapping[str, str] | None = None) -> ASGIApp:
    # It needs the address of the style sheet from here.
    from .forms import BACK, page

    answer = page("This did not work", f'<p role="alert">{escape(message)}</p>{BACK}', status)
    answer.headers.update(headers or {})
    return answer
