"""What a person decided to replace is gone from the study, and a custodian alone can tell it."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from secure_storage import BadInput, FokusError, Role, Study, create_linking, unlock, verify_chain
from secure_storage.linking import Person
from transcribe import (
    Doubt,
    Sentence,
    Transcription,
    Turn,
    Word,
    edit_sentence,
    save_transcription,
    sentences,
    words,
)
from transcribe.pseudonymise import KINDS, Identifiers, Kind, load_lists, next_label
from transcribe.store import (
    add_identifier,
    add_term,
    choose_replacement,
    find_identifiers,
    forget_term,
    identifiers,
    keep_identifiers,
    named_elsewhere,
    note_sample,
    redo,
    reopen_identifiers,
    replace_identifiers,
    replacements,
    residual,
    sentences_to_sample,
    silent_spans,
    undo,
)
from transcribe.store.lines import lines
from transcribe.store.rewriting import set_verbatim

SignIn = Callable[[str, Role], Study]


def said(text: str, start: float) -> Sentence:
    parts = text.split()
    heard = tuple(Word(one, start + n, start + n + 0.5, 0.9) for n, one in enumerate(parts))
    return Sentence(text, start, start + len(parts), heard)


TALK = Transcription(
    language="no",
    turns=(
        Turn("S0", (said("Da kom Torvalda Gjerding inn.", 0), said("Hun bor i Ørsta.", 10))),
        Turn("S1", (said("Ja, torvalda er flink.", 20), said("Det er sant.", 30))),
    ),
    doubts=(Doubt(40.0, 41.0, "hei Torvalda", "no speech"),),
)


@pytest.fixture
def transcript(study: Study) -> int:
    return save_transcription(study, TALK, title="Group 1", group=1, recording_id=None)


@pytest.fixture
def keeper(study: Study, sign_in: SignIn) -> Study:
    return sign_in("Karl", "custodian")


def texts(study: Study, transcript: int) -> list[str]:
    return [one.text for one in sentences(study, transcript)]


def everything(study: Study) -> str:
    """All that stands in the study's database."""
    return repr([study.db.execute(f"SELECT * FROM {one}").fetchall()
                 for one in study.db.table_names()])  # fmt: skip


def choose_all(study: Study, transcript: int) -> None:
    """Replace names with one label, and the rest with others."""
    rows = find_identifiers(study, transcript)
    people = [one.id for one in rows if one.kind == "name"]
    choose_replacement(study, people)
    for one in rows:
        if one.kind != "name":
            choose_replacement(study, [one.id])


def test_places_are_found_and_nothing_is_changed(study: Study, transcript: int) -> None:
    rows = find_identifiers(study, transcript)
    assert [(one.words, one.kind, one.state) for one in rows] == [
        ("Torvalda Gjerding", "name", "open"), ("Ørsta", "place", "open"),
        ("torvalda", "name", "open"),
    ]  # fmt: skip
    assert texts(study, transcript)[0] == "Da kom Torvalda Gjerding inn."


def test_what_is_replaced_is_nowhere_in_the_study_any_more(
    study: Study, transcript: int, keeper: Study
) -> None:
    create_linking(keeper)
    first = sentences(study, transcript)[0]
    edit_sentence(study, first.id, "Da kom Torvalda Gjerding hit.", first.version, "c-1")
    choose_all(study, transcript)
    assert replace_identifiers(study, transcript, "c-2") == 3
    assert texts(study, transcript) == [
        "Da kom [Name 1] hit.", "Hun bor i [Place 1].", "Ja, [Name 1] er flink.", "Det er sant.",
    ]  # fmt: skip
    left = everything(study).lower()
    assert not [one for one in ("torvalda", "gjerding", "ørsta") if one in left]
    assert verify_chain(study).ok


def test_the_custodian_alone_tells_what_stood_there(
    study: Study, transcript: int, keeper: Study
) -> None:
    linking = create_linking(keeper)
    choose_all(study, transcript)
    replace_identifiers(study, transcript)
    assert {(one.label, one.text) for one in linking.originals()} == {
        ("[Name 1]", "Torvalda Gjerding"), ("[Name 1]", "torvalda"), ("[Place 1]", "Ørsta"),
    }  # fmt: skip
    assert study.db.execute("SELECT count(*) FROM sealed_originals").fetchone() == (0,)
    assert "read.originals" in [one.action for one in linking.history(5)]


def test_what_waited_survives_a_change_of_the_linking_stores_key(
    study: Study, transcript: int, keeper: Study
) -> None:
    linking = create_linking(keeper)
    somebody = linking.save_person(Person(1, "P1", "Somebody Else"))
    choose_all(study, transcript)
    replace_identifiers(study, transcript)
    linking.remove_person(somebody.id)
    assert len(linking.originals()) == 3


def test_who_is_removed_takes_their_replaced_names_along(
    study: Study, transcript: int, keeper: Study
) -> None:
    linking = create_linking(keeper)
    torvalda = linking.save_person(Person(1, "P1", "Torvalda Gjerding"))
    choose_all(study, transcript)
    replace_identifiers(study, transcript)
    linking.remove_person(torvalda.id)
    assert [one.text for one in linking.originals()] == ["Ørsta"]


def test_without_a_linking_store_it_is_lost_and_that_is_told(study: Study, transcript: int) -> None:
    choose_all(study, transcript)
    assert not residual(study, transcript).sealed
    replace_identifiers(study, transcript)
    assert study.db.execute("SELECT count(*) FROM sealed_originals").fetchone() == (0,)


def test_replacing_is_for_good(study: Study, transcript: int) -> None:
    first = sentences(study, transcript)[0]
    edit_sentence(study, first.id, "Da kom Torvalda Gjerding hit.", first.version, "c-1")
    choose_all(study, transcript)
    replace_identifiers(study, transcript)
    with pytest.raises(FokusError):
        undo(study, transcript)
    assert redo(study, transcript) == ""
    assert texts(study, transcript)[0] == "Da kom [Name 1] hit."


def test_heard_words_and_their_times_follow(study: Study, transcript: int) -> None:
    choose_all(study, transcript)
    replace_identifiers(study, transcript)
    first = sentences(study, transcript)[0]
    assert [(one.text, one.start, one.end) for one in words(study, first.id)] == [
        ("Da", 0.0, 0.5), ("kom", 1.0, 1.5), ("[Name 1]", 2.0, 3.5), ("inn.", 4.0, 4.5),
    ]  # fmt: skip
    assert silent_spans(study, transcript) == [(2.0, 3.5), (13.0, 13.5), (21.0, 21.5)]


def test_the_same_is_put_in_the_same_place_in_another_transcript(
    study: Study, transcript: int
) -> None:
    choose_all(study, transcript)
    other = save_transcription(study, TALK, title="Group 2", group=2, recording_id=None)
    labels = {one.id: one.label for one in replacements(study)}
    proposed = [labels.get(one.replacement_id or 0) for one in find_identifiers(study, other)]
    assert proposed == ["[Name 1]", "[Place 1]", "[Name 1]"]


def test_a_registered_name_is_found_without_the_study_knowing_it(
    study: Study, transcript: int, keeper: Study
) -> None:
    create_linking(keeper).save_person(Person(1, "P1", "Sant Flink"))
    assert "flink" in [one.words for one in find_identifiers(study, transcript)]


def test_a_term_of_the_team_is_found_until_it_is_forgotten(study: Study, transcript: int) -> None:
    number = add_term(study, "workplace", "Sant Sykehjem")
    forms = study.db.execute("SELECT count(*) FROM replacement_forms").fetchone()[0]
    assert forms > 0 and "sykehjem" not in everything(study).lower()
    forget_term(study, number)
    assert study.db.execute("SELECT count(*) FROM replacement_forms").fetchone() == (0,)


def test_decisions_stay_when_one_looks_again_and_can_be_taken_back(
    study: Study, transcript: int
) -> None:
    rows = find_identifiers(study, transcript)
    keep_identifiers(study, [rows[1].id])
    choose_replacement(study, [rows[0].id], label="Berit")
    states = [one.state for one in find_identifiers(study, transcript)]
    assert states == ["chosen", "kept", "open"]
    reopen_identifiers(study, [rows[1].id])
    assert identifiers(study, transcript)[1].state == "open"
    replace_identifiers(study, transcript)
    assert texts(study, transcript)[0] == "Da kom Berit inn."
    assert "Berit" not in [one.words for one in find_identifiers(study, transcript)]


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_put_there_is_not_asked_about(kind: Kind) -> None:
    looked = Identifiers(load_lists(), [])
    assert looked.find([f"Da kom {next_label(kind, ())} inn."]) == [[]]


def test_a_sentence_that_was_changed_is_looked_at_again(study: Study, transcript: int) -> None:
    rows = find_identifiers(study, transcript)
    second = sentences(study, transcript)[1]
    edit_sentence(study, second.id, "Hun bor nå i Ørsta.", second.version, "c-1")
    with pytest.raises(BadInput, match="changed meanwhile"):
        keep_identifiers(study, [rows[1].id])
    assert [one.start for one in find_identifiers(study, transcript)][1] == 13


def test_what_was_missed_is_marked_by_hand(study: Study, transcript: int) -> None:
    last = sentences(study, transcript)[3]
    assert add_identifier(study, last.id, "sant", "other") == 1
    with pytest.raises(BadInput):
        add_identifier(study, last.id, "not there", "name")
    found = [one for one in find_identifiers(study, transcript) if one.sentence_id == last.id]
    assert [(one.words, one.why) for one in found] == [("sant", "marked by a person")]


def test_nothing_chosen_is_nothing_done(study: Study, transcript: int) -> None:
    find_identifiers(study, transcript)
    with pytest.raises(BadInput, match="Nothing is chosen"):
        replace_identifiers(study, transcript)
    assert residual(study, transcript).open == 3


def test_a_second_person_reads_a_sample_of_what_they_did_not_decide(
    study: Study, transcript: int, sign_in: SignIn
) -> None:
    rows = find_identifiers(study, transcript)
    keep_identifiers(study, [one.id for one in rows])
    assert len(sentences_to_sample(study, transcript, 10)) == 1
    other = sign_in("Bo", "coder")
    drawn = sentences_to_sample(other, transcript, 3)
    assert len(drawn) == 3 and drawn == sentences_to_sample(other, transcript, 3)
    note_sample(other, [one for one, _ in drawn[:2]], missed=False)
    note_sample(other, [drawn[2][0]], missed=True)
    state = residual(study, transcript)
    assert (state.read, state.missed, state.kept) == (3, 1, 3)
    assert len(sentences_to_sample(other, transcript, 10)) == 1


def test_the_journal_names_nobody(study: Study, transcript: int, home: Path) -> None:
    choose_all(study, transcript)
    acts = [one for one in study.recent_events(20) if one.action.startswith(("ident", "term"))]
    assert acts and "orvalda" not in str(acts)
    unlock(home, "Ada", "correct horse battery").close()


def test_what_was_said_beside_written_language_is_looked_through_too(
    study: Study, transcript: int
) -> None:
    last = sentences(study, transcript)[3]
    set_verbatim(study, transcript, last.id, last.version, "Det er eh sant, Halldis.", "c-1")
    (found,) = [one for one in find_identifiers(study, transcript) if one.verbatim]
    assert (found.words, found.text) == ("Halldis", "Det er eh sant, Halldis.")
    choose_replacement(study, [found.id], label="Berit")
    replace_identifiers(study, transcript)
    assert lines(study, transcript)[3].verbatim == "Det er eh sant, Berit."
    assert "halldis" not in everything(study).lower()


def test_what_is_written_as_it_was_said_is_asked_about_once(study: Study, transcript: int) -> None:
    third = sentences(study, transcript)[2]
    set_verbatim(study, transcript, third.id, third.version, "Ja, eh, Torvalda er flink.", None)
    assert len([one for one in find_identifiers(study, transcript) if one.kind == "name"]) == 2
    choose_all(study, transcript)
    replace_identifiers(study, transcript)
    assert lines(study, transcript)[2].verbatim == "Ja, eh, [Name 1] er flink."


def test_earlier_wrong_forms_of_a_name_go_from_words_and_journal(
    study: Study, transcript: int
) -> None:
    first = sentences(study, transcript)[0]
    edit_sentence(study, first.id, "Da kom Torhilda Gjertsund inn.", first.version, "c-1")
    edit_sentence(study, first.id, "Da kom Torhalda Gjersund inn.", first.version + 1, "c-2")
    places = [one.id for one in find_identifiers(study, transcript) if one.sentence_id == first.id]
    choose_replacement(study, places)
    replace_identifiers(study, transcript)
    left = re.sub("torvalda er flink", "", everything(study).lower())
    assert not [one for one in ("gjer", "torh", "da kom torv") if one in left]
    # It is known when the name is heard although it was written otherwise.
    assert silent_spans(study, transcript) == [(2.0, 3.5)]
    assert verify_chain(study).ok


def test_a_pseudonym_hides_no_other_name(study: Study, transcript: int) -> None:
    rows = find_identifiers(study, transcript)
    choose_replacement(study, [rows[0].id], label="Tor")
    replace_identifiers(study, transcript)
    assert [one.words for one in find_identifiers(study, transcript)] == ["Ørsta", "torvalda"]


def test_a_registered_name_is_no_pseudonym(study: Study, transcript: int, keeper: Study) -> None:
    create_linking(keeper).save_person(Person(1, "P1", "Berit Moe"))
    rows = find_identifiers(study, transcript)
    with pytest.raises(BadInput, match="itself registered"):
        choose_replacement(study, [rows[0].id], label="Berit")
    assert replacements(study) == []


def test_who_is_known_by_the_whole_name_is_proposed_first(study: Study, transcript: int) -> None:
    add_term(study, "name", "Torvalda Hansen")
    second = add_term(study, "name", "Torvalda Gjerding")
    assert find_identifiers(study, transcript)[0].replacement_id == second


def test_it_is_told_where_else_the_names_stand(study: Study, transcript: int) -> None:
    save_transcription(study, TALK, title="Second hearing", group=1, recording_id=None)
    assert named_elsewhere(study, transcript) == []
    other = save_transcription(study, TALK, title="As Torvalda tells", group=2, recording_id=None)
    choose_all(study, transcript)
    replace_identifiers(study, transcript)
    told = {one.what: one.texts for one in named_elsewhere(study, transcript)}
    assert told == {
        "Transcript Second hearing": 3, "Transcript As Torvalda tells": 3,
        "Transcripts, title": 1, "Doubts, text": 2,
    }  # fmt: skip
    assert residual(study, other).replaced == 0


def test_who_decided_is_no_second_person_after_the_replacement_either(
    study: Study, transcript: int
) -> None:
    choose_all(study, transcript)
    replace_identifiers(study, transcript)
    assert [text for _, text in sentences_to_sample(study, transcript, 10)] == ["Det er sant."]
