"""The interview guide, and where in a transcript its questions are asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from secure_storage import (
    BadInput,
    Change,
    Patch,
    StaleWrite,
    Study,
    Undoable,
    Withdrawal,
    register_undoable,
    rewritten,
)

from ..interview_guide import clean_questions, matched
from .acting import Recast, acting, sentence_changed

_MARKS: Final = "question_marks"

register_undoable(Undoable(_MARKS, "sentence_id"))


@dataclass(frozen=True, slots=True)
class Question:
    """A question of the interview guide."""

    id: int
    text: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A question is asked at a sentence; what follows, up to the next mark, answers it."""

    sentence_id: int
    question_id: int


def questions(study: Study) -> list[Question]:
    """The interview guide, in its order."""
    study.require("read")
    rows = study.db.execute(
        "SELECT id, text FROM questions WHERE deleted_at IS NULL ORDER BY position"
    )
    return [Question(*row) for row in rows.fetchall()]


def save_guide(study: Study, texts: Sequence[str], seen: Sequence[str]) -> None:
    """Put other questions in place of those that were ``seen``.

    A question that was only reworded or moved on keeps its marks; one that is left out takes
    them along, and brings them back. ``StaleWrite`` when somebody else changed the guide
    meanwhile.
    """
    study.require("transcribe")
    new = clean_questions(texts)
    # Before the change, which others wait for; by place, for what was seen has no ids.
    pairs = matched(list(enumerate(seen)), new)
    with study.change("transcribe") as change:
        rows = change.db.execute(
            "SELECT id, text FROM questions WHERE deleted_at IS NULL ORDER BY position"
        ).fetchall()
        old = [(int(row[0]), str(row[1])) for row in rows]
        if [text for _, text in old] != list(seen):
            raise StaleWrite(
                "Somebody else changed the interview guide meanwhile. Reload the page: yours is "
                "still in the field, to be copied."
            )
        if [text for _, text in old] == list(new):
            return
        known = [(None if place is None else old[place][0], text) for place, text in pairs]
        _write(change, known, {number for number, _ in old})
        change.record(
            "guide.saved", "guide:1", before={"questions": [text for _, text in old]},
            after={"questions": list(new)},
        )  # fmt: skip


def _write(change: Change, pairs: Sequence[tuple[int | None, str]], old: set[int]) -> None:
    for number in sorted(old - {number for number, _ in pairs if number is not None}):
        change.db.execute("UPDATE questions SET deleted_at = ? WHERE id = ?", [change.now, number])
    for position, (known, text) in enumerate(pairs, 1):
        old_id = known or _left_out(change, text)
        if old_id is None:
            change.db.execute(
                "INSERT INTO questions (position, text) VALUES (?, ?)", [position, text]
            )
        else:
            change.db.execute(
                "UPDATE questions SET position = ?, text = ?, deleted_at = NULL WHERE id = ?",
                [position, text, old_id],
            )


def _left_out(change: Change, text: str) -> int | None:
    """Find a question that was taken out of the guide, and stands in it again."""
    row = change.db.execute(
        "SELECT max(id) FROM questions WHERE deleted_at IS NOT NULL AND text = ?", [text]
    ).fetchone()
    return None if row[0] is None else int(row[0])


def question_marks(study: Study, transcript_id: int) -> list[Mark]:
    """Where questions of the guide are asked in a transcript, in order."""
    study.require("read")
    rows = study.db.execute(
        "SELECT m.sentence_id, m.question_id FROM question_marks m"
        " JOIN sentences s ON s.id = m.sentence_id JOIN questions q ON q.id = m.question_id"
        " WHERE s.transcript_id = ? AND q.deleted_at IS NULL ORDER BY s.position",
        [transcript_id],
    )
    return [Mark(*row) for row in rows.fetchall()]


def mark_question(
    study: Study, transcript_id: int, sentence_id: int, question_id: int | None,
    client_id: str | None = None,
) -> None:  # fmt: skip
    """Say that a question is asked at a sentence; None takes the mark back."""
    study.require("transcribe")
    said = "the mark of a question"
    with acting(study, transcript_id, "question.marked", client_id, said=said) as act:
        if not act.db.execute(
            "SELECT 1 FROM sentences WHERE id = ? AND transcript_id = ?",
            [sentence_id, transcript_id],
        ).fetchone():
            raise BadInput("This sentence does not exist (any more). Reload the transcript.")
        if (
            question_id is not None
            and not act.db.execute(
                "SELECT 1 FROM questions WHERE id = ? AND deleted_at IS NULL", [question_id]
            ).fetchone()
        ):
            raise BadInput("This question is not in the interview guide (any more).")
        act.keep(_MARKS, sentence_id)
        act.db.execute("DELETE FROM question_marks WHERE sentence_id = ?", [sentence_id])
        if question_id is not None:
            act.db.execute(
                "INSERT INTO question_marks (sentence_id, question_id) VALUES (?, ?)",
                [sentence_id, question_id],
            )


def _follow(change: Change, patch: Patch, told: Recast) -> None:
    """Hand the mark of a sentence that goes to the one in which its words now begin."""
    stay = {number for number, _ in told.after}
    settled = told.settled.get(_MARKS, frozenset())
    for place, (number, _) in enumerate(told.before):
        row = change.db.execute(
            "SELECT question_id FROM question_marks WHERE sentence_id = ?", [number]
        ).fetchone()
        if row is None or number in stay or number in settled:
            continue
        patch.keep(_MARKS, number)
        change.db.execute("DELETE FROM question_marks WHERE sentence_id = ?", [number])
        heirs = [one for one, _ in reversed(told.before[:place]) if one in stay]
        heirs += [one for one, _ in told.after]
        if heirs:
            patch.keep(_MARKS, heirs[0])
            change.db.execute(
                # The mark of a question that was left out of the guide stands in nobody's way.
                "INSERT INTO question_marks (sentence_id, question_id) VALUES (?, ?)"
                " ON CONFLICT (sentence_id) DO UPDATE SET question_id = excluded.question_id WHERE"
                " question_id IN (SELECT id FROM questions WHERE deleted_at IS NOT NULL)",
                [heirs[0], row[0]],
            )


sentence_changed.append(_follow)


def rewrite_questions(change: Change, withdrawal: Withdrawal) -> None:
    """Take the pseudonym, and what is quoted, out of the guide."""
    for number, text in change.db.execute("SELECT id, text FROM questions").fetchall():
        put = rewritten(withdrawal, text)
        if put != text:
            change.db.execute("UPDATE questions SET text = ? WHERE id = ?", [put, number])
