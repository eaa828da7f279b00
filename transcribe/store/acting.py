"""One act on a transcript: a change that can be taken back, and that codings follow.

Whoever changes a transcript goes through ``acting``. Rows are kept before they are touched;
where texts or the run of sentences change, ``recast`` tells what became of which words, and
later stages (which register in ``sentence_changed``) let their segments follow within the
same transaction. The event holds all rows as they were and as they are.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from secure_storage import (
    MARK,
    BadInput,
    BuiltOn,
    Change,
    Patch,
    Step,
    Study,
    Undoable,
    leave_act,
    note_act,
    put,
    register_undoable,
    settled,
    to_redo,
    to_undo,
    undo_counts,
)

from .stepping import is_torn, watched

if TYPE_CHECKING:
    from sqlite_utils import Database

Run = Sequence[tuple[int, str]]
"""Neighbouring sentences in order: id and text."""


@dataclass(frozen=True, slots=True)
class Recast:
    """A run of neighbouring sentences as it was, and what stands in its place.

    Texts of one run follow each other with one space between. A sentence that is in
    ``before`` alone is about to be removed; one that is in ``after`` alone has come.
    """

    transcript_id: int
    before: tuple[tuple[int, str], ...]
    after: tuple[tuple[int, str], ...]
    settled: Mapping[str, frozenset[int]] = field(default_factory=dict)
    """Rows, by table, that stand as they shall already: an act is taken back or done again."""


sentence_changed: Final[list[Callable[[Change, Patch, Recast], int | None]]] = []
"""The seam: called when the new rows are written and before old ones are removed. May give how
many passages that somebody reads something in have lost their words."""

# Those that others point to first.
register_undoable(
    Undoable("transcripts", counters=frozenset({"revision"})),
    Undoable("speakers"),
    Undoable("turns"),
    Undoable("sentences", counters=frozenset({"version"})),
    Undoable("words", "sentence_id"),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an act did."""

    seq: int
    """Its event."""
    touched: tuple[int, ...] = ()
    """Sentences that look different now, or are gone."""
    speakers: bool = False
    """Some of these changed, too."""
    said: str = ""
    lost: int = 0
    """Coded passages that lost their words, and wait to be repaired."""


_TORN: Final = (
    "This cannot be taken back: sentences were added in between since. Take those back first; "
    "nothing was changed."
)


_ERASED: Final = (
    "This cannot be taken back: it would put words under a participant who withdrew and was "
    "erased. Nothing was changed."
)


class _Unchanged(Exception):  # noqa: N818 (not an error)
    """All rows are as they were: the change is undone whole, so that it leaves no event."""


class Act:
    """What is done to one transcript within one change."""

    def __init__(self, change: Change, transcript_id: int, asked_by: int | None = None) -> None:
        """Nothing is done yet."""
        self.change = change
        self.asked_by = asked_by
        self.db: Database = change.db
        self.transcript_id = transcript_id
        self.patch = Patch(change)
        self.lost = 0

    def keep(self, table: str, *keys: int) -> None:
        """Keep rows as they are before they are first touched; all rows of a key."""
        self.patch.keep(table, *keys)

    def insert(self, table: str, **values: object) -> int:
        """Put a new row and give its id."""
        return self.patch.insert(table, values)

    def recast(
        self, before: Run, after: Run, settled: Mapping[str, frozenset[int]] | None = None
    ) -> None:
        """Tell the later stages what stands in place of which sentences."""
        told = Recast(self.transcript_id, tuple(before), tuple(after), settled or {})
        for call in sentence_changed:
            self.lost += call(self.change, self.patch, told) or 0

    def finish(self, action: str, about: str, said: str, client_id: str | None) -> None:
        """Write the event, unless nothing changed."""
        before, after = self.patch.rows()
        if not after and not self.change.recorded:
            raise _Unchanged
        if not after:
            return
        seq = _record(self, action, about, before, after, said, client_id)
        note_act(self.change, seq, scope_of(self.transcript_id), self.asked_by)


def scope_of(transcript_id: int) -> str:
    """Name what acts are taken back within."""
    return f"transcript:{transcript_id}"


@contextmanager
def acting(
    study: Study, transcript_id: int, action: str, client_id: str | None = None, *,
    about: str = "", said: str = "", asked_by: int | None = None,
) -> Iterator[Act]:  # fmt: skip
    """Act on a transcript; ``said`` tells people what is done, without anybody's words.

    ``about`` is the event's object, the transcript if left out; ``asked_by`` who can take it
    back, the member if left out. ``Repeated`` when the client did it before, ``BadInput`` when
    the transcript is gone or approved.
    """
    study.require("transcribe")
    with suppress(_Unchanged), study.change("transcribe") as change:
        change.once(client_id)
        _check_open(change.db, transcript_id)
        act = Act(change, transcript_id, asked_by)
        yield act
        act.finish(action, about or scope_of(transcript_id), said, client_id)


@contextmanager
def acting_for_good(
    study: Study, transcript_id: int, action: str, client_id: str | None = None, *, said: str = ""
) -> Iterator[Act]:
    """Act on a transcript in a way that nobody can take back: the event keeps no rows."""
    study.require("transcribe")
    with study.change("transcribe") as change:
        change.once(client_id)
        _check_open(change.db, transcript_id)
        act = Act(change, transcript_id)
        yield act
        if act.patch.rows()[1]:
            _record(act, action, scope_of(transcript_id), {}, {}, said, client_id)


def undo(
    study: Study, transcript_id: int, client_id: str | None = None, *, leaving: bool = False
) -> str:
    """Take back the member's last act on a transcript; gives what it was, "" for none.

    ``BuiltOn`` when what it changed was changed again since, or erased. ``leaving``: an act of
    which that is true is left as it is, for good, and the one before it is taken back.
    """
    study.require("transcribe")
    step = to_undo(study.db, study.member.id, scope_of(transcript_id)) if leaving else None
    try:
        return _step(study, transcript_id, client_id, again=False)
    except BuiltOn:
        if step is None:
            raise
    with study.change("transcribe") as change:
        leave_act(change, step)
        change.record("act.left", f"transcript:{transcript_id}", after={"act": step.seq})
    return _step(study, transcript_id, client_id, again=False)


def redo(study: Study, transcript_id: int, client_id: str | None = None) -> str:
    """Do again what the member took back last; gives what it was, "" for none."""
    return _step(study, transcript_id, client_id, again=True)


def outcome(study: Study, client_id: str) -> Outcome:
    """Tell what an act did, by the number that its client gave it; of none, nothing."""
    study.require("read")
    row = study.db.execute(
        "SELECT seq, json_extract(after, '$.touched'), json_extract(after, '$.speakers'),"
        " json_extract(after, '$.said'), json_extract(after, '$.lost') FROM events"
        " WHERE client_id = ?",
        [client_id],
    ).fetchone()
    if row is None:
        return Outcome(study.head())
    seq, touched, speakers, said, lost = row
    return Outcome(
        seq, tuple(json.loads(touched or "[]")), bool(speakers), said or "", int(lost or 0)
    )


def undo_state(study: Study, transcript_id: int) -> tuple[int, int]:
    """Count what the member could take back on a transcript, and do again."""
    study.require("read")
    return undo_counts(study.db, study.member.id, scope_of(transcript_id))


def is_locked(study: Study, transcript_id: int) -> bool:
    """Whether a transcript is approved, so that nobody can change it."""
    study.require("read")
    row = study.db.execute(
        "SELECT approved_at FROM transcripts WHERE id = ?", [transcript_id]
    ).fetchone()
    return row is not None and row[0] is not None


def _step(study: Study, transcript_id: int, client_id: str | None, *, again: bool) -> str:
    study.require("transcribe")
    with study.change("transcribe") as change:
        change.once(client_id)
        _check_open(change.db, transcript_id)
        find = to_redo if again else to_undo
        step = find(change.db, change.member.id, scope_of(transcript_id))
        if step is None:
            return ""
        said = f"{'Done again' if again else 'Taken back'}: {_said(change.db, step)}"
        act = Act(change, transcript_id)
        _keep_all(act, step)
        differing, done = watched(change.db, transcript_id, step, again=again), _settled(act, step)

        def follow() -> None:
            # What was built on the act without changing its rows goes along with the words.
            for was, now in differing():
                act.recast(was, now, done)

        theirs = _words_of_erased(change.db, transcript_id)
        put(change, step, again=again, meanwhile=follow)
        if is_torn(change.db, transcript_id):
            raise BuiltOn(_TORN)
        if _words_of_erased(change.db, transcript_id) - theirs:
            raise BuiltOn(_ERASED)
        before, after = act.patch.rows()
        action = "act.redone" if again else "act.undone"
        seq = _record(act, action, step.object, before, after, said, client_id)
        settled(change, step, seq, again=again)
        return said


def _words_of_erased(db: "Database", transcript_id: int) -> set[int]:
    """Sentences with words under somebody who was erased: none come there by a step."""
    rows = db.execute(
        "SELECT s.id FROM sentences s JOIN turns t ON t.id = s.turn_id"
        " JOIN speakers k ON k.id = t.speaker_id"
        " JOIN erasures e ON e.participant_id = k.participant_id AND e.state IN ('erased', 'done')"
        " WHERE s.transcript_id = ? AND s.text <> ?",
        [transcript_id, MARK],
    )
    return {int(row[0]) for row in rows.fetchall()}


def _said(db: "Database", step: Step) -> str:
    row = db.execute(
        "SELECT json_extract(after, '$.said') FROM events WHERE seq = ?", [step.seq]
    ).fetchone()
    return str(row[0] or step.action)


def _settled(act: Act, step: Step) -> dict[str, frozenset[int]]:
    """What the act changed, and what it looked at and left as it was."""
    row = act.db.execute(
        "SELECT json_extract(after, '$.stayed') FROM events WHERE seq = ?", [step.seq]
    ).fetchone()
    stayed: dict[str, list[int]] = json.loads(row[0] or "{}")
    changed = step.before or {}
    return {
        table: frozenset(map(int, (*changed.get(table, ()), *stayed.get(table, ()))))
        for table in changed.keys() | stayed.keys()
    }


def _keep_all(act: Act, step: Step) -> None:
    for table, keys in (step.before or {}).items():
        act.keep(table, *map(int, keys))


def _record(
    act: Act, action: str, object: str, before: object, after: object, said: str,
    client_id: str | None,
) -> int:  # fmt: skip
    # Read first: rows that are gone afterwards were in the old turns.
    touched = _touched(act)
    (revision,) = act.db.execute(
        "UPDATE transcripts SET revision = revision + 1 WHERE id = ? RETURNING revision",
        [act.transcript_id],
    ).fetchone()
    return act.change.record(
        action, object, before={"rows": before},
        after={
            "transcript": act.transcript_id, "revision": revision, "touched": touched,
            "speakers": bool(act.patch.kept("speakers")), "said": said,
            "lost": act.lost, "stayed": act.patch.stayed(), "rows": after,
        },
        client_id=client_id,
    )  # fmt: skip


def _touched(act: Act) -> list[int]:
    """Sentences that look different now, or are gone."""
    of_sentences = ("sentences", "words", "question_marks")
    found = {key for table in of_sentences for key in act.patch.kept(table)}
    for turn in act.patch.kept("turns"):
        rows = act.db.execute("SELECT id FROM sentences WHERE turn_id = ?", [turn])
        found.update(int(row[0]) for row in rows.fetchall())
    return sorted(found)


def _check_open(db: "Database", transcript_id: int) -> None:
    row = db.execute(
        "SELECT approved_at FROM transcripts WHERE id = ? AND deleted_at IS NULL", [transcript_id]
    ).fetchone()
    if row is None:
        raise BadInput("This transcript does not exist (any more). Go back to the list.")
    if row[0] is not None:
        raise BadInput(
            "This transcript is approved, and so locked: nothing was changed. A lead, or who "
            "approved it, can unlock it on the page Transcript."
        )
