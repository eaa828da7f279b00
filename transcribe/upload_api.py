"""The HTTP routes of sliced uploads."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from secure_storage import BadInput, DiskFull, FokusError, NotAllowed, NotSignedIn, study_of

from .intake import Target
from .upload import MOST_SLICE, NoUpload, Uploads, WrongPlace

_MOST_JSON: Final = 8192
_STATUS: Final[Mapping[type[FokusError], int]] = {
    NotSignedIn: 401,
    NotAllowed: 403,
    NoUpload: 404,
    WrongPlace: 409,
    DiskFull: 507,
}


def upload_routes() -> list[BaseRoute]:
    """Start, slices, finish, cancel; the uploads live as long as the app."""
    uploads = Uploads()

    async def start(request: Request) -> JSONResponse:
        return await _answer(request, lambda: _start(uploads, request))

    async def slice_(request: Request) -> JSONResponse:
        return await _answer(request, lambda: _write(uploads, request))

    async def finish(request: Request) -> JSONResponse:
        return await _answer(request, lambda: _finish(uploads, request))

    async def cancel(request: Request) -> JSONResponse:
        return await _answer(request, lambda: _cancel(uploads, request))

    return [
        Route("/api/upload", start, methods=["POST"]),
        Route("/api/upload/{id}", slice_, methods=["PUT"]),
        Route("/api/upload/{id}", cancel, methods=["DELETE"]),
        Route("/api/upload/{id}/finish", finish, methods=["POST"]),
    ]


async def _start(uploads: Uploads, request: Request) -> dict[str, object]:
    asked = _object(await _body(request, _MOST_JSON))
    recording = asked.get("recording")
    target = Target(
        None if recording is None else _whole(recording),
        str(asked.get("title", "")),
        _whole(asked.get("group", 1)),
    )
    upload_id = await run_in_threadpool(
        uploads.start,
        study_of(request),
        str(asked.get("name", "")),
        _whole(asked.get("size")),
        target,
    )
    return {"id": upload_id}


async def _write(uploads: Uploads, request: Request) -> dict[str, object]:
    offset = _whole(request.query_params.get("offset"))
    data = await _body(request, MOST_SLICE)
    have = await run_in_threadpool(
        uploads.write, study_of(request), request.path_params["id"], offset, data
    )
    return {"have": have}


async def _finish(uploads: Uploads, request: Request) -> dict[str, object]:
    recording = await run_in_threadpool(
        uploads.finish, study_of(request), request.path_params["id"]
    )
    return {"recording": recording}


async def _cancel(uploads: Uploads, request: Request) -> dict[str, object]:
    await run_in_threadpool(uploads.cancel, study_of(request), request.path_params["id"])
    return {}


async def _answer(request: Request, act: Callable[[], Any]) -> JSONResponse:
    try:
        if request.headers.get("x-fokus") != "1":
            raise NotAllowed("This request did not come from the workbench.")
        return JSONResponse(await act())
    except FokusError as error:
        status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 400)
        told: dict[str, object] = {"error": str(error)}
        if isinstance(error, WrongPlace):
            told["have"] = error.have
        return JSONResponse(told, status)


async def _body(request: Request, most: int) -> bytes:
    data = bytearray()
    async for piece in request.stream():
        data += piece
        if len(data) > most:
            raise BadInput("This request is too large.")
    return bytes(data)


def _object(data: bytes) -> dict[str, object]:
    try:
        value = json.loads(data)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise BadInput("This request cannot be read.")
    return value


def _whole(value: object) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19:
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadInput("This request cannot be read: a number is missing.")
    return value
