"""Segments follow the words of a transcript, within the change that corrects it."""

from itertools import takewhile
from typing import TYPE_CHECKING

from secure_storage import Change, Patch, Undoable, register_undoable
from transcribe import Recast, sentence_changed

from ..codebook import Segment
from ..reanchor import End, Recasting, Run
from .segments import trimmed

if TYPE_CHECKING:
    from sqlite_utils import Database

# After those of the transcript, whose rows these point to.
register_undoable(Undoable("segments"), Undoable("repairs"))


def follow(change: Change, patch: Patch, told: Recast) -> int:
    """Let the segments that begin or end in a run follow it; what is lost goes on the list.

    Gives how many are lost that somebody reads under a code or quotes.
    """
    run = _Run(change.db, told)
    concerned = [
        one for one in _ending_in(change.db, list(run.before))
        if one.id not in told.settled.get("segments", ())
    ]  # fmt: skip
    if not concerned:
        return 0
    lost = 0
    recasting = Recasting([*run.before.items()], [*run.after.items()])
    for one in concerned:
        patch.keep("segments", one.id)
        starts, ends = End(one.first, one.trim_start), End(one.last, one.trim_end)
        begins, closes = one.first in run.before, one.last in run.before
        found = recasting.follow(starts if begins else None, ends if closes else None)
        if found is None:
            _lose(change.db, patch, run, one)
            lost += _is_read(change.db, one.id)
            continue
        first = (found.first or run.beside(1)) if begins else starts
        last = (found.last or run.beside(-1)) if closes else ends
        _put(change.db, one.id, first, last)
    return lost


class _Run:
    """What changed of a run, and where it stands among the other sentences."""

    def __init__(self, db: "Database", told: Recast) -> None:
        self._db, self._told = db, told
        # What stands there as before is not touched, even if its words stand beside it, too.
        head = _alike(told.before, told.after)
        tail = _alike(told.before[head:][::-1], told.after[head:][::-1])
        self.before = dict(told.before[head : len(told.before) - tail])
        self.after = dict(told.after[head : len(told.after) - tail])
        self._sides = {-1: told.after[:head][-1:], 1: told.after[len(told.after) - tail :][:1]}

    def beside(self, step: int) -> End:
        """Give the sentence behind what changed (1), or that before it (-1)."""
        found = self._neighbour(step)
        assert found is not None  # a segment that goes on beyond this run ends there
        return End(found)

    def near(self) -> int | None:
        """Give a sentence near to what changed that stays."""
        if self.after:
            return next(iter(self.after))
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
            if number in self.before or number not in self.after
        ])  # fmt: skip

    def _neighbour(self, step: int) -> int | None:
        for number, _ in self._sides[step]:
            return number
        # Those that go may have lost their place already: who comes knows it.
        there = list(self.after) or list(self.before)
        marks = ",".join("?" * len(there))
        edge, than, order = ("max", ">", "ASC") if step > 0 else ("min", "<", "DESC")
        gone = [one for one in self.before if one not in self.after]
        row = self._db.execute(
            f"SELECT id FROM sentences WHERE transcript_id = ? AND position {than}"
            f" (SELECT {edge}(position) FROM sentences WHERE id IN ({marks}))"
            f" AND id NOT IN ({','.join('?' * len(gone))}) ORDER BY position {order} LIMIT 1",
            [self._told.transcript_id, *there, *gone],
        ).fetchone()
        return None if row is None else int(row[0])


def _alike(one: Run, other: Run) -> int:
    """How many sentences both begin with."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


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
    patch.insert("repairs", {
        "segment_id": one.id, "text": run.text(one), "near": run.near(), "state": "open",
    })  # fmt: skip
    db.execute(
        "UPDATE segments SET first_sentence_id = NULL, last_sentence_id = NULL, trim_start = 0,"
        " trim_end = 0 WHERE id = ?",
        [one.id],
    )


def _is_read(db: "Database", segment_id: int) -> bool:
    (found,) = db.execute(
        "SELECT EXISTS (SELECT 1 FROM codings c JOIN codes k ON k.id = c.code_id"
        " WHERE c.segment_id = ? AND c.deleted_at IS NULL AND k.deleted_at IS NULL)"
        " OR EXISTS (SELECT 1 FROM quotes WHERE segment_id = ? AND deleted_at IS NULL)",
        [segment_id, segment_id],
    ).fetchone()
    return bool(found)


sentence_changed.append(follow)
