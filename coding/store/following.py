"""Segments follow the words of a transcript, within the change that corrects it."""

from typing import TYPE_CHECKING, Final

from secure_storage import Change, Patch, Undoable, register_undoable
from transcribe import Recast, sentence_changed

from ..codebook import Segment
from ..reanchor import End, Recasting
from .segments import trimmed

if TYPE_CHECKING:
    from sqlite_utils import Database

_USED: Final = """
SELECT EXISTS (SELECT 1 FROM codings c JOIN codes k ON k.id = c.code_id WHERE c.segment_id = ?
               AND c.deleted_at IS NULL AND k.deleted_at IS NULL)
    OR EXISTS (SELECT 1 FROM quotes WHERE segment_id = ? AND deleted_at IS NULL)
"""

# After those of the transcript, whose rows these point to.
register_undoable(Undoable("segments"), Undoable("repairs"))


def follow(change: Change, patch: Patch, told: Recast) -> None:
    """Let the segments that begin or end in a run follow it; what is lost goes on the list."""
    concerned = [
        one for one in _ending_in(change.db, [number for number, _ in told.before])
        if one.id not in told.settled.get("segments", ())
    ]  # fmt: skip
    if not concerned:
        return
    run = _Run(change.db, told)
    recasting = Recasting(told.before, told.after)
    for one in concerned:
        patch.keep("segments", one.id)
        found = recasting.follow(
            End(one.first, one.trim_start) if one.first in run.before else None,
            End(one.last, one.trim_end) if one.last in run.before else None,
        )
        if found is None:
            _lose(change.db, patch, run, one)
            continue
        first, last = found.first, found.last
        if one.first not in run.before:
            first = End(one.first, one.trim_start)
        if one.last not in run.before:
            last = End(one.last, one.trim_end)
        _put(change.db, one.id, first or run.beside(1), last or run.beside(-1))


class _Run:
    """Where a run stands among the other sentences."""

    def __init__(self, db: "Database", told: Recast) -> None:
        self._db, self._told = db, told
        self.before = dict(told.before)
        self._after = dict(told.after)
        numbers = sorted(self.before.keys() | self._after.keys())
        marks = ",".join("?" * len(numbers))
        self._low, self._high = db.execute(
            f"SELECT min(position), max(position) FROM sentences WHERE id IN ({marks})", numbers
        ).fetchone()

    def beside(self, step: int) -> End:
        """Give the sentence behind this run (1), or that before it (-1)."""
        found = self._neighbour(step)
        assert found is not None  # a segment that goes on beyond this run ends there
        return End(found)

    def near(self) -> int | None:
        """Give a sentence near this run that stays."""
        if self._told.after:
            return self._told.after[0][0]
        before = self._neighbour(-1)
        return self._neighbour(1) if before is None else before

    def text(self, one: Segment) -> str:
        """Give what a segment covered before."""
        rows = self._db.execute(
            "SELECT s.id, s.text FROM sentences s JOIN sentences f ON f.id = ?"
            " JOIN sentences l ON l.id = ? WHERE s.transcript_id = f.transcript_id"
            " AND s.position BETWEEN f.position AND l.position ORDER BY s.position",
            [one.first, one.last],
        ).fetchall()
        return trimmed(one, [
            self.before.get(number, text) for number, text in rows
            if number in self.before or number not in self._after
        ])  # fmt: skip

    def _neighbour(self, step: int) -> int | None:
        row = self._db.execute(
            "SELECT id FROM sentences WHERE transcript_id = ? AND position"
            + (" > ? ORDER BY position" if step > 0 else " < ? ORDER BY position DESC")
            + " LIMIT 1",
            [self._told.transcript_id, self._high if step > 0 else self._low],
        ).fetchone()
        return None if row is None else int(row[0])


def _ending_in(db: "Database", sentences: list[int]) -> list[Segment]:
    marks = ",".join("?" * len(sentences))
    rows = db.execute(
        "SELECT id, transcript_id, first_sentence_id, last_sentence_id, trim_start, trim_end"
        f" FROM segments WHERE first_sentence_id IN ({marks}) OR last_sentence_id IN ({marks})"
        " ORDER BY id",
        [*sentences, *sentences],
    ).fetchall()
    return [Segment(*row) for row in rows]


def _put(db: "Database", segment_id: int, first: End, last: End) -> None:
    db.execute(
        "UPDATE segments SET first_sentence_id = ?, last_sentence_id = ?, trim_start = ?,"
        " trim_end = ? WHERE id = ?",
        [first.sentence, last.sentence, first.trim, last.trim, segment_id],
    )


def _lose(db: "Database", patch: Patch, run: _Run, one: Segment) -> None:
    if db.execute(_USED, [one.id, one.id]).fetchone()[0]:
        patch.insert("repairs", {
            "segment_id": one.id, "text": run.text(one), "near": run.near(), "state": "open",
        })  # fmt: skip
    db.execute(
        "UPDATE segments SET first_sentence_id = NULL, last_sentence_id = NULL, trim_start = 0,"
        " trim_end = 0 WHERE id = ?",
        [one.id],
    )


sentence_changed.append(follow)
