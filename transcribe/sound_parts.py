"""Where a page finds the sound of a transcript."""

from secure_storage import Study

from . import store
from .store import TranscriptRow


def sound_parts(study: Study, row: TranscriptRow) -> list[dict[str, object]]:
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
