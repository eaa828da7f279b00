"""Moments of a study's life at which other parts of this stage have something to do.

A part registers when it is imported; ``secure_storage`` imports them all. So the study
itself knows nothing of anchors, backups or the rest.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .opened import OpenedStudy

Call = Callable[["OpenedStudy"], object]

when_unlocked: Final[list[Call]] = []
"""The study was opened with its keys; an error keeps it shut."""
when_leaving: Final[list[Call]] = []
"""A member signs out, of an unlocked study; others may stay."""
before_locking: Final[list[Call]] = []
"""The last member leaves; keys and database are still there, and another may come meanwhile."""
when_committed: Final[list[Call]] = []
"""A change was committed (reads too), outside the writer's lock; must be quick."""
now_and_then: Final[list[Callable[[Path], object]]] = []
"""About every 15 s while a home is served, on a thread of its own, locked or not."""
before_migration: Final[list[Callable[[Path, Callable[[Path], None]], object]]] = []
"""An existing study's database is about to be migrated: its path, and what copies it as it is
under another name; an error keeps the study shut, and unmigrated."""
