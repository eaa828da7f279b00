"""The HTTP edge that the stages' routes share: JSON in, JSON out, errors in words.

A route is a plain function of the study and what was asked; it runs on a worker thread,
for it reads and writes the database. What it raises as FokusError becomes
``{"error": message}`` with a status that tells the browser whether to try again.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from secure_storage import (
    BadInput,
    BuiltOn,
    DiskFull,
    FokusError,
    NotAllowed,
    NotSignedIn,
    StaleWrite,
    StorageAway,
    Study,
    StudyBusy,
    study_of,
)

_MOST_JSON: Final = 256 * 1024
_LONGEST_CLIENT_ID: Final = 64
_STATUS: Final[Mapping[type[FokusError], int]] = {
    NotSignedIn: 401,
    NotAllowed: 403,
    StaleWrite: 409,
    BuiltOn: 409,
    DiskFull: 507,
    StorageAway: 503,
    StudyBusy: 503,
}
PRIVATE: Final = {"cache-control": "no-store"}
"""No browser keeps a participant's words on its disk."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The JSON object a browser sent, read field by field."""

    fields: Mapping[str, object]

    def whole(self, name: str) -> int:
        """A number, such as an id."""
        value = self.fields.get(name)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63:
            raise BadInput(f"This request cannot be read: {name} is not a number.")
        return value

    def text(self, name: str) -> str:
        """A text."""
        value = self.fields.get(name)
        if not isinstance(value, str):
            raise BadInput(f"This request cannot be read: {name} is not a text.")
        if any("\ud800" <= sign <= "\udfff" for sign in value):
            raise BadInput(f"This request cannot be read: {name} holds half a character.")
        return value

    def flag(self, name: str) -> bool:
        """True or false."""
        value = self.fields.get(name)
        if not isinstance(value, bool):
            raise BadInput(f"This request cannot be read: {name} is neither true nor false.")
        return value

    def seconds(self, name: str) -> float | None:
        """A time, or null where it is not known."""
        value = self.fields.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e9:
            raise BadInput(f"This request cannot be read: {name} is not a time.")
        return float(value)

    def rows(self, name: str, width: int) -> list[tuple[int, ...]]:
        """Rows of so many numbers each."""
        value = self.fields.get(name)
        if not isinstance(value, list) or not value:
            raise BadInput(f"This request cannot be read: {name} is not a list.")
        return [_numbers(name, one, width) for one in value]

    def client_id(self) -> str:
        """The browser's own number for this act: repeated, it changes nothing."""
        value = self.text("client_id")
        if not 1 <= len(value) <= _LONGEST_CLIENT_ID or not value.isascii():
            raise BadInput("This request cannot be read: its client_id is malformed.")
        return value


def _numbers(name: str, row: object, width: int) -> tuple[int, ...]:
    if isinstance(row, list) and len(row) == width:
        return tuple(Asked({name: one}).whole(name) for one in row)
    raise BadInput(f"This request cannot be read: {name} does not hold rows of {width} numbers.")


def reading(path: str, act: Callable[[Study, Request], Response]) -> Route:
    """Make a GET route."""

    async def answer(request: Request) -> Response:
        try:
            return await run_in_threadpool(lambda: act(study_of(request), request))
        except FokusError as error:
            return refused(error)

    return Route(path, answer, methods=["GET"])


def posting(path: str, act: Callable[[Study, Asked], Response]) -> Route:
    """Make a POST route that only our own pages can call."""

    def done(study: Study, asked: Asked) -> Response:
        _refuse_another(study, asked)
        return act(study, asked)

    async def answer(request: Request) -> Response:
        try:
            # A foreign page cannot send this header without asking first, which we refuse.
            if request.headers.get("x-fokus") != "1":
                raise NotAllowed("This request did not come from the workbench.")
            asked = Asked(_object(await _body(request)))
            return await run_in_threadpool(lambda: done(study_of(request), asked))
        except FokusError as error:
            return refused(error)

    return Route(path, answer, methods=["POST"])


def refused(error: FokusError, **more: object) -> JSONResponse:
    """Say what went wrong, in the words meant for the user."""
    status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 400)
    later = {"retry-after": "5"} if status == 503 else {}
    return JSONResponse({"error": str(error), **more}, status, headers={**PRIVATE, **later})


def sent(value: Mapping[str, object]) -> JSONResponse:
    """Answer with a JSON object that no browser keeps."""
    return JSONResponse(value, headers=PRIVATE)


def _refuse_another(study: Study, asked: Asked) -> None:
    """Refuse an act that was made under another sign-in and only now is sent."""
    if asked.fields.get("me") is not None and asked.whole("me") != study.member.id:
        raise NotAllowed(
            "Another member has signed in in this browser meanwhile, and this was not theirs. "
            "Sign in again under your own name and repeat it."
        )


async def _body(request: Request) -> bytes:
    data = bytearray()
    async for piece in request.stream():
        data += piece
        if len(data) > _MOST_JSON:
            raise BadInput("This request is too large.")
    return bytes(data)


def _object(data: bytes) -> dict[str, object]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise BadInput("This request cannot be read.")
    return value
