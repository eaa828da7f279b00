"""The page Recordings, run by Streamlit's own test runner on a real study."""

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from secure_storage import Role, Study, list_imports, new_key
from transcribe import (
    Target,
    TranscribeOptions,
    add_participant,
    add_recording,
    capsule,
    list_transcripts,
    recordings,
    store,
)
from transcribe.inbox import import_inbox

Tone = Callable[..., Path]


def page(study: Study) -> AppTest:
    def script(study: "Study") -> None:  # noqa: UP037  (it runs without our imports)
        from transcribe.page import recordings_page

        recordings_page(study)

    return AppTest.from_function(script, args=(study,), default_timeout=30).run()


def captions(at: AppTest) -> str:
    return "\n".join(caption.value for caption in at.caption)


def test_an_empty_study_says_what_to_do_next(study: Study) -> None:
    at = page(study)
    assert not at.exception
    assert at.title[0].value == "Recordings"
    assert "No recordings yet" in captions(at)
    assert "The inbox is empty" in captions(at)
    assert not at.dataframe


def test_recordings_are_listed_with_what_became_of_them(study: Study, tone: Tone) -> None:
    add_recording(study, "Group *one* ![x](http://evil.test/x.png)", 1, [tone()])
    add_recording(study, "Two", 2, [tone("b.wav", hertz=500.0), tone("c.wav", hertz=600.0)])
    at = page(study)
    assert not at.exception
    shown = at.dataframe[0].value
    assert list(shown["Recording"]) == ["Group *one* ![x](http://evil.test/x.png)", "Two"]
    assert list(shown["Length"]) == ["0:02", "0:04"]
    assert list(shown["Parts"]) == [1, 2]
    assert list(shown["Transcript"]) == ["Not yet transcribed"] * 2
    assert not any("evil.test" in one.value for one in [*at.markdown, *at.caption, *at.subheader])


def test_the_uploader_is_told_where_the_file_goes(study: Study, tone: Tone) -> None:
    made = add_recording(study, "One", 4, [tone()])
    at = page(study)
    (component,) = list(at.get("bidi_component"))
    assert '"group": 5' in component.proto.json.replace('":5', '": 5')
    at.selectbox(key="add_to").set_value(made).run()
    (component,) = list(at.get("bidi_component"))
    assert f'"recording":{made}' in component.proto.json.replace(" ", "")


def test_an_inbox_file_is_imported_and_removed(study: Study, tone: Tone) -> None:
    tone("talk.wav").rename(study.home / "inbox" / "talk.wav")
    at = page(study)
    assert "overwritten and removed" in captions(at)
    at.multiselect[0].select("talk.wav").run()
    at.button(key="import_inbox").click().run()
    assert not at.exception
    assert [row.title for row in recordings(study)] == ["talk"]
    assert list((study.home / "inbox").iterdir()) == []


def test_what_goes_wrong_is_said_as_plain_text(study: Study, tone: Tone) -> None:
    tone("talk.wav").rename(study.home / "inbox" / "talk.wav")
    import_inbox(study, ["talk.wav"], Target(None, "**First**", 1))
    tone("again.wav").rename(study.home / "inbox" / "again.wav")
    at = page(study)
    at.multiselect[0].select("again.wav").run()
    at.button(key="import_inbox").click().run()
    assert not at.exception
    assert any("«**First**»" in text.value for text in at.text)
    assert len(recordings(study)) == 1


def test_a_reader_sees_and_changes_nothing(
    study: Study, tone: Tone, sign_in: Callable[[str, Role], Study]
) -> None:
    add_recording(study, "One", 1, [tone()])
    add_participant(study, 1, "Berit", "Nurse")
    at = page(sign_in("Rita", "reader"))
    assert not at.exception
    assert list(at.dataframe[0].value["Recording"]) == ["One"]
    assert not at.button
    assert not at.get("bidi_component")


@pytest.fixture
def interrupted(study: Study, tone: Tone, tmp_path: Path) -> int:
    """A job whose capsule is there and whose worker is gone."""
    recording = add_recording(study, "One", 1, [tone()])
    key = new_key()
    options = TranscribeOptions(model=str(tmp_path / "missing.pt"))
    path = capsule.create(study.home / "jobs", [([b"sound"], 0.0)], options, key)
    capsule.write_progress(path, "running")
    with study.change() as change:
        job = store.insert_job(change, recording, 1, path.name, key, "{}")
        store.set_job_state(change, job, "running")
    return job


def test_what_was_interrupted_is_continued_after_a_sign_in(study: Study, interrupted: int) -> None:
    at = page(study)
    assert not at.exception
    assert list(at.dataframe[0].value["Transcript"]) == ["Transcribing"]
    assert at.button(key=f"cancel-{interrupted}").label == "Cancel"
    while store.job(study, interrupted).state != "failed":
        at.run()
    at.run()
    assert list(at.dataframe[0].value["Transcript"]) == ["Failed"]
    assert any("audio" in text.value for text in at.text)
    at.button(key=f"discard-{interrupted}").click().run()
    assert not at.exception
    assert list((study.home / "jobs").iterdir()) == []
    assert list(at.dataframe[0].value["Transcript"]) == ["Failed"]
    assert not [button for button in at.button if button.key == f"resume-{interrupted}"]


def test_a_transcript_made_elsewhere_is_looked_at_before_it_is_kept(study: Study) -> None:
    at = page(study)
    vtt = (
        "WEBVTT\n\n00:00.000 --> 00:02.000\n<v Anna>It helps.\n\n"
        "00:02.000 --> 00:04.000\n<v Berit>It *is* slow.\n"
    )
    at.file_uploader[0].upload("group 2.vtt", vtt.encode(), "text/vtt").run()
    assert not at.exception
    assert [metric.value for metric in at.metric] == ["2", "2", "0:04", "0"]
    assert list_transcripts(study) == []
    next(one for one in at.text_input if one.label == "Where it is from").input("A transcriber")
    at.button(key="FormSubmitter:import-Import").click().run()
    assert not at.exception
    assert [row.title for row in list_transcripts(study)] == ["group 2"]
    assert [one.source for one in list_imports(study)] == ["upload in the browser: A transcriber"]
    assert not at.metric


def test_several_texts_are_looked_at_one_by_one_and_kept_together(study: Study) -> None:
    at = page(study)
    talk = "Anna: It helps.\n\nBerit: It *is* slow.\n\nAnna: Yes.\n"
    at.file_uploader[0].upload("talk.txt", talk.encode("cp1252"), "text/plain")
    at.file_uploader[0].upload("notes.md", b"# Field notes\n\nWe came early.", "text/markdown")
    at.file_uploader[0].upload("x.pdf", b"%PDF-1.4 nothing", "application/pdf")
    at.run()
    assert not at.exception
    assert any("x.pdf: This PDF is damaged" in text.value for text in at.text)
    assert [metric.label for metric in at.metric][:2] == ["Speakers", "Sentences"]
    next(one for one in at.selectbox if one.label == "File to look at").set_value(1).run()
    assert [metric.value for metric in at.metric] == ["2", "2", "0"]
    at.button(key="FormSubmitter:import-Import").click().run()
    assert not at.exception
    kept = {row.title: row.source for row in list_transcripts(study)}
    assert kept == {"talk": "import", "notes": "document"}
    assert len(list_imports(study)) == 2


def test_what_is_no_transcript_is_said_to_be_none(study: Study) -> None:
    at = page(study)
    at.file_uploader[0].upload("x.vtt", b"RIFF....", "text/vtt").run()
    assert not at.exception
    assert any("WEBVTT" in text.value for text in at.text)
