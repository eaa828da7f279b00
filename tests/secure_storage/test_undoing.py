"""Taking back and doing again, on rows of the real database."""

from typing import Any

import pytest

import transcribe  # noqa: F401  (registers its tables)
from secure_storage import (
    BuiltOn,
    Change,
    Patch,
    Study,
    note_act,
    put,
    settled,
    to_redo,
    to_undo,
    undo_counts,
)

SCOPE = "transcript:1"


@pytest.fixture
def transcript(study: Study) -> int:
    with study.change() as change:
        change.db.execute(
            "INSERT INTO transcripts (id, title, group_number, language, provenance, created_at)"
            " VALUES (1, 'One', 1, 'en', '[]', ?)", [change.now],
        )  # fmt: skip
        change.db.execute("INSERT INTO turns (id, transcript_id, position) VALUES (1, 1, 1)")
        change.db.execute(
            "INSERT INTO sentences (id, transcript_id, turn_id, position, text, heard)"
            " VALUES (1, 1, 1, 1, 'a', 'a')"
        )
        change.record("transcript.added", SCOPE)
    return 1


def rewrite(change: Change, patch: Patch, text: str) -> None:
    patch.keep("sentences", 1)
    change.db.execute("UPDATE sentences SET text = ?, version = version + 1 WHERE id = 1", [text])


def done(change: Change, patch: Patch) -> None:
    before, after = patch.rows()
    note_act(change, change.record("act", SCOPE, before={"rows": before}, after={"rows": after}),
             SCOPE)  # fmt: skip


def say(study: Study, text: str) -> None:
    with study.change() as change:
        patch = Patch(change)
        rewrite(change, patch, text)
        done(change, patch)


def split(study: Study) -> int:
    with study.change() as change:
        patch = Patch(change)
        patch.keep("words", 1)
        number = patch.insert(
            "sentences",
            {
                "transcript_id": 1, "turn_id": 1, "position": 2, "text": "b", "heard": "",
                "version": 1,
            },
        )  # fmt: skip
        patch.keep("words", number)
        change.db.execute("INSERT INTO words VALUES (?, 0, 'b', 0, 1, 1, 1, 0)", [number])
        done(change, patch)
        return number


def back(study: Study, *, again: bool = False) -> None:
    with study.change() as change:
        find = to_redo if again else to_undo
        step = find(change.db, study.member.id, SCOPE)
        assert step is not None
        was, now = put(change, step, again=again)
        seq = change.record("undone", SCOPE, before={"rows": was}, after={"rows": now})
        settled(change, step, seq, again=again)


def state(study: Study) -> list[Any]:
    return [
        study.db.execute("SELECT id, text, position FROM sentences ORDER BY id").fetchall(),
        study.db.execute("SELECT * FROM words").fetchall(),
    ]


def version(study: Study) -> int:
    return int(study.db.execute("SELECT version FROM sentences WHERE id = 1").fetchone()[0])


@pytest.mark.usefixtures("transcript")
def test_acts_are_taken_back_and_done_again_in_order(study: Study) -> None:
    states = [state(study)]
    for text in ("b", "c"):
        say(study, text)
        states.append(state(study))
    split(study)
    states.append(state(study))
    for before in reversed(states[:-1]):
        back(study)
        assert state(study) == before
    assert to_undo(study.db, study.member.id, SCOPE) is None
    for after in states[1:]:
        back(study, again=True)
        assert state(study) == after
    assert undo_counts(study.db, study.member.id, SCOPE) == (3, 0)


@pytest.mark.usefixtures("transcript")
def test_who_read_a_text_is_told_that_it_was_taken_back(study: Study) -> None:
    say(study, "b")
    read = version(study)
    back(study)
    assert version(study) > read


@pytest.mark.usefixtures("transcript")
def test_a_new_act_closes_what_was_taken_back(study: Study) -> None:
    say(study, "b")
    back(study)
    say(study, "c")
    assert to_redo(study.db, study.member.id, SCOPE) is None
    assert undo_counts(study.db, study.member.id, SCOPE) == (1, 0)


@pytest.mark.usefixtures("transcript")
def test_what_others_built_on_stays(study: Study) -> None:
    number = split(study)
    with study.change() as change:
        change.db.execute(
            "INSERT INTO segments (transcript_id, first_sentence_id, last_sentence_id)"
            " VALUES (1, ?, ?)", [number, number],
        )  # fmt: skip
        change.record("segment", SCOPE)
    before = state(study)
    with pytest.raises(BuiltOn):
        back(study)
    assert state(study) == before
    assert undo_counts(study.db, study.member.id, SCOPE) == (1, 0)


@pytest.mark.usefixtures("transcript")
def test_a_text_changed_since_is_not_overwritten(study: Study) -> None:
    say(study, "b")
    with study.change() as change:
        change.db.execute("UPDATE sentences SET text = 'theirs' WHERE id = 1")
        change.record("other", SCOPE)
    with pytest.raises(BuiltOn):
        back(study)


@pytest.mark.usefixtures("transcript")
def test_another_column_changed_since_is_left_alone(study: Study) -> None:
    say(study, "b")
    with study.change() as change:
        change.db.execute("UPDATE sentences SET start = 3.0 WHERE id = 1")
        change.record("other", SCOPE)
    back(study)
    row = study.db.execute("SELECT text, start FROM sentences").fetchone()
    assert tuple(row) == ("a", 3.0)


@pytest.mark.usefixtures("transcript")
def test_an_id_that_was_taken_back_is_not_given_again(study: Study) -> None:
    first = split(study)
    back(study)
    assert split(study) > first


@pytest.mark.usefixtures("transcript")
def test_what_was_erased_cannot_be_taken_back(study: Study) -> None:
    say(study, "b")
    with study.change() as change:
        change.db.execute("UPDATE events SET before = NULL, after = NULL WHERE action = 'act'")
        change.record("erasure", SCOPE)
    with pytest.raises(BuiltOn, match="erased"):
        back(study)
