"""Where else in a study names stand that were found, or taken out, in one transcript."""

from collections import Counter
from dataclasses import dataclass
from typing import Final

from secure_storage import Study, cells_with

from .deciding import registries

_NOT_LOOKED_AT: Final = frozenset(
    {
        # Of this transcript they are decided on; of others they are counted by transcript.
        "sentences.text", "sentences.verbatim",
        # They follow the sentences, and the journal tells what was in all of them.
        "sentences.heard", "words.text", "events.before", "events.after", "events.salt",
        # Keys and places of files.
        "jobs.key", "recording_parts.file_id", "part_media.copy_id", "part_media.peaks",
        # What stands instead of names.
        "participants.pseudonym",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Something of the study in which names stand."""

    what: str
    """A transcript's title, or what the study calls the texts: «codes, name»."""
    texts: int
    """Sentences or other texts with at least one."""


def named_elsewhere(study: Study, transcript_id: int) -> list[Elsewhere]:
    """Look for registered names, and for words that were replaced, outside a transcript.

    In the other transcripts, the titles, labels, codes, themes and doubts. Only as they are
    written, not as they may have been heard. Nothing is changed, no text is given.
    """
    study.require("read")
    known = registries(study)

    def holds(text: str) -> bool:
        return any(one.places(text) for one in known)

    rows = study.db.execute(
        "SELECT t.id, t.title, s.text, coalesce(s.verbatim, '') FROM sentences s"
        " JOIN transcripts t ON t.id = s.transcript_id"
        " WHERE t.id <> ? AND t.deleted_at IS NULL",
        [transcript_id],
    ).fetchall()
    sentences = Counter((number, title) for number, title, *texts in rows if any(map(holds, texts)))
    others = [Elsewhere(f"Transcript {title}", count) for (_, title), count in sentences.items()]
    cells = cells_with(study, holds, _NOT_LOOKED_AT)
    named = [Elsewhere(_said(column), count) for column, count in cells]
    return sorted(others, key=lambda one: -one.texts) + named


def _said(column: str) -> str:
    return column.replace(".", ", ").replace("_", " ").capitalize()
