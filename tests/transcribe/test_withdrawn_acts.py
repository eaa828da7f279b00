"""Which acts tell a participant's words, whatever became of the sentences since."""

import pytest

from secure_storage import Study
from transcribe import (
    Sentence,
    Transcription,
    Turn,
    add_participant,
    edit_sentence,
    link_speaker,
    save_transcription,
    sentences,
    sentences_of,
    speakers,
)
from transcribe.store.editing import merge_sentences, split_sentence
from transcribe.store.rewriting import remove_sentences, set_times
from transcribe.store.speaking import give_speaker
from transcribe.withdrawn_acts import ToldWords, told_words

TALK = Transcription(
    "en",
    (
        Turn("P", (Sentence("Mine and yours.", 0.0, 1.0), Sentence("Mine alone.", 1.0, 2.0))),
        Turn("M", (Sentence("Yours alone.", 2.0, 3.0),)),
        Turn("P", (Sentence("Mine, at last.", 3.0, 4.0),)),
    ),
)


@pytest.fixture
def talk(study: Study) -> int:
    talk = save_transcription(study, TALK, title="One", group=1, recording_id=None)
    for one in speakers(study, talk):
        link_speaker(study, one.id, add_participant(study, 1, one.label, ""))
    return talk


def told(study: Study, talk: int) -> ToldWords:
    who = speakers(study, talk)[0]
    mine = sentences_of(study.db, who.participant_id or 0)
    return told_words(study.db, [talk], mine, frozenset({who.id}))


def test_a_part_that_was_given_away_still_tells_of_the_whole(study: Study, talk: int) -> None:
    first = sentences(study, talk)[0]
    split_sentence(study, talk, first.id, 1, 9, None)
    split = study.head()
    half = sentences(study, talk)[1]
    give_speaker(study, talk, half.id, "sentence", speakers(study, talk)[1].id)
    given = study.head()
    edit_sentence(study, half.id, "Only theirs.", 1, None)
    found = told(study, talk)
    assert {split, study.head()} <= found.events and given not in found.events
    assert "Mine and yours." in found.texts
    assert "Only theirs." not in found.texts
    assert first.id in found.sentences and half.id not in found.sentences


def test_what_is_gone_is_known_by_who_said_it(study: Study, talk: int) -> None:
    first, second, third, fourth = sentences(study, talk)
    linking = told(study, talk).events
    edit_sentence(study, fourth.id, "No.", 1, None)
    edited = study.head()
    remove_sentences(study, talk, [(fourth.id, 2), (third.id, 1)], None)
    removed = study.head()
    merge_sentences(study, talk, [(first.id, 1), (second.id, 1)], None)
    found = told(study, talk)
    assert found.sentences == {first.id, second.id, fourth.id}
    assert found.events - linking == {edited, removed, study.head()}
    assert {"No.", "Mine, at last.", "Mine alone."} <= found.texts
    assert "Yours alone." not in found.texts


def test_acts_on_others_and_without_words_are_kept(study: Study, talk: int) -> None:
    first, _, third, _ = sentences(study, talk)
    linking = told(study, talk).events
    edit_sentence(study, third.id, "Yours, too.", 1, None)
    set_times(study, talk, first.id, 1, 0.5, 1.0, None)
    assert told(study, talk).events == linking
