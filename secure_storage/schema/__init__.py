"""The whole data model, as SQL, oldest migration first.

Migrations are append-only: a released one is never edited. All times in columns
ending in ``_at`` are ISO 8601 UTC; ``start``/``end``/``offset`` are seconds;
``trim_*`` are Unicode code points. Deleting is a tombstone (``deleted_at``), which
can be undone; erasure is a different, physical act.
"""

from typing import Final

from .first import M001
from .fourth import M004
from .second import M002
from .third import M003

__all__ = ["M001", "M002", "M003", "M004", "MIGRATIONS"]

MIGRATIONS: Final[tuple[str, ...]] = (M001, M002, M003, M004)
"""Migration n (from 1) brings ``PRAGMA user_version`` from n-1 to n."""
