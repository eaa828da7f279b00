"""Codings follow the words: through acts on a transcript, and back; what is lost is put right."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.reanchoring import sequence
from coding import (
    add_code,
    clear_coding,
    coding_counts,
    codings,
    list_codes,
    remove_code,
    segment_text,
    segments_of,
    set_coding,
)
from coding.store import let_go, reopen, repair, repairs
from secure_storage import (
    MARK,
    BadInput,
    BuiltOn,
    Ground,
    NotAllowed,
    Study,
    Theirs,
    Withdrawal,
    erasers,
)
from themes import mark_quote, quotes, unmark_quote
from transcribe import add_participant, link_speaker, sentences, speakers
from transcribe.store import edit_sentence, redo, undo
from transcribe.store.acting import outcome
from transcribe.store.editing import merge_sentences, split_sentence
from transcribe.store.rewriting import insert_sentence, remove_sentences

from .conftest import Desk

COMFORT = "The alarm is a comfort."
CHARGE = "It is also one more thing to charge."


def coded(desk: Desk, first: int, last: int, trims: tuple[int, int] = (0, 0)) -> int:
    """Code a run as Ann and give its segment."""
    codes = add_code(desk.ann, f"Code {len(list_codes(desk.ann))}")
    lines = desk.lines
    made = set_coding(desk.ann, desk.transcript, lines[first], lines[last], codes.id, trims=trims)
    assert made is not None
    return made.segment.id


def code_of(desk: Desk, segment: int) -> int:
    row = desk.ann.db.execute("SELECT code_id FROM codings WHERE segment_id = ?", [segment])
    code: int = row.fetchone()[0]
    return code


def texts(study: Study, *segments: int) -> list[str]:
    return [segment_text(study, one) for one in segments]


def merge(desk: Desk) -> None:
    here, behind = sentences(desk.ann, desk.transcript)[1:3]
    named = [(here.id, here.version), (behind.id, behind.version)]
    merge_sentences(desk.ann, desk.transcript, named, None)


def remove(desk: Desk, *places: int) -> None:
    rows = sentences(desk.ann, desk.transcript)
    gone = [(rows[one].id, rows[one].version) for one in places]
    remove_sentences(desk.ann, desk.transcript, gone, None)


def state(study: Study) -> list[object]:
    return [
        study.db.execute(f"SELECT * FROM {table} ORDER BY id").fetchall()
        for table in ("segments", "repairs", "codings")
    ]


def test_codings_keep_their_words_through_merge_split_and_correction(desk: Desk) -> None:
    first, second = coded(desk, 1, 1), coded(desk, 2, 2)
    both, part = coded(desk, 1, 2), coded(desk, 1, 1, (4, 1))
    before = state(desk.ann)
    merge(desk)
    kept = [COMFORT, CHARGE, f"{COMFORT} {CHARGE}", "alarm is a comfort"]
    assert texts(desk.ann, first, second, both, part) == kept
    here = sentences(desk.ann, desk.transcript)[1]
    split_sentence(desk.ann, desk.transcript, here.id, here.version, 9, None)
    assert texts(desk.ann, first, second, both, part) == kept
    here = sentences(desk.ann, desk.transcript)[1]
    edit_sentence(desk.ann, here.id, "The old alarm,", here.version, None)
    assert texts(desk.ann, part, first) == ["alarm, is a comfort", "The old alarm, is a comfort."]
    for _ in range(3):
        undo(desk.ann, desk.transcript)
    assert state(desk.ann) == before
    redo(desk.ann, desk.transcript)
    assert texts(desk.ann, first, second, both, part) == kept


def test_what_was_coded_since_goes_along_when_an_act_is_taken_back(desk: Desk) -> None:
    merge(desk)
    since = coded(desk, 1, 1)
    undo(desk.ann, desk.transcript)
    assert texts(desk.ann, since) == [f"{COMFORT} {CHARGE}"]
    redo(desk.ann, desk.transcript)
    assert texts(desk.ann, since) == [f"{COMFORT} {CHARGE}"]
    undo(desk.ann, desk.transcript)
    here = sentences(desk.ann, desk.transcript)[1]
    split_sentence(desk.ann, desk.transcript, here.id, here.version, 9, None)
    number = sentences(desk.ann, desk.transcript)[2].id
    code = add_code(desk.bo, "Ease").id
    made = set_coding(desk.bo, desk.transcript, number, number, code)
    assert made is not None
    undo(desk.ann, desk.transcript)
    assert texts(desk.ann, made.segment.id, since) == ["is a comfort.", f"{COMFORT} {CHARGE}"]


def test_what_left_with_a_sentence_that_was_taken_back_comes_with_it_again(desk: Desk) -> None:
    here = sentences(desk.ann, desk.transcript)[1]
    insert_sentence(desk.ann, desk.transcript, here.id, "Or two.", None, None, -1, None)
    lines = [one.id for one in sentences(desk.ann, desk.transcript)]
    code = add_code(desk.bo, "Ease").id
    made = [set_coding(desk.bo, desk.transcript, lines[first], lines[2], code) for first in (1, 2)]
    run, alone = (one.segment.id for one in made if one)
    before = state(desk.ann)
    undo(desk.ann, desk.transcript)
    assert texts(desk.ann, run) == [COMFORT]
    assert [one.text for one in repairs(desk.ann, desk.transcript)] == ["Or two."]
    redo(desk.ann, desk.transcript)
    assert texts(desk.ann, run, alone) == [f"{COMFORT} Or two.", "Or two."]
    assert state(desk.ann) == before
    undo(desk.ann, desk.transcript)
    assert texts(desk.ann, run) == [COMFORT]


def test_what_a_removed_sentence_held_is_on_the_repair_list_until_it_is_taken_back(
    desk: Desk,
) -> None:
    lost, beyond, unused = coded(desk, 2, 2), coded(desk, 1, 2), coded(desk, 2, 2, (3, 0))
    remove_code(desk.ann, code_of(desk, unused), with_codings=True)
    before = state(desk.ann)
    remove(desk, 2)
    (entry,) = repairs(desk.bo, desk.transcript)
    assert (entry.text, entry.near, entry.quote) == (CHARGE, desk.lines[1], False)
    assert entry.codings == ((code_of(desk, lost), desk.ann.member.id),)
    assert texts(desk.ann, beyond) == [COMFORT]
    assert [one.segment.id for one in codings(desk.ann, desk.transcript)] == [beyond]
    assert coding_counts(desk.ann) == {code_of(desk, beyond): 1}
    assert segments_of(desk.ann, code_of(desk, lost)) == []
    with pytest.raises(BadInput):
        segment_text(desk.ann, lost)
    undo(desk.ann, desk.transcript)
    assert state(desk.ann) == before
    assert repairs(desk.ann, desk.transcript) == []


def test_a_person_puts_a_coding_where_it_belongs_or_lets_it_go_and_takes_it_back(
    desk: Desk,
) -> None:
    lost = coded(desk, 2, 2)
    remove(desk, 2)
    (entry,) = repairs(desk.ann, desk.transcript)
    with pytest.raises(BadInput):
        repair(desk.bo, entry.id, desk.lines[0], desk.lines[2])
    repair(desk.bo, entry.id, desk.lines[1], desk.lines[0], "r1")
    repair(desk.bo, entry.id, desk.lines[1], desk.lines[0], "r1")
    assert texts(desk.ann, lost) == [f"What works at home? {COMFORT}"]
    assert repairs(desk.ann, desk.transcript) == []
    with pytest.raises(BuiltOn):
        undo(desk.ann, desk.transcript)
    reopen(desk.bo, entry.id, "r2")
    assert repairs(desk.ann, desk.transcript) == [entry]
    with pytest.raises(NotAllowed):
        let_go(desk.bo, entry.id)  # another coder's
    let_go(desk.ann, entry.id, "r3")
    assert repairs(desk.ann, desk.transcript) == codings(desk.ann, desk.transcript) == []
    with pytest.raises(BadInput):
        repair(desk.ann, entry.id, desk.lines[0], desk.lines[0])
    reopen(desk.ann, entry.id)
    undo(desk.ann, desk.transcript)
    assert texts(desk.ann, lost) == [CHARGE]


def test_an_old_entry_is_over_when_the_words_were_lost_again(desk: Desk) -> None:
    coded(desk, 2, 2)
    remove(desk, 2)
    (entry,) = repairs(desk.ann, desk.transcript)
    repair(desk.ann, entry.id, desk.lines[0], desk.lines[0])
    remove(desk, 0)
    (again,) = repairs(desk.ann, desk.transcript)
    assert again.text == "What works at home?"
    with pytest.raises(BadInput):
        reopen(desk.ann, entry.id)


def test_several_codings_on_the_same_words_are_one_to_people(desk: Desk) -> None:
    code = add_code(desk.ann, "Comfort").id
    for study, place, trims in ((desk.ann, 1, (0, 0)), (desk.ann, 2, (3, 0)), (desk.bo, 2, (3, 0))):
        set_coding(study, desk.transcript, desk.lines[place], desk.lines[place], code, trims=trims)
    here = sentences(desk.ann, desk.transcript)[2]
    edit_sentence(desk.ann, here.id, "Mumbling.", here.version, None)
    (entry,) = repairs(desk.ann, desk.transcript)
    repair(desk.ann, entry.id, desk.lines[1], desk.lines[1])
    assert [one.initials for one in codings(desk.ann, desk.transcript)] == ["AB", "BL"]
    assert coding_counts(desk.ann) == {code: 2}
    (row,) = segments_of(desk.ann, code)
    assert (row.text, row.coders) == (COMFORT, ("AB", "BL"))
    place = (desk.transcript, desk.lines[1], desk.lines[1], code)
    head = desk.bo.head()
    assert set_coding(desk.bo, *place) is not None
    assert desk.bo.head() == head
    assert clear_coding(desk.ann, *place) is None
    assert [one.initials for one in codings(desk.ann, desk.transcript)] == ["BL"]


def test_quotes_follow_and_are_one_on_the_same_words(desk: Desk) -> None:
    run = (desk.transcript, desk.lines[2], desk.lines[2])
    whole = mark_quote(desk.ann, desk.transcript, desk.lines[1], desk.lines[1])
    mark_quote(desk.ann, *run, trims=(3, 8))
    merge(desk)
    said = {line.text for quote in quotes(desk.ann) for line in quote.excerpt.lines}
    assert said == {COMFORT, "is also one more thing to"}
    undo(desk.ann, desk.transcript)
    remove(desk, 2)
    (entry,) = repairs(desk.ann, desk.transcript)
    assert (entry.quote, entry.codings) == (True, ())
    assert [one.id for one in quotes(desk.ann)] == [whole]
    repair(desk.ann, entry.id, desk.lines[1], desk.lines[1])
    assert len(quotes(desk.ann)) == 2
    assert mark_quote(desk.ann, desk.transcript, desk.lines[1], desk.lines[1]) == whole
    unmark_quote(desk.ann, desk.transcript, desk.lines[1], desk.lines[1])
    assert quotes(desk.ann) == []


@pytest.mark.parametrize("trims", [(23, 0), (0, 23), (12, 11)])
def test_a_part_without_words_is_refused(desk: Desk, trims: tuple[int, int]) -> None:
    code = add_code(desk.ann, "Comfort").id
    with pytest.raises(BadInput):
        set_coding(desk.ann, desk.transcript, desk.lines[1], desk.lines[1], code, trims=trims)


@settings(max_examples=12, deadline=None, derandomize=True)
@given(seed=st.integers(0, 1 << 30))
def check_sequence(study: Study, code: int, seed: int) -> None:
    sequence(study, code, seed)


def test_random_corrections_leave_every_coding_on_its_words_or_on_the_list(desk: Desk) -> None:
    check_sequence(desk.ann, add_code(desk.ann, "Code").id)


def test_erasing_a_participant_empties_what_the_list_holds_of_their_transcripts(
    desk: Desk,
) -> None:
    kari = add_participant(desk.ann, 1, "Kari", "nurse")
    link_speaker(desk.ann, speakers(desk.ann, desk.transcript)[1].id, kari)
    lost, whole = coded(desk, 2, 2), coded(desk, 1, 1)
    remove(desk, 2)
    ground = Ground(desk.ann.home, desk.ann.db, desk.ann.files)
    (eraser,) = [one for one in erasers() if one.name == "coding"]
    (found,) = [
        one for one in eraser.find(ground, kari, Theirs()).found if "repair list" in one.what
    ]
    assert found.lines == (CHARGE,)
    withdrawal = Withdrawal(kari, "remove", False, "Kari", frozenset(), frozenset())
    with desk.ann.change() as change:
        eraser.erase(change, ground, withdrawal)
        change.record("erasure.tried", "participant:1")
    (entry,) = repairs(desk.ann, desk.transcript)
    assert entry.text == MARK
    assert entry.codings == ((code_of(desk, lost), desk.ann.member.id),)
    assert not desk.ann.db.execute("SELECT 1 FROM segments WHERE id = ?", [whole]).fetchone()


def test_who_corrects_is_told_what_it_put_on_the_repair_list(desk: Desk) -> None:
    for place in (1, 1, 2):
        segment = coded(desk, place, place)
    mark_quote(desk.ann, desk.transcript, desk.lines[2], desk.lines[2])
    clear_coding(
        desk.ann, desk.transcript, desk.lines[2], desk.lines[2], code_of(desk, segment)
    )  # fmt: skip
    coded(desk, 3, 3)
    remove_code(desk.ann, max(list_codes(desk.ann), key=lambda one: one.id).id, with_codings=True)
    named = [(one.id, one.version) for one in sentences(desk.ann, desk.transcript)[1:]]
    remove_sentences(desk.ann, desk.transcript, named, "removal")
    assert outcome(desk.ann, "removal").lost == len(repairs(desk.ann, desk.transcript)) == 2
    undo(desk.ann, desk.transcript, "back")
    assert outcome(desk.ann, "back").lost == 0
