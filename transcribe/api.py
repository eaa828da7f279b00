"""HTTP routes of this stage: what the transcript component reads and writes."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from secure_storage import Study

from . import store
from .act_api import act_routes
from .edge import PRIVATE, reading, sent
from .lines import all_lines, all_speakers
from .live import live_route
from .playing_api import playing_routes
from .sound_parts import sound_parts
from .upload_api import upload_routes


def routes() -> list[BaseRoute]:
    """Give all routes of this stage."""
    return [
        reading("/api/transcript/{id:int}", _transcript),
        *act_routes(),
        live_route(),
        *playing_routes(),
        *upload_routes(),
    ]


def _transcript(study: Study, request: Request) -> Response:
    transcript_id = int(request.path_params["id"])
    head = study.head()
    tag = f'"{transcript_id}-{head}"'
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers={**PRIVATE, "etag": tag})
    row = store.transcript(study, transcript_id)
    if "if-none-match" not in request.headers:
        # Opening is on the record; being told of a change while it is open is not opening.
        study.note("read.transcript", f"transcript:{transcript_id}")
    undo, redo = store.undo_state(study, transcript_id)
    answer = sent(
        {
            "me": study.member.id,
            "id": row.id,
            "title": row.title,
            "group": row.group,
            "demo": row.demo,
            "audio": None if row.recording_id is None else f"/audio/{row.recording_id}",
            "parts": sound_parts(study, row),
            "revision": row.revision,
            "head": head,
            "speakers": all_speakers(study, transcript_id),
            "questions": [{"id": one.id, "text": one.text} for one in store.questions(study)],
            "sentences": all_lines(study, transcript_id),
            "doubts": [
                {"start": one.start, "end": one.end, "text": one.text, "why": one.reason}
                for one in store.doubts(study, transcript_id)
            ],
            "locked": store.is_locked(study, transcript_id),
            "undo": undo,
            "redo": redo,
        }
    )
    answer.headers["etag"] = tag
    return answer
