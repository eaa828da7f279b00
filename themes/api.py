"""HTTP routes of this stage: the board and marking quotes."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

import coding
from secure_storage import Study
from transcribe import Asked, posting, reading, sent

from . import store
from .naming import nudge
from .theme import Excerpt, Theme


def routes() -> list[BaseRoute]:
    """Give all routes of this stage."""
    return [
        reading("/api/board", _board),
        reading("/api/board/code/{id:int}", _code),
        posting("/api/board/code", _place),
        posting("/api/quote", _quote),
    ]


def _board(study: Study, request: Request) -> Response:
    head = study.head()
    tag = f'"board-{head}"'
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers={"etag": tag, "cache-control": "no-store"})
    counts = coding.coding_counts(study)
    answer = sent(
        {
            "head": head,
            "themes": [_theme(theme) for theme in store.list_themes(study)],
            "codes": [
                {
                    "id": code.id,
                    "name": code.name,
                    "definition": code.definition,
                    "color": code.color,
                    "codings": counts.get(code.id, 0),
                }
                for code in coding.list_codes(study)
            ],
        }
    )
    answer.headers["etag"] = tag
    return answer


def _theme(theme: Theme) -> dict[str, object]:
    return {
        "id": theme.id,
        "name": theme.name,
        "concept": theme.concept,
        "nudge": nudge(theme.name),
        "codes": theme.codes,
    }


def _code(study: Study, request: Request) -> Response:
    code_id = int(request.path_params["id"])
    found = store.excerpts_of_code(study, code_id)
    study.note("read.excerpts", f"code:{code_id}")
    return sent({"code": code_id, "excerpts": [_excerpt(one) for one in found]})


def _excerpt(excerpt: Excerpt) -> dict[str, object]:
    return {
        "before": excerpt.before,
        "lines": [{"voice": line.voice, "text": line.text} for line in excerpt.lines],
        "after": excerpt.after,
        "demo": excerpt.demo,
    }


def _place(study: Study, asked: Asked) -> Response:
    act = store.add_code if asked.flag("set") else store.remove_code
    act(study, asked.whole("theme"), asked.whole("code"), client_id=asked.client_id())
    return sent({"head": study.head()})


def _quote(study: Study, asked: Asked) -> Response:
    act = store.mark_quote if asked.flag("set") else store.unmark_quote
    act(
        study,
        asked.whole("transcript"),
        asked.whole("first"),
        asked.whole("last"),
        trims=coding.asked_trims(asked),
        client_id=asked.client_id(),
    )
    return sent({"head": study.head()})
