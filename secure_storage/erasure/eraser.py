"""The seam of erasure: every stage names the places that hold what people said, and empties them.

A place is a column of the database (``sentences.text``), a folder of the study
(``exports/``) or a kind of sealed file (``files:export``). Before anything is erased, the
places that erasers and exemptions name are compared with the real study: a place that
nobody answers for stops the erasure. So a later stage cannot forget one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import sqlite_utils

from ..change import Change
from ..files import Files

Mode = Literal["redact", "remove"]
MARK: Final = "[withdrawn]"
"""Stands where a text was."""


@dataclass(frozen=True, slots=True)
class Ground:
    """Where an eraser looks: the study, without a member's eyes."""

    home: Path
    db: sqlite_utils.Database
    files: Files


@dataclass(frozen=True, slots=True)
class Found:
    """One kind of thing that is the participant's, for a person to read beforehand."""

    what: str
    count: int
    fate: str
    """What erasing does to it."""
    lines: tuple[str, ...] = ()
    """The things themselves."""
    stays: bool = False
    """For a person to judge: erasing leaves it as it is."""


@dataclass(frozen=True, slots=True)
class Theirs:
    """All that one eraser found."""

    found: tuple[Found, ...] = ()
    texts: frozenset[str] = frozenset()
    """Words of theirs; searched for byte by byte when all is done."""
    objects: frozenset[str] = frozenset()
    """Objects of events that tell of them (``sentence:7``): these events are emptied."""
    keys: frozenset[bytes] = frozenset()
    """Keys that are to be destroyed."""
    events: frozenset[int] = frozenset()
    """Numbers of further events that tell of them, among others: these are emptied too."""


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Whose traces are erased, and how."""

    participant_id: int
    mode: Mode
    mentions: bool
    """Replace the pseudonym in what others wrote, too."""
    pseudonym: str
    texts: frozenset[str]
    objects: frozenset[str]
    events: frozenset[int] = frozenset()

    @property
    def name(self) -> str:
        """What the participant is called from now on."""
        return f"withdrawn {self.participant_id}"


class Outdated(Exception):  # noqa: N818
    """What was prepared no longer fits the study: somebody went on working."""


Told = Callable[[int, int], None]
"""Called with (done, total) while preparing; may raise to stop."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """Slow work done beforehand, without holding up anybody."""

    switch: Callable[[Change], None]
    """Put it in place, within the change; raises ``Outdated``."""
    abort: Callable[[], None]
    """Leave nothing of it behind."""


@dataclass(frozen=True, slots=True)
class Eraser:
    """What one stage does when somebody withdraws."""

    name: str
    places: frozenset[str]
    """Columns and folders it answers for."""
    find: Callable[[Ground, int, Theirs], Theirs]
    """Find what is a participant's, by id; what earlier stages found is given too."""
    erase: Callable[[Change, Ground, Withdrawal], None]
    """Erase it, within one change; what later stages hold is gone already."""
    prepare: Callable[[Ground, Withdrawal, Told], Prepared] | None = None
    tidy: Callable[[Ground], None] | None = None
    """Remove from folders what the change left without a key; may be repeated."""
    again: Callable[[Change, Ground, Withdrawal], None] | None = None
    """Erase what members wrote meanwhile; only texts are known then, no objects or name."""
    own: bool = False
    """It is this stage's own: comes after all others."""


_erasers: Final[list[Eraser]] = []


def register_eraser(eraser: Eraser) -> None:
    """Add a stage's eraser; called when the stage's package is imported."""
    if all(one.name != eraser.name for one in _erasers):
        _erasers.append(eraser)


def erasers() -> tuple[Eraser, ...]:
    """List the erasers as they find: the stages in their order, then this one's own.

    What was exported and what the journal tells can be known only by what others found.
    """
    own = [one for one in _erasers if one.own]
    return (*(one for one in _erasers if not one.own), *own)


def eraser_order() -> tuple[Eraser, ...]:
    """List the erasers as they erase: later stages first, whose rows point to earlier ones'."""
    own = [one for one in _erasers if one.own]
    return (*(one for one in reversed(_erasers) if not one.own), *own)
