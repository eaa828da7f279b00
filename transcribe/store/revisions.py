"""Earlier revisions of a transcript: read by going back through its acts, and who did these."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from secure_storage import Study

from ..editing.comparing import PastLine
from ..transcript import UNKNOWN
from .told import Rows, ToldAct, told_acts

if TYPE_CHECKING:
    from sqlite_utils import Database

_TABLES: Final = ("speakers", "turns", "sentences")
_Held = dict[str, dict[int, dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Revision:
    """One act on a transcript."""

    seq: int
    """Its event: the revision is the transcript as this left it."""
    at: str
    member_id: int | None
    action: str
    said: str
    sentences: tuple[int, ...]
    """Ids of those that it changed."""


@dataclass(frozen=True, slots=True)
class Correction:
    """What one act made of a sentence."""

    seq: int
    at: str
    member_id: int | None
    said: str
    before: str | None
    """Its text; None where it was not there."""
    after: str | None


def revisions(study: Study, transcript_id: int) -> list[Revision]:
    """List the acts on a transcript, newest first: who did what, and when."""
    study.require("read")
    return [
        Revision(act.seq, act.at, act.actor, act.action, act.said or act.action, act.sentences)
        for act in reversed(told_acts(study.db, transcript_id))
        if act.sentences or act.before
    ]


def as_of(study: Study, transcript_id: int, seq: int) -> list[PastLine]:
    """Read a transcript as the event ``seq`` left it (0: as it was first saved), in order.

    Acts are gone back through, from the newest. What was emptied since, because a participant
    withdrew, cannot be gone back through and stays as it is now: their words are not there in
    any revision.
    """
    study.require("read")
    held = _now(study.db, transcript_id)
    for act in reversed(told_acts(study.db, transcript_id, seq)):
        _take_back(held, act)
    return _lines(held)


def history(study: Study, transcript_id: int, sentence_id: int) -> list[Correction]:
    """List what was made of one sentence, by whom and when, newest first."""
    study.require("read")
    found = []
    text: str | None = _text(study.db, sentence_id)
    for act in reversed(told_acts(study.db, transcript_id)):
        if sentence_id not in act.touched("sentences"):
            continue
        key = str(sentence_id)
        before = _told_text(act.before.get("sentences", {}).get(key), text)
        if before != text:
            found.append(
                Correction(act.seq, act.at, act.actor, act.said or act.action, before, text)
            )
        text = before
    return found


def _now(db: "Database", transcript_id: int) -> _Held:
    held: _Held = {}
    for table in _TABLES:
        cursor = db.execute(f"SELECT * FROM {table} WHERE transcript_id = ?", [transcript_id])
        names = [column[0] for column in cursor.description]
        rows = (dict(zip(names, row, strict=True)) for row in cursor.fetchall())
        held[table] = {row["id"]: row for row in rows}
    return held


def _take_back(held: _Held, act: ToldAct) -> None:
    for table in _TABLES:
        for key, row in _changed(act.before, table):
            if isinstance(row, dict):
                held[table].get(key, {}).update(row)
            elif row:
                held[table][key] = dict(row[0])
            else:
                held[table].pop(key, None)


def _changed(rows: Rows, table: str) -> Iterable[tuple[int, Any]]:
    for key, row in rows.get(table, {}).items():
        yield int(key), row


def _lines(held: _Held) -> list[PastLine]:
    turns, labels = held["turns"], held["speakers"]
    lines = []
    for row in sorted(held["sentences"].values(), key=lambda one: one["position"]):
        speaker = turns.get(row["turn_id"], {}).get("speaker_id")
        label = labels.get(speaker or 0, {}).get("label", UNKNOWN)
        lines.append(
            PastLine(row["id"], row["text"], label, row["start"], row["verbatim"], speaker)
        )
    return lines


def _text(db: "Database", sentence_id: int) -> str | None:
    row = db.execute("SELECT text FROM sentences WHERE id = ?", [sentence_id]).fetchone()
    return None if row is None else str(row[0])


def _told_text(row: Any, now: str | None) -> str | None:
    """The text before an act; ``now`` where the act left it."""
    if isinstance(row, dict):
        return str(row["text"]) if "text" in row else now
    return str(row[0]["text"]) if row else None
