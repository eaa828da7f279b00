"""Words that the study took out of its texts: sealed to the linking store, which tells them.

The study seals each to a public key of the linking store and keeps it so until a custodian
opens the store, which takes it in. Nobody else can bring a replaced word back.
"""

import hashlib
import json
from typing import Final

import sqlite_utils
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from .. import database, keys
from ..change import Change
from ..names import forms_of
from . import store
from .store import Original, Person

_KEY: Final = "linking_public"
_ABOUT: Final = b"fokus v1 replaced words"


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
    store.seal_waiting(change.db, sealed)
    return True


def outdated(study_db: sqlite_utils.Database, root: bytes) -> bool:
    """Tell whether the study has another key than the store's, or something for it."""
    return bool(store.waiting(study_db)) or database.meta(study_db, _KEY) != _public(root)


def publish_key(study_change: Change, root: bytes) -> None:
    """Give the study the key to seal to."""
    database.set_meta(study_change.db, _KEY, _public(root))


def forget_key(study_change: Change) -> None:
    """Take the key from the study, and what waits: the store is being destroyed."""
    database.set_meta(study_change.db, _KEY, "")
    store.nothing_waits(study_change.db)


def take_in(study_change: Change, db: sqlite_utils.Database, root: bytes) -> int:
    """Move what waits into the linking store's ``db``; gives how many."""
    sealed = store.waiting(study_change.db)
    for one in sealed:
        told = json.loads(keys.open_sealed(_secret(root), one, _ABOUT))
        # A crash between the two stores' commits brings the same one again.
        store.add_original(db, hashlib.sha256(one).digest(), Original(*told))
    store.nothing_waits(study_change.db)
    return len(sealed)


def forget_person(db: sqlite_utils.Database, person: Person) -> None:
    """Take out what was replaced and is a person's name, or part of one."""
    theirs = {form for name in (person.name, *person.other_names) for form in forms_of(name)}
    for number, original in store.originals(db).items():
        if theirs & forms_of(original.text):
            store.remove_original(db, number)


def _secret(root: bytes) -> X25519PrivateKey:
    return X25519PrivateKey.from_private_bytes(keys.derived(root, "linking replaced words"))


def _public(root: bytes) -> str:
    return _secret(root).public_key().public_bytes_raw().hex()
