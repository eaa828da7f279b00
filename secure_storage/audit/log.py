"""Reading the journal: filtered, newest first, a page at a time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from ..events import Event
from ..study import Study
from . import store
from .wording import Group, starts

NOBODY = 0
"""Stands for the events of nobody: failed sign-ins."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which events to list; what is left out does not narrow the list."""

    member: int | None = None
    group: Group | None = None
    object: str = ""
    """«code» for all codes, «code:7» for one."""
    first: date | None = None
    last: date | None = None
    """Both days are of UTC, and both are included."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An event as a page may show it: without any words of its before and after."""

    seq: int
    at: str
    actor: int | None
    action: str
    object: str
    fields: str
    """Names of what changed, with lengths of texts."""


def journal(study: Study, asked: Asked, below: int | None = None, limit: int = 100) -> list[Entry]:
    """List events, newest first; ``below`` continues after the last one shown."""
    study.require("audit")
    where, values = _conditions(asked)
    if below is not None:
        where.append("seq < ?")
        values.append(below)
    found = store.found(study.db, where, values, limit)
    return [Entry(one.seq, one.at, one.actor, one.action, one.object, fields(one)) for one in found]


def trace(study: Study, seq: int) -> store.Trace:
    """Give what stands in the chain for one event."""
    study.require("audit")
    return store.trace(study.db, seq)


def fields(event: Event) -> str:
    """Name what an event says it changed; texts by their length, never themselves."""
    before, after = event.before or {}, event.after or {}
    names = [*before, *(name for name in after if name not in before)]
    return ", ".join(_field(name, before, after) for name in names)


def _field(name: str, before: Mapping[str, object], after: Mapping[str, object]) -> str:
    lengths = list(_lengths(before.get(name), after.get(name)))
    return f"{name} ({' → '.join(lengths)} characters)" if lengths else name


def _lengths(*values: object) -> Iterator[str]:
    for value in values:
        if isinstance(value, str):
            yield str(len(value))


def _conditions(asked: Asked) -> tuple[list[str], list[object]]:
    where: list[str] = []
    values: list[object] = []
    if asked.member is not None:
        where.append("actor IS ?")
        values.append(asked.member if asked.member != NOBODY else None)
    if asked.group is not None:
        ours, others = starts(asked.group)
        where.append(" OR ".join("substr(action, 1, ?) = ?" for _ in ours))
        where += ["substr(action, 1, ?) <> ?" for _ in others]
        values += [part for start in (*ours, *others) for part in (len(start), start)]
    if asked.object:
        # Through the index: «code:» to «code;», the sign after the colon.
        where.append("object = ? OR (object > ? AND object < ?)")
        values += [asked.object, f"{asked.object}:", f"{asked.object};"]
    if asked.first is not None:
        where.append("at >= ?")
        values.append(asked.first.isoformat())
    if asked.last is not None:
        where.append("at < ?")
        values.append((asked.last + timedelta(days=1)).isoformat())
    return where, values
