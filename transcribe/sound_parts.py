"""Where a page finds the sound of a transcript."""

from secure_storage import Study

from . import store
from .store import TranscriptRow


def sound_parts(study: Study, row: TranscriptRow) -> list[dict[str, object]]:
    """Give the files of the sound and where each begins on the sentences' timeline.

    None while a copy that browsers can play is being made. A copy has an address of its own:
    a browser keeps what it has of the file before, and would mix the two.
    """
    study.require("read")
    if row.recording_id is None:
        return []
    media = store.media(study, row.recording_id)
    if any(one.peaks is not None and not one.ready for one in media):
        return []
    return [
        {
            "src": f"/audio/{row.recording_id}?part={part.position}{'&copy=1' * known.copied}",
            "offset": part.offset,
            "duration": part.duration,
        }
        for part, known in zip(store.recording(study, row.recording_id).parts, media, strict=True)
    ]
