"""The WebSocket on which every open page hears what others change.

One message for each committed event. A page that was away compares the number in the
greeting with its own and reads again what it missed; a page that cannot keep up is cut
off, and does the same.
"""

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from secure_storage import Event, FokusError, Study, on_event, study_of

WAITING: Final = 1000
"""Messages that may wait for one slow browser."""

TOLD: Final = frozenset(
    {"code", "coding", "quote", "recording", "segment", "sentence", "speaker", "theme",
     "transcript"}
)  # fmt: skip
"""Objects whose changes are told with what they now hold. Of all others (members, jobs,
private memos) only the fact is told."""


_ROWS: Final = {"rows", "stayed"}


def live_route() -> WebSocketRoute:
    """Make the route; the gate lets only the signed-in reach it."""
    return WebSocketRoute("/api/live", live)


async def live(socket: WebSocket) -> None:
    """Tell one browser of every change until it leaves."""
    try:
        study = study_of(socket)
        # On a thread, here and below: on a network disk all that reads waits for who writes.
        await run_in_threadpool(study.require, "read")
    except FokusError:
        await socket.close(1008)
        return
    await socket.accept()
    loop, waiting = asyncio.get_running_loop(), asyncio.Queue[str | None](WAITING)

    def queue(message: str) -> None:
        # A full queue ends the connection: a gap would be worse than a new start.
        if waiting.full():
            waiting.get_nowait()
            waiting.put_nowait(None)
        elif not study.closed:
            waiting.put_nowait(message)

    def heard(event: Event) -> None:
        # Called on whichever thread committed, perhaps while this loop is closing.
        if not loop.is_closed():
            loop.call_soon_threadsafe(queue, told(event))

    listening: list[Callable[[], object]] = []
    over = False

    def begin() -> str:
        listening.append(on_event(study, heard))
        if over:
            listening[0]()
        return greeting(study)

    try:
        await socket.send_text(await run_in_threadpool(begin))
        await _until_either(_send(socket, waiting), _leave(socket))
    finally:
        # The gate may cut the socket while the thread is still at it.
        over = True
        for forget in listening:
            forget()


def greeting(study: Study) -> str:
    """Say where the study stands, for pages that were away."""
    return json.dumps({"seq": study.head(), "action": "hello"})


def told(event: Event) -> str:
    """Put an event as it travels."""
    kind = event.object.partition(":")[0]
    return json.dumps(
        {
            "seq": event.seq,
            "action": event.action,
            "object": event.object,
            "actor": event.actor,
            "after": _without_rows(event.after) if kind in TOLD else None,
        }
    )


def _without_rows(after: dict[str, Any] | None) -> dict[str, Any] | None:
    """Leave out what only taking back needs."""
    return after and {name: value for name, value in after.items() if name not in _ROWS}


async def _send(socket: WebSocket, waiting: "asyncio.Queue[str | None]") -> None:
    while (message := await waiting.get()) is not None:
        await socket.send_text(message)
    await socket.close(1013)


async def _leave(socket: WebSocket) -> None:
    while True:
        await socket.receive_text()


async def _until_either(*works: Coroutine[object, object, None]) -> None:
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            if not isinstance(task.exception(), WebSocketDisconnect | None):
                task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
