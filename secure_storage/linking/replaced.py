"""Words that the study took out of its texts: sealed to the linking store, which tells them.

The study seals each to a public key of the linking store and keeps it so until a custodian
opens the store, which takes it in. Nobody else can bring a replaced word back.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Final

import sqlite_utils
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from .. import database, keys
from ..change import Change
from ..names import forms_of
from .store import Person

_KEY: Final = "linking_public"
_ABOUT: Final = b"fokus v1 replaced words"


@dataclass(frozen=True, slots=True)
class Original:
    """What a replacement stands for."""

    label: str
    """What stands in the text now."""
    text: str
    """What stood there."""
    transcript_id: int
    at: str
    """When it was replaced, ISO 8601 UTC."""


def can_seal(study_db: sqlite_utils.Database) -> bool:
    """Tell whether there is a linking store to seal to."""
    return bool(database.meta(study_db, _KEY))


def seal_original(change: Change, original: Original) -> bool:
    """Keep what is replaced for the custodians; False, and nothing kept, where there are none."""
    public = database.meta(change.db, _KEY)
    if not public:
        return False
    told = [original.label, original.text, original.transcript_id, original.at]
    sealed = keys.seal_to(bytes.fromhex(public), json.dumps(told).encode(), _ABOUT)
    change.db.conn.execute("INSERT INTO sealed_originals (sealed) VALUES (?)", [sealed])
    return True


def outdated(study_db: sqlite_utils.Database, root: bytes) -> bool:
    """Tell whether the study has another key than the store's, or something for it."""
    waits = study_db.conn.execute("SELECT 1 FROM sealed_originals LIMIT 1").fetchone()
    return waits is not None or database.meta(study_db, _KEY) != _public(root)


def publish_key(study_change: Change, root: bytes) -> None:
    """Give the study the key to seal to."""
    database.set_meta(study_change.db, _KEY, _public(root))


def forget_key(study_change: Change) -> None:
    """Take the key from the study, and what waits: the store is being destroyed."""
    database.set_meta(study_change.db, _KEY, "")
    study_change.db.conn.execute("DELETE FROM sealed_originals")


def take_in(study_change: Change, db: sqlite_utils.Database, root: bytes) -> int:
    """Move what waits into the linking store's ``db``; gives how many."""
    rows = study_change.db.conn.execute("SELECT sealed FROM sealed_originals").fetchall()
    for (sealed,) in rows:
        label, text, transcript, at = json.loads(keys.open_sealed(_secret(root), sealed, _ABOUT))
        # A crash between the two stores' commits brings the same one again.
        db.conn.execute(
            "INSERT OR IGNORE INTO replaced (mark, label, original, transcript, at)"
            " VALUES (?, ?, ?, ?, ?)",
            [hashlib.sha256(sealed).digest(), label, text, transcript, at],
        )
    study_change.db.conn.execute("DELETE FROM sealed_originals")
    return len(rows)


def originals(db: sqlite_utils.Database) -> list[Original]:
    """List what was taken in, by label."""
    rows = db.conn.execute(
        "SELECT label, original, transcript, at FROM replaced ORDER BY label, id"
    ).fetchall()
    return [Original(str(a), str(b), int(c), str(d)) for a, b, c, d in rows]


def forget_person(db: sqlite_utils.Database, person: Person) -> None:
    """Take out what was replaced and is a person's name, or part of one."""
    theirs = {form for name in (person.name, *person.other_names) for form in forms_of(name)}
    for number, text in db.conn.execute("SELECT id, original FROM replaced").fetchall():
        if theirs & forms_of(text):
            db.conn.execute("DELETE FROM replaced WHERE id = ?", [number])


def _secret(root: bytes) -> X25519PrivateKey:
    return X25519PrivateKey.from_private_bytes(keys.derived(root, "linking replaced words"))


def _public(root: bytes) -> str:
    return _secret(root).public_key().public_bytes_raw().hex()
