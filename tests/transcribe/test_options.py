"""What can be asked of a transcription, and what is refused before anything is done."""

import subprocess
import sys
from dataclasses import fields, replace
from typing import Any

import pytest

from secure_storage import BadInput
from transcribe.languages import NAMES
from transcribe.options import LANGUAGES, LONGEST_PROMPT, TranscribeOptions

EVERYTHING = TranscribeOptions(
    "large-v3", "nn", None, 3, 9, ("nn", "no", "fi"), "Ragnhild\nNAV", verbatim=True,
    translate=False, drop_phrases=False, engine="torch",
)  # fmt: skip


@pytest.mark.parametrize("options", [TranscribeOptions(), EVERYTHING])
def test_options_come_back_from_json_as_they_were(options: TranscribeOptions) -> None:
    import json

    assert TranscribeOptions.from_json(json.loads(json.dumps(options.to_json()))) == options


def test_options_of_an_older_version_get_what_they_lack() -> None:
    older = {"model": "base", "language": "no", "speakers": None, "min_speakers": 2,
             "max_speakers": None}  # fmt: skip
    assert TranscribeOptions.from_json(older) == TranscribeOptions("base", "no", min_speakers=2)


@pytest.mark.parametrize("values", [{"beam": 5}, {"model": "base", "language": "klingon"}])
def test_options_that_are_not_known_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        TranscribeOptions.from_json(values)


@pytest.mark.parametrize(
    ("given", "kept"), [("nb", "no"), ("NB", "no"), (" no ", "no"), ("nn", "nn"), ("YUE", "yue")]
)
def test_languages_have_whispers_codes(given: str, kept: str) -> None:
    assert TranscribeOptions(language=given).language == kept
    assert TranscribeOptions(allowed=(given, "en", kept)).allowed == (kept, "en")


def test_the_languages_are_those_whisper_knows() -> None:
    from whisper.tokenizer import LANGUAGES as KNOWN

    assert set(NAMES) == set(KNOWN)
    assert set(LANGUAGES) <= set(NAMES)
    assert len(set(NAMES.values())) == len(NAMES)


@pytest.mark.parametrize(
    "wrong",
    [
        {"language": ""},
        {"language": "norsk"},
        {"language": "<|no|>"},
        {"allowed": ()},
        {"allowed": ("no", "xx")},
        {"prompt": "x" * (LONGEST_PROMPT + 1)},
        {"prompt": "Ragnhild <|endoftext|>"},
        {"engine": "cuda"},
        {"speakers": 31},
        {"min_speakers": 0},
        {"min_speakers": 5, "max_speakers": 4},
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_to_do(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadInput) as told:
        TranscribeOptions(**wrong)
    assert "Ragnhild" not in str(told.value)
    with pytest.raises(BadInput):
        replace(EVERYTHING, **wrong)


def test_nothing_is_translated_and_nothing_tidied_unless_asked_for() -> None:
    options = TranscribeOptions()
    assert not options.translate and options.prompt == "" and options.language is None
    assert {one.name for one in fields(options)} == set(options.to_json())


def test_options_need_no_heavy_library() -> None:
    code = (
        "import sys, transcribe.options, transcribe.prompting, transcribe.provenance\n"
        "assert not {'torch', 'whisper', 'streamlit', 'ctranslate2'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
