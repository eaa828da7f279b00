"""The HTTP routes of sliced uploads."""

from collections.abc import Awaitable, Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from secure_storage import BadInput, FokusError, NotAllowed, Study, study_of

from .edge import Asked, posting, refused, sent
from .intake import Target
from .store import PURPOSE
from .upload import MOST_SLICE, Uploads, WrongPlace

Act = Callable[[Request], Awaitable[dict[str, object]]]


def upload_routes() -> list[BaseRoute]:
    """Start, slices, finish, cancel; the uploads live as long as the app."""
    uploads = Uploads()

    def start(study: Study, asked: Asked) -> Response:
        upload_id = uploads.start(study, asked.text("name"), asked.whole("size"), _target(asked))
        return sent({"id": upload_id})

    async def put(request: Request) -> dict[str, object]:
        offset = request.query_params.get("offset", "")
        if not (offset.isascii() and offset.isdigit() and len(offset) < 16):
            raise BadInput("This request cannot be read: offset is not a number.")
        data = await _slice(request)
        have = await run_in_threadpool(
            uploads.write, study_of(request), request.path_params["id"], int(offset), data
        )
        return {"have": have}

    async def finish(request: Request) -> dict[str, object]:
        upload_id = request.path_params["id"]
        return {"recording": await run_in_threadpool(uploads.finish, study_of(request), upload_id)}

    async def cancel(request: Request) -> dict[str, object]:
        await run_in_threadpool(uploads.cancel, study_of(request), request.path_params["id"])
        return {}

    return [
        posting("/api/upload", start),
        Route("/api/upload/{id}", _own_pages_only(put), methods=["PUT"]),
        Route("/api/upload/{id}", _own_pages_only(cancel), methods=["DELETE"]),
        Route("/api/upload/{id}/finish", _own_pages_only(finish), methods=["POST"]),
    ]


def _target(asked: Asked) -> Target:
    purpose = asked.text("purpose") if "purpose" in asked.fields else PURPOSE
    if asked.fields.get("recording") is not None:
        return Target(asked.whole("recording"), purpose=purpose)
    return Target(None, asked.text("title"), asked.whole("group"), purpose)


def _own_pages_only(act: Act) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            # A foreign page cannot send this header without asking first, which we refuse.
            if request.headers.get("x-fokus") != "1":
                raise NotAllowed("This request did not come from the workbench.")
            return sent(await act(request))
        except WrongPlace as error:
            return refused(error, have=error.have)
        except FokusError as error:
            return refused(error)

    return answer


async def _slice(request: Request) -> bytes:
    data = bytearray()
    async for piece in request.stream():
        data += piece
        if len(data) > MOST_SLICE:
            raise BadInput("This slice is too large.")
    return bytes(data)
