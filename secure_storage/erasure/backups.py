"""The fresh backup that an erasure makes and searches, and the older ones it has to name."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlite_utils

from .. import database, keys
from ..backup import Backup, backups, make
from ..backup.checking import settle
from ..errors import BackupFailed
from ..opened import OpenedStudy
from .certificate import BackupLeft


def older(core: OpenedStudy, newest: str) -> tuple[BackupLeft, ...]:
    """List the backups that were made before ``newest``, a backup's name."""
    return tuple(
        BackupLeft(one.name, one.made_at, one.expires_at)
        for one in backups(core.home)
        if one.name != newest
    )


def fresh(core: OpenedStudy) -> Backup:
    """Make a backup and have it verified: from then on older ones may expire."""
    made = make(core.home, "on-demand")
    settle(core)
    for one in backups(core.home):
        if one.name == made.name and one.good:
            return one
    raise BackupFailed(
        "The backup that belongs to an erasure was made, but it is not good. Look at the page "
        "of backups, then continue the erasure."
    )


@contextmanager
def opened_copy(core: OpenedStudy, backup: Backup) -> Iterator[sqlite_utils.Database]:
    """Open the database in a backup just made."""
    key = keys.derived(core.root, "database")
    with database.copy_opened(backup.folder / "study.db", key) as db:
        yield db
