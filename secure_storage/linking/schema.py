"""The tables of the linking store; migrations are append-only, as the study's are."""

from typing import Final

L001: Final = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

-- Every name, contact or other word about a person stands in this one row.
CREATE TABLE people (
    id INTEGER PRIMARY KEY,
    group_number INTEGER NOT NULL,
    pseudonym TEXT NOT NULL,
    name TEXT NOT NULL,
    other_names TEXT NOT NULL DEFAULT '',
    contact TEXT NOT NULL DEFAULT '',
    consent TEXT NOT NULL DEFAULT '',
    consent_on TEXT,
    basis TEXT NOT NULL DEFAULT '',
    withdrawn_on TEXT,
    retention TEXT NOT NULL DEFAULT '',
    version INTEGER NOT NULL DEFAULT 1,
    UNIQUE (group_number, pseudonym)
) STRICT;

-- The journal's table as in the study; it names fields that changed, never what they say.
CREATE TABLE events (
    seq INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    actor INTEGER,
    action TEXT NOT NULL,
    object TEXT NOT NULL,
    before TEXT,
    after TEXT,
    salt BLOB,
    digest BLOB NOT NULL,
    prev BLOB NOT NULL,
    hash BLOB NOT NULL UNIQUE,
    client_id TEXT UNIQUE
) STRICT;
"""

L002: Final = """
-- Words that the study replaced. mark: the hash of what was sealed, so that none comes twice.
CREATE TABLE replaced (
    id INTEGER PRIMARY KEY,
    mark BLOB NOT NULL UNIQUE,
    label TEXT NOT NULL,
    original TEXT NOT NULL,
    transcript INTEGER NOT NULL,
    at TEXT NOT NULL
) STRICT;
"""

MIGRATIONS: Final[tuple[str, ...]] = (L001, L002)
