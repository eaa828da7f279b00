"""Where the study stands, in numbers that need no text to be read."""

from dataclasses import dataclass
from typing import Final

from secure_storage import Study

_TRANSCRIPTS: Final = """
WITH spans AS (
    SELECT g.transcript_id, f.position AS first, l.position AS last, m.initials
    FROM codings c
    JOIN codes k ON k.id = c.code_id AND k.deleted_at IS NULL
    JOIN members m ON m.id = c.coder_id
    JOIN segments g ON g.id = c.segment_id
    JOIN sentences f ON f.id = g.first_sentence_id
    JOIN sentences l ON l.id = g.last_sentence_id
    WHERE c.deleted_at IS NULL
)
SELECT t.id, t.title, t.group_number AS "group", t.demo,
    (SELECT max(end) FROM sentences s WHERE s.transcript_id = t.id) AS seconds,
    (SELECT count(*) FROM sentences s WHERE s.transcript_id = t.id) AS sentences,
    (SELECT count(DISTINCT s.id) FROM spans p JOIN sentences s
        ON s.transcript_id = p.transcript_id AND s.position BETWEEN p.first AND p.last
        WHERE p.transcript_id = t.id) AS coded,
    coalesce((SELECT group_concat(initials, ', ') FROM
        (SELECT DISTINCT initials FROM spans p WHERE p.transcript_id = t.id ORDER BY initials)),
        '') AS coders
FROM transcripts t WHERE t.deleted_at IS NULL ORDER BY t.group_number, t.id
"""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the work on one transcript is."""

    id: int
    title: str
    group: int
    demo: int
    """1 when the demo model made the text, else 0."""
    seconds: float | None
    sentences: int
    coded: int
    """Sentences under at least one code."""
    coders: str
    """Initials of those who coded it."""

    @property
    def share(self) -> float:
        """Share of its sentences that are coded."""
        return self.coded / self.sentences if self.sentences else 0.0


def progress(study: Study) -> list[Progress]:
    """Every transcript with how much of it is coded, and by whom."""
    study.require("read")
    return [Progress(**row) for row in study.db.query(_TRANSCRIPTS)]
