"""What acts on transcripts kept of rows, as the journal tells it."""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlite_utils import Database

Rows = dict[str, dict[str, Any]]
"""By table and id: whole rows (a list) where they came or went, else the columns changed."""
_ACTS: Final = """
SELECT seq, at, actor, action, object, before, after FROM events
WHERE after LIKE '%"transcript":%' AND json_extract(after, '$.transcript') = ? AND seq > ?
ORDER BY seq
"""
_SAID_BEFORE: Final = {"sentence.edited": "a corrected sentence"}
"""What was done, of acts that did not tell it yet."""


@dataclass(frozen=True, slots=True)
class ToldAct:
    """An act, with the rows that it changed."""

    seq: int
    at: str
    actor: int | None
    action: str
    object: str
    said: str
    sentences: tuple[int, ...]
    """Ids of those that look different since, or are gone."""
    before: Rows
    after: Rows

    def touched(self, table: str) -> set[int]:
        """Ids of the rows of a table that it changed."""
        return {int(key) for rows in (self.before, self.after) for key in rows.get(table, ())}


def told_acts(db: Database, transcript_id: int, since: int = 0) -> list[ToldAct]:
    """All acts on a transcript after the event ``since``, oldest first; not those erased."""
    return [_told(*row) for row in db.execute(_ACTS, [transcript_id, since]).fetchall()]


def living(db: Database, table: str, transcripts: Collection[int]) -> set[int]:
    """Ids of the rows of a table that there are in some transcripts."""
    marks = ",".join("?" * len(transcripts))
    rows = db.execute(f"SELECT id FROM {table} WHERE transcript_id IN ({marks})", list(transcripts))
    return {int(row[0]) for row in rows.fetchall()}


def speakers_of_turns(db: Database, transcript_id: int) -> Iterator[tuple[int, int | None]]:
    """The turns of a transcript, each with its speaker."""
    yield from db.execute(
        "SELECT id, speaker_id FROM turns WHERE transcript_id = ?", [transcript_id]
    ).fetchall()


def verbatim_of(db: Database, sentences: Collection[int]) -> list[str]:
    """What was said, where the text of a sentence was put into written language."""
    rows = db.execute("SELECT id, verbatim FROM sentences WHERE verbatim IS NOT NULL").fetchall()
    return [str(text) for number, text in rows if number in sentences]


def _told(
    seq: int, at: str, actor: int | None, action: str, about: str, before: str | None, after: str
) -> ToldAct:
    was, now = json.loads(before or "{}"), json.loads(after)
    before_it, after_it = _rows(about, was), _rows(about, now)
    touched = now.get("touched", map(int, after_it.get("sentences", ())))
    return ToldAct(
        seq, at, actor, action, about, str(now.get("said", _SAID_BEFORE.get(action, ""))),
        tuple(touched), before_it, after_it,
    )  # fmt: skip


def _rows(about: str, payload: dict[str, Any]) -> Rows:
    kind, _, number = about.partition(":")
    if "rows" not in payload and kind == "sentence" and "text" in payload:
        # As corrections were told before acts could be taken back.
        return {"sentences": {number: {"text": payload["text"]}}}
    rows: Rows = payload.get("rows", {})
    return rows
