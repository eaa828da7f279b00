"""What every transcription of a study starts from."""

from typing import Final

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
