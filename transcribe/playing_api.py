"""HTTP route of what the player draws under a transcript."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from secure_storage import Study

from .edge import reading, sent
from .playing import playing
from .waveform import PER_SECOND


def playing_routes() -> list[BaseRoute]:
    """Give the route; it also has made what is missing, and tells how far that is."""
    return [reading("/api/waveform/{id:int}", _waveform)]


def _waveform(study: Study, request: Request) -> Response:
    found = playing(study, int(request.path_params["id"]))
    return sent(
        {
            "per_second": PER_SECOND,
            "peaks": [list(one) for one in found.peaks],
            "ready": found.ready,
            "done": round(found.done, 3),
            "problem": found.problem,
        }
    )
