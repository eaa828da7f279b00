"""A transcript that is typed by hand begins empty, beside what a model made."""

from collections.abc import Callable
from pathlib import Path

import pytest

from secure_storage import BadInput, Study
from transcribe import add_recording, list_transcripts, sentences
from transcribe.store import start_typed
from transcribe.store.rewriting import insert_sentence


def test_it_begins_empty_and_takes_sentences(study: Study, tone: Callable[..., Path]) -> None:
    recording = add_recording(study, "Group 1", 1, [tone()])
    typed = start_typed(study, recording, "nn")
    (row,) = list_transcripts(study)
    assert (row.title, row.source, row.language) == ("Group 1, typed by hand", "typed", "nn")
    assert (row.recording_id, row.group) == (recording, 1)
    assert sentences(study, typed) == []
    insert_sentence(study, typed, None, "Velkomen.", 0.0, 1.5, None, None)
    assert [one.text for one in sentences(study, typed)] == ["Velkomen."]


def test_what_is_not_there_cannot_be_typed(study: Study, tone: Callable[..., Path]) -> None:
    with pytest.raises(BadInput, match="does not exist"):
        start_typed(study, 7, "en")
    recording = add_recording(study, "Group 1", 1, [tone()])
    with pytest.raises(BadInput, match="language"):
        start_typed(study, recording, "xx")
    assert list_transcripts(study) == []
