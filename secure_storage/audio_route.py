"""Sound for the browser: ``/audio/{recording}`` with Range, straight from the container.

Nothing is decrypted that is not asked for, and at most one slice is held at a time. What
is played is put on the record (plays.py): the bytes sent, and what the player tells with
POST while it plays. Such a message also keeps the session open, for listening is work.
"""

import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from .container import SealedReader
from .errors import BadInput, NotSignedIn
from .sessions import SIGNED_OUT, Session, session_of

SLICE: Final = 1 << 20
MOST_TOLD: Final = 300.0
"""Seconds of sound; the player tells every half minute."""
MOST_BODY: Final = 1024
MISSING: Final = "There is no such part of a recording (any more)."
_RANGE: Final = re.compile(r"bytes=(\d*)-(\d*)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Span:
    """The bytes asked for, from ``first`` up to but without ``end``."""

    first: int
    end: int


@dataclass(frozen=True, slots=True)
class Sound:
    """A part of a recording, found and opened."""

    recording: int
    part: int
    reader: SealedReader
    media_type: str
    duration: float

    def seconds(self, sent: Span) -> tuple[float, float]:
        """Where the bytes lie on the part's timeline, taken to be even."""
        scale = self.duration / self.reader.size
        return sent.first * scale, sent.end * scale


def audio_routes() -> list[BaseRoute]:
    """Give the routes that play recordings and hear of it."""
    place = "/audio/{recording_id:int}"
    return [
        Route(place, _audio, methods=["GET", "HEAD"]),
        Route(place, _heard, methods=["POST"]),
    ]


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
    sound = await _asked(request, session)
    if sound is None:
        return JSONResponse({"error": MISSING}, 404)
    reader = sound.reader
    try:
        span = asked_span(request.headers.get("range"), reader.size)
        if request.method != "HEAD":
            await anyio.to_thread.run_sync(session.plays.begin, sound.recording, sound.part)
    except OutsideFile:
        reader.close()
        return Response(status_code=416, headers={"content-range": f"bytes */{reader.size}"})
    except BaseException:
        reader.close()
        raise
    return _answer(request.method, session, sound, span)


async def _heard(request: Request) -> Response:
    session = session_of(request)
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BODY:
            raise BadInput("A message of the player is too long.")
    try:
        told = json.loads(body)
        start, end = float(told["start"]), float(told["end"])
    except (ValueError, TypeError, KeyError):
        raise BadInput("A message of the player could not be read.") from None
    sound = await _asked(request, session)
    if sound is None:
        return JSONResponse({"error": MISSING}, 404)
    sound.reader.close()
    if not 0 <= start < end <= sound.duration + 1 or end - start > MOST_TOLD:
        raise BadInput("A message of the player makes no sense.")
    session.plays.heard(sound.recording, sound.part, (start, end))
    return JSONResponse({})


async def _asked(request: Request, session: Session) -> Sound | None:
    recording: int = request.path_params["recording_id"]
    part = request.query_params.get("part", "0")
    if not (part.isascii() and part.isdigit() and len(part) < 6):
        return None
    return await anyio.to_thread.run_sync(_opened, session, recording, int(part))


def _answer(method: str, session: Session, sound: Sound, span: Span | None) -> Response:
    reader = sound.reader
    sent = span or Span(0, reader.size)
    headers = {"accept-ranges": "bytes", "content-length": str(sent.end - sent.first)}
    if span:
        headers["content-range"] = f"bytes {span.first}-{span.end - 1}/{reader.size}"
    status = 206 if span else 200
    if method == "HEAD":
        reader.close()
        return Response(status_code=status, headers=headers, media_type=sound.media_type)
    return StreamingResponse(_slices(session, sound, sent), status, headers, sound.media_type)


def _opened(session: Session, recording: int, part: int) -> Sound | None:
    # On a thread of its own: on a network disk all that reads waits for who writes.
    session.study.require("read")
    row = session.study.db.execute(
        "SELECT coalesce(m.copy_id, p.file_id), iif(m.copy_id IS NULL, p.media_type, 'audio/flac'),"
        " p.duration FROM recording_parts AS p JOIN recordings AS r ON r.id = p.recording_id"
        " LEFT JOIN part_media AS m ON m.part_id = p.id"
        " WHERE r.id = ? AND r.deleted_at IS NULL AND p.position = ?",
        [recording, part],
    ).fetchone()
    if row is None:
        return None
    return Sound(recording, part, session.study.files.open(row[0]), row[1], row[2])


async def _slices(session: Session, sound: Sound, span: Span) -> AsyncIterator[bytes]:
    try:
        for start in range(span.first, span.end, SLICE):
            if not session.alive():
                # Signing out silences what is playing: the answer ends short.
                raise NotSignedIn(SIGNED_OUT)
            end = min(start + SLICE, span.end)
            data = await anyio.to_thread.run_sync(sound.reader.read, start, end - start)
            session.plays.sent(sound.recording, sound.part, sound.seconds(Span(start, end)))
            yield data
    finally:
        sound.reader.close()
