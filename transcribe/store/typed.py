"""Transcripts that a person types from a recording, without any model."""

from secure_storage import BadInput, Study

from ..languages import NAMES
from ..transcript import Transcription
from .recordings import recordings
from .writing import insert_transcription


def start_typed(study: Study, recording_id: int, language: str) -> int:
    """Begin an empty transcript of a recording, to be typed on its page; returns its id.

    ``language`` is a code of ``languages.NAMES``. ``BadInput`` when either is unknown.
    """
    study.require("transcribe")
    found = [one for one in recordings(study) if one.id == recording_id]
    if not found:
        raise BadInput("This recording does not exist (any more). Reload the page.")
    if language not in NAMES:
        raise BadInput("Choose the language that is spoken.")
    empty = Transcription(language, (), provenance=(("Transcription", "typed by hand"),))
    # It may stand beside one that a model made.
    title = f"{found[0].title}, typed by hand"
    with study.change("transcribe") as change:
        return insert_transcription(change, empty, title, found[0].group, recording_id, "typed")
