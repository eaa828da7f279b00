"""Transcriptions as files."""

import io
import zipfile
from dataclasses import replace

import pytest

from secure_storage import BadInput
from transcribe import (
    Doubt,
    Sentence,
    SpeakerSpan,
    Transcription,
    Turn,
    Word,
    read_json,
    read_rttm,
    read_stm,
    render,
    write_json,
    write_rttm,
    write_srt,
    write_stm,
    write_txt,
)  # fmt: skip
from transcribe.formats import FORMS

WORDS = (Word("Ja,", 3661.5, 3661.9, 0.8, "S2", 0.7, True), Word("æøå.", 3662.0, 3662.4, 0.6, "S2"))
SAMPLE = Transcription(
    "no",
    (
        Turn("S1", (Sentence("Is 3 < 4 & 5?", 0.5, 2.25),)),
        Turn("S2", (Sentence("Ja, æøå.", 3661.5, 3662.4, WORDS), Sentence("Two.", 3663.0, 3663.0))),
    ),
    (SpeakerSpan(0.5, 2.3, "S1"), SpeakerSpan(2.0, 3663.1, "S2")),
    (Doubt(9.0, 10.0, "Takk for at du så på", "dropped"),),
    (("Recognition", "test"),),
    demo=True,
)


def test_json_loses_nothing() -> None:
    assert read_json(write_json(SAMPLE)) == SAMPLE


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "other", "version": 1}', "nonsense"])
def test_other_json_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        read_json(text)


def test_srt_times_and_speakers() -> None:
    real = write_srt(replace(SAMPLE, demo=False))
    assert real.startswith("1\n00:00:00,500 --> 00:00:02,250\nS1: Is 3 < 4 & 5?\n")
    assert "01:01:01,500 --> 01:01:02,400" in write_srt(SAMPLE)


def test_text_says_that_the_demo_model_made_it() -> None:
    text = write_txt(SAMPLE)
    assert "demo model" in text
    assert "[1:01:01] S2: (3659 s) Ja, æøå. Two." in text


def test_subtitles_and_segments_say_that_the_demo_model_made_them() -> None:
    first, second, *_ = write_srt(SAMPLE).split("\n\n")
    assert first == "1\n00:00:00,000 --> 00:00:02,000\n[Made by the demo model.]"
    assert second.startswith("2\n00:00:00,500 --> ")
    assert write_stm(SAMPLE, "g").startswith(";; Made by the demo model.\n")
    real = replace(SAMPLE, demo=False)
    assert "demo" not in write_srt(real) + write_stm(real, "g")
    assert read_stm(write_stm(SAMPLE, "g")) == read_stm(write_stm(real, "g"))


def test_rttm_and_stm_come_back() -> None:
    assert read_rttm(write_rttm(SAMPLE, "my group")) == SAMPLE.spans
    lines = read_stm(write_stm(SAMPLE, "my group"))
    assert [(line.file, line.speaker, line.text) for line in lines][1] == (
        "my_group", "S2", "Ja, æøå.",
    )  # fmt: skip


def test_one_recording_of_several_is_chosen_by_name() -> None:
    text = "SPEAKER a 1 0 1 <NA> <NA> x <NA> <NA>\nSPEAKER b 1 0 2 <NA> <NA> y <NA> <NA>\n"
    assert read_rttm(text, "b") == (SpeakerSpan(0.0, 2.0, "y"),)
    with pytest.raises(BadInput, match="several"):
        read_rttm(text, "c")


@pytest.mark.parametrize("text", ["SPEAKER a 1 x 1 <NA> <NA> s", "SPEAKER a 1 0"])
def test_broken_rttm_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        read_rttm(text)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_can_be_rendered_even_empty(form: str) -> None:
    assert isinstance(render(Transcription("en", ()), form, "empty"), bytes)
    assert render(SAMPLE, form, "group")


def test_word_file_holds_turns_and_how_it_was_made() -> None:
    with zipfile.ZipFile(io.BytesIO(render(SAMPLE, "docx", "Group"))) as parts:
        body = parts.read("word/document.xml").decode()
    assert "Ja, æøå." in body and "1:01:01" in body
    assert "Recognition" in body and "demo model" in body
