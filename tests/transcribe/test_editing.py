"""Splitting, merging, moving: what becomes of texts, words, times and turns; and all of it back."""

import random
from collections.abc import Callable, Sequence
from itertools import combinations, pairwise
from typing import Any

import pytest

from coding import add_code, set_coding
from secure_storage import BadInput, BuiltOn, Role, StaleWrite, Study
from transcribe import (
    Sentence,
    SentenceRow,
    Transcription,
    Turn,
    Word,
    edit_sentence,
    save_transcription,
    sentence,
    sentences,
    speakers,
    words,
)
from transcribe.editing import Replacement, Spoken, join, part, place_words, replaced
from transcribe.store import redo, undo, undo_state
from transcribe.store.editing import merge_sentences, split_sentence
from transcribe.store.guide import mark_question, save_guide
from transcribe.store.revisions import as_of
from transcribe.store.rewriting import (
    SAME,
    insert_sentence,
    merge_turn,
    remove_sentences,
    replace_words,
    set_times,
    set_verbatim,
    split_turn,
)
from transcribe.store.speaking import (
    EXTENTS,
    give_speaker,
    merge_speakers,
    new_speaker,
    rename_speaker,
)


def spoken(text: str, said: str | None = None, verbatim: str | None = None) -> Spoken:
    """A sentence of one word a second from second 1 on; ``said`` is what was heard."""
    heard = text if said is None else said
    timed = tuple(
        Word(word, 1.0 + place, 1.5 + place, 0.9) for place, word in enumerate(heard.split())
    )
    return Spoken(text, heard, verbatim, 1.0, 0.5 + len(timed), timed)


def test_words_go_where_they_stand_in_the_text() -> None:
    first, second = part(spoken("I do not lift."), 4)
    assert (first.text, first.heard, first.start, first.end) == ("I do", "I do", 1.0, 2.5)
    assert (second.text, second.heard, second.start, second.end) == (
        "not lift.",
        "not lift.",
        3,
        4.5,
    )
    assert [word.text for word in first.words] == ["I", "do"]


def test_a_corrected_text_is_cut_where_the_heard_words_are() -> None:
    one = spoken("No, I never lifted anybody alone.", "no I lift any body alone")
    first, second = part(one, one.text.index("anybody"))
    assert (first.text, first.heard) == ("No, I never lifted", "no I lift")
    assert (second.text, second.heard) == ("anybody alone.", "any body alone")
    assert [len(first.words), len(second.words)] == [3, 3]


def test_without_words_the_time_is_shared_by_letters() -> None:
    first, second = part(Spoken("abcd efgh", "", None, 10.0, 19.0), 4)
    assert (first.start, first.end, second.start, second.end) == (10.0, 14.0, 14.0, 19.0)
    first, second = part(Spoken("abcd efgh", "", None, None, None), 4)
    assert (first.end, second.start) == (None, None)


def test_what_was_said_is_cut_too_where_it_is_kept() -> None:
    one = spoken("I do not lift.", verbatim="I I don't, eh, lift.")
    first, second = part(one, 8)
    assert (first.verbatim, second.verbatim) == ("I I don't,", "eh, lift.")


@pytest.mark.parametrize("text", ["I do not lift.", "Å, så fint 😀 det er!", "- - -"])
def test_parts_join_to_what_they_were(text: str) -> None:
    whole = spoken(text)
    for at in (place for place, sign in enumerate(text) if sign == " "):
        assert join(*part(whole, at)) == whole


def test_words_are_found_behind_capitals_and_marks() -> None:
    assert place_words(["yes", "well", "so"], "«Yes», so") == [(0, 6), None, (7, 9)]


def test_replacements_fit_or_are_refused() -> None:
    here = [Replacement(1, 1, 4, 6, "Y"), Replacement(1, 1, 0, 3, "long")]
    assert replaced("abc de", here) == "long Y"
    for wrong in ((3, 3), (2, 9), (5, 4)):
        with pytest.raises(BadInput):
            replaced("abc de", [Replacement(1, 1, *wrong, "x")])
    with pytest.raises(BadInput):
        replaced("abc de", [here[0], Replacement(1, 1, 5, 6, "x")])


TALK = Transcription(
    "en",
    (
        Turn("S1", tuple(Sentence(f"One {n} here.", float(n), n + 1.0) for n in range(4))),
        Turn("S2", (Sentence("Two.", 5.0, 6.0, (Word("Two.", 5.0, 5.5, 0.9),)),)),
        Turn("S1", (Sentence("Three a.", 7.0, 8.0), Sentence("Three b.", 8.0, 9.0))),
    ),
)


@pytest.fixture
def talk(study: Study) -> int:
    return save_transcription(study, TALK, title="One", group=1, recording_id=None)


def texts(study: Study, talk: int) -> list[list[str]]:
    """What is said, turn by turn; a turn in pieces would stand twice."""
    found: list[tuple[int, list[str]]] = []
    for one in sentences(study, talk):
        if not found or found[-1][0] != one.turn_id:
            found.append((one.turn_id, []))
        found[-1][1].append(one.text)
    assert len({turn for turn, _ in found}) == len(found)
    return [said for _, said in found]


def test_a_turn_is_cut_inside_a_sentence_and_joined_again(study: Study, talk: int) -> None:
    before = texts(study, talk)
    second = sentences(study, talk)[1]
    split_turn(study, talk, second.id, 3, 1, None)
    assert texts(study, talk)[:2] == [
        ["One 0 here.", "One"],
        ["1 here.", "One 2 here.", "One 3 here."],
    ]
    assert sentences(study, talk)[2].speaker_id == second.speaker_id
    merge_turn(study, talk, sentences(study, talk)[2].id, None)
    merge_sentences(study, talk, [(second.id, 2), (sentences(study, talk)[2].id, 1)], None)
    assert texts(study, talk) == before


def test_a_turn_joined_to_another_speakers_is_theirs(study: Study, talk: int) -> None:
    two = sentences(study, talk)[4]
    merge_turn(study, talk, two.id, None)
    assert sentence(study, two.id).speaker_id == sentences(study, talk)[0].speaker_id
    assert len(texts(study, talk)) == 2
    with pytest.raises(BadInput, match="no turn before"):
        merge_turn(study, talk, sentences(study, talk)[0].id, None)


def test_what_is_typed_comes_in_its_place_under_its_speaker(study: Study, talk: int) -> None:
    first, second = sentences(study, talk)[:2]
    one, two = (speaker.id for speaker in speakers(study, talk))
    insert_sentence(study, talk, None, " At  first. ", 0.0, None, one, None)
    insert_sentence(study, talk, first.id, "Same.", None, None, SAME, None)
    insert_sentence(study, talk, second.id, "Other.", 2.5, 3.0, two, None)
    insert_sentence(study, talk, None, "Nobody.", None, None, None, None)
    assert texts(study, talk)[:4] == [
        ["Nobody."], ["At first.", "One 0 here.", "Same.", "One 1 here."], ["Other."],
        ["One 2 here.", "One 3 here."],
    ]  # fmt: skip
    assert [one.speaker_id for one in sentences(study, talk)][:6] == [None, one, one, one, one, two]


def test_a_transcript_is_typed_from_nothing(study: Study) -> None:
    talk = save_transcription(study, Transcription("en", ()), title="T", group=1, recording_id=None)
    insert_sentence(study, talk, None, "First.", 0.0, 1.0, SAME, None)
    after = sentences(study, talk)[0].id
    for number in range(40):
        insert_sentence(study, talk, after, f"Line {number}.", None, None, SAME, None)
    assert [one.text for one in sentences(study, talk)][:2] == ["First.", "Line 39."]
    for number in range(41):
        undo(study, talk, f"undo-{number}")
    assert sentences(study, talk) == []


def test_the_last_sentence_of_a_turn_takes_it_along(study: Study, talk: int) -> None:
    two = sentences(study, talk)[4]
    remove_sentences(study, talk, [(two.id, 1)], None)
    assert [len(turn) for turn in texts(study, talk)] == [4, 2]
    undo(study, talk)
    assert [len(turn) for turn in texts(study, talk)] == [4, 1, 2]
    assert words(study, two.id)[0].text == "Two."


def test_one_act_replaces_in_many_places(study: Study, talk: int) -> None:
    lines = sentences(study, talk)
    places = [Replacement(one.id, 1, 0, 3, "Four") for one in lines if one.text.startswith("One")]
    replace_words(study, talk, places, None)
    assert [one.text for one in sentences(study, talk)][:2] == ["Four 0 here.", "Four 1 here."]
    with pytest.raises(StaleWrite):
        replace_words(study, talk, [places[0]], None)
    assert undo(study, talk) == "Taken back: replaced words"
    assert [one.text for one in sentences(study, talk)] == [one.text for one in lines]


def test_times_are_seconds_in_order(study: Study, talk: int) -> None:
    first = sentences(study, talk)[0].id
    set_times(study, talk, first, 1, 1.5, 2.0, None)
    assert (sentence(study, first).start, sentence(study, first).end) == (1.5, 2.0)
    for start, end in ((2.0, 1.0), (-1.0, 1.0), (float("nan"), None), (float("inf"), None)):
        with pytest.raises(BadInput):
            set_times(study, talk, first, 2, start, end, None)


def test_pasted_control_characters_are_left_out(study: Study, talk: int) -> None:
    first = sentences(study, talk)[0].id
    text = "One\x00\x07 \u200d here\x0bnow."
    assert edit_sentence(study, first, text, 1, None).text == "One \u200d here now."


def test_written_language_keeps_what_was_said(study: Study, talk: int) -> None:
    first = sentences(study, talk)[0].id

    def verbatim() -> Any:
        return study.db.execute("SELECT verbatim FROM sentences WHERE id = ?", [first]).fetchone()[
            0
        ]

    edit_sentence(study, first, "One zero, here.", 1, None)
    assert verbatim() is None
    edit_sentence(study, first, "One is here.", 2, None, written=True)
    edit_sentence(study, first, "One was here.", 3, None, written=True)
    assert verbatim() == "One zero, here."
    set_verbatim(study, talk, first, 4, "One, eh, here.", None)
    assert verbatim() == "One, eh, here."
    set_verbatim(study, talk, first, 5, " ", None)
    assert verbatim() is None


def test_a_locked_transcript_is_left_alone(study: Study, talk: int) -> None:
    first = sentences(study, talk)[0].id
    edit_sentence(study, first, "Changed.", 1, None)
    with study.change() as change:
        change.db.execute("UPDATE transcripts SET approved_at = ?", [change.now])
        change.record("transcript.approved", f"transcript:{talk}")
    head = study.head()
    for act in (
        lambda: edit_sentence(study, first, "Again.", 2, None),
        lambda: split_sentence(study, talk, first, 2, 3, None),
        lambda: undo(study, talk),
    ):
        with pytest.raises(BadInput, match="locked"):
            act()
    assert study.head() == head


def test_a_turn_is_not_torn_by_taking_back(
    study: Study, talk: int, sign_in: Callable[[str, Role], Study]
) -> None:
    bo = sign_in("Bo", "coder")
    lines = sentences(study, talk)
    split_turn(study, talk, lines[2].id, 0, 0, None)
    merge_turn(study, talk, lines[2].id, None)
    insert_sentence(bo, talk, lines[2].id, "Bo's.", None, None, SAME, None)
    with pytest.raises(BuiltOn, match="in between"):
        undo(study, talk)
    undo(bo, talk)
    undo(study, talk)
    assert [len(turn) for turn in texts(study, talk)] == [2, 2, 1, 2]


def crowd(study: Study, talk: int, after: int) -> int:
    """Type behind one sentence until there is no room left, and all get new places."""
    count, last = 0, sentences(study, talk)[-1].position
    while sentences(study, talk)[-1].position == last:
        insert_sentence(study, talk, after, f"More {count}.", None, None, SAME, None)
        count += 1
    return count


@pytest.fixture
def field_notes(study: Study) -> int:
    """One turn: whatever comes to stand elsewhere tears none."""
    said = tuple(Sentence(f"Note {n}.", None, None) for n in range(5))
    notes = Transcription("en", (Turn("S1", said),))
    return save_transcription(study, notes, title="Notes", group=1, recording_id=None)


def test_what_was_taken_out_comes_back_where_it_was_or_not_at_all(
    study: Study, field_notes: int, sign_in: Callable[[str, Role], Study]
) -> None:
    bo, lines = sign_in("Bo", "coder"), sentences(study, field_notes)
    remove_sentences(study, field_notes, [(lines[3].id, 1)], None)
    added = crowd(bo, field_notes, lines[0].id)
    with pytest.raises(BuiltOn, match="in between"):
        undo(study, field_notes)
    for _ in range(added):
        undo(bo, field_notes)
    undo(study, field_notes)
    assert [one.id for one in sentences(study, field_notes)] == [one.id for one in lines]


def test_what_others_added_stays_where_they_put_it(
    study: Study, field_notes: int, sign_in: Callable[[str, Role], Study]
) -> None:
    bo, lines = sign_in("Bo", "coder"), sentences(study, field_notes)
    added = crowd(study, field_notes, lines[0].id)
    insert_sentence(bo, field_notes, lines[2].id, "Bo's.", None, None, SAME, None)
    before = texts(study, field_notes)
    with pytest.raises(BuiltOn, match="in between"):
        undo(study, field_notes)
    assert texts(study, field_notes) == before
    undo(bo, field_notes)
    for _ in range(added):
        undo(study, field_notes)
    assert [(one.id, one.position) for one in sentences(study, field_notes)] == [
        (one.id, one.position) for one in lines
    ]


def state(study: Study, talk: int) -> list[list[Any]]:
    """All rows of a transcript but what only counts."""
    counting = {"sentences": "version", "transcripts": "revision"}
    found = []
    for table in ("transcripts", "speakers", "turns", "sentences"):
        key = "id" if table == "transcripts" else "transcript_id"
        cursor = study.db.execute(f"SELECT * FROM {table} WHERE {key} = ? ORDER BY id", [talk])
        names = [column[0] for column in cursor.description]
        found.append([
            {name: value for name, value in zip(names, row, strict=True)
             if name != counting.get(table)}
            for row in cursor.fetchall()
        ])  # fmt: skip
    for table in ("words", "question_marks", "segments", "codings", "repairs"):
        found.append(study.db.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall())
    return found


def do_something(study: Study, talk: int, chance: random.Random) -> None:
    """Do any act, anywhere; some are refused."""
    lines = sentences(study, talk)
    if not lines:
        insert_sentence(study, talk, None, "Anew.", None, None, SAME, None)
        return
    place = chance.randrange(len(lines))
    one, following = lines[place], lines[(place + 1) % len(lines)]
    at = chance.randrange(len(one.text) + 1)
    people = speakers(study, talk)
    voice = chance.choice([None, SAME, *(speaker.id for speaker in people)])
    doing: Sequence[Callable[[], object]] = (
        lambda: edit_sentence(study, one.id, one.text[at:] + " Ny.", one.version, None),
        lambda: edit_sentence(study, one.id, "Skrift.", one.version, None, written=True),
        lambda: split_sentence(study, talk, one.id, one.version, at, None),
        lambda: merge_sentences(
            study, talk, [(one.id, one.version), (following.id, following.version)], None
        ),
        lambda: insert_sentence(study, talk, one.id, "More words.", 1.0, None, voice, None),
        lambda: insert_sentence(study, talk, None, "Before.", None, None, voice, None),
        lambda: remove_sentences(
            study, talk, {(one.id, one.version), (following.id, following.version)}, None
        ),
        lambda: split_turn(study, talk, one.id, at, one.version, None),
        lambda: merge_turn(study, talk, one.id, None),
        lambda: set_times(study, talk, one.id, one.version, 1.0, float(at + 1), None),
        lambda: set_verbatim(study, talk, one.id, one.version, "Eh.", None),
        lambda: replace_words(
            study,
            talk,
            [Replacement(row.id, row.version, 0, 1, "X") for row in lines[place:]],
            None,
        ),
        lambda: give_speaker(
            study, talk, one.id, chance.choice(EXTENTS), None if voice == SAME else voice
        ),
        lambda: new_speaker(study, talk, "", sentence_id=one.id, extent="rest"),
        lambda: rename_speaker(study, chance.choice(people).id, f"Name {at}"),
        lambda: merge_speakers(study, chance.choice(people).id, chance.choice(people).id),
        lambda: mark_question(study, talk, one.id, chance.choice([1, 2, None])),
        lambda: undo(study, talk) if did_last(study) else None,
        lambda: redo(study, talk),
    )
    chance.choice(doing)()


@pytest.mark.parametrize("seed", range(10))
def test_all_that_two_people_did_can_be_taken_back(
    study: Study, talk: int, sign_in: Callable[[str, Role], Study], seed: int
) -> None:
    chance, bo = random.Random(seed), sign_in("Bo", "coder")
    save_guide(study, ["Why?", "How?"], [])
    code = add_code(study, "Lifting", "").id
    for first, last in combinations([one.id for one in sentences(study, talk)], 2):
        set_coding(study, talk, first, last, code)
    before = state(study, talk)
    known = {study.head(): texts(study, talk)}
    done: dict[int, int] = {}
    for who in chance.choices((study, bo), k=20):
        try:
            do_something(who, talk, chance)
        except (BadInput, StaleWrite, BuiltOn):
            continue
        check_order(sentences(study, talk))
        known[study.head()] = texts(study, talk)
        done = in_order(study, done)
    for seq, said in known.items():
        assert [one.text for one in as_of(study, talk, seq)] == [one for run in said for one in run]
    after = state(study, talk)
    for member in reversed(done.values()):
        assert undo(study if member == study.member.id else bo, talk)
    assert state(study, talk) == before
    for member in done.values():
        assert redo(study if member == study.member.id else bo, talk)
    assert state(study, talk) == after
    assert undo_state(study, talk)[0] + undo_state(bo, talk)[0] == len(done)


def did_last(study: Study) -> bool:
    """Whether nobody acted since: who takes back what lies deeper may leave others stuck."""
    row = study.db.execute(
        "SELECT member_id FROM acts WHERE undone_by IS NULL ORDER BY seq DESC LIMIT 1"
    ).fetchone()
    return row is not None and row[0] == study.member.id


def in_order(study: Study, before: dict[int, int]) -> dict[int, int]:
    """The acts that stand, with whose they are; what was done again comes last."""
    standing = dict(
        study.db.execute("SELECT seq, member_id FROM acts WHERE undone_by IS NULL").fetchall()
    )
    stayed = {seq: member for seq, member in before.items() if seq in standing}
    return stayed | standing


def check_order(lines: Sequence[SentenceRow]) -> None:
    assert all(first.position < second.position for first, second in pairwise(lines))
