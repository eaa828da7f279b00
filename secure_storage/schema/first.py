"""The study as it began: journal, files, recordings, transcripts, codes, themes, quotes."""

from typing import Final

M001: Final = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

CREATE TABLE members (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    initials TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('lead', 'coder', 'reader', 'custodian')),
    created_at TEXT NOT NULL,
    disabled_at TEXT
) STRICT;

-- before, after and salt may be emptied by erasure: hash covers only their digest.
CREATE TABLE events (
    seq INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    actor INTEGER REFERENCES members (id),
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
CREATE INDEX events_object ON events (object);

CREATE TABLE files (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    size INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    created_at TEXT NOT NULL
) STRICT;

CREATE TABLE imports (
    id INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    member_id INTEGER NOT NULL REFERENCES members (id),
    kind TEXT NOT NULL,
    size INTEGER NOT NULL,
    sha256 TEXT NOT NULL
) STRICT;

CREATE TABLE exports (
    id INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    member_id INTEGER NOT NULL REFERENCES members (id),
    form TEXT NOT NULL,
    purpose TEXT NOT NULL,
    recipient TEXT NOT NULL,
    file_id TEXT NOT NULL REFERENCES files (id),
    file_name TEXT NOT NULL,
    size INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    names_checked INTEGER NOT NULL CHECK (names_checked IN (0, 1))
) STRICT;

CREATE TABLE recordings (
    id INTEGER PRIMARY KEY,
    title TEXT NOT NULL,
    group_number INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    created_by INTEGER NOT NULL REFERENCES members (id),
    deleted_at TEXT
) STRICT;

CREATE TABLE recording_parts (
    id INTEGER PRIMARY KEY,
    recording_id INTEGER NOT NULL REFERENCES recordings (id),
    position INTEGER NOT NULL,
    file_id TEXT NOT NULL REFERENCES files (id),
    media_type TEXT NOT NULL,
    offset REAL NOT NULL,
    duration REAL NOT NULL,
    channels INTEGER NOT NULL,
    sample_rate INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    UNIQUE (recording_id, position)
) STRICT;

CREATE TABLE jobs (
    id INTEGER PRIMARY KEY,
    recording_id INTEGER NOT NULL REFERENCES recordings (id),
    capsule TEXT NOT NULL UNIQUE,
    key BLOB,
    options TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    message TEXT NOT NULL DEFAULT '',
    created_at TEXT NOT NULL,
    created_by INTEGER NOT NULL REFERENCES members (id),
    finished_at TEXT,
    transcript_id INTEGER REFERENCES transcripts (id)
) STRICT;

CREATE TABLE participants (
    id INTEGER PRIMARY KEY,
    group_number INTEGER NOT NULL,
    pseudonym TEXT NOT NULL,
    profession TEXT NOT NULL DEFAULT '',
    moderator INTEGER NOT NULL DEFAULT 0 CHECK (moderator IN (0, 1)),
    UNIQUE (group_number, pseudonym)
) STRICT;

CREATE TABLE transcripts (
    id INTEGER PRIMARY KEY,
    recording_id INTEGER REFERENCES recordings (id),
    title TEXT NOT NULL,
    group_number INTEGER NOT NULL,
    language TEXT NOT NULL,
    source TEXT NOT NULL CHECK (source IN ('whisper', 'import')),
    demo INTEGER NOT NULL DEFAULT 0 CHECK (demo IN (0, 1)),
    provenance TEXT NOT NULL,
    revision INTEGER NOT NULL DEFAULT 1,
    created_at TEXT NOT NULL,
    deleted_at TEXT
) STRICT;

CREATE TABLE speakers (
    id INTEGER PRIMARY KEY,
    transcript_id INTEGER NOT NULL REFERENCES transcripts (id),
    label TEXT NOT NULL,
    participant_id INTEGER REFERENCES participants (id),
    UNIQUE (transcript_id, label)
) STRICT;

-- speaker_id NULL is the label UNKNOWN.
CREATE TABLE turns (
    id INTEGER PRIMARY KEY,
    transcript_id INTEGER NOT NULL REFERENCES transcripts (id),
    position INTEGER NOT NULL,
    speaker_id INTEGER REFERENCES speakers (id),
    UNIQUE (transcript_id, position)
) STRICT;

CREATE TABLE sentences (
    id INTEGER PRIMARY KEY,
    transcript_id INTEGER NOT NULL REFERENCES transcripts (id),
    turn_id INTEGER NOT NULL REFERENCES turns (id),
    position INTEGER NOT NULL,
    text TEXT NOT NULL,
    heard TEXT NOT NULL,
    start REAL,
    end REAL,
    version INTEGER NOT NULL DEFAULT 1,
    UNIQUE (transcript_id, position)
) STRICT;

CREATE TABLE words (
    sentence_id INTEGER NOT NULL REFERENCES sentences (id),
    position INTEGER NOT NULL,
    text TEXT NOT NULL,
    start REAL NOT NULL,
    end REAL NOT NULL,
    confidence REAL NOT NULL,
    margin REAL NOT NULL,
    overlap INTEGER NOT NULL CHECK (overlap IN (0, 1)),
    PRIMARY KEY (sentence_id, position)
) STRICT, WITHOUT ROWID;

-- What the recogniser dropped or doubted, kept for the reviewer with its reason.
CREATE TABLE doubts (
    id INTEGER PRIMARY KEY,
    transcript_id INTEGER NOT NULL REFERENCES transcripts (id),
    start REAL NOT NULL,
    end REAL NOT NULL,
    text TEXT NOT NULL,
    reason TEXT NOT NULL
) STRICT;

CREATE TABLE segments (
    id INTEGER PRIMARY KEY,
    transcript_id INTEGER NOT NULL REFERENCES transcripts (id),
    first_sentence_id INTEGER NOT NULL REFERENCES sentences (id),
    last_sentence_id INTEGER NOT NULL REFERENCES sentences (id),
    trim_start INTEGER NOT NULL DEFAULT 0,
    trim_end INTEGER NOT NULL DEFAULT 0,
    UNIQUE (first_sentence_id, last_sentence_id, trim_start, trim_end)
) STRICT;

CREATE TABLE codes (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    definition TEXT NOT NULL DEFAULT '',
    kind TEXT NOT NULL DEFAULT 'semantic' CHECK (kind IN ('semantic', 'latent')),
    parent_id INTEGER REFERENCES codes (id),
    color TEXT NOT NULL,
    version INTEGER NOT NULL DEFAULT 1,
    created_by INTEGER NOT NULL REFERENCES members (id),
    created_at TEXT NOT NULL,
    deleted_at TEXT
) STRICT;
CREATE UNIQUE INDEX codes_name ON codes (name COLLATE NOCASE) WHERE deleted_at IS NULL;

CREATE TABLE codings (
    id INTEGER PRIMARY KEY,
    segment_id INTEGER NOT NULL REFERENCES segments (id),
    code_id INTEGER NOT NULL REFERENCES codes (id),
    coder_id INTEGER NOT NULL REFERENCES members (id),
    created_at TEXT NOT NULL,
    deleted_at TEXT,
    UNIQUE (segment_id, code_id, coder_id)
) STRICT;

CREATE TABLE themes (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    concept TEXT NOT NULL DEFAULT '',
    position INTEGER NOT NULL,
    version INTEGER NOT NULL DEFAULT 1,
    created_by INTEGER NOT NULL REFERENCES members (id),
    created_at TEXT NOT NULL,
    deleted_at TEXT
) STRICT;

CREATE TABLE theme_codes (
    theme_id INTEGER NOT NULL REFERENCES themes (id),
    code_id INTEGER NOT NULL REFERENCES codes (id),
    PRIMARY KEY (theme_id, code_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE quotes (
    id INTEGER PRIMARY KEY,
    segment_id INTEGER NOT NULL UNIQUE REFERENCES segments (id),
    status TEXT NOT NULL DEFAULT 'candidate'
        CHECK (status IN ('candidate', 'shortlisted', 'used')),
    created_by INTEGER NOT NULL REFERENCES members (id),
    created_at TEXT NOT NULL,
    deleted_at TEXT
) STRICT;

CREATE TABLE quote_themes (
    quote_id INTEGER NOT NULL REFERENCES quotes (id),
    theme_id INTEGER NOT NULL REFERENCES themes (id),
    PRIMARY KEY (quote_id, theme_id)
) STRICT, WITHOUT ROWID;
"""
