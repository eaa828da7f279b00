"""HTTP routes of this stage: what the coder component reads and writes."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from secure_storage import NotAllowed, Study
from transcribe import Asked, posting, reading, sent

from . import store
from .codebook import Code, Coding, Kind, Segment


def routes() -> list[BaseRoute]:
    """Give all routes of this stage."""
    return [
        reading("/api/codings/{id:int}", _codings),
        posting("/api/coding", _set_or_clear),
        posting("/api/code", _new_code),
    ]


def _codings(study: Study, request: Request) -> Response:
    transcript_id = int(request.path_params["id"])
    # Read first: what is committed while the rest is read is then told again, not missed.
    head = study.head()
    counts = store.coding_counts(study)
    return sent(
        {
            "head": head,
            "me": study.member.id,
            "members": [{"id": one.id, "initials": one.initials} for one in study.members()],
            "codes": [_code(one, counts.get(one.id, 0)) for one in store.list_codes(study)],
            "codings": [_coding(one) for one in store.codings(study, transcript_id)],
            "quotes": [_ends(one) for one in store.marked_quotes(study, transcript_id)],
        }
    )


def _set_or_clear(study: Study, asked: Asked) -> Response:
    place = (asked.whole("transcript"), asked.whole("first"), asked.whole("last"))
    code_id, client_id = asked.whole("code"), asked.client_id()
    coder = asked.whole("coder") if "coder" in asked.fields else study.member.id
    if asked.flag("set"):
        if coder != study.member.id:
            # A page left open in a browser in which another member has signed in since.
            raise NotAllowed("Another member is signed in now, who cannot code in your name.")
        now = store.set_coding(study, *place, code_id, client_id)
    else:
        now = store.clear_coding(study, *place, code_id, client_id, coder)
    return sent(
        {
            "head": study.head(),
            "set": now is not None,
            "coding": None if now is None else _coding(now),
        }
    )


def _new_code(study: Study, asked: Asked) -> Response:
    kind: Kind = "latent" if asked.fields.get("kind") == "latent" else "semantic"
    made = store.add_code(
        study, asked.text("name"), asked.text("definition"), kind, asked.client_id()
    )
    return sent({**_code(made, 0), "head": study.head()})


def _code(code: Code, uses: int) -> dict[str, object]:
    return {
        "id": code.id,
        "name": code.name,
        "definition": code.definition,
        "kind": code.kind,
        "color": code.color,
        "uses": uses,
    }


def _coding(coding: Coding) -> dict[str, object]:
    return {
        "id": coding.id,
        **_ends(coding.segment),
        "code": coding.code_id,
        "coder": coding.coder_id,
        "initials": coding.initials,
    }


def _ends(segment: Segment) -> dict[str, object]:
    return {"first": segment.first, "last": segment.last}
