"""Who works on the study, and what each role may do."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, get_args
from unicodedata import normalize

import sqlite_utils

from .errors import BadInput

Role = Literal["lead", "coder", "reader", "custodian"]
Right = Literal[
    "read", "comment", "transcribe", "code", "theme", "export", "release", "approve", "members",
    "audit", "backup", "erase", "linking",
]  # fmt: skip
ROLES: Final[tuple[Role, ...]] = get_args(Role)

RIGHTS: Final = MappingProxyType[Role, frozenset[Right]](
    {
        "lead": frozenset(get_args(Right)) - {"release", "linking"},
        "coder": frozenset({"read", "comment", "transcribe", "code", "theme", "export", "approve"}),
        "reader": frozenset({"read", "comment"}),
        # The linking store (who is who) has its own key; the study itself stays shut.
        "custodian": frozenset({"linking"}),
    }
)
"""The one table of who may do what. Checked in the stages' functions, not in pages.

``release`` is in no role: it is given to a person (``Member.may_release``).
"""


@dataclass(frozen=True, slots=True)
class Member:
    """A person with an account in the study."""

    id: int
    name: str
    initials: str
    role: Role
    disabled: bool
    may_release: bool = False
    removed: bool = False
    """The access ended for good; the row and the work stay."""
    uses_codes: bool = False
    """Signs in with a one-time code besides the passphrase."""


def add(db: sqlite_utils.Database, name: str, role: Role, at: str) -> Member:
    """Add a member's row; the name must be new."""
    name = checked_name(name)
    if role not in ROLES:
        raise BadInput(f"A role is one of: {', '.join(ROLES)}.")
    if name.casefold() in {one.name.casefold() for one in listed(db)}:
        raise BadInput("A member of this name exists already. Choose another name.")
    initials = _free_initials(db, name)
    cursor = db.conn.execute(
        "INSERT INTO members (name, initials, role, created_at) VALUES (?, ?, ?, ?)",
        (name, initials, role, at),
    )
    assert cursor.lastrowid is not None
    return Member(cursor.lastrowid, name, initials, role, False)


def disable(db: sqlite_utils.Database, member_id: int, at: str) -> None:
    """End a member's access; the row stays, for what the member did stays."""
    db.conn.execute("UPDATE members SET disabled_at = ? WHERE id = ?", (at, member_id))


def enable(db: sqlite_utils.Database, member_id: int) -> None:
    """Give access again to a member whose access was ended."""
    db.conn.execute("UPDATE members SET disabled_at = NULL WHERE id = ?", (member_id,))


def remove(db: sqlite_utils.Database, member_id: int, at: str) -> None:
    """End a member's access for good."""
    db.conn.execute(
        "UPDATE members SET disabled_at = ifnull(disabled_at, ?1), removed_at = ?1,"
        " code_secret = NULL WHERE id = ?2",
        (at, member_id),
    )


def set_role(db: sqlite_utils.Database, member_id: int, role: Role) -> None:
    """Give a member another role."""
    db.conn.execute("UPDATE members SET role = ? WHERE id = ?", (role, member_id))


def code_of(db: sqlite_utils.Database, member_id: int) -> tuple[bytes | None, int]:
    """Give the secret of a member's one-time codes and the last step that was used."""
    query = "SELECT code_secret, code_step FROM members WHERE id = ?"
    secret, step = db.conn.execute(query, (member_id,)).fetchone()
    return secret, int(step)


def set_code(db: sqlite_utils.Database, member_id: int, secret: bytes | None, step: int) -> None:
    """Keep the secret of a member's one-time codes and the last step that was used."""
    query = "UPDATE members SET code_secret = ?, code_step = ? WHERE id = ?"
    db.conn.execute(query, (secret, step, member_id))


def let_release(db: sqlite_utils.Database, member_id: int, may: bool) -> None:
    """Give or take the permission to release exports."""
    db.conn.execute("UPDATE members SET may_release = ? WHERE id = ?", (int(may), member_id))


def listed(db: sqlite_utils.Database) -> list[Member]:
    """List all members, in the order they came."""
    return [_member(row) for row in db.conn.execute(_MEMBERS + " ORDER BY id").fetchall()]


def found(db: sqlite_utils.Database, member_id: int) -> Member | None:
    """Find one member."""
    row = db.conn.execute(_MEMBERS + " WHERE id = ?", (member_id,)).fetchone()
    return _member(row) if row else None


_MEMBERS: Final = (
    "SELECT id, name, initials, role, disabled_at IS NOT NULL, may_release,"
    " removed_at IS NOT NULL, code_secret IS NOT NULL FROM members"
)


def _member(row: tuple[int, str, str, Role, int, int, int, int]) -> Member:
    return Member(*row[:4], *(bool(one) for one in row[4:]))


def checked_name(name: str) -> str:
    """Tidy a member's name, or refuse it."""
    name = normalize("NFC", " ".join(name.split()))
    if not 1 <= len(name) <= 80 or not name.isprintable():
        raise BadInput("A name has 1 to 80 printable characters.")
    return name


def _free_initials(db: sqlite_utils.Database, name: str) -> str:
    words = "".join(mark if mark.isalnum() else " " for mark in name).split() or ["X"]
    one_word = len(words) == 1
    base = words[0][:2].capitalize() if one_word else (words[0][0] + words[-1][0]).upper()
    taken = {row[0] for row in db.conn.execute("SELECT initials FROM members").fetchall()}
    number = 2
    initials = base
    while initials in taken:
        initials = f"{base}{number}"
        number += 1
    return initials
