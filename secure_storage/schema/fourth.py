"""Transcripts that are corrected, groups and what is known of participants, identifiers."""

from typing import Final

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
    -- The last event that took it back or did it again: what followed the words then goes back.
    stepped_by INTEGER REFERENCES events (seq),
    -- Taken back, and something else was done since: it cannot be done again. Or it stands and
    -- could not be taken back: it was left as it is.
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

-- Else every act on a turn goes through the sentences of the whole study.
CREATE INDEX sentences_turn ON sentences (turn_id);
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
CREATE INDEX replacement_forms_hash ON replacement_forms (hash);
CREATE TABLE sealed_originals (id INTEGER PRIMARY KEY, sealed BLOB NOT NULL) STRICT;
-- Places that may identify somebody (code points of the sentence at that version): of its
-- text, or of its verbatim one.
CREATE TABLE identifiers (
    id INTEGER PRIMARY KEY,
    sentence_id INTEGER NOT NULL REFERENCES sentences (id) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    verbatim INTEGER NOT NULL DEFAULT 0 CHECK (verbatim IN (0, 1)),
    start INTEGER NOT NULL,
    end INTEGER NOT NULL,
    kind TEXT NOT NULL,
    why TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'kept', 'chosen')),
    -- While open: what was put in the place of the same word before.
    replacement_id INTEGER REFERENCES replacements (id),
    decided_by INTEGER REFERENCES members (id),
    UNIQUE (sentence_id, verbatim, start, end)
) STRICT;
-- What was replaced, who decided so, and when it is heard (seconds of the recording), where known.
CREATE TABLE replaced_places (
    id INTEGER PRIMARY KEY,
    transcript_id INTEGER NOT NULL REFERENCES transcripts (id),
    replacement_id INTEGER NOT NULL REFERENCES replacements (id),
    member_id INTEGER NOT NULL REFERENCES members (id),
    sentence_id INTEGER REFERENCES sentences (id) ON DELETE SET NULL,
    at TEXT NOT NULL,
    start REAL,
    end REAL
) STRICT;
CREATE INDEX replaced_places_transcript ON replaced_places (transcript_id);
CREATE INDEX replaced_places_sentence ON replaced_places (sentence_id);
-- Sentences that a second person read for what was missed.
CREATE TABLE pseudonym_samples (
    sentence_id INTEGER NOT NULL REFERENCES sentences (id) ON DELETE CASCADE,
    member_id INTEGER NOT NULL REFERENCES members (id),
    at TEXT NOT NULL,
    missed INTEGER NOT NULL CHECK (missed IN (0, 1)),
    PRIMARY KEY (sentence_id, member_id)
) STRICT, WITHOUT ROWID;
"""
