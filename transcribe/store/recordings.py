"""Recordings and their parts on one timeline."""

from typing import Final

from sqlite_utils import Database

from secure_storage import BadInput, Change, FileWriter, StoredFile, Study, record_import

from ..audio import Facts
from .participants import check_group
from .rows import PartRow, RecordingRow

KIND: Final = "recording"
"""Of stored files that hold sound."""
_LONGEST_TITLE: Final = 120
PURPOSE: Final = "to transcribe and analyse"
"""What a recording is for, where nobody says it in other words."""
_LONGEST_PURPOSE: Final = 500
_PARTS: Final = """
SELECT recording_id, id, position, file_id, media_type, offset, duration, channels, sample_rate,
       sha256
FROM recording_parts
"""


class SameFile(BadInput):
    """These very bytes are in the study already."""

    def __init__(self, title: str, where: str = "recording") -> None:
        """Name the recording (or transcript) that has them."""
        super().__init__(
            f"This file is already in the study, in the {where} «{title}». Nothing was added; "
            f"choose another file, or use that {where}."
        )


def recordings(study: Study) -> list[RecordingRow]:
    """All recordings with their parts, group by group."""
    study.require("read")
    return _recordings(study.db, "")


def recording(study: Study, recording_id: int) -> RecordingRow:
    """One recording with its parts."""
    study.require("read")
    return _recording(study.db, recording_id)


def refuse_known(db: Database, sha256: str) -> None:
    """Raise SameFile when a recording already holds these bytes."""
    row = db.execute(
        "SELECT r.title FROM recording_parts p JOIN recordings r ON r.id = p.recording_id"
        " WHERE p.sha256 = ? AND r.deleted_at IS NULL",
        [sha256],
    ).fetchone()
    if row:
        raise SameFile(str(row[0]))


def clean_purpose(purpose: str) -> str:
    """Tidy what a file is for, or refuse it."""
    purpose = " ".join(purpose.split())
    if not 1 <= len(purpose) <= _LONGEST_PURPOSE or not purpose.isprintable():
        raise BadInput(
            f"Say what the recording is for, in at most {_LONGEST_PURPOSE} characters: it goes on "
            "the record."
        )
    return purpose


def receive_file(
    change: Change, writer: FileWriter, source: str = "", purpose: str = PURPOSE
) -> StoredFile:
    """Keep the bytes of a new file, not yet part of a recording, unless they are known.

    ``source`` says on the import ledger how it came, ``purpose`` what for.
    """
    purpose = clean_purpose(purpose)
    stored = writer.finish(change)
    refuse_known(change.db, stored.sha256)
    record_import(change, stored.kind, stored.size, stored.sha256, source=source, purpose=purpose)
    change.record(
        "file.received", f"file:{stored.id}", after={"kind": stored.kind, "size": stored.size}
    )
    return stored


def refuse_file(study: Study, change: Change, file_id: str, reason: str) -> None:
    """Take back the bytes of a file that turned out to be of no use."""
    study.files.remove(file_id, change)
    change.record("file.refused", f"file:{file_id}", after={"reason": reason})


def loose_files(study: Study) -> list[str]:
    """Files that were received and never became part of a recording."""
    study.require("read")
    rows = study.db.execute(
        "SELECT id FROM files WHERE kind = ? AND id NOT IN (SELECT file_id FROM recording_parts)",
        [KIND],
    )
    return [row[0] for row in rows]


def insert_recording(change: Change, title: str, group: int) -> int:
    """Write a recording that has no parts yet."""
    title = clean_title(title)
    check_group(group)
    recording_id = change.db.execute(
        "INSERT INTO recordings (title, group_number, created_at, created_by) VALUES (?, ?, ?, ?)",
        [title, group, change.now, change.member.id],
    ).lastrowid
    assert recording_id is not None
    change.record(
        "recording.added", f"recording:{recording_id}", after={"title": title, "group": group}
    )
    return recording_id


def insert_part(change: Change, recording_id: int, stored: StoredFile, facts: Facts) -> int:
    """Append a file to a recording: it begins where the parts before it end."""
    before = _recording(change.db, recording_id)
    refuse_known(change.db, stored.sha256)
    _refuse_while_used(change.db, before)
    part_id = change.db.execute(
        "INSERT INTO recording_parts (recording_id, position, file_id, media_type, offset,"
        " duration, channels, sample_rate, sha256) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [recording_id, len(before.parts), stored.id, facts.media_type, before.duration,
         facts.duration, facts.channels, facts.sample_rate, stored.sha256],
    ).lastrowid  # fmt: skip
    assert part_id is not None
    change.record(
        "recording.part_added",
        f"recording:{recording_id}",
        after={"part": part_id, "offset": before.duration, "duration": facts.duration},
    )
    return part_id


def clean_title(title: str) -> str:
    """Single-spaced title, or an error that says what a title is."""
    title = " ".join(title.split())
    if not title or len(title) > _LONGEST_TITLE:
        raise BadInput(f"A recording needs a title of at most {_LONGEST_TITLE} characters.")
    return title


def _refuse_while_used(db: Database, row: RecordingRow) -> None:
    busy = db.execute(
        "SELECT 1 FROM jobs WHERE recording_id = ? AND state IN ('queued', 'running')", [row.id]
    ).fetchone()
    if busy:
        raise BadInput(
            f"«{row.title}» is being transcribed. Wait until that is done, or cancel it, before "
            "adding a part."
        )


def _recording(db: Database, recording_id: int) -> RecordingRow:
    found = _recordings(db, " AND r.id = ?", recording_id)
    if not found:
        raise BadInput("This recording does not exist (any more). Go back to the list.")
    return found[0]


def _recordings(db: Database, where: str, *values: int) -> list[RecordingRow]:
    parts: dict[int, list[PartRow]] = {}
    for row in db.execute(_PARTS + " ORDER BY recording_id, position"):
        parts.setdefault(row[0], []).append(PartRow(*row[1:]))
    rows = db.execute(
        "SELECT r.id, r.title, r.group_number, r.created_at,"
        " (SELECT max(t.id) FROM transcripts t"
        "  WHERE t.recording_id = r.id AND t.deleted_at IS NULL)"
        f" FROM recordings r WHERE r.deleted_at IS NULL{where} ORDER BY r.group_number, r.id",
        list(values),
    )
    return [
        RecordingRow(number, title, group, at, tuple(parts.get(number, ())), transcript)
        for number, title, group, at, transcript in rows
    ]
