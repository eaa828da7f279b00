"""The SQL of taking back: reading and putting rows, and the list of acts."""

from typing import TYPE_CHECKING, Any

import sqlite_utils

if TYPE_CHECKING:
    from .patch import Undoable


def rows(db: sqlite_utils.Database, about: "Undoable", key: int) -> list[dict[str, Any]]:
    """Read the rows of a key, in a fixed order."""
    cursor = db.execute(f"SELECT * FROM {about.table} WHERE {about.key} = ? ORDER BY 1, 2", [key])
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def insert(db: sqlite_utils.Database, about: "Undoable", row: dict[str, Any]) -> None:
    """Put a row."""
    names, marks = ", ".join(row), ", ".join("?" * len(row))
    db.execute(f"INSERT INTO {about.table} ({names}) VALUES ({marks})", list(row.values()))


def next_id(db: sqlite_utils.Database, table: str) -> int:
    """Give an id that no row of a table has, nor had one that an act made."""
    row = db.execute(
        f"INSERT INTO last_ids SELECT ?, coalesce(max(id), 0) + 1 FROM {table} WHERE true"
        " ON CONFLICT (name) DO UPDATE SET id = max(last_ids.id + 1, excluded.id) RETURNING id",
        [table],
    ).fetchone()
    return int(row[0])


def update(db: sqlite_utils.Database, about: "Undoable", key: int, columns: dict[str, Any]) -> None:
    """Put columns of a row."""
    sets = [f"{name} = ?" for name in columns]
    sets += [f"{name} = {name} + 1" for name in sorted(about.counters)]
    db.execute(
        f"UPDATE {about.table} SET {', '.join(sets)} WHERE {about.key} = ?",
        [*columns.values(), key],
    )


def delete(db: sqlite_utils.Database, about: "Undoable", key: int) -> None:
    """Take the rows of a key out."""
    db.execute(f"DELETE FROM {about.table} WHERE {about.key} = ?", [key])


def event(db: sqlite_utils.Database, seq: int) -> tuple[str, str, str | None, str | None]:
    """Read an event: action, object, before, after."""
    row = db.execute(
        "SELECT action, object, before, after FROM events WHERE seq = ?", [seq]
    ).fetchone()
    return row[0], row[1], row[2], row[3]


def add_act(db: sqlite_utils.Database, seq: int, member_id: int, scope: str) -> None:
    """Note an act; what the member had taken back in this scope cannot be done again now."""
    db.execute(
        "UPDATE acts SET closed = 1 WHERE member_id = ? AND scope = ? AND undone_by IS NOT NULL",
        [member_id, scope],
    )
    db.execute("INSERT INTO acts (seq, member_id, scope) VALUES (?, ?, ?)", [seq, member_id, scope])


def mark(db: sqlite_utils.Database, seq: int, stepped_by: int, *, undone: bool) -> None:
    """Note by which event an act was taken back or done again."""
    db.execute(
        "UPDATE acts SET stepped_by = ?, undone_by = ? WHERE seq = ?",
        [stepped_by, stepped_by if undone else None, seq],
    )


def stepped_by(db: sqlite_utils.Database, seq: int) -> int | None:
    """Give the last event that took an act back or did it again."""
    row = db.execute("SELECT stepped_by FROM acts WHERE seq = ?", [seq]).fetchone()
    return None if row is None or row[0] is None else int(row[0])


def leave(db: sqlite_utils.Database, seq: int) -> None:
    """Note that an act that stands is not to be taken back any more."""
    db.execute("UPDATE acts SET closed = 1 WHERE seq = ? AND undone_by IS NULL", [seq])


def newest(db: sqlite_utils.Database, member_id: int, scope: str) -> int | None:
    """Give the member's last act that stands, but for those left as they are."""
    row = db.execute(
        "SELECT max(seq) FROM acts WHERE member_id = ? AND scope = ? AND undone_by IS NULL"
        " AND closed = 0",
        [member_id, scope],
    ).fetchone()
    return None if row[0] is None else int(row[0])


def last_undone(db: sqlite_utils.Database, member_id: int, scope: str) -> int | None:
    """Give the act the member took back last, unless something was done since."""
    row = db.execute(
        "SELECT min(seq) FROM acts WHERE member_id = ? AND scope = ? AND undone_by IS NOT NULL"
        " AND closed = 0",
        [member_id, scope],
    ).fetchone()
    return None if row[0] is None else int(row[0])


def counts(db: sqlite_utils.Database, member_id: int, scope: str) -> tuple[int, int]:
    """Count what the member could take back, and do again."""
    row = db.execute(
        "SELECT coalesce(sum(undone_by IS NULL AND closed = 0), 0),"
        " coalesce(sum(undone_by IS NOT NULL AND closed = 0), 0)"
        " FROM acts WHERE member_id = ? AND scope = ?",
        [member_id, scope],
    ).fetchone()
    return int(row[0]), int(row[1])
