"""The SQL of a withdrawal: what of this stage is one participant's, and erasing it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sqlite_utils import Database

from secure_storage import MARK, BadInput, Change, StoredFile, Withdrawal, rewritten

_SAID: Final = """
SELECT s.id, s.turn_id, s.text, s.heard, s.start, s.end, t.id, t.title, t.recording_id,
       k.participant_id
FROM sentences s JOIN transcripts t ON t.id = s.transcript_id
JOIN turns u ON u.id = s.turn_id LEFT JOIN speakers k ON k.id = u.speaker_id
"""
_PARTS: Final = """
SELECT p.id, p.recording_id, p.file_id, p.offset, p.duration, p.sha256, r.title
FROM recording_parts p JOIN recordings r ON r.id = p.recording_id
"""
TITLES: Final = (
    ("recordings", "title"), ("recordings", "approval"), ("transcripts", "title"),
    ("groups", "title"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence with where it stands."""

    id: int
    turn_id: int
    text: str
    heard: str
    start: float | None
    end: float | None
    transcript_id: int
    transcript: str
    recording_id: int | None
    participant_id: int | None


@dataclass(frozen=True, slots=True)
class Sounding:
    """A part of a recording, with its sealed sound."""

    id: int
    recording_id: int
    file_id: str
    offset: float
    duration: float
    sha256: str
    title: str


def transcripts_with(db: Database, participant_id: int) -> list[int]:
    """Transcripts in which a speaker is the participant, removed ones too."""
    rows = db.execute(
        "SELECT DISTINCT transcript_id FROM speakers WHERE participant_id = ?", [participant_id]
    )
    return [int(row[0]) for row in rows.fetchall()]


def siblings(db: Database, transcripts: Iterable[int]) -> list[int]:
    """Other transcripts of the recordings that some transcripts were made from."""
    chosen = list(transcripts)
    marks = ",".join("?" * len(chosen))
    rows = db.execute(
        f"SELECT id FROM transcripts WHERE id NOT IN ({marks}) AND recording_id IN"
        f" (SELECT recording_id FROM transcripts WHERE id IN ({marks}))",
        [*chosen, *chosen],
    )
    return [int(row[0]) for row in rows.fetchall()]


def said(db: Database, transcript_id: int) -> list[Said]:
    """Everything said in a transcript, in order."""
    rows = db.execute(_SAID + " WHERE t.id = ? ORDER BY s.position", [transcript_id])
    return [Said(*row) for row in rows.fetchall()]


def said_by_others(db: Database, mine: frozenset[int]) -> str:
    """All that others said in the study, and all that was heard of them, as one text."""
    rows = db.execute("SELECT id, text, heard FROM sentences").fetchall()
    return "\n".join(f"{row[1]}\n{row[2]}" for row in rows if row[0] not in mine)


def word_times(db: Database, transcript_id: int) -> dict[int, list[tuple[float, float]]]:
    """When each word of each sentence of a transcript was said."""
    times: dict[int, list[tuple[float, float]]] = {}
    for sentence, start, end in db.execute(
        "SELECT w.sentence_id, w.start, w.end FROM words w JOIN sentences s"
        " ON s.id = w.sentence_id WHERE s.transcript_id = ? ORDER BY w.start",
        [transcript_id],
    ).fetchall():
        times.setdefault(int(sentence), []).append((start, end))
    return times


def count_words(db: Database, sentences: Iterable[int]) -> int:
    """How many heard words some sentences keep."""
    return sum(
        int(db.execute("SELECT count(*) FROM words WHERE sentence_id = ?", [one]).fetchone()[0])
        for one in sentences
    )


def spans_of_doubts(db: Database, transcript_id: int) -> list[tuple[int, float, float, str]]:
    """Number, start, end and text of what was dropped or doubted."""
    rows = db.execute(
        "SELECT id, start, end, text FROM doubts WHERE transcript_id = ?", [transcript_id]
    )
    return [(int(row[0]), row[1], row[2], str(row[3])) for row in rows.fetchall()]


def speakers_who_are(db: Database, participant_id: int) -> list[tuple[int, str]]:
    """Speakers, with their labels, who are the participant."""
    rows = db.execute("SELECT id, label FROM speakers WHERE participant_id = ?", [participant_id])
    return [(int(row[0]), str(row[1])) for row in rows.fetchall()]


def pseudonym_of(db: Database, participant_id: int) -> str:
    """What the participant is called."""
    row = db.execute("SELECT pseudonym FROM participants WHERE id = ?", [participant_id]).fetchone()
    return str(row[0]) if row else ""


def sounding(db: Database, recordings: Iterable[int]) -> list[Sounding]:
    """The parts of some recordings."""
    chosen = set(recordings)
    rows = db.execute(_PARTS + " ORDER BY p.recording_id, p.position").fetchall()
    return [one for row in rows if (one := Sounding(*row)).recording_id in chosen]


def key_of(db: Database, file_id: str) -> bytes | None:
    """A file's own key; None in files of the first version."""
    row = db.execute("SELECT key FROM files WHERE id = ?", [file_id]).fetchone()
    return bytes(row[0]) if row and row[0] is not None else None


def jobs_with_keys(db: Database, recordings: Iterable[int]) -> list[tuple[int, str, bytes]]:
    """Number, state and key of the jobs of some recordings whose capsules can be opened."""
    chosen = set(recordings)
    rows = db.execute("SELECT id, state, key, recording_id FROM jobs WHERE key IS NOT NULL")
    return [
        (int(row[0]), str(row[1]), bytes(row[2])) for row in rows.fetchall() if row[3] in chosen
    ]


def open_capsules(db: Database) -> list[tuple[int, str, bytes]]:
    """Job, folder and key of what can still be opened."""
    rows = db.execute("SELECT id, capsule, key FROM jobs WHERE key IS NOT NULL").fetchall()
    return [(int(row[0]), str(row[1]), bytes(row[2])) for row in rows]


def capsules_with_keys(db: Database) -> frozenset[str]:
    """Names of the job folders that can still be opened."""
    rows = db.execute("SELECT capsule FROM jobs WHERE key IS NOT NULL")
    return frozenset(str(row[0]) for row in rows.fetchall())


def titles(db: Database) -> list[tuple[tuple[str, str], int, str]]:
    """Place (table and column), number and text of all that is a title."""
    return [
        ((table, column), int(row[0]), str(row[1]))
        for table, column in TITLES
        for row in db.execute(f"SELECT rowid, {column} FROM {table}").fetchall()
    ]


def switch_file(change: Change, part_id: int, stored: StoredFile) -> None:
    """Let a part of a recording have another file, of the same length."""
    change.db.execute(
        "UPDATE recording_parts SET file_id = ?, media_type = 'audio/flac', sha256 = ?"
        " WHERE id = ?",
        [stored.id, stored.sha256, part_id],
    )


def erase_sentences(change: Change, sentences: Iterable[int], *, remove: bool) -> None:
    """Take the words out of sentences, or the sentences out of their transcript."""
    for one in sentences:
        change.db.execute("DELETE FROM words WHERE sentence_id = ?", [one])
        if remove:
            change.db.execute("DELETE FROM question_marks WHERE sentence_id = ?", [one])
            change.db.execute("DELETE FROM sentences WHERE id = ?", [one])
        else:
            change.db.execute(
                "UPDATE sentences SET text = ?, heard = '', verbatim = NULL, version = version + 1"
                " WHERE id = ?",
                [MARK, one],
            )


def erase_empty_turns(change: Change, turns: Iterable[int]) -> None:
    """Take out the turns in which nothing is said any more."""
    for one in turns:
        change.db.execute(
            "DELETE FROM turns WHERE id = ? AND NOT EXISTS"
            " (SELECT 1 FROM sentences WHERE turn_id = ?)",
            [one, one],
        )


def erase_doubts(change: Change, doubts: Iterable[int], *, remove: bool) -> None:
    """Take the words out of doubts, or the doubts out of their transcript."""
    for one in doubts:
        if remove:
            change.db.execute("DELETE FROM doubts WHERE id = ?", [one])
        else:
            change.db.execute("UPDATE doubts SET text = ? WHERE id = ?", [MARK, one])


def revise(change: Change, transcripts: Iterable[int]) -> None:
    """Tell whoever has a transcript before their eyes that it is another."""
    for one in transcripts:
        change.db.execute("UPDATE transcripts SET revision = revision + 1 WHERE id = ?", [one])


def rename_labels(change: Change, withdrawal: Withdrawal) -> None:
    """Give the participant's speakers labels that name nobody."""
    for speaker_id, _ in speakers_who_are(change.db, withdrawal.participant_id):
        change.db.execute(
            "UPDATE speakers SET label = ? WHERE id = ?",
            [f"{withdrawal.name}-{speaker_id}", speaker_id],
        )


def rename_in_titles(change: Change, withdrawal: Withdrawal) -> None:
    """Take the pseudonym, and what is quoted, out of titles."""
    for (table, column), number, text in titles(change.db):
        put = rewritten(withdrawal, text)
        if put != text:
            change.db.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", [put, number])


def forget_jobs(change: Change, recordings: Iterable[int]) -> None:
    """Forget the keys of the recordings' jobs, whose capsules hold the sound as it was."""
    forget_keys(change, [number for number, _, _ in jobs_with_keys(change.db, recordings)])


def forget_keys(change: Change, jobs: Iterable[int]) -> None:
    """Forget the keys of jobs whose capsules hold something of the participant's."""
    for number in jobs:
        (state,) = change.db.execute("SELECT state FROM jobs WHERE id = ?", [number]).fetchone()
        if state in ("queued", "running"):
            raise BadInput(
                "A recording with this participant is being transcribed, or one for which a name "
                "of theirs is expected. Wait until that is done, or cancel it, then continue the "
                "erasure."
            )
        change.db.execute("UPDATE jobs SET key = NULL WHERE id = ?", [number])
