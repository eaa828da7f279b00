"""How our components are delivered: modules that find each other, and fetch nothing else."""

import json
import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import coding
import transcribe
from secure_storage import Study
from transcribe import (
    Sentence,
    Transcription,
    Turn,
    add_participant,
    save_transcription,
    speakers,
)

FOLDERS = {
    "fokus.transcript": Path(transcribe.__file__).with_name("web"),
    "fokus.coder": Path(coding.__file__).with_name("web"),
}
SCRIPTS = sorted(path for folder in FOLDERS.values() for path in folder.glob("*.js"))
IMPORT = re.compile(r'^(?:import|export)\b[^"]*?from "([^"]+)"|^import "([^"]+)"', re.MULTILINE)

TALK = Transcription(
    language="en",
    turns=(Turn("SPEAKER_1", (Sentence("Hello.", 0.0, 1.0),)),),
    demo=True,
)


def imported(script: Path) -> list[str]:
    return [one or two for one, two in IMPORT.findall(script.read_text("utf-8"))]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: str(path.name))
def test_a_module_imports_only_modules_of_ours_that_exist(script: Path) -> None:
    for name in imported(script):
        if name.startswith("./"):
            assert (script.parent / name).is_file(), name
        else:
            _, component, file = name.split("/")
            assert (FOLDERS[component] / file).is_file(), name


def test_the_coder_builds_on_the_transcript() -> None:
    assert "../fokus.transcript/transcript.js" in imported(FOLDERS["fokus.coder"] / "coder.js")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: str(path.name))
def test_scripts_are_short_and_set_text_only_as_text(script: Path) -> None:
    source = script.read_text("utf-8")
    assert len(source.splitlines()) <= 400
    for danger in ("innerHTML", "outerHTML", "insertAdjacentHTML", "eval(", "new Function", "://"):
        assert danger not in source
    assert "localStorage" not in source and "sessionStorage" not in source


def page(study: Study) -> AppTest:
    def script(study: "Study") -> None:
        from transcribe.page.transcript import transcript_page

        transcript_page(study)

    at = AppTest.from_function(script, args=(study,), default_timeout=30).run()
    assert not at.exception
    return at


def test_an_empty_study_says_where_to_begin(study: Study) -> None:
    at = page(study)
    assert "There is no transcript yet" in at.caption[0].value
    assert not at.get("bidi_component")


def test_the_component_is_told_little_and_the_demo_model_is_named(study: Study) -> None:
    transcript = save_transcription(study, TALK, title="One", group=1, recording_id=None)
    at = page(study)
    told = {
        one.proto.js_source_path: json.loads(one.proto.json) for one in at.get("bidi_component")
    }
    assert told == {
        "editing.js": {"transcript": transcript, "may_edit": True},
        "voices.js": {
            "parts": [], "voices": [{"name": "SPEAKER_1", "start": None, "end": None}],
        },
    }  # fmt: skip
    assert "demo model" in at.warning[0].value


def test_a_speaker_is_named_and_linked(study: Study) -> None:
    transcript = save_transcription(study, TALK, title="One", group=1, recording_id=None)
    person = add_participant(study, 1, "Olivia", "Occupational therapist")
    add_participant(study, 2, "Somebody else", "")
    at = page(study)
    at.text_input[0].input("First voice")
    linking = next(one for one in at.selectbox if one.label == "Is the participant")
    assert linking.options == ["not linked", "Olivia, Occupational therapist"]
    linking.select_index(1)
    at.button[0].click().run()
    assert not at.exception
    (voice,) = speakers(study, transcript)
    assert (voice.label, voice.participant_id, voice.name) == ("First voice", person, "Olivia")
