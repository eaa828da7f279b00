"""Backups: made nightly and on demand, verified, expiring, and brought back."""

from .. import moments
from .checking import (
    check_in_background,
    forget_backups,
    fresh_backup,
    open_backup,
    stop_checking,
    wait_until_checked,
)
from .making import make, make_before_migration
from .nightly import problems, tend, trouble
from .restoring import Drill, Restored, drill, restore
from .shelf import KEPT, Backup, backups

moments.when_unlocked.append(check_in_background)
moments.before_locking.append(stop_checking)
moments.before_migration.append(make_before_migration)
moments.now_and_then.append(tend)

__all__ = [
    "KEPT",
    "Backup",
    "Drill",
    "Restored",
    "drill",
    "restore",
    "backups",
    "forget_backups",
    "fresh_backup",
    "make",
    "open_backup",
    "problems",
    "tend",
    "trouble",
    "wait_until_checked",
]
