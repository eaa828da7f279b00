"""Where the study asks for written language, the page offers it and tells the editor."""

import json

from streamlit.testing.v1 import AppTest

from secure_storage import Study
from transcribe import (
    Sentence,
    StudyDefaults,
    Transcription,
    Turn,
    save_transcription,
    set_study_defaults,
)

TALK = Transcription("en", (Turn("S1", (Sentence("Um, we stay.", 0.0, 2.0),)),))


def page(study: Study) -> AppTest:
    def script(study: "Study") -> None:  # noqa: UP037  (it runs without our imports)
        from transcribe.page import transcript_page

        transcript_page(study)

    return AppTest.from_function(script, args=(study,), default_timeout=30).run()


def told(at: AppTest) -> bool:
    (editor,) = (
        json.loads(one.proto.json)
        for one in at.get("bidi_component")
        if one.proto.js_source_path == "editing.js"
    )
    return bool(editor.get("written"))


def test_it_is_offered_where_the_study_asks_for_it(study: Study) -> None:
    save_transcription(study, TALK, title="Talk", group=1, recording_id=None)
    at = page(study)
    assert not at.exception and not at.toggle and not told(at)
    set_study_defaults(study, StudyDefaults(written=True))
    at = page(study)
    assert not told(at)
    at.toggle[0].set_value(True).run()
    assert not at.exception and told(at)
