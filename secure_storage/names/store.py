"""The SQL of the published hashes, which stand in the study's own database."""

import hmac
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import sqlite_utils

from .. import database, keys
from ..change import Change
from ..container import new_key
from .forms import LONGEST, Form, near_forms

LEAST: Final = 1024
"""Rows are filled up to this, then to its doubles, so that their number tells little."""


@dataclass(frozen=True, slots=True)
class Published:
    """What stands in the study."""

    rows: int
    """Hashes, those that fill up included."""
    at: str
    """When, ISO 8601 UTC."""


@dataclass(frozen=True, slots=True)
class Hashes:
    """The published hashes with the key that makes them."""

    key: bytes
    known: frozenset[bytes]

    def holds(self, kind: str, text: str) -> bool:
        """Tell whether a form of this kind was published."""
        return hashed(self.key, kind, text) in self.known


def hashed(key: bytes, kind: str, text: str) -> bytes:
    """Hash one form (HMAC-SHA-256, RFC 2104)."""
    return hmac.digest(key, f"{kind}\0{text}".encode(), "sha256")


def names_key(root: bytes) -> bytes:
    """Derive the key of the hashes from the study's root key."""
    return keys.derived(root, "names")


def hashes_of(forms: Collection[Form], key: bytes) -> frozenset[bytes]:
    """Hash forms, filled up so that their number tells little."""
    made = hashes_alone(forms, key)
    size = LEAST
    while size < len(made):
        size *= 2
    # The same each time, so that what is new cannot be told by comparing two publications.
    fill = (hashed(key, "fill", str(number)) for number in range(size - len(made)))
    return made | frozenset(fill)


def hashes_alone(forms: Collection[Form], key: bytes) -> frozenset[bytes]:
    """Hash forms; of those of several words also how they start, so that few are tried.

    And what they may be heard as.
    """
    made = {hashed(key, form.kind, form.text) for form in near_forms(forms)}
    for form in forms:
        made.add(hashed(key, form.kind, form.text))
        words = form.text.split()
        if len(words) > 1:
            made.add(hashed(key, f"starts {min(len(words), LONGEST)}", words[0]))
    return frozenset(made)


def terms_key(db: sqlite_utils.Database) -> bytes:
    """Give the key of the terms' hashes; empty while there are none."""
    return bytes.fromhex(database.meta(db, "terms_key"))


def new_terms_key(change: Change) -> bytes:
    """Make the key of the terms' hashes."""
    key = new_key()
    database.set_meta(change.db, "terms_key", key.hex())
    return key


def publish(change: Change, root: bytes, forms: Collection[Form]) -> int:
    """Replace the published hashes and record it; gives the number of rows.

    No forms are not published: a check that looks for nobody must not pass for a check.
    """
    if not forms:
        withdraw(change)
        return 0
    key = names_key(root)
    made = hashes_of(forms, key)
    change.db.conn.execute("DELETE FROM name_forms")
    change.db.conn.executemany(
        "INSERT INTO name_forms (hash) VALUES (?)", [(one,) for one in sorted(made)]
    )
    database.set_meta(change.db, "names_key", hashed(key, "key", "").hex())
    database.set_meta(change.db, "names_published_at", change.now)
    change.record("names.published", "study", after={"rows": len(made)})
    return len(made)


def withdraw(change: Change) -> None:
    """Take the published hashes away; from then on names are not checked."""
    change.db.conn.execute("DELETE FROM name_forms")
    database.set_meta(change.db, "names_key", "")
    database.set_meta(change.db, "names_published_at", "")
    change.record("names.withdrawn", "study")


def current(db: sqlite_utils.Database, root: bytes) -> Hashes | None:
    """Give the published hashes; None when there are none made with this root key."""
    key = names_key(root)
    mark = database.meta(db, "names_key")
    # After a rotation of the root the old hashes match nothing: not checked, until the
    # linking store publishes them again.
    if not hmac.compare_digest(mark, hashed(key, "key", "").hex()):
        return None
    rows = db.conn.execute("SELECT hash FROM name_forms").fetchall()
    return Hashes(key, frozenset(bytes(row[0]) for row in rows))


def stands(db: sqlite_utils.Database, root: bytes, forms: Collection[Form]) -> bool:
    """Tell whether exactly these forms are published."""
    hashes = current(db, root)
    if not forms:
        return hashes is None
    return hashes is not None and hashes.known == hashes_of(forms, hashes.key)


def published(db: sqlite_utils.Database, root: bytes) -> Published | None:
    """Tell what is published and when; None when nothing is that could be checked with."""
    hashes = current(db, root)
    if hashes is None:
        return None
    return Published(len(hashes.known), database.meta(db, "names_published_at"))
