"""The lines of the ledgers: what came in, what is asked for, what went out."""

from dataclasses import dataclass
from typing import Literal

State = Literal["waiting", "released", "refused", "withdrawn"]


@dataclass(frozen=True, slots=True)
class Import:
    """A file that came into the study."""

    id: int
    at: str
    member_id: int
    kind: str
    size: int
    """Bytes."""
    sha256: str
    source: str
    """How it came, and where from in the member's words."""
    purpose: str


@dataclass(frozen=True, slots=True)
class Request:
    """A file somebody asked to release; sealed in the study until somebody may."""

    id: int
    at: str
    asked_by: int
    form: str
    purpose: str
    recipient: str
    file_id: str | None
    """The sealed copy; None once it was destroyed."""
    file_name: str
    size: int
    """Bytes."""
    sha256: str
    names_checked: bool
    names_found: int
    state: State
    decided_by: int | None
    decided_at: str | None
    reason: str
    """Why it was refused."""
    export_id: int | None


@dataclass(frozen=True, slots=True)
class Export:
    """A file that left the study."""

    id: int
    at: str
    member_id: int
    """Whose act let it out."""
    form: str
    purpose: str
    recipient: str
    file_id: str | None
    """The sealed copy; None once an erasure destroyed it."""
    file_name: str
    size: int
    """Bytes."""
    sha256: str
    names_checked: bool
    names_found: int
    asked_by: int
    approved_by: int | None
    """The second person who agreed, where there was one."""
    age: bool
    """It was also given out as an age file."""
    erased_at: str | None
    """When its sealed copy was destroyed by an erasure."""
    event: int
    """Number of the event that tells of its leaving."""
    head: bytes
    """Hash of that event."""
