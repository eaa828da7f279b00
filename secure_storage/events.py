"""The journal: every change of the study, and every sensitive read, in a hash chain.

An event is written in the transaction of its change. ``digest`` covers the salt and the
canonical JSON of before and after; ``hash`` covers the digest and all else, with the
hash of the event before. So a participant's words (and their salt, without which a
digest of a short text could be guessed) can be erased from an event, and the chain
still verifies, as long as an event of the erasure itself says which it emptied.

Reads ("read.…") stand in the same chain but notify nobody and do not move ``head``.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from json.encoder import encode_basestring_ascii
from typing import Any, Final

import sqlite_utils

from .errors import Repeated

READ: Final = "read."
EMPTIED: Final = "erasure.emptied"
"""An erasure says which events it emptied, as ranges of numbers (``ranges``)."""
ERASED: Final = "participant.erased"
START: Final = bytes(32)


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of the journal."""

    seq: int
    at: str
    actor: int | None
    action: str
    object: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None

    @property
    def is_read(self) -> bool:
        """Nothing was changed: the study was looked at, played or exported."""
        return self.action.startswith(READ)


@dataclass(frozen=True, slots=True)
class ChainCheck:
    """What verifying the journal found."""

    ok: bool
    events: int
    problem: str = ""
    """Where the chain breaks, in words; no content."""


def now() -> str:
    """Give the time as the database keeps it: ISO 8601, UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def append(
    db: sqlite_utils.Database, at: str, actor: int | None, action: str, object: str, *,
    before: Mapping[str, object] | None, after: Mapping[str, object] | None,
    client_id: str | None,
) -> Event:  # fmt: skip
    """Write one event; ``Repeated`` when the client's action was already done."""
    refuse_repeated(db, client_id)
    before_it, prev = last(db)
    seq = before_it + 1
    texts = (_canonical(before), _canonical(after))
    salt = os.urandom(16)
    digest = _digest(salt, *texts)
    chained = _hash(seq, at, actor, action, object, digest, prev, client_id)
    db.conn.execute(
        "INSERT INTO events (seq, at, actor, action, object, before, after, salt, digest,"
        " prev, hash, client_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (seq, at, actor, action, object, *texts, salt, digest, prev, chained, client_id),
    )
    return Event(seq, at, actor, action, object, _parsed(texts[0]), _parsed(texts[1]))


def refuse_repeated(db: sqlite_utils.Database, client_id: str | None) -> None:
    """Raise ``Repeated`` when the client's action was already done."""
    if client_id is not None:
        row = db.conn.execute("SELECT seq FROM events WHERE client_id = ?", [client_id]).fetchone()
        if row:
            raise Repeated(row[0])


def read(db: sqlite_utils.Database, since: int, limit: int) -> list[Event]:
    """List events after ``since``, oldest first."""
    rows = db.conn.execute(
        "SELECT seq, at, actor, action, object, before, after FROM events"
        " WHERE seq > ? ORDER BY seq LIMIT ?",
        (since, limit),
    )
    return [
        Event(seq, at, actor, action, object, _parsed(before), _parsed(after))
        for seq, at, actor, action, object, before, after in rows.fetchall()
    ]


def head(db: sqlite_utils.Database) -> int:
    """Give the number of the last event that changed anything, 0 before the first."""
    row = db.conn.execute(
        "SELECT seq FROM events WHERE substr(action, 1, 5) <> ? ORDER BY seq DESC LIMIT 1", [READ]
    ).fetchone()
    return int(row[0]) if row else 0


def recent(db: sqlite_utils.Database, limit: int) -> list[Event]:
    """List the last events, newest first."""
    row = db.conn.execute("SELECT max(seq) FROM events").fetchone()
    return read(db, max(0, int(row[0] or 0) - limit), limit)[::-1]


def last(db: sqlite_utils.Database) -> tuple[int, bytes]:
    """Give number and hash of the last event, for telling whether there are newer ones."""
    row = db.conn.execute("SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1").fetchone()
    return (int(row[0]), bytes(row[1])) if row else (0, START)


def verify(
    db: sqlite_utils.Database, progress: Callable[[int], object] = lambda done: None
) -> ChainCheck:
    """Recompute the chain from its start; the first break is told.

    ``progress`` hears how many events were checked, every thousand.
    """
    cursor = db.conn.execute(
        "SELECT seq, at, actor, action, object, before, after, salt, digest, prev, hash, client_id"
        " FROM events ORDER BY seq"
    )
    rows = chain.from_iterable(iter(lambda: cursor.fetchmany(1000), []))
    previous, count = START, 0
    emptied: list[int] = []
    told: set[int] = set()
    said, untold = False, 0
    for seq, at, actor, action, object, before, after, salt, digest, prev, chained, client in rows:
        count += 1
        if not count % 1000:
            progress(count)
        if seq != count:
            return ChainCheck(False, count, f"event {count} is missing")
        if prev != previous:
            return ChainCheck(False, count, f"event {seq} does not follow the one before it")
        if salt is None and before is None and after is None:
            emptied.append(seq)
        elif salt is None or _digest(salt, before, after) != digest:
            return ChainCheck(False, count, f"what event {seq} says was altered")
        if action == EMPTIED:
            said, told = True, told | _numbers(seq, after)
        elif action == ERASED:
            # Erasures of the first version did not say what they emptied.
            untold, said = untold if said else seq, False
        if chained != _hash(seq, at, actor, action, object, digest, prev, client):
            return ChainCheck(False, count, f"event {seq} was altered")
        previous = chained
    if lost := [seq for seq in emptied if seq >= untold and seq not in told]:
        more = f" (and {len(lost) - 1} more)" if len(lost) > 1 else ""
        problem = f"what event {lost[0]}{more} says was taken out, by no erasure"
        return ChainCheck(False, count, problem)
    return ChainCheck(True, count)


def ranges(seqs: Iterable[int]) -> list[list[int]]:
    """Write numbers as first and last of each run."""
    found: list[list[int]] = []
    for seq in sorted(seqs):
        if found and found[-1][1] == seq - 1:
            found[-1][1] = seq
        else:
            found.append([seq, seq])
    return found


def _numbers(upto: int, after: str | None) -> set[int]:
    runs = (_parsed(after) or {}).get("events", [])
    return {seq for first, last in runs for seq in range(first, min(last + 1, upto))}


def _canonical(value: Mapping[str, object] | None) -> str | None:
    if value is None:
        return None
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _parsed(text: str | None) -> dict[str, Any] | None:
    if text is None:
        return None
    parsed: dict[str, Any] = json.loads(text)
    return parsed


def _digest(salt: bytes, before: str | None, after: str | None) -> bytes:
    # As a JSON list, so that no text can move across the border between the two.
    return hashlib.sha256(salt + f"[{_json(before)}, {_json(after)}]".encode()).digest()


def _hash(
    seq: int, at: str, actor: int | None, action: str, object: str, digest: bytes, prev: bytes,
    client_id: str | None,
) -> bytes:  # fmt: skip
    entry = (
        f"[{seq}, {_json(at)}, {'null' if actor is None else actor}, {_json(action)}, "
        f'{_json(object)}, "{digest.hex()}", "{prev.hex()}", {_json(client_id)}]'
    )
    return hashlib.sha256(entry.encode()).digest()


def _json(text: str | None) -> str:
    """Write what ``json.dumps`` would, which takes three times as long for a whole entry."""
    return "null" if text is None else encode_basestring_ascii(text)
