"""Where the study stands, in numbers that need no text to be read."""

from dataclasses import dataclass
from typing import Final

from secure_storage import Study

_TRANSCRIPTS: Final = """
SELECT t.id, t.title, t.group_number, t.demo, max(s.end), count(s.id)
FROM transcripts t LEFT JOIN sentences s ON s.transcript_id = t.id
WHERE t.deleted_at IS NULL GROUP BY t.id ORDER BY t.group_number, t.id
"""
_SPANS: Final = """
WITH places AS (
    SELECT id, row_number() OVER (PARTITION BY transcript_id ORDER BY position) AS place
    FROM sentences
)
SELECT DISTINCT g.transcript_id, f.place, l.place, m.initials
FROM codings c
JOIN codes k ON k.id = c.code_id
JOIN members m ON m.id = c.coder_id
JOIN segments g ON g.id = c.segment_id
JOIN places f ON f.id = g.first_sentence_id
JOIN places l ON l.id = g.last_sentence_id
WHERE c.deleted_at IS NULL AND k.deleted_at IS NULL
"""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the work on one transcript is."""

    id: int
    title: str
    group: int
    demo: bool
    """The demo model made the text."""
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
    covered: dict[int, set[int]] = {}
    coders: dict[int, set[str]] = {}
    # Counted here: joined in SQL, spans against sentences took seconds in a full study.
    for transcript, first, last, initials in study.db.execute(_SPANS):
        covered.setdefault(transcript, set()).update(range(first, last + 1))
        coders.setdefault(transcript, set()).add(initials)
    return [
        Progress(
            number,
            title,
            group,
            bool(demo),
            seconds,
            sentences,
            len(covered.get(number, ())),
            ", ".join(sorted(coders.get(number, ()))),
        )
        for number, title, group, demo, seconds, sentences in study.db.execute(_TRANSCRIPTS)
    ]
