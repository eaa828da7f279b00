"""Themes and the codes in them: a code may be in several, or in none."""

from typing import TYPE_CHECKING, Final

from secure_storage import BadInput, Change, Repeated, StaleWrite, Study

from ..theme import Theme

if TYPE_CHECKING:
    from sqlite_utils import Database

LONGEST_NAME: Final = 200
LONGEST_CONCEPT: Final = 10_000


def list_themes(study: Study) -> list[Theme]:
    """All themes in their order."""
    study.require("read")
    return _themes(study.db)


def theme(study: Study, theme_id: int) -> Theme:
    """One theme."""
    study.require("read")
    return _theme(study.db, theme_id)


def add_theme(study: Study, name: str, concept: str = "", *, client_id: str | None = None) -> int:
    """Add a candidate theme after the others and return its id."""
    study.require("theme")
    name, concept = _clean(name, concept)
    try:
        with study.change("theme") as change:
            theme_id = change.db.execute(
                "INSERT INTO themes (name, concept, position, created_by, created_at)"
                " VALUES (?, ?, (SELECT coalesce(max(position), 0) + 1 FROM themes), ?, ?)",
                [name, concept, change.member.id, change.now],
            ).lastrowid
            change.record(
                "theme.created",
                f"theme:{theme_id}",
                after={"name": name, "concept": concept},
                client_id=client_id,
            )
            assert theme_id is not None
            return theme_id
    except Repeated as repeated:
        return _object_of(study, repeated.seq)


def edit_theme(
    study: Study,
    theme_id: int,
    name: str,
    concept: str,
    version: int,
    *,
    client_id: str | None = None,
) -> Theme:
    """Rewrite a theme that was read as ``version``; an old version raises StaleWrite."""
    study.require("theme")
    name, concept = _clean(name, concept)
    try:
        with study.change("theme") as change:
            before = _theme(change.db, theme_id)
            # Recorded before the version is judged: a retry after a lost answer is a
            # repetition, though by then its version is old.
            change.record(
                "theme.edited",
                f"theme:{theme_id}",
                before={"name": before.name, "concept": before.concept, "version": before.version},
                after={"name": name, "concept": concept, "version": before.version + 1},
                client_id=client_id,
            )
            if before.version != version:
                raise StaleWrite(
                    "Somebody else has changed this theme meanwhile. Compare both versions and "
                    "save again."
                )
            change.db.execute(
                "UPDATE themes SET name = ?, concept = ?, version = version + 1 WHERE id = ?",
                [name, concept, theme_id],
            )
            return _theme(change.db, theme_id)
    except Repeated:
        return _theme(study.db, theme_id)


def remove_theme(study: Study, theme_id: int, *, client_id: str | None = None) -> None:
    """Take a theme off the board; its codes and quotes stay, and so does its history."""
    study.require("theme")
    try:
        with study.change("theme") as change:
            before = _theme(change.db, theme_id, removed=True)
            change.record(
                "theme.removed",
                f"theme:{theme_id}",
                before={"name": before.name, "concept": before.concept},
                client_id=client_id,
            )
            _theme(change.db, theme_id)
            change.db.execute(
                "UPDATE themes SET deleted_at = ? WHERE id = ?", [change.now, theme_id]
            )
    except Repeated:
        return


def add_code(study: Study, theme_id: int, code_id: int, *, client_id: str | None = None) -> None:
    """Put a code into a theme; doing it twice changes nothing."""
    study.require("theme")
    try:
        with study.change("theme") as change:
            _theme(change.db, theme_id)
            if not change.db.execute(
                "SELECT 1 FROM codes WHERE id = ? AND deleted_at IS NULL", [code_id]
            ).fetchone():
                raise BadInput("This code does not exist (any more). Reload the page.")
            if not _holds(change.db, theme_id, code_id):
                change.db.execute("INSERT INTO theme_codes VALUES (?, ?)", [theme_id, code_id])
                _record_code(change, "theme.code_added", theme_id, code_id, client_id)
    except Repeated:
        return


def remove_code(study: Study, theme_id: int, code_id: int, *, client_id: str | None = None) -> None:
    """Take a code out of a theme; doing it twice changes nothing."""
    study.require("theme")
    try:
        with study.change("theme") as change:
            if _holds(change.db, theme_id, code_id):
                change.db.execute(
                    "DELETE FROM theme_codes WHERE theme_id = ? AND code_id = ?",
                    [theme_id, code_id],
                )
                _record_code(change, "theme.code_removed", theme_id, code_id, client_id)
    except Repeated:
        return


def read_theme(db: "Database", theme_id: int) -> Theme:
    """One theme as ``db`` sees it."""
    return _theme(db, theme_id)


def _record_code(
    change: Change, action: str, theme_id: int, code_id: int, client_id: str | None
) -> None:
    change.record(
        action,
        f"theme:{theme_id}",
        after={"theme": theme_id, "code": code_id},
        client_id=client_id,
    )


def _holds(db: "Database", theme_id: int, code_id: int) -> bool:
    row = db.execute(
        "SELECT 1 FROM theme_codes WHERE theme_id = ? AND code_id = ?", [theme_id, code_id]
    ).fetchone()
    return row is not None


def _theme(db: "Database", theme_id: int, *, removed: bool = False) -> Theme:
    found = _themes(db, theme_id, removed=removed)
    if not found:
        raise BadInput("This theme does not exist (any more). Reload the page.")
    return found[0]


def _themes(db: "Database", theme_id: int | None = None, *, removed: bool = False) -> list[Theme]:
    codes: dict[int, list[int]] = {}
    for row in db.execute(
        "SELECT t.theme_id, t.code_id FROM theme_codes t JOIN codes c ON c.id = t.code_id"
        " WHERE c.deleted_at IS NULL ORDER BY c.name COLLATE NOCASE"
    ):
        codes.setdefault(row[0], []).append(row[1])
    rows = db.execute(
        "SELECT id, name, concept, position, version FROM themes"
        " WHERE (deleted_at IS NULL OR ?) AND (id = ? OR ? IS NULL) ORDER BY position, id",
        [int(removed), theme_id, theme_id],
    )
    return [
        Theme(number, name, concept, position, version, tuple(codes.get(number, ())))
        for number, name, concept, position, version in rows
    ]


def _object_of(study: Study, seq: int) -> int:
    """Which theme an earlier event made, when a client repeats itself."""
    (event,) = study.events(seq - 1, 1)
    return int(event.object.partition(":")[2])


def _clean(name: str, concept: str) -> tuple[str, str]:
    name, concept = " ".join(name.split()), concept.strip()
    if not name or len(name) > LONGEST_NAME:
        raise BadInput(f"A theme needs a name of at most {LONGEST_NAME} characters.")
    if len(concept) > LONGEST_CONCEPT:
        raise BadInput(f"A central organising concept has at most {LONGEST_CONCEPT} characters.")
    return name, concept
