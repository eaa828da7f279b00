"""The rows that an act touches, as they were before it and as they are after it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from . import store

if TYPE_CHECKING:
    from ..change import Change

Rows = dict[str, dict[str, Any]]
"""Of each table, by key: the whole rows (a list), where rows came or went; else only the
columns that changed (an object). JSON, for it stands in events."""


@dataclass(frozen=True, slots=True)
class Undoable:
    """A table whose rows an act can put back."""

    table: str
    key: str = "id"
    """The column by which rows are kept; several rows may share its value."""
    counters: frozenset[str] = frozenset()
    """Columns that only ever grow, so that who read an old row is told: never put back."""


_tables: Final[dict[str, Undoable]] = {}


def register_undoable(*tables: Undoable) -> None:
    """Add a stage's tables, those that others point to first."""
    for one in tables:
        _tables.setdefault(one.table, one)


def undoable(table: str) -> Undoable:
    """Give what was registered of a table."""
    return _tables[table]


def in_order(tables: Mapping[str, object]) -> list[str]:
    """Sort tables: those that others point to first."""
    return [table for table in _tables if table in tables]


class Patch:
    """What one act does to rows. Every row is to be kept before it is first touched."""

    def __init__(self, change: "Change") -> None:
        """Nothing is kept yet."""
        self._db = change.db
        self._before: dict[tuple[str, int], list[dict[str, Any]]] = {}

    def keep(self, table: str, *keys: int) -> None:
        """Keep the rows with these keys as they are now, also that there are none."""
        about = undoable(table)
        for key in keys:
            if (table, key) not in self._before:
                self._before[table, key] = store.rows(self._db, about, key)

    def insert(self, table: str, values: Mapping[str, object]) -> int:
        """Put a new row and give its id."""
        number = store.next_id(self._db, table)
        self.keep(table, number)
        store.insert(self._db, undoable(table), {"id": number, **values})
        return number

    def kept(self, table: str) -> list[int]:
        """List the keys of a table that were kept."""
        return [key for one, key in self._before if one == table]

    def stayed(self) -> dict[str, list[int]]:
        """List, by table, the keys that were kept and not changed after all."""
        _, after = self.rows()
        found: dict[str, list[int]] = {}
        for table, key in self._before:
            if str(key) not in after.get(table, {}):
                found.setdefault(table, []).append(key)
        return found

    def rows(self) -> tuple[Rows, Rows]:
        """Give what changed: as it was, and as it is now. Empty when nothing did."""
        before: Rows = {}
        after: Rows = {}
        for (table, key), was in self._before.items():
            about = undoable(table)
            now = store.rows(self._db, about, key)
            old, new = changed(about, was, now)
            if old != new:
                before.setdefault(table, {})[str(key)] = old
                after.setdefault(table, {})[str(key)] = new
        return before, after


def changed(about: Undoable, was: list[dict[str, Any]], now: list[dict[str, Any]]) -> Any:
    """Reduce a single row that stayed to the columns that changed."""
    if about.key == "id" and len(was) == len(now) == 1:
        names = [
            name
            for name, value in was[0].items()
            if name not in about.counters and now[0][name] != value
        ]
        return {name: was[0][name] for name in names}, {name: now[0][name] for name in names}
    return was, now
