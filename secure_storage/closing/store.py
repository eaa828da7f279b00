"""What the end of a study asks of its database."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import sqlite_utils

from .. import database

COUNTED: Final = (
    "members", "recordings", "files", "participants", "transcripts", "sentences", "segments",
    "codes", "codings", "themes", "quotes", "imports", "exports", "erasures", "events", "backups",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class StudyDates:
    """The two dates, each as far as it is known."""

    end: date | None = None
    """Work on the data ends."""
    deletion: date | None = None
    """The data has to be gone."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A sealed recording."""

    file_id: str
    size: int


def dates(db: sqlite_utils.Database) -> StudyDates:
    """Read the study's dates."""
    end, deletion = database.meta(db, "end_date"), database.meta(db, "deletion_date")
    return StudyDates(
        date.fromisoformat(end) if end else None,
        date.fromisoformat(deletion) if deletion else None,
    )


def set_dates(db: sqlite_utils.Database, dates: StudyDates) -> None:
    """Write the study's dates."""
    database.set_meta(db, "end_date", dates.end.isoformat() if dates.end else "")
    database.set_meta(db, "deletion_date", dates.deletion.isoformat() if dates.deletion else "")


def counts(db: sqlite_utils.Database) -> dict[str, int]:
    """Count what a certificate of destruction names."""
    return {
        name: int(db.conn.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0])
        for name in COUNTED
    }


def recordings(db: sqlite_utils.Database) -> list[Recording]:
    """List the sealed recordings."""
    rows = db.conn.execute("SELECT id, size FROM files WHERE kind = 'recording' ORDER BY id")
    return [Recording(str(number), int(size)) for number, size in rows.fetchall()]


def table(db: sqlite_utils.Database, sql: str) -> Iterator[list[Any]]:
    """Give the head and the rows of a question."""
    cursor = db.conn.execute(sql)
    yield [column[0] for column in cursor.description]
    for row in cursor.fetchall():
        yield list(row)


MEMBERS: Final = "SELECT initials, role, created_at, disabled_at FROM members ORDER BY id"
JOURNAL: Final = (
    "SELECT seq, at, initials AS actor, action, object, lower(hex(hash)) AS hash"
    " FROM events LEFT JOIN members ON members.id = actor ORDER BY seq"
)
IMPORTS: Final = (
    "SELECT at, initials AS member, kind, source, purpose, size, sha256"
    " FROM imports JOIN members ON members.id = member_id ORDER BY imports.id"
)
EXPORTS: Final = (
    "SELECT at, released.initials AS released_by, asked.initials AS asked_by,"
    " approved.initials AS approved_by, form, purpose, recipient, file_name, size, sha256,"
    " names_checked, names_found, age, erased_at FROM exports"
    " JOIN members AS released ON released.id = member_id"
    " LEFT JOIN members AS asked ON asked.id = asked_by"
    " LEFT JOIN members AS approved ON approved.id = approved_by ORDER BY exports.id"
)
ERASURES: Final = (
    "SELECT erasures.id, mode, asked_at, decided_at, state, certificate FROM erasures ORDER BY 1"
)
