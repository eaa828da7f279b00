"""By which names the workbench may be called.

A foreign page can point a name of its own at this machine (DNS rebinding); to the browser
its requests are then of one origin with ours, and only the name in them tells.
"""

from collections.abc import Collection
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})


class Hosts:
    """Refuses requests that call the server by another name, before anything is done."""

    def __init__(self, app: ASGIApp, names: Collection[str] = LOOPBACK) -> None:
        """Let ``names`` through to ``app``, at any port."""
        self._app = app
        self._names = frozenset(names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] == "lifespan" or self._ours(Headers(scope=scope)):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 4403})
        else:
            refusal = (
                "The workbench is not known by this name. Open http://127.0.0.1 instead, or have "
                "the name added to fokus.toml of the study."
            )
            await PlainTextResponse(refusal, 421)(scope, receive, send)

    def _ours(self, headers: Headers) -> bool:
        called = headers.getlist("host")
        return len(called) == 1 and without_port(called[0]) in self._names


def without_port(host: str) -> str:
    """Give the name in a Host header; what is no such header gives nothing."""
    name, colon, port = host.strip().lower().rpartition(":")
    if not colon or host.endswith("]"):
        return host.strip().lower()
    return name if port.isascii() and port.isdigit() else ""
