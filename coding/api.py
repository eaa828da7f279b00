"""HTTP routes of this stage: what the coder component reads and writes."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from secure_storage import BadInput, NotAllowed, Study
from transcribe import Asked, posting, reading, sent

from . import store
from .codebook import Code, Coding, Kind, Repair, Segment


def routes() -> list[BaseRoute]:
    """Give all routes of this stage."""
    return [
        reading("/api/codings/{id:int}", _codings),
        posting("/api/coding", _set_or_clear),
        posting("/api/code", _new_code),
        posting("/api/repair", _repair),
    ]


def _codings(study: Study, request: Request) -> Response:
    transcript_id = int(request.path_params["id"])
    # Read first: what is committed while the rest is read is then told again, not missed.
    head = study.head()
    counts = store.coding_counts(study)
    lost = store.repairs(study, transcript_id)
    if lost:
        study.opened(f"transcript:{transcript_id}")
    return sent(
        {
            "head": head,
            "me": study.member.id,
            "members": [{"id": one.id, "initials": one.initials} for one in study.members()],
            "codes": [_code(one, counts.get(one.id, 0)) for one in store.list_codes(study)],
            "codings": [_coding(one) for one in store.codings(study, transcript_id)],
            "quotes": [_ends(one) for one in store.marked_quotes(study, transcript_id)],
            "repairs": [_lost(one) for one in lost],
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
        now = store.set_coding(study, *place, code_id, client_id, trims=asked_trims(asked))
    else:
        now = store.clear_coding(study, *place, code_id, client_id, coder, trims=asked_trims(asked))
    return sent(
        {
            "head": study.head(),
            "set": now is not None,
            "coding": None if now is None else _coding(now),
        }
    )


def asked_trims(asked: Asked) -> tuple[int, int]:
    """Read how much of its outer sentences a segment leaves out; nothing where it is not said."""
    start, end = (
        asked.whole(name) if name in asked.fields else 0 for name in ("trim_start", "trim_end")
    )
    return start, end


def _repair(study: Study, asked: Asked) -> Response:
    number, client_id, to = asked.whole("repair"), asked.client_id(), asked.text("to")
    if to == "run":
        store.repair(study, number, asked.whole("first"), asked.whole("last"), client_id)
    elif to == "nowhere":
        store.let_go(study, number, client_id)
    elif to == "list":
        store.reopen(study, number, client_id)
    else:
        raise BadInput("This request cannot be read: there is no such act on the repair list.")
    return sent({"head": study.head()})


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
    return {
        "first": segment.first,
        "last": segment.last,
        "trim_start": segment.trim_start,
        "trim_end": segment.trim_end,
    }


def _lost(lost: Repair) -> dict[str, object]:
    return {
        "id": lost.id,
        "text": lost.text,
        "near": lost.near,
        "quote": lost.quote,
        "codings": [{"code": code, "coder": coder} for code, coder in lost.codings],
    }
