"""Sound for the browser: ``/audio/{recording}`` with Range, straight from the container.

Nothing is decrypted that is not asked for, and at most one slice is held at a time. The
first hearing of a recording in a session is put on the record.
"""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from .container import SealedReader
from .errors import NotSignedIn
from .sessions import SIGNED_OUT, Session, session_of

SLICE: Final = 1 << 20
_RANGE: Final = re.compile(r"bytes=(\d*)-(\d*)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Span:
    """The bytes asked for, from ``first`` up to but without ``end``."""

    first: int
    end: int


def audio_routes() -> list[BaseRoute]:
    """Give the route that plays recordings."""
    return [Route("/audio/{recording_id:int}", _audio, methods=["GET", "HEAD"])]


class OutsideFile(Exception):  # noqa: N818
    """The range asked for lies outside the file."""


def asked_span(header: str | None, size: int) -> Span | None:
    """Read a Range header; None asks for the whole.

    So do several ranges, a unit we do not know and a range that makes no sense: a
    server may answer those as if no range had been asked for.
    """
    match = _RANGE.fullmatch(header.replace(" ", "")) if header else None
    if match is None or not any(match.groups()):
        return None
    first, last = match.groups()
    if not first:
        span = Span(max(0, size - int(last)), size)
    elif last and int(last) < int(first):
        return None
    else:
        span = Span(int(first), min(int(last) + 1, size) if last else size)
    if span.first >= span.end:
        raise OutsideFile
    return span


async def _audio(request: Request) -> Response:
    session = session_of(request)
    session.study.require("read")
    recording: int = request.path_params["recording_id"]
    asked = request.query_params.get("part", "0")
    if not (asked.isascii() and asked.isdigit() and len(asked) < 6):
        return JSONResponse({"error": "There is no such part of the recording."}, 404)
    found = await anyio.to_thread.run_sync(_opened, session, recording, int(asked))
    if found is None:
        return JSONResponse({"error": "There is no such recording (any more)."}, 404)
    reader, media_type = found
    try:
        span = asked_span(request.headers.get("range"), reader.size)
        if request.method != "HEAD":
            await anyio.to_thread.run_sync(_note, session, recording, int(asked))
    except OutsideFile:
        reader.close()
        return Response(status_code=416, headers={"content-range": f"bytes */{reader.size}"})
    except BaseException:
        reader.close()
        raise
    return _answer(request.method, session, reader, span, media_type)


def _answer(
    method: str, session: Session, reader: SealedReader, span: Span | None, media_type: str
) -> Response:
    sent = span or Span(0, reader.size)
    headers = {"accept-ranges": "bytes", "content-length": str(sent.end - sent.first)}
    if span:
        headers["content-range"] = f"bytes {span.first}-{span.end - 1}/{reader.size}"
    status = 206 if span else 200
    if method == "HEAD":
        reader.close()
        return Response(status_code=status, headers=headers, media_type=media_type)
    return StreamingResponse(_slices(session, reader, sent), status, headers, media_type)


def _opened(session: Session, recording: int, part: int) -> tuple[SealedReader, str] | None:
    row = session.study.db.execute(
        "SELECT p.file_id, p.media_type FROM recording_parts AS p"
        " JOIN recordings AS r ON r.id = p.recording_id"
        " WHERE r.id = ? AND r.deleted_at IS NULL AND p.position = ?",
        [recording, part],
    ).fetchone()
    return (session.study.files.open(row[0]), row[1]) if row else None


def _note(session: Session, recording: int, part: int) -> None:
    # Once per session, not once per range: seeking asks for dozens of them.
    if (recording, part) not in session.played:
        session.study.note("read.played", f"recording:{recording}", {"part": part})
        session.played.add((recording, part))


async def _slices(session: Session, reader: SealedReader, span: Span) -> AsyncIterator[bytes]:
    try:
        for start in range(span.first, span.end, SLICE):
            if not session.alive():
                # Signing out silences what is playing: the answer ends short.
                raise NotSignedIn(SIGNED_OUT)
            length = min(SLICE, span.end - start)
            yield await anyio.to_thread.run_sync(reader.read, start, length)
    finally:
        reader.close()
