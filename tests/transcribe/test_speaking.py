"""Naming, merging and giving speakers, and taking it all back, in a real encrypted database."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from secure_storage import MARK, BadInput, BuiltOn, Study
from transcribe import (
    UNKNOWN,
    Sentence,
    SpeakerSpan,
    Transcription,
    Turn,
    Word,
    add_participant,
    link_speaker,
    participants,
    rename_speaker,
    save_participants,
    save_transcription,
    sentence,
    sentences,
    speakers,
    words,
)
from transcribe.reassign import Voiced, assigned_again
from transcribe.store import (
    assign_again,
    can_assign_again,
    give_speaker,
    merge_speakers,
    new_speaker,
    redo,
    speaking,
    undo,
)
from transcribe.store.lines import lines


def said(text: str, start: float, speaker: str, margin: float = 0.9) -> Sentence:
    parts = text.split()
    heard = tuple(
        Word(one, start + n, start + n + 0.5, 0.9, speaker, margin) for n, one in enumerate(parts)
    )
    return Sentence(text, start, start + len(parts), heard)


SPANS = (
    SpeakerSpan(0.0, 10.0, "S0"), SpeakerSpan(10.0, 14.0, "S1"), SpeakerSpan(14.0, 20.0, "S2"),
    SpeakerSpan(20.0, 30.0, "S0"),
)  # fmt: skip
TALK = Transcription(
    language="en",
    turns=(
        Turn(
            "S0", (said("One two.", 0, "S0"), said("Three four.", 3, "S0"), said("Five.", 6, "S0"))
        ),
        Turn("S1", (said("Six seven.", 10, "S1", 0.05),)),
        Turn("S2", (said("Eight.", 14, "S2"), said("Nine.", 16, "S2"))),
        Turn(UNKNOWN, (said("Mm.", 19, UNKNOWN),)),
        Turn("S0", (said("Ten.", 20, "S0"), said("Eleven.", 22, "S0"))),
    ),
    spans=SPANS,
)


@pytest.fixture
def talk(study: Study) -> int:
    return save_transcription(study, TALK, title="Group", group=1, recording_id=None)


def run(study: Study, talk: int) -> list[tuple[str, str]]:
    """Who says what, turn by turn."""
    names = {one.id: one.name for one in speakers(study, talk)}
    found: list[tuple[str, str]] = []
    turn = None
    for one in sentences(study, talk):
        name = "" if one.speaker_id is None else names[one.speaker_id]
        if one.turn_id == turn:
            found[-1] = (name, f"{found[-1][1]} {one.text}")
        else:
            found.append((name, one.text))
        turn = one.turn_id
    return found


def state(study: Study) -> list[Any]:
    """All rows that acts on speakers touch."""
    return [
        study.db.execute(f"SELECT {columns} FROM {table} ORDER BY 1").fetchall()
        for table, columns in (
            ("turns", "*"), ("speakers", "*"), ("voices", "*"), ("words", "*"),
            ("sentences", "id, turn_id, position, text"),
        )
    ]  # fmt: skip


def ids(study: Study, talk: int) -> dict[str, int]:
    return {one.text: one.id for one in sentences(study, talk)} | {
        one.label: one.id for one in speakers(study, talk)
    }


def test_a_sentence_is_given_to_another_speaker(study: Study, talk: int) -> None:
    at = ids(study, talk)
    give_speaker(study, talk, at["Three four."], "sentence", at["S2"])
    assert run(study, talk)[:4] == [
        ("S0", "One two."), ("S2", "Three four."), ("S0", "Five."), ("S1", "Six seven."),
    ]  # fmt: skip


def test_a_selection_over_several_turns_is_given_in_one_act(study: Study, talk: int) -> None:
    at, before = ids(study, talk), run(study, talk)
    give_speaker(study, talk, at["Three four."], "sentence", at["S2"], through=at["Six seven."])
    # What is given joins its neighbour of the same speaker.
    given = "Three four. Five. Six seven. Eight. Nine."
    assert run(study, talk)[:2] == [("S0", "One two."), ("S2", given)]
    assert undo(study, talk)
    assert run(study, talk) == before
    for through in (at["One two."], 999):
        with pytest.raises(BadInput, match="does not exist"):
            give_speaker(study, talk, at["Three four."], "sentence", at["S2"], through=through)
    assert run(study, talk) == before


def test_who_speaks_is_certain_where_a_person_said_it(study: Study, talk: int) -> None:
    at = ids(study, talk)
    assert (
        next(one for one in lines(study, talk) if one.row.id == at["Six seven."]).row.margin < 0.1
    )
    give_speaker(study, talk, at["Six seven."], "turn", at["S1"])
    line = next(one for one in lines(study, talk) if one.row.id == at["Six seven."])
    assert line.row.margin == 1.0 == sentence(study, at["Six seven."]).margin
    assert words(study, at["Six seven."])[0].margin == 0.05  # as the diarization had it


def test_a_turn_the_rest_of_it_or_all_that_follows_is_given(study: Study, talk: int) -> None:
    at = ids(study, talk)
    give_speaker(study, talk, at["Nine."], "turn", at["S0"])
    assert run(study, talk)[2] == ("S0", "Eight. Nine.")
    give_speaker(study, talk, at["Three four."], "rest", at["S1"])
    # What is given joins its neighbour of the same speaker.
    assert run(study, talk)[:2] == [("S0", "One two."), ("S1", "Three four. Five. Six seven.")]
    give_speaker(study, talk, at["Nine."], "onwards", at["S2"])
    assert run(study, talk)[2:] == [("S0", "Eight."), ("S2", "Nine."), ("", "Mm."),
                                    ("S2", "Ten. Eleven.")]  # fmt: skip
    give_speaker(study, talk, at["Ten."], "sentence", None)
    assert run(study, talk)[-2:] == [("", "Ten."), ("S2", "Eleven.")]


def test_two_speakers_become_one(study: Study, talk: int) -> None:
    at = ids(study, talk)
    person = add_participant(study, 1, "Olivia", "Nurse")
    link_speaker(study, at["S1"], person)
    merge_speakers(study, at["S1"], at["S2"])
    assert run(study, talk)[1] == ("Olivia", "Six seven. Eight. Nine.")
    assert [one.label for one in speakers(study, talk)] == ["S0", "S2"]
    other = add_participant(study, 1, "Per", "")
    link_speaker(study, at["S0"], other)
    with pytest.raises(BadInput, match="two different participants"):
        merge_speakers(study, at["S0"], at["S2"])
    with pytest.raises(BadInput, match="two different speakers"):
        merge_speakers(study, at["S0"], at["S0"])


def test_a_new_speaker_is_numbered_and_given_what_was_said(study: Study, talk: int) -> None:
    at = ids(study, talk)
    new_speaker(study, talk, " ", sentence_id=at["Nine."], extent="rest")
    assert run(study, talk)[3] == ("Speaker 1", "Nine.")
    assert new_speaker(study, talk, "") in {one.id for one in speakers(study, talk)}
    assert [one.label for one in speakers(study, talk)][-2:] == ["Speaker 1", "Speaker 2"]
    with pytest.raises(BadInput, match="already"):
        new_speaker(study, talk, "S0")
    with pytest.raises(BadInput):
        new_speaker(study, talk, UNKNOWN)


def test_speakers_of_another_transcript_are_refused(study: Study, talk: int) -> None:
    other = save_transcription(study, TALK, title="Other", group=2, recording_id=None)
    at, there = ids(study, talk), ids(study, other)
    for act in (
        lambda: give_speaker(study, talk, at["Nine."], "sentence", there["S0"]),
        lambda: merge_speakers(study, there["S0"], at["S0"]),
        lambda: give_speaker(study, talk, there["Nine."], "sentence", at["S0"]),
        lambda: give_speaker(study, talk, at["Nine."], "all", at["S0"]),  # type: ignore[arg-type]
    ):
        before = state(study)
        with pytest.raises(BadInput):
            act()
        assert state(study) == before


def test_every_act_on_speakers_is_taken_back_and_done_again(study: Study, talk: int) -> None:
    at = ids(study, talk)
    person = add_participant(study, 1, "Olivia", "Nurse")
    acts: tuple[Callable[[], object], ...] = (
        lambda: rename_speaker(study, at["S0"], "Moderator"),
        lambda: link_speaker(study, at["S1"], person),
        lambda: give_speaker(study, talk, at["Three four."], "sentence", at["S1"]),
        lambda: merge_speakers(study, at["S1"], at["S2"]),
        lambda: give_speaker(study, talk, at["Five."], "onwards", at["S2"]),
        lambda: new_speaker(study, talk, "New", sentence_id=at["Nine."]),
        lambda: give_speaker(study, talk, at["One two."], "turn", None),
    )
    states = [state(study)]
    for act in acts:
        act()
        states.append(state(study))
        assert states[-1] != states[-2]
    for before in reversed(states[:-1]):
        assert undo(study, talk)
        assert state(study) == before
    for after in states[1:]:
        assert redo(study, talk)
        assert state(study) == after


def test_speakers_are_assigned_again_without_losing_what_people_gave(
    study: Study, talk: int
) -> None:
    at = ids(study, talk)
    # Somebody gave this one, though the diarization hears another voice there.
    give_speaker(study, talk, at["Eleven."], "sentence", at["S1"])
    rename_speaker(study, at["S0"], "Moderator")
    merge_speakers(study, at["S1"], at["S2"])
    with study.change() as change:
        # As if an earlier version had assigned it wrongly.
        change.db.execute(
            "UPDATE turns SET speaker_id = ? WHERE id ="
            " (SELECT turn_id FROM sentences WHERE id = ?)",
            [at["S0"], at["Eight."]],
        )
        change.record("test.wrong", "turn:1")
    before = state(study)
    margins = {one.text: one.margin for one in sentences(study, talk)}
    assert assign_again(study, talk) == 4  # «Mm.» was nobody's
    assert run(study, talk) == [
        ("Moderator", "One two. Three four. Five."), ("S2", "Six seven. Eight. Nine. Mm."),
        ("Moderator", "Ten."), ("S2", "Eleven."),
    ]  # fmt: skip
    now = {one.text: one for one in sentences(study, talk)}
    assert margins["Six seven."] == 0.05 and now["Six seven."].margin == 1.0
    assert words(study, at["Eleven."])[0].margin == 0.9  # what was given by hand is left alone
    assert assign_again(study, talk) == 0
    assert undo(study, talk)
    assert state(study) == before


def test_a_typed_transcript_has_nothing_to_assign_from(study: Study) -> None:
    plain = Transcription("en", (Turn("A", (Sentence("One.", 0.0, 1.0),)),))
    talk = save_transcription(study, plain, title="Typed", group=1, recording_id=None)
    assert not can_assign_again(study, talk)
    with pytest.raises(BadInput, match="Transcribe the recording"):
        assign_again(study, talk)


@given(st.lists(st.tuples(st.floats(0, 30), st.integers(0, 3)), max_size=12))
def test_sentences_are_assigned_alike_alone_and_together(
    told: list[tuple[float, int]],
) -> None:
    talk = [
        Voiced(number, "S0", said("x " * count, start, "S0").words)
        for number, (start, count) in enumerate(told)
    ]
    together = assigned_again(talk, SPANS, SPANS)
    alone = [found for one in talk for found in assigned_again([one], SPANS, SPANS)]
    assert {one.id: one for one in together} == {one.id: one for one in alone}
    assert len(together) == len(alone)


def test_nothing_comes_to_a_person_who_was_erased(study: Study, talk: int) -> None:
    at = ids(study, talk)
    link_speaker(study, at["S1"], add_participant(study, 1, "Olivia", "Nurse"))
    with study.change() as change:
        change.db.execute(
            "INSERT INTO erasures (participant_id, mode, mentions, asked_by, asked_at, state)"
            " VALUES (1, 'redact', 0, 1, '', 'done')"
        )
        change.record("test.erased", "erasure:1")
    before = state(study)
    for act in (
        lambda: give_speaker(study, talk, at["Nine."], "sentence", at["S1"]),
        lambda: merge_speakers(study, at["S2"], at["S1"]),
        lambda: merge_speakers(study, at["S1"], at["S2"]),
        lambda: link_speaker(study, at["S2"], 1),
    ):
        with pytest.raises(BadInput, match="withdrew"):
            act()
    assert state(study) == before


def test_no_step_back_brings_words_to_a_person_who_was_erased(study: Study, talk: int) -> None:
    at = ids(study, talk)
    link_speaker(study, at["S1"], add_participant(study, 1, "Olivia", "Nurse"))
    give_speaker(study, talk, at["Nine."], "sentence", at["S1"])
    give_speaker(study, talk, at["Nine."], "sentence", at["S2"])
    with study.change() as change:
        change.db.execute(
            "UPDATE sentences SET text = ?"
            " WHERE turn_id IN (SELECT id FROM turns WHERE speaker_id = ?)",
            [MARK, at["S1"]],
        )
        change.db.execute(
            "INSERT INTO erasures (participant_id, mode, mentions, asked_by, asked_at, state)"
            " VALUES (1, 'redact', 0, 1, '', 'done')"
        )
        change.record("test.erased", "erasure:1")
    before = state(study)
    with pytest.raises(BuiltOn, match="withdrew"):
        undo(study, talk)
    assert state(study) == before


def test_a_speaker_who_is_merged_away_meanwhile_is_missed(
    study: Study, talk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = ids(study, talk)
    looked_up = speaking._transcript_of
    monkeypatch.setattr(speaking, "_transcript_of", lambda *_: late())

    def late() -> int:
        # Somebody else is quicker, between the look and the act.
        monkeypatch.setattr(speaking, "_transcript_of", looked_up)
        merge_speakers(study, at["S1"], at["S2"])
        return talk

    with pytest.raises(BadInput, match="any more"):
        rename_speaker(study, at["S1"], "Olivia")


def test_naming_a_speaker_leaves_the_link_to_who_is_in_another_group_now(
    study: Study, talk: int
) -> None:
    at = ids(study, talk)
    add_participant(study, 1, "Olivia", "Nurse")
    (olivia,) = participants(study)
    link_speaker(study, at["S0"], olivia.id)
    save_participants(study, [(olivia, replace(olivia, group=2))])

    def script(study: "Study", talk: int) -> None:  # noqa: UP037  (it runs without our imports)
        from transcribe import transcript
        from transcribe.page.speakers import speakers_part

        speakers_part(study, transcript(study, talk))

    page = AppTest.from_function(script, args=(study, talk), default_timeout=30).run()
    assert not page.exception
    page.text_input[0].set_value("Nurse 1")
    next(one for one in page.button if one.label == "Save").click().run()
    assert not page.exception
    speaker = speakers(study, talk)[0]
    assert (speaker.label, speaker.participant_id) == ("Nurse 1", olivia.id)
