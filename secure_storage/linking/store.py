"""The SQL of the linking store, and the little it reads and marks in the study."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import sqlite_utils

from .. import database
from ..errors import BadInput, StaleWrite


@dataclass(frozen=True, slots=True)
class Person:
    """Who a pseudonym is. Dates are ISO 8601 days."""

    group_number: int
    pseudonym: str
    name: str
    other_names: tuple[str, ...] = ()
    """Other forms, nicknames and misspellings to look for."""
    contact: str = ""
    consent: str = ""
    """Reference of the consent, such as the number of the signed form."""
    consent_on: str | None = None
    basis: str = ""
    """Lawful basis."""
    withdrawn_on: str | None = None
    retention: str = ""
    version: int = 0
    """As read; 0 for somebody new."""
    id: int = 0


@dataclass(frozen=True, slots=True)
class Original:
    """What a replacement stands for."""

    label: str
    """What stands in the text now."""
    text: str
    """What stood there."""
    transcript_id: int
    at: str
    """When it was replaced, ISO 8601 UTC."""


_COLUMNS: Final = (
    "id, group_number, pseudonym, name, other_names, contact, consent, consent_on, basis,"
    " withdrawn_on, retention, version"
)
_TABLES: Final = ("meta", "people", "replaced", "events")


def people(db: sqlite_utils.Database) -> list[Person]:
    """List everybody, group by group."""
    rows = db.conn.execute(f"SELECT {_COLUMNS} FROM people ORDER BY group_number, pseudonym")
    return [_person(row) for row in rows.fetchall()]


def person(db: sqlite_utils.Database, person_id: int) -> Person:
    """Give one person."""
    row = db.conn.execute(f"SELECT {_COLUMNS} FROM people WHERE id = ?", [person_id]).fetchone()
    if row is None:
        raise BadInput("This person is not in the linking store (any more).")
    return _person(row)


def _person(row: tuple[object, ...]) -> Person:
    number, group, pseudonym, name, others, contact, consent, on, basis, gone, keep, version = row
    return Person(
        int(str(group)), str(pseudonym), str(name), tuple(str(others).splitlines()), str(contact),
        str(consent), _day(on), str(basis), _day(gone), str(keep), int(str(version)),
        int(str(number)),
    )  # fmt: skip


def _day(value: object) -> str | None:
    return None if value is None else str(value)


def add(db: sqlite_utils.Database, new: Person) -> int:
    """Add a person; gives the number."""
    _check_free(db, new)
    cursor = db.conn.execute(
        "INSERT INTO people (group_number, pseudonym, name, other_names, contact, consent,"
        " consent_on, basis, withdrawn_on, retention) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        _values(new),
    )
    assert cursor.lastrowid is not None
    return int(cursor.lastrowid)


def replace(db: sqlite_utils.Database, new: Person) -> None:
    """Write a person again; ``StaleWrite`` if it was changed since ``new.version``."""
    _check_free(db, new)
    done = db.conn.execute(
        "UPDATE people SET group_number = ?, pseudonym = ?, name = ?, other_names = ?,"
        " contact = ?, consent = ?, consent_on = ?, basis = ?, withdrawn_on = ?, retention = ?,"
        " version = version + 1 WHERE id = ? AND version = ?",
        (*_values(new), new.id, new.version),
    )
    if done.rowcount != 1:
        raise StaleWrite(
            "Another custodian changed this person meanwhile; nothing of yours was saved. "
            "Look at the present entry and change it again."
        )


def remove(db: sqlite_utils.Database, person_id: int) -> None:
    """Delete a person's row."""
    db.conn.execute("DELETE FROM people WHERE id = ?", [person_id])


def _check_free(db: sqlite_utils.Database, new: Person) -> None:
    taken = db.conn.execute(
        "SELECT 1 FROM people WHERE group_number = ? AND pseudonym = ? AND id <> ?",
        (new.group_number, new.pseudonym, new.id),
    ).fetchone()
    if taken:
        raise BadInput(
            "This pseudonym of this group is registered already. Choose it from the list."
        )


def _values(of: Person) -> tuple[object, ...]:
    return (
        of.group_number, of.pseudonym, of.name, "\n".join(of.other_names), of.contact, of.consent,
        of.consent_on, of.basis, of.withdrawn_on, of.retention,
    )  # fmt: skip


def copy(source: sqlite_utils.Database, target: sqlite_utils.Database) -> None:
    """Copy every row of the store into another, newly made one."""
    for table in _TABLES:
        rows = source.conn.execute(f"SELECT * FROM {table}").fetchall()
        if rows:
            marks = ", ".join("?" * len(rows[0]))
            target.conn.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)


def revision(db: sqlite_utils.Database, key: str = "seals_revision") -> int:
    """Give the newest revision of ``linking.json`` that a database knows of."""
    return int(database.meta(db, key) or 0)


def pseudonyms(study_db: sqlite_utils.Database) -> list[tuple[int, str]]:
    """List group and pseudonym of the study's participants."""
    rows = study_db.conn.execute(
        "SELECT group_number, pseudonym FROM participants ORDER BY group_number, pseudonym"
    )
    return [(int(group), str(name)) for group, name in rows.fetchall()]


def unmarked(study_db: sqlite_utils.Database, of: Iterable[Person]) -> list[tuple[int, str]]:
    """Find participants who withdrew without the study saying so: number and day."""
    found = []
    for one in of:
        row = study_db.conn.execute(
            "SELECT id FROM participants WHERE group_number = ? AND pseudonym = ?"
            " AND withdrawn_at IS NULL",
            (one.group_number, one.pseudonym),
        ).fetchone()
        if row and one.withdrawn_on:
            found.append((int(row[0]), one.withdrawn_on))
    return found


def participant(study_db: sqlite_utils.Database, of: Person) -> int | None:
    """Give the number of the participant whom a person is in the study."""
    row = study_db.conn.execute(
        "SELECT id FROM participants WHERE group_number = ? AND pseudonym = ?",
        (of.group_number, of.pseudonym),
    ).fetchone()
    return int(row[0]) if row else None


def mark_withdrawn(study_db: sqlite_utils.Database, participant_id: int, day: str | None) -> None:
    """Say in the study that a participant withdrew, or did not."""
    study_db.conn.execute(
        "UPDATE participants SET withdrawn_at = ? WHERE id = ?", (day, participant_id)
    )


def seal_waiting(study_db: sqlite_utils.Database, sealed: bytes) -> None:
    """Keep in the study what waits for a custodian."""
    study_db.conn.execute("INSERT INTO sealed_originals (sealed) VALUES (?)", [sealed])


def waiting(study_db: sqlite_utils.Database) -> list[bytes]:
    """List what waits in the study."""
    rows = study_db.conn.execute("SELECT sealed FROM sealed_originals ORDER BY id").fetchall()
    return [bytes(row[0]) for row in rows]


def nothing_waits(study_db: sqlite_utils.Database) -> None:
    """Take out of the study what waited."""
    study_db.conn.execute("DELETE FROM sealed_originals")


def add_original(db: sqlite_utils.Database, mark: bytes, original: Original) -> None:
    """Add what was replaced, unless what bore this mark is there."""
    db.conn.execute(
        "INSERT OR IGNORE INTO replaced (mark, label, original, transcript, at)"
        " VALUES (?, ?, ?, ?, ?)",
        [mark, original.label, original.text, original.transcript_id, original.at],
    )


def originals(db: sqlite_utils.Database) -> dict[int, Original]:
    """List what was replaced, by number, label by label."""
    rows = db.conn.execute(
        "SELECT id, label, original, transcript, at FROM replaced ORDER BY label, id"
    ).fetchall()
    return {int(row[0]): Original(str(row[1]), str(row[2]), int(row[3]), str(row[4]))
            for row in rows}  # fmt: skip


def remove_original(db: sqlite_utils.Database, number: int) -> None:
    """Take out one."""
    db.conn.execute("DELETE FROM replaced WHERE id = ?", [number])
