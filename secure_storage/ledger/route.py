"""Fetching files over HTTP: ``/export/{id}``, a request's file, an age file just made.

Slice by slice from the sealed copy, so that a file of any length takes the same memory.
"""

import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

import anyio.to_thread
from starlette.requests import Request as Asked
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from ..container import SealedReader
from ..errors import BadInput, NotSignedIn
from ..sessions import SIGNED_OUT, Session, session_of
from ..study import Study
from .age_files import export_as_age
from .entries import Export, Request
from .given import open_export
from .requests import open_request

SLICE: Final = 1 << 20
TYPES: Final = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}
OTHER: Final = "application/octet-stream"
Opener = Callable[[Study, int], tuple[Export | Request, SealedReader]]


@dataclass(frozen=True, slots=True)
class Offered:
    """An age file that waits to be fetched, once; it is ciphertext."""

    token: str
    name: str
    data: bytes


_offered: Final[dict[tuple[Path, int], Offered]] = {}
"""By home and member: the last one each made, until it is fetched."""


def offer_age(
    study: Study, row: Export, recipients: Sequence[str] = (), passphrase: str = ""
) -> str:
    """Make an age file of an export; gives the address at which its maker fetches it, once."""
    data = export_as_age(study, row.id, recipients, passphrase)
    made = Offered(secrets.token_urlsafe(18), row.file_name + ".age", data)
    _offered[study.home, study.member.id] = made
    return f"/export/age/{made.token}"


def export_routes() -> list[BaseRoute]:
    """Give the routes by which files are fetched."""
    return [
        Route("/export/{id:int}", _fetching(open_export), methods=["GET"]),
        Route("/export/request/{id:int}", _fetching(open_request), methods=["GET"]),
        Route("/export/age/{token}", _age, methods=["GET"]),
    ]


def _fetching(opener: Opener) -> Callable[[Asked], object]:
    async def answer(asked: Asked) -> Response:
        session = session_of(asked)
        number = asked.path_params["id"]
        row, sealed = await anyio.to_thread.run_sync(opener, session.study, number)
        headers = _headers(row.file_name, sealed.size)
        kind = TYPES.get(row.form, OTHER)
        return StreamingResponse(_slices(session, sealed), headers=headers, media_type=kind)

    return answer


async def _age(asked: Asked) -> Response:
    study, token = session_of(asked).study, asked.path_params["token"]
    made = await anyio.to_thread.run_sync(_taken, study, token)
    return Response(made.data, headers=_headers(made.name, len(made.data)), media_type=OTHER)


def _taken(study: Study, token: str) -> Offered:
    study.require("release")
    place = study.home, study.member.id
    made = _offered.get(place)
    if (
        made is None
        or not secrets.compare_digest(made.token.encode(), token.encode())
        # Of two who come at once one has it.
        or _offered.pop(place, None) is not made
    ):
        raise BadInput("This age file was fetched already. Make it again on the page Exports.")
    return made


def _headers(name: str, size: int) -> dict[str, str]:
    return {
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "content-length": str(size),
        "content-disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
    }


async def _slices(session: Session, sealed: SealedReader) -> AsyncIterator[bytes]:
    try:
        for offset in range(0, sealed.size, SLICE):
            if not session.alive():
                # Signing out cuts what is being fetched: the answer ends short.
                raise NotSignedIn(SIGNED_OUT)
            yield await anyio.to_thread.run_sync(sealed.read, offset, SLICE)
    finally:
        sealed.close()
