"""The whole data model, as SQL, oldest migration first.

Migrations are append-only: a released one is never edited. All times in columns
ending in ``_at`` are ISO 8601 UTC; ``start``/``end``/``offset`` are seconds;
``trim_*`` are Unicode code points. Deleting is a tombstone (``deleted_at``), which
can be undone; erasure is a different, physical act.
"""

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

M003: Final = """
-- What every transcription of the study starts from; at most one row.
CREATE TABLE transcription_defaults (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    -- Names and terms the recogniser is to expect.
    prompt TEXT NOT NULL,
    verbatim INTEGER NOT NULL CHECK (verbatim IN (0, 1)),
    -- Codes of languages with spaces between.
    allowed TEXT NOT NULL,
    version INTEGER NOT NULL
) STRICT;
"""

M004: Final = """
-- Sentences and turns can be put between others: their places have room between, 2^32 each.
UPDATE sentences SET position = -(position + 1) * 4294967296;
UPDATE sentences SET position = -position;
UPDATE turns SET position = -(position + 1) * 4294967296;
UPDATE turns SET position = -position;
-- What was said, where the text was put into written language.
ALTER TABLE sentences ADD COLUMN verbatim TEXT;
-- A person gave the speaker: assigning speakers again leaves it.
ALTER TABLE turns ADD COLUMN by_hand INTEGER NOT NULL DEFAULT 0 CHECK (by_hand IN (0, 1));

ALTER TABLE transcripts RENAME COLUMN source TO source_before;
ALTER TABLE transcripts ADD COLUMN source TEXT NOT NULL DEFAULT 'import'
    CHECK (source IN ('whisper', 'import', 'typed', 'document'));
UPDATE transcripts SET source = source_before;
ALTER TABLE transcripts DROP COLUMN source_before;
-- While these are set nobody can change the transcript.
ALTER TABLE transcripts ADD COLUMN approved_at TEXT;
ALTER TABLE transcripts ADD COLUMN approved_by INTEGER REFERENCES members (id);

-- Corrections can bring two segments onto the same words; each stays what it is.
PRAGMA defer_foreign_keys = ON;
CREATE TABLE segments_before AS SELECT * FROM segments;
DROP TABLE segments;
CREATE TABLE segments (
    id INTEGER PRIMARY KEY,
    transcript_id INTEGER NOT NULL REFERENCES transcripts (id),
    -- Both NULL: its words are nowhere any more, and it is on the repair list.
    first_sentence_id INTEGER REFERENCES sentences (id),
    last_sentence_id INTEGER REFERENCES sentences (id),
    trim_start INTEGER NOT NULL DEFAULT 0,
    trim_end INTEGER NOT NULL DEFAULT 0,
    CHECK ((first_sentence_id IS NULL) = (last_sentence_id IS NULL))
) STRICT;
INSERT INTO segments SELECT * FROM segments_before;
DROP TABLE segments_before;
CREATE INDEX segments_first ON segments (first_sentence_id);
CREATE INDEX segments_last ON segments (last_sentence_id);
CREATE INDEX segments_transcript ON segments (transcript_id);
-- Segments whose words a correction took away: a person puts them where they belong, or
-- lets them go.
CREATE TABLE repairs (
    id INTEGER PRIMARY KEY,
    segment_id INTEGER NOT NULL REFERENCES segments (id),
    -- What it covered.
    text TEXT NOT NULL,
    -- A sentence near to where it was; that may be gone by now, so nothing is enforced.
    near INTEGER,
    state TEXT NOT NULL CHECK (state IN ('open', 'repaired', 'let_go')),
    closed_by INTEGER REFERENCES members (id),
    closed_at TEXT
) STRICT;
CREATE INDEX repairs_segment ON repairs (segment_id);

-- What can be taken back, by whom, and whether it is: an event that holds rows as they
-- were before it and after.
CREATE TABLE acts (
    seq INTEGER PRIMARY KEY REFERENCES events (seq),
    member_id INTEGER NOT NULL REFERENCES members (id),
    -- What it belongs to: a person takes back acts within one transcript, newest first.
    scope TEXT NOT NULL,
    -- The event that took it back; NULL while the act stands.
    undone_by INTEGER REFERENCES events (seq),
    -- Taken back, and something else was done since: it cannot be done again.
    closed INTEGER NOT NULL DEFAULT 0 CHECK (closed IN (0, 1))
) STRICT;
CREATE INDEX acts_scope ON acts (scope, member_id, seq);
-- The greatest id that an act ever gave in a table: an id that was taken back is not given
-- to another row.
CREATE TABLE last_ids (name TEXT PRIMARY KEY, id INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- Groups that have more to say than their number, which is theirs wherever it stands.
CREATE TABLE groups (
    number INTEGER PRIMARY KEY,
    title TEXT NOT NULL,
    -- A day (ISO 8601), or nothing.
    held_on TEXT NOT NULL,
    -- A pilot, say: neither in Table 1 nor proposed for exports.
    left_out INTEGER NOT NULL CHECK (left_out IN (0, 1))
) STRICT;
-- On what a recording rests: the approval's reference, how consent was given, the basis in law.
ALTER TABLE recordings ADD COLUMN approval TEXT NOT NULL DEFAULT '';
ALTER TABLE recordings ADD COLUMN consent TEXT NOT NULL DEFAULT ''
    CHECK (consent IN ('', 'written', 'electronic', 'spoken', 'not needed'));
ALTER TABLE recordings ADD COLUMN lawful_basis TEXT NOT NULL DEFAULT ''
    CHECK (lawful_basis IN ('', 'consent', 'public interest', 'legitimate interests',
                            'legal obligation'));

ALTER TABLE participants ADD COLUMN role TEXT NOT NULL DEFAULT 'participant'
    CHECK (role IN ('participant', 'moderator', 'secretary'));
UPDATE participants SET role = 'moderator' WHERE moderator = 1;
ALTER TABLE participants DROP COLUMN moderator;
-- What else the team asks of its participants, and their answers as they were given.
CREATE TABLE attributes (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('text', 'number', 'years'))
) STRICT;
CREATE UNIQUE INDEX attributes_name ON attributes (name COLLATE NOCASE);
CREATE TABLE answers (
    participant_id INTEGER NOT NULL REFERENCES participants (id),
    attribute_id INTEGER NOT NULL REFERENCES attributes (id),
    answer TEXT NOT NULL,
    PRIMARY KEY (participant_id, attribute_id)
) STRICT, WITHOUT ROWID;

-- How the study tells its Table 1: at most one row, and its lines.
CREATE TABLE table_one (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    -- Counts below are marked: so few people can be known by them.
    threshold INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE TABLE table_one_rules (
    id INTEGER PRIMARY KEY,
    -- NULL is the profession.
    attribute_id INTEGER REFERENCES attributes (id),
    label TEXT NOT NULL,
    -- Of a text: the answer that the label stands for.
    value TEXT NOT NULL,
    -- Of a number or years: where the bin begins.
    least REAL
) STRICT;

-- What the player needs of a part: its loudness, twenty bytes a second, and, where browsers
-- cannot play the file as it came (playable 0), the copy that was made for them.
CREATE TABLE part_media (
    part_id INTEGER PRIMARY KEY REFERENCES recording_parts (id),
    peaks BLOB NOT NULL,
    playable INTEGER NOT NULL CHECK (playable IN (0, 1)),
    copy_id TEXT REFERENCES files (id)
) STRICT;
-- Who listened through a transcript, and how many seconds of its sound were heard on the way.
CREATE TABLE passes (
    id INTEGER PRIMARY KEY,
    transcript_id INTEGER NOT NULL REFERENCES transcripts (id),
    member_id INTEGER NOT NULL REFERENCES members (id),
    at TEXT NOT NULL,
    revision INTEGER NOT NULL,
    heard REAL NOT NULL,
    length REAL NOT NULL,
    -- Plays up to this event are counted.
    seq INTEGER NOT NULL REFERENCES events (seq)
) STRICT;
-- The transcript whose text a job gives times to; NULL where it makes a transcript.
ALTER TABLE jobs ADD COLUMN aligns INTEGER REFERENCES transcripts (id);
-- Transcripts are put into written language, what was said is kept beside.
ALTER TABLE transcription_defaults ADD COLUMN written INTEGER NOT NULL DEFAULT 0
    CHECK (written IN (0, 1));

-- Who was heard when, as the diarization tells it. Several voices can be one speaker.
CREATE TABLE voices (
    id INTEGER PRIMARY KEY,
    transcript_id INTEGER NOT NULL REFERENCES transcripts (id),
    speaker_id INTEGER REFERENCES speakers (id)
) STRICT;
CREATE INDEX voices_transcript ON voices (transcript_id);
CREATE TABLE spans (
    voice_id INTEGER NOT NULL REFERENCES voices (id),
    start REAL NOT NULL,
    end REAL NOT NULL,
    -- 1: one voice at a time, which labels words; 0: everybody who speaks, which flags them.
    exclusive INTEGER NOT NULL CHECK (exclusive IN (0, 1))
) STRICT;
CREATE INDEX spans_voice ON spans (voice_id);

-- The interview guide, and the sentences at which its questions are asked.
CREATE TABLE questions (
    id INTEGER PRIMARY KEY,
    position INTEGER NOT NULL,
    text TEXT NOT NULL,
    deleted_at TEXT
) STRICT;
CREATE TABLE question_marks (
    sentence_id INTEGER PRIMARY KEY REFERENCES sentences (id),
    question_id INTEGER NOT NULL REFERENCES questions (id)
) STRICT;

-- Pseudonymising. What stands in the place of what was taken out, and by which hashes that is
-- found again; itself it is sealed to the linking store, and waits for a custodian to open it.
CREATE TABLE replacements (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    label TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE replacement_forms (
    replacement_id INTEGER NOT NULL REFERENCES replacements (id),
    hash BLOB NOT NULL,
    PRIMARY KEY (replacement_id, hash)
) STRICT, WITHOUT ROWID;
CREATE TABLE sealed_originals (id INTEGER PRIMARY KEY, sealed BLOB NOT NULL) STRICT;
-- Places that may identify somebody (code points of the sentence at that version).
CREATE TABLE identifiers (
    id INTEGER PRIMARY KEY,
    sentence_id INTEGER NOT NULL REFERENCES sentences (id) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    start INTEGER NOT NULL,
    end INTEGER NOT NULL,
    kind TEXT NOT NULL,
    why TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'kept', 'chosen')),
    -- While open: what was put in the place of the same word before.
    replacement_id INTEGER REFERENCES replacements (id),
    decided_by INTEGER REFERENCES members (id),
    UNIQUE (sentence_id, start, end)
) STRICT;
-- What was replaced, by whom, and when it is heard (seconds of the recording), where known.
CREATE TABLE replaced_places (
    id INTEGER PRIMARY KEY,
    transcript_id INTEGER NOT NULL REFERENCES transcripts (id),
    replacement_id INTEGER NOT NULL REFERENCES replacements (id),
    member_id INTEGER NOT NULL REFERENCES members (id),
    at TEXT NOT NULL,
    start REAL,
    end REAL
) STRICT;
CREATE INDEX replaced_places_transcript ON replaced_places (transcript_id);
-- Sentences that a second person read for what was missed.
CREATE TABLE pseudonym_samples (
    sentence_id INTEGER NOT NULL REFERENCES sentences (id) ON DELETE CASCADE,
    member_id INTEGER NOT NULL REFERENCES members (id),
    at TEXT NOT NULL,
    missed INTEGER NOT NULL CHECK (missed IN (0, 1)),
    PRIMARY KEY (sentence_id, member_id)
) STRICT, WITHOUT ROWID;
"""

MIGRATIONS: Final[tuple[str, ...]] = (M001, M002, M003, M004)
"""Migration n (from 1) brings ``PRAGMA user_version`` from n-1 to n."""
