"""Numbers on a group's talk, and the lines they are made of."""

from hypothesis import given
from hypothesis import strategies as st

from secure_storage import Study
from transcribe import (
    UNKNOWN,
    Sentence,
    Transcription,
    Turn,
    Word,
    add_participant,
    link_speaker,
    save_transcription,
    speakers,
)
from transcribe.talk import Answer, Spoken, answers, sections, shares, stretches
from transcribe.talking import talk_of


def said(*lines: tuple[str, int] | tuple[str, int, str]) -> list[Spoken]:
    """Sentences of some words, one second each, one after the other; «?» asks."""
    found, time = [], 0.0
    for number, (who, words, *marks) in enumerate(lines, 1):
        asks = "?" in marks
        found.append(Spoken(number, who, time, time + words, words, asks))
        time += words
    return found


def test_shares_are_of_the_time_that_somebody_speaks() -> None:
    a, b = shares(said(("A", 6), ("B", 3), ("A", 1)))
    assert (a.who, a.seconds, a.words, a.share, a.turns) == ("A", 7.0, 7, 0.7, 2)
    assert (b.share, b.turns) == (0.3, 1)
    untimed = [Spoken(1, "A", None, None, 6), Spoken(2, "B", None, None, 2)]
    assert [one.share for one in shares(untimed)] == [0.75, 0.25]
    assert shares([]) == ()


def test_a_listener_who_goes_along_takes_no_turn() -> None:
    talk = said(("A", 5), ("B", 1), ("A", 5), ("C", 4))
    assert [one.who for one in stretches(talk)] == ["A", "C"]
    by = {one.who: one for one in shares(talk)}
    assert (by["B"].turns, by["B"].back_channels, by["A"].turns) == (0, 1, 1)
    assert answers(talk) == (Answer("A", "C", 1),)


def test_several_listeners_go_along_one_after_the_other() -> None:
    talk = said(("A", 5), ("B", 1), ("C", 2), ("B", 1), ("A", 5), ("B", 1), ("C", 5))
    assert [one.who for one in stretches(talk)] == ["A", "B", "C"]
    assert {one.who: one.back_channels for one in shares(talk)} == {"A": 0, "B": 2, "C": 1}


def test_a_short_answer_to_a_question_is_a_turn() -> None:
    talk = said(("M", 5, "?"), ("B", 1), ("M", 4, "?"), ("C", 2), ("B", 6))
    assert [one.who for one in stretches(talk)] == ["M", "B", "M", "C", "B"]
    assert Answer("M", "B", 1) in answers(talk) and Answer("C", "B", 1) in answers(talk)


def test_whoever_begins_while_another_speaks_breaks_in() -> None:
    talk = [
        Spoken(1, "A", 0, 5, 5), Spoken(2, "B", 4, 8, 5), Spoken(3, "A", 7.95, 12, 5),
        Spoken(4, "C", 12, 15, 5, begins_over=True), Spoken(5, UNKNOWN, 13, 16, 5),
    ]  # fmt: skip
    by = {one.who: (one.broke_in, one.was_broken_into) for one in shares(talk)}
    assert by == {"A": (0, 2), "B": (1, 0), "C": (1, 0), UNKNOWN: (0, 0)}


def test_nothing_is_counted_across_somebody_unknown() -> None:
    assert answers(said(("A", 5), (UNKNOWN, 5), ("B", 5))) == ()


def test_talk_is_cut_where_questions_are_asked() -> None:
    talk = said(("M", 5), ("M", 5), ("A", 5), ("M", 5), ("B", 5), ("M", 2))
    found = sections(talk, {2: 7, 4: 8, 6: 7})
    assert [(one.question_id, [s.sentence_id for s in one.said]) for one in found] == [
        (None, [1]), (7, [2, 3]), (8, [4, 5]), (7, [6]),
    ]  # fmt: skip
    assert sections([], {}) == ()


@given(
    st.lists(st.tuples(st.sampled_from(["A", "B", "C", UNKNOWN]), st.integers(0, 6)), max_size=40)
)
def test_nobody_is_lost_and_shares_make_one(lines: list[tuple[str, int]]) -> None:
    talk = said(*lines)
    found = shares(talk)
    assert sum(one.words for one in found) == sum(words for _, words in lines)
    assert not any(words for _, words in lines) or abs(sum(o.share for o in found) - 1) < 1e-9
    turns = stretches(talk)
    assert all(a.who != b.who for a, b in zip(turns, turns[1:], strict=False))
    assert sum(one.turns for one in found) == len(turns)
    assert sum(one.broke_in for one in found) == sum(one.was_broken_into for one in found)
    assert sum(one.times for one in answers(talk)) <= max(0, len(turns) - 1)
    assert [s.sentence_id for one in sections(talk, {3: 1}) for s in one.said] == [
        one.sentence_id for one in talk
    ]


def test_two_labels_of_one_participant_are_one_person(study: Study) -> None:
    over = Word("Mm", 2.0, 2.4, 0.9, overlap=True)
    talk = Transcription(
        "en",
        (
            Turn("S1", (Sentence("And *you there?*", 0.0, 2.0),)),
            Turn("S2", (Sentence("Mm, I do.", 2.0, 4.0, (over, Word("do", 3.0, 3.5, 0.9))),)),
            Turn("S3", (Sentence("We both do.", 4.0, 6.0),)),
            Turn(UNKNOWN, (Sentence("Yes.", None, None),)),
        ),
    )
    made = save_transcription(study, talk, title="One", group=1, recording_id=None)
    person = add_participant(study, 1, "Olivia", "Nurse")
    asking = add_participant(study, 1, "Ann", "Nurse", "moderator")
    for one, who in zip(speakers(study, made), (asking, person, person), strict=True):
        link_speaker(study, one.id, who)
    lines = talk_of(study, made)
    assert [(one.who, one.words, one.asks) for one in lines] == [
        ("Ann, moderator", 3, True), ("Olivia", 3, False), ("Olivia", 3, False),
        (UNKNOWN, 1, False),
    ]  # fmt: skip
    assert (lines[1].begins_over, lines[1].ends_over) == (True, False)
    assert [one.broke_in for one in shares(lines) if one.who == "Olivia"] == [1]
