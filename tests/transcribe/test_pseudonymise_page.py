"""The page Pseudonymise, run by Streamlit's own test runner on a real study."""

from collections.abc import Callable

import spacy
from pytest import MonkeyPatch
from streamlit.testing.v1 import AppTest

from secure_storage import Role, Study
from transcribe import Sentence, Transcription, Turn, save_transcription, sentences
from transcribe.sentences import entities_of

TALK = Transcription(
    "no",
    (
        Turn(
            "S0",
            tuple(
                Sentence(text, None, None)
                for text in ("Da kom Torvalda inn.", "Hun bor i Ørsta.", "Ja, torvalda er flink.")
            ),
        ),
    ),
)


def page(study: Study) -> AppTest:
    def script(study: "Study") -> None:  # noqa: UP037  (it runs without our imports)
        from transcribe.page import pseudonymise_page

        pseudonymise_page(study)

    return AppTest.from_function(script, args=(study,), default_timeout=30).run()


def press(at: AppTest, label: str) -> AppTest:
    (button,) = [one for one in at.button if one.label == label]
    done = button.click().run()
    assert not done.exception
    return done


def told(at: AppTest) -> str:
    return "\n".join(one.value for one in [*at.caption, *at.text])


def test_an_empty_study_says_what_to_do_next(study: Study) -> None:
    at = page(study)
    assert not at.exception
    assert "There is no transcript yet" in told(at)


def test_places_are_decided_on_one_by_one_then_replaced(study: Study) -> None:
    transcript = save_transcription(study, TALK, title="One", group=1, recording_id=None)
    at = press(page(study), "Look for identifiers")
    assert "Da kom ▶Torvalda◀ inn." in told(at)
    at = press(at, "Replace all like it")
    assert "2 of 3 places" in told(at) and "▶Ørsta◀" in told(at)
    at = press(at, "Keep")
    assert "Every place is decided on" in told(at)
    at = press(at, "Take the last decision back")
    assert "▶Ørsta◀" in told(at)
    at = press(at, "Keep")
    at = [one for one in at.checkbox if "looked at" in one.label][0].check().run()
    at = press(at, "Replace them")
    assert [one.text for one in sentences(study, transcript)] == [
        "Da kom [Name 1] inn.", "Hun bor i Ørsta.", "Ja, [Name 1] er flink.",
    ]  # fmt: skip
    assert not any("orvalda" in one.value for one in [*at.markdown, *at.caption])


def test_a_place_can_wait_and_terms_are_added(study: Study) -> None:
    save_transcription(study, TALK, title="One", group=1, recording_id=None)
    at = press(page(study), "Look for identifiers")
    at = press(at, "Later")
    assert "▶Ørsta◀" in told(at)
    next(one for one in at.text_input if one.label.startswith("Name, place")).input("Flink")
    at = press(at, "Add")
    assert "[Name 1]" in told(at)
    at = press(at, "Look for identifiers")
    at = press(press(at, "Later"), "Later")
    assert "▶flink◀" in told(at)


def test_who_only_reads_sees_the_report(
    study: Study, sign_in: Callable[[str, Role], Study]
) -> None:
    save_transcription(study, TALK, title="One", group=1, recording_id=None)
    at = page(sign_in("Rita", "reader"))
    assert "Sentences" in list(at.dataframe[0].value[""])
    (button,) = at.button
    assert "None of the registered names" in told(press(at, button.label))


def test_an_installed_model_adds_its_entities(monkeypatch: MonkeyPatch) -> None:
    assert entities_of("no") is None
    made = spacy.blank("nb")
    made.add_pipe("entity_ruler").add_patterns(  # type: ignore[attr-defined]
        [{"label": "PER", "pattern": "dag"}, {"label": "MISC", "pattern": "uke"}]
    )
    monkeypatch.setattr(spacy.util, "get_installed_models", lambda: ["nb_core_news_sm"])
    monkeypatch.setattr(spacy, "load", lambda name, **given: made)
    found = entities_of("nn")
    assert found is not None
    assert found("så kom dag en uke") == [(7, 10, "name")]
