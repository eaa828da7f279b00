"""One step back or forth: finding the act, checking that nobody built on it, putting its rows."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from ..connection import Conflict
from ..errors import BuiltOn
from . import store
from .patch import Rows, changed, in_order, undoable

if TYPE_CHECKING:
    import sqlite_utils

    from ..change import Change

BUILT_ON: Final = (
    "This cannot be taken back: what it changed was changed again since, or something was built "
    "on it. Take that back first; nothing was changed."
)
ERASED: Final = (
    "This cannot be taken back: what the act changed was erased since, because a participant "
    "withdrew or identifiers were replaced."
)


@dataclass(frozen=True, slots=True)
class Step:
    """An act with the rows it changed."""

    seq: int
    action: str
    object: str
    before: Rows | None
    """None: erased."""
    after: Rows | None


def to_undo(db: "sqlite_utils.Database", member_id: int, scope: str) -> Step | None:
    """Find what the member would take back next."""
    step = _step(db, store.newest(db, member_id, scope))
    return step and _with_followers(db, step, again=False)


def to_redo(db: "sqlite_utils.Database", member_id: int, scope: str) -> Step | None:
    """Find what the member would do again next."""
    step = _step(db, store.last_undone(db, member_id, scope))
    return step and _with_followers(db, step, again=True)


def undo_counts(db: "sqlite_utils.Database", member_id: int, scope: str) -> tuple[int, int]:
    """Count what the member could take back, and do again."""
    return store.counts(db, member_id, scope)


def note_act(change: "Change", seq: int, scope: str, member_id: int | None = None) -> None:
    """Note that the event ``seq`` of this change can be taken back within ``scope``.

    By the member whose change it is, or by the one for whom it was made.
    """
    store.add_act(change.db, seq, member_id or change.member.id, scope)


def settled(change: "Change", step: Step, seq: int, *, again: bool) -> None:
    """Note that an act was taken back, or done ``again``, by the event ``seq``."""
    store.mark(change.db, step.seq, seq, undone=not again)


def leave_act(change: "Change", step: Step) -> None:
    """Note that an act that cannot be taken back is left as it is: those before it can be."""
    store.leave(change.db, step.seq)


def put(
    change: "Change", step: Step, *, again: bool = False,
    meanwhile: Callable[[], None] = lambda: None,
) -> tuple[Rows, Rows]:  # fmt: skip
    """Take an act back, or do it ``again``; gives the rows as they were and as they are now.

    ``meanwhile`` is called when rows have come and before others go, so that what points to
    those can follow. ``BuiltOn`` when rows are not what the act (or its taking back) left.
    """
    if step.before is None or step.after is None:
        raise BuiltOn(ERASED)
    left, wanted = (step.before, step.after) if again else (step.after, step.before)
    db = change.db
    for table, keys in left.items():
        for key, was in keys.items():
            if not _is(db, table, int(key), was):
                raise BuiltOn(BUILT_ON)
    try:
        _put(db, left, wanted, meanwhile)
    except Conflict:
        raise BuiltOn(BUILT_ON) from None
    return left, wanted


def _put(
    db: "sqlite_utils.Database", left: Rows, wanted: Rows, meanwhile: Callable[[], None]
) -> None:
    order = in_order(wanted)
    # Rows that others point to come first and go last.
    for table in order:
        about = undoable(table)
        for key, rows in wanted[table].items():
            if isinstance(rows, list):
                if rows and left[table][key]:
                    store.delete(db, about, int(key))
                for row in rows:
                    # What counts goes on counting.
                    counted = {name: row[name] + 1 for name in about.counters}
                    store.insert(db, about, {**row, **counted})
    for table in order:
        for key, rows in wanted[table].items():
            if isinstance(rows, dict):
                store.update(db, undoable(table), int(key), rows)
    meanwhile()
    for table in reversed(order):
        for key, rows in wanted[table].items():
            if not rows:
                store.delete(db, undoable(table), int(key))


def _is(db: "sqlite_utils.Database", table: str, key: int, was: Any) -> bool:
    about = undoable(table)
    now = store.rows(db, about, key)
    if isinstance(was, dict):
        return len(now) == 1 and all(now[0].get(name) == value for name, value in was.items())
    if len(now) != len(was):
        return False
    return all(
        not changed(about, [one], [two])[0] if about.key == "id" else one == two
        for one, two in zip(was, now, strict=True)
    )


def _with_followers(db: "sqlite_utils.Database", step: Step, *, again: bool) -> Step:
    """Add what followed when the act was last taken back or done again, if it is still so.

    It was built on the act; without this it would follow the words there and not back.
    """
    last = _step(db, store.stepped_by(db, step.seq))
    if last is None or None in (last.before, last.after, step.before, step.after):
        return step
    before, after = _copied(step.before), _copied(step.after)
    left, wanted = (before, after) if again else (after, before)
    for table, keys in (last.after or {}).items():
        for key, now in keys.items():
            if key not in left.get(table, {}) and _is(db, table, int(key), now):
                left.setdefault(table, {})[key] = now
                wanted.setdefault(table, {})[key] = (last.before or {})[table][key]
    return replace(step, before=before, after=after)


def _copied(rows: Rows | None) -> Rows:
    return {table: {**keys} for table, keys in (rows or {}).items()}


def _step(db: "sqlite_utils.Database", seq: int | None) -> Step | None:
    if seq is None:
        return None
    action, about, before, after = store.event(db, seq)
    return Step(seq, action, about, _rows(before), _rows(after))


def _rows(text: str | None) -> Rows | None:
    return None if text is None else json.loads(text).get("rows")
