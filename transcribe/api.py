"""HTTP routes of this stage: what the transcript component reads and writes."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from secure_storage import StaleWrite, Study

from . import store
from .doubtful import doubts_about
from .edge import PRIVATE, Asked, posting, reading, refused, sent
from .live import live_route
from .pauses import Pause, find_pauses
from .store import SentenceRow, SpeakerRow, TranscriptRow
from .upload_api import upload_routes


def routes() -> list[BaseRoute]:
    """Give all routes of this stage."""
    return [
        reading("/api/transcript/{id:int}", _transcript),
        posting("/api/sentence", _sentence),
        live_route(),
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
    answer = sent(
        {
            "me": study.member.id,
            "id": row.id,
            "title": row.title,
            "group": row.group,
            "demo": row.demo,
            "audio": None if row.recording_id is None else f"/audio/{row.recording_id}",
            "parts": _parts(study, row),
            "revision": row.revision,
            "head": head,
            "speakers": [_speaker(one) for one in store.speakers(study, transcript_id)],
            "sentences": [
                _line(one, pauses)
                for one, pauses in zip(
                    store.sentences(study, transcript_id),
                    find_pauses(store.timed_sentences(study, transcript_id)),
                    strict=True,
                )
            ],
        }
    )
    answer.headers["etag"] = tag
    return answer


def _parts(study: Study, row: TranscriptRow) -> list[dict[str, object]]:
    """Give the files of the sound and where each begins on the sentences' timeline."""
    return [
        {
            "src": f"/audio/{recording.id}?part={part.position}",
            "offset": part.offset,
            "duration": part.duration,
        }
        for recording in store.recordings(study)
        if recording.id == row.recording_id
        for part in recording.parts
    ]


def _speaker(row: SpeakerRow) -> dict[str, object]:
    return {
        "id": row.id, "name": row.name, "profession": row.profession, "role": row.role
    }  # fmt: skip


def _line(row: SentenceRow, pauses: Sequence[Pause]) -> dict[str, object]:
    reasons = doubts_about(row)
    return {
        "id": row.id,
        "turn": row.turn_id,
        "speaker": row.speaker_id,
        "start": row.start,
        "end": row.end,
        "text": row.text,
        "version": row.version,
        "doubt": bool(reasons),
        "why": "; ".join(reasons),
        "pauses": [{"offset": one.offset, "mark": one.mark} for one in pauses],
    }


def _sentence(study: Study, asked: Asked) -> Response:
    sentence_id = asked.whole("sentence")
    try:
        row = store.edit_sentence(
            study, sentence_id, asked.text("text"), asked.whole("version"), asked.client_id()
        )
    except StaleWrite as error:
        now = store.sentence(study, sentence_id)
        return refused(error, text=now.text, version=now.version)
    return sent(
        {"sentence": row.id, "text": row.text, "version": row.version, "head": study.head()}
    )
