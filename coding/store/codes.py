"""Codes: kept with a version, so that nobody overwrites what they have not read."""

from typing import TYPE_CHECKING, Final

from secure_storage import BadInput, Change, Repeated, StaleWrite, Study

from ..codebook import KINDS, Code, Kind, next_color

if TYPE_CHECKING:
    from sqlite_utils import Database

_LONGEST_NAME: Final = 120
_LONGEST_DEFINITION: Final = 4_000
_CODES: Final = (
    "SELECT id, name, definition, kind, color, version, created_by FROM codes"
    " WHERE deleted_at IS NULL"
)
_GONE: Final = "This code does not exist (any more). Reload the codebook."


def list_codes(study: Study) -> list[Code]:
    """The codebook, by name."""
    study.require("read")
    rows = study.db.execute(_CODES + " ORDER BY name COLLATE NOCASE").fetchall()
    return [Code(*row) for row in rows]


def code(study: Study, code_id: int) -> Code:
    """One code."""
    study.require("read")
    return _code(study.db, code_id)


def coding_counts(study: Study) -> dict[int, int]:
    """How many codings each code has in the whole study; codes without any are left out.

    One coder's codings of the same words count once; those on the repair list do not count.
    """
    study.require("read")
    return dict(
        study.db.execute(
            "SELECT code_id, count(*) FROM (SELECT DISTINCT c.code_id, c.coder_id,"
            " g.first_sentence_id, g.last_sentence_id, g.trim_start, g.trim_end"
            " FROM codings c JOIN segments g ON g.id = c.segment_id"
            " JOIN transcripts t ON t.id = g.transcript_id"
            " WHERE c.deleted_at IS NULL AND t.deleted_at IS NULL"
            " AND g.first_sentence_id IS NOT NULL) GROUP BY code_id"
        ).fetchall()
    )


def add_code(
    study: Study,
    name: str,
    definition: str = "",
    kind: Kind = "semantic",
    client_id: str | None = None,
) -> Code:
    """Add a code; a repeated ``client_id`` gives the code of the first time."""
    study.require("code")
    name, definition = _checked(name, definition, kind)
    try:
        with study.change("code") as change:
            return _insert(change, name, definition, kind, client_id)
    except Repeated as repeated:
        event = study.events(since=repeated.seq - 1, limit=1)[0]
        if event.action != "code.created":
            raise
        return code(study, int(event.object.partition(":")[2]))


def edit_code(
    study: Study, code_id: int, name: str, definition: str, kind: Kind, version: int
) -> Code:
    """Change what was read as ``version``; StaleWrite when somebody was faster."""
    study.require("code")
    name, definition = _checked(name, definition, kind)
    with study.change("code") as change:
        old = _code(change.db, code_id)
        if old.version != version:
            raise StaleWrite(
                "Somebody else has changed this code meanwhile. Compare both versions and save "
                "again."
            )
        if name.casefold() != old.name.casefold():
            _refuse_taken(change, name)
        change.db.execute(
            "UPDATE codes SET name = ?, definition = ?, kind = ?, version = version + 1"
            " WHERE id = ?",
            [name, definition, kind, code_id],
        )
        change.record(
            "code.renamed" if name != old.name else "code.edited",
            f"code:{code_id}",
            before={"name": old.name, "definition": old.definition, "kind": old.kind},
            after={"name": name, "definition": definition, "kind": kind},
        )
        return _code(change.db, code_id)


def remove_code(study: Study, code_id: int, *, with_codings: bool = False) -> None:
    """Remove a code; one that is in use only if its codings may go with it.

    The codings keep their rows, so that bringing the code back brings them back.
    """
    study.require("code")
    with study.change("code") as change:
        old = _code(change.db, code_id)
        used = change.db.execute(
            "SELECT count(*) FROM codings WHERE code_id = ? AND deleted_at IS NULL", [code_id]
        ).fetchone()[0]
        if used and not with_codings:
            raise BadInput(
                f"This code is in use (codings: {used}). Clear them first, or confirm that they "
                "may go with it."
            )
        change.db.execute("UPDATE codes SET deleted_at = ? WHERE id = ?", [change.now, code_id])
        change.record("code.removed", f"code:{code_id}", before={"name": old.name, "codings": used})


def _insert(change: Change, name: str, definition: str, kind: Kind, client_id: str | None) -> Code:
    colors = [row[0] for row in change.db.execute("SELECT color FROM codes WHERE deleted_at IS"
                                                  " NULL")]  # fmt: skip
    color = next_color(colors)
    code_id = change.db.execute("SELECT coalesce(max(id), 0) + 1 FROM codes").fetchone()[0]
    # Recorded before the name is judged: a retry after a lost answer is a repetition.
    change.record(
        "code.created",
        f"code:{code_id}",
        after={"name": name, "definition": definition, "kind": kind, "color": color},
        client_id=client_id,
    )
    _refuse_taken(change, name)
    change.db.execute(
        "INSERT INTO codes (id, name, definition, kind, color, created_by, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        [code_id, name, definition, kind, color, change.member.id, change.now],
    )
    return _code(change.db, code_id)


def _code(db: "Database", code_id: int) -> Code:
    row = db.execute(_CODES + " AND id = ?", [code_id]).fetchone()
    if row is None:
        raise BadInput(_GONE)
    return Code(*row)


def _refuse_taken(change: Change, name: str) -> None:
    # Compared in Python: SQLite's NOCASE knows no letters beyond A to Z.
    names = change.db.execute("SELECT name FROM codes WHERE deleted_at IS NULL").fetchall()
    if name.casefold() in {taken.casefold() for (taken,) in names}:
        raise BadInput("The codebook already has a code of this name. Use it, or choose another.")


def _checked(name: str, definition: str, kind: str) -> tuple[str, str]:
    name, definition = " ".join(name.split()), definition.strip()
    if not 1 <= len(name) <= _LONGEST_NAME:
        raise BadInput(f"A code needs a name of 1 to {_LONGEST_NAME} characters.")
    if len(definition) > _LONGEST_DEFINITION:
        raise BadInput(f"A definition has at most {_LONGEST_DEFINITION} characters.")
    if kind not in KINDS:
        raise BadInput(f"A code is one of: {', '.join(KINDS)}.")
    return name, definition
