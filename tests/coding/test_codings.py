"""Segments under codes: found or made, set, cleared, by several coders at once."""

import threading

import pytest

from coding import (
    add_code,
    clear_coding,
    coding_counts,
    codings,
    remove_code,
    segment,
    segment_ids,
    segment_text,
    segments_of,
    set_coding,
)
from secure_storage import BadInput, NotAllowed, Study, unlock

from .conftest import PASSPHRASE, Desk


def segments_in(study: Study) -> int:
    count: int = study.db.execute("SELECT count(*) FROM segments").fetchone()[0]
    return count


def last_event(study: Study) -> tuple[str, dict[str, object] | None]:
    event = study.events(since=study.head() - 1)[0]
    return event.action, event.after


def test_a_coding_tells_listeners_all_they_need(desk: Desk) -> None:
    code = add_code(desk.ann, "Comfort")
    coding = set_coding(desk.ann, desk.transcript, desk.lines[1], desk.lines[2], code.id, "c1")
    assert coding is not None
    assert (coding.segment.first, coding.segment.last) == desk.lines[1:3]
    assert (coding.code_id, coding.coder_id, coding.initials) == (code.id, 1, "AB")
    assert last_event(desk.ann) == (
        "coding.set",
        {"transcript": desk.transcript, "first": desk.lines[1], "last": desk.lines[2],
         "trim_start": 0, "trim_end": 0, "code": code.id, "coder": 1},
    )  # fmt: skip


def test_a_backward_selection_is_the_same_segment(desk: Desk) -> None:
    code = add_code(desk.ann, "Comfort")
    forward = set_coding(desk.ann, desk.transcript, desk.lines[0], desk.lines[2], code.id)
    backward = set_coding(desk.ann, desk.transcript, desk.lines[2], desk.lines[0], code.id)
    assert forward == backward
    assert segments_in(desk.ann) == 1


def test_setting_twice_writes_once(desk: Desk) -> None:
    code = add_code(desk.ann, "Comfort")
    set_coding(desk.ann, desk.transcript, desk.lines[0], desk.lines[0], code.id)
    head = desk.ann.head()
    again = set_coding(desk.ann, desk.transcript, desk.lines[0], desk.lines[0], code.id, "later")
    assert again is not None
    assert desk.ann.head() == head


def test_a_repeated_message_changes_nothing_even_after_it_was_undone(desk: Desk) -> None:
    code = add_code(desk.ann, "Comfort")
    place = (desk.transcript, desk.lines[0], desk.lines[0], code.id)
    set_coding(desk.ann, *place, "c1")
    clear_coding(desk.ann, *place, "c2")
    head = desk.ann.head()
    assert set_coding(desk.ann, *place, "c1") is None
    assert desk.ann.head() == head
    assert codings(desk.ann, desk.transcript) == []


def test_setting_again_revives_the_same_row(desk: Desk) -> None:
    code = add_code(desk.ann, "Comfort")
    place = (desk.transcript, desk.lines[0], desk.lines[0], code.id)
    first = set_coding(desk.ann, *place)
    assert clear_coding(desk.ann, *place) is None
    second = set_coding(desk.ann, *place)
    assert first is not None
    assert second is not None
    assert first.id == second.id


def test_clearing_what_is_clear_writes_nothing(desk: Desk) -> None:
    code = add_code(desk.ann, "Comfort")
    head = desk.ann.head()
    assert clear_coding(desk.ann, desk.transcript, desk.lines[0], desk.lines[0], code.id) is None
    assert desk.ann.head() == head
    assert segments_in(desk.ann) == 0


def test_two_readings_of_one_segment_stand_side_by_side(desk: Desk) -> None:
    code = add_code(desk.ann, "Comfort")
    for study in (desk.ann, desk.bo):
        set_coding(study, desk.transcript, desk.lines[1], desk.lines[1], code.id)
    assert [one.initials for one in codings(desk.bo, desk.transcript)] == ["AB", "BL"]
    assert coding_counts(desk.bo) == {code.id: 2}
    assert segments_in(desk.bo) == 1


def test_only_the_coder_or_a_lead_clears_a_coding(desk: Desk) -> None:
    code = add_code(desk.ann, "Comfort")
    place = (desk.transcript, desk.lines[0], desk.lines[0], code.id)
    set_coding(desk.ann, *place)
    set_coding(desk.bo, *place)
    with pytest.raises(NotAllowed):
        clear_coding(desk.bo, *place, coder_id=desk.ann.member.id)
    clear_coding(desk.ann, *place, coder_id=desk.bo.member.id)
    assert [one.initials for one in codings(desk.bo, desk.transcript)] == ["AB"]


def test_codings_at_once_lose_nothing(desk: Desk) -> None:
    codes = [add_code(desk.ann, f"Code {number}") for number in range(6)]

    def work(study: Study) -> None:
        for code in codes:
            for line in desk.lines:
                set_coding(study, desk.transcript, line, line, code.id)

    threads = [threading.Thread(target=work, args=[study]) for study in (desk.ann, desk.bo)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(codings(desk.ann, desk.transcript)) == 2 * len(codes) * len(desk.lines)
    assert segments_in(desk.ann) == len(desk.lines)


def test_a_reader_codes_nothing(desk: Desk) -> None:
    code = add_code(desk.ann, "Comfort")
    once = desk.ann.invite("Rea Dahl", "reader")
    reader = unlock(desk.ann.home, "Rea Dahl", once)
    reader.change_passphrase(once, PASSPHRASE)
    with pytest.raises(NotAllowed):
        set_coding(reader, desk.transcript, desk.lines[0], desk.lines[0], code.id)
    assert codings(reader, desk.transcript) == []
    reader.close()


@pytest.mark.parametrize("wrong", ["sentence", "transcript", "code"])
def test_what_does_not_exist_is_refused_whole(desk: Desk, wrong: str) -> None:
    code = add_code(desk.ann, "Comfort")
    head = desk.ann.head()
    with pytest.raises(BadInput):
        set_coding(
            desk.ann,
            999 if wrong == "transcript" else desk.transcript,
            999 if wrong == "sentence" else desk.lines[0],
            desk.lines[0],
            999 if wrong == "code" else code.id,
        )
    assert desk.ann.head() == head
    assert segments_in(desk.ann) == 0


def test_segments_of_a_code_come_with_their_context(desk: Desk) -> None:
    code = add_code(desk.ann, "Comfort")
    set_coding(desk.bo, desk.transcript, desk.lines[1], desk.lines[3], code.id)
    set_coding(desk.ann, desk.transcript, desk.lines[1], desk.lines[3], code.id)
    set_coding(desk.ann, desk.transcript, desk.lines[0], desk.lines[0], code.id)
    first, second = segments_of(desk.ann, code.id)
    assert (first.text, first.before, first.after) == (
        "What works at home?", "", "The alarm is a comfort.",
    )  # fmt: skip
    assert second.text == "The alarm is a comfort. It is also one more thing to charge. Mm."
    assert (second.before, second.after) == ("What works at home?", "")
    assert second.coders == ("BL", "AB")
    assert second.speakers == ("SPEAKER_2", "UNKNOWN")
    assert (second.transcript, second.group) == ("First group", 1)


def test_a_removed_code_takes_its_codings_out_of_sight(desk: Desk) -> None:
    code = add_code(desk.ann, "Comfort")
    set_coding(desk.ann, desk.transcript, desk.lines[0], desk.lines[0], code.id)
    remove_code(desk.ann, code.id, with_codings=True)
    assert codings(desk.ann, desk.transcript) == []


def test_a_segment_reads_as_its_sentences_with_trims(desk: Desk) -> None:
    with desk.ann.change() as change:
        (whole,) = segment_ids(change, desk.transcript, desk.lines[1], desk.lines[2])
        change.db.execute(
            "INSERT INTO segments (transcript_id, first_sentence_id, last_sentence_id,"
            " trim_start, trim_end) VALUES (?, ?, ?, 4, 8)",
            [desk.transcript, desk.lines[1], desk.lines[2]],
        )
        change.record("quote.marked", "quote:1")
    said = segment_text(desk.ann, whole)
    assert said == "The alarm is a comfort. It is also one more thing to charge."
    assert segment_text(desk.ann, whole + 1) == "alarm is a comfort. It is also one more thing to"
    assert segment(desk.ann, whole).first == desk.lines[1]
