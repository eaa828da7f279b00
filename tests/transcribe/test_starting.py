"""Starting transcriptions on the page Recordings, and what a study's start from."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from secure_storage import Study
from transcribe import (
    Doubt,
    Sentence,
    StudyDefaults,
    Transcription,
    Turn,
    add_recording,
    cancel_job,
    capsule,
    jobs,
    save_transcription,
    set_study_defaults,
    store,
    study_defaults,
)
from transcribe.options import TranscribeOptions

Tone = Callable[..., Path]


def page(study: Study) -> AppTest:
    def script(study: "Study") -> None:  # noqa: UP037  (it runs without our imports)
        from transcribe.page import recordings_page

        recordings_page(study)

    return AppTest.from_function(script, args=(study,), default_timeout=30).run()


def pick(at: AppTest, kind: str, label: str):  # type: ignore[no-untyped-def]
    return next(one for one in getattr(at, kind) if one.label == label)


def captions(at: AppTest) -> str:
    return "\n".join(caption.value for caption in at.caption)


@pytest.fixture
def line(study: Study) -> Iterator[Study]:
    """The study; what was started is stopped at the end."""
    yield study
    for job in jobs(study):
        cancel_job(study, job.id)


def asked(study: Study, job_id: int) -> TranscribeOptions:
    row = store.job(study, job_id)
    key = store.job_key(study, job_id)
    assert key is not None
    return capsule.read_options(study.home / "jobs" / row.capsule, key)[0]


def test_several_recordings_are_started_with_all_that_was_chosen(line: Study, tone: Tone) -> None:
    study = line
    set_study_defaults(study, StudyDefaults("Ragnhild\nNAV", True, ("no", "fi")))
    for number, hertz in enumerate((400.0, 500.0, 600.0), 1):
        add_recording(study, f"Group {number}", number, [tone(f"{number}.wav", hertz=hertz)])
    at = page(study)
    assert not at.exception
    assert "own words and names are expected" in captions(at)
    pick(at, "multiselect", "Recordings").set_value([1, 3]).run()
    language = pick(at, "selectbox", "Language")
    assert language.options[:3] == [
        "Found out among Norwegian (Bokmål), Finnish", "Norwegian (Bokmål)", "Finnish",
    ]  # fmt: skip
    pick(at, "number_input", "Speakers, at least").set_value(4)
    pick(at, "number_input", "At most").set_value(8)
    at.button(key="transcribe").click().run()
    assert not at.exception
    started = {job.recording_id: asked(study, job.id) for job in jobs(study)}
    assert set(started) == {1, 3}
    assert started[1] == TranscribeOptions(
        "demo", None, None, 4, 8, ("no", "fi"), "Ragnhild\nNAV", verbatim=True
    )


def test_the_words_stand_in_the_capsule_alone(line: Study, tone: Tone) -> None:
    study = line
    set_study_defaults(study, StudyDefaults("Ragnhild"))
    add_recording(study, "One", 1, [tone()])
    at = page(study)
    pick(at, "radio", "Text").set_value("translated")
    pick(at, "selectbox", "Language").set_value("sv")
    for label in ("Speakers, at least", "At most"):
        pick(at, "number_input", label).set_value(6)
    pick(at, "checkbox", "Leave out known inventions (subtitle credits) where hardly anybody "
                         "speaks").uncheck()  # fmt: skip
    at.button(key="transcribe").click().run()
    (job,) = jobs(study)
    options = asked(study, job.id)
    assert options == TranscribeOptions(
        "demo", "sv", 6, prompt="Ragnhild", translate=True, drop_phrases=False
    )
    assert "Ragnhild" not in store.job(study, job.id).options
    events = [json.dumps([one.before, one.after]) for one in study.events(limit=1000)]
    assert not any("Ragnhild" in one for one in events)


def test_without_a_recording_chosen_nothing_can_be_started(study: Study, tone: Tone) -> None:
    add_recording(study, "One", 1, [tone()])
    at = page(study)
    pick(at, "multiselect", "Recordings").set_value([]).run()
    assert at.button(key="transcribe").disabled


def test_an_impossible_number_of_speakers_is_said(study: Study, tone: Tone) -> None:
    add_recording(study, "One", 1, [tone()])
    at = page(study)
    pick(at, "number_input", "Speakers, at least").set_value(5)
    pick(at, "number_input", "At most").set_value(2)
    at.button(key="transcribe").click().run()
    assert not at.exception
    assert any("greater than the most" in one.value for one in at.text)
    assert jobs(study) == []


def test_the_study_s_words_style_and_languages_are_set_on_the_page(
    study: Study, tone: Tone
) -> None:
    add_recording(study, "One", 1, [tone()])
    at = page(study)
    assert "No names or terms are expected yet" in captions(at)
    at.text_area(key="expected-words-0").input("Sunnaas\nNAV")
    at.radio(key="style-0").set_value("verbatim")
    at.multiselect(key="allowed-0").set_value(["no", "en"])
    pick(at, "button", "Save").click().run()
    assert not at.exception
    assert study_defaults(study) == StudyDefaults("Sunnaas\nNAV", True, ("no", "en"), 1)
    assert "own words and names are expected" in captions(at)
    assert pick(at, "radio", "Text").value == "verbatim"


def test_whoever_saves_over_another_s_change_sees_it_first(study: Study) -> None:
    at = page(study)
    at.text_area(key="expected-words-0").input("Torbjørn")
    set_study_defaults(study, StudyDefaults("Ragnhild"))
    pick(at, "button", "Save").click().run()
    shown = [one.value for one in at.text]
    assert any("Somebody else" in one for one in shown) and "Ragnhild" in shown
    assert at.text_area(key="expected-words-0").value == "Torbjørn"
    assert study_defaults(study).prompt == "Ragnhild"
    pick(at, "button", "Save").click().run()
    assert not at.exception
    assert study_defaults(study) == StudyDefaults("Torbjørn", version=2)


def test_the_transcript_page_tells_what_was_dropped_and_how_it_was_made(study: Study) -> None:
    found = Transcription(
        "no",
        (Turn("S1", (Sentence("Hei.", 0.0, 1.0),)),),
        doubts=(
            Doubt(61.0, 90.0, "Teksting av Nicolai", "dropped: a known invention"),
            Doubt(95.0, 99.0, "", "dropped: no speech was detected here"),
        ),
        provenance=(("Style", "verbatim: with *hesitations*"),),
    )
    save_transcription(study, found, title="One", group=1, recording_id=None)

    def script(study: "Study") -> None:  # noqa: UP037  (it runs without our imports)
        from transcribe.page import transcript_page

        transcript_page(study)

    at = AppTest.from_function(script, args=(study,), default_timeout=30).run()
    assert not at.exception
    table = next(one.value for one in at.dataframe if "Why" in one.value)
    assert list(table["From"]) == ["1:01", "1:35"] and list(table["To"]) == ["1:30", "1:39"]
    assert list(table["Heard"]) == ["Teksting av Nicolai", "nothing"]
    assert list(table["Why"])[0] == "dropped: a known invention"
    assert any("Style: verbatim: with *hesitations*" in one.value for one in at.text)
