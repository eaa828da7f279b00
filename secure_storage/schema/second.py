"""Files with keys of their own, releases, backups, erasures."""

from typing import Final

M002: Final = """
-- A file's own random key, destroyed with the row. NULL in files of the first version,
-- whose key comes from the root; name is that on the disk and in the container's header.
ALTER TABLE files ADD COLUMN name TEXT;
ALTER TABLE files ADD COLUMN key BLOB;

-- Releasing is a permission of its own, given to a person and not by a role.
ALTER TABLE members ADD COLUMN may_release INTEGER NOT NULL DEFAULT 0
    CHECK (may_release IN (0, 1));
ALTER TABLE members ADD COLUMN removed_at TEXT;
-- One-time codes (RFC 6238): the secret, and the last time step that was used.
ALTER TABLE members ADD COLUMN code_secret BLOB;
ALTER TABLE members ADD COLUMN code_step INTEGER NOT NULL DEFAULT 0;
UPDATE members SET may_release = 1 WHERE role = 'lead';

ALTER TABLE imports ADD COLUMN source TEXT NOT NULL DEFAULT '';
ALTER TABLE imports ADD COLUMN purpose TEXT NOT NULL DEFAULT '';

-- Made anew so that an export can outlive its sealed copy, which erasure destroys.
CREATE TABLE exports_anew (
    id INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    member_id INTEGER NOT NULL REFERENCES members (id),
    form TEXT NOT NULL,
    purpose TEXT NOT NULL,
    recipient TEXT NOT NULL,
    file_id TEXT REFERENCES files (id),
    file_name TEXT NOT NULL,
    size INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    names_checked INTEGER NOT NULL CHECK (names_checked IN (0, 1))
) STRICT;
INSERT INTO exports_anew SELECT * FROM exports;
DROP TABLE exports;
ALTER TABLE exports_anew RENAME TO exports;

-- A file somebody asked to release, sealed until somebody may.
CREATE TABLE export_requests (
    id INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    asked_by INTEGER NOT NULL REFERENCES members (id),
    form TEXT NOT NULL,
    purpose TEXT NOT NULL,
    recipient TEXT NOT NULL,
    file_id TEXT REFERENCES files (id),
    file_name TEXT NOT NULL,
    size INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    names_checked INTEGER NOT NULL CHECK (names_checked IN (0, 1)),
    names_found INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'released', 'refused', 'withdrawn')),
    decided_by INTEGER REFERENCES members (id),
    decided_at TEXT,
    reason TEXT NOT NULL DEFAULT '',
    export_id INTEGER REFERENCES exports (id)
) STRICT;
ALTER TABLE exports ADD COLUMN asked_by INTEGER REFERENCES members (id);
ALTER TABLE exports ADD COLUMN approved_by INTEGER REFERENCES members (id);
ALTER TABLE exports ADD COLUMN names_found INTEGER NOT NULL DEFAULT 0;
ALTER TABLE exports ADD COLUMN age INTEGER NOT NULL DEFAULT 0 CHECK (age IN (0, 1));
-- Set when erasure destroyed the sealed copy: what left before cannot be called back.
ALTER TABLE exports ADD COLUMN erased_at TEXT;

-- Keyed hashes of normalised name forms, published by the linking store.
CREATE TABLE name_forms (hash BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;

CREATE TABLE backups (
    name TEXT PRIMARY KEY,
    made_at TEXT NOT NULL,
    kind TEXT NOT NULL,
    size INTEGER NOT NULL,
    verified_at TEXT,
    problem TEXT NOT NULL DEFAULT ''
) STRICT;

ALTER TABLE participants ADD COLUMN withdrawn_at TEXT;
CREATE TABLE erasures (
    id INTEGER PRIMARY KEY,
    participant_id INTEGER NOT NULL REFERENCES participants (id),
    mode TEXT NOT NULL CHECK (mode IN ('redact', 'remove')),
    -- 1: the pseudonym is replaced in codes, themes and titles too.
    mentions INTEGER NOT NULL CHECK (mentions IN (0, 1)),
    asked_by INTEGER NOT NULL REFERENCES members (id),
    asked_at TEXT NOT NULL,
    -- confirmed: to be carried out; erased: gone, but not yet searched for and certified.
    state TEXT NOT NULL CHECK (state IN ('waiting', 'confirmed', 'erased', 'done', 'cancelled')),
    decided_by INTEGER REFERENCES members (id),
    decided_at TEXT,
    certificate TEXT NOT NULL DEFAULT ''
) STRICT;
"""
