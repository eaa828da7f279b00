"""One change of the study: a transaction that leaves an event."""

from collections.abc import Callable, Mapping
from contextlib import suppress

import sqlite_utils

from . import events
from .errors import FokusError
from .events import Event
from .members import Member


class Change:
    """What a stage holds while it changes the study."""

    def __init__(self, db: sqlite_utils.Database, member: Member) -> None:
        """Start at this moment; all its rows and events bear the same time."""
        self.db = db
        self.member = member
        self.now = events.now()
        self.recorded: list[Event] = []
        self._undone: list[Callable[[], object]] = []
        self._done: list[Callable[[], object]] = []

    def once(self, client_id: str | None) -> None:
        """Raise ``Repeated`` when the client did this before: to be asked before all else.

        By the time of a repetition the versions it was made for are old.
        """
        events.refuse_repeated(self.db, client_id)

    def record(
        self, action: str, object: str, *, before: Mapping[str, object] | None = None,
        after: Mapping[str, object] | None = None, client_id: str | None = None,
    ) -> int:  # fmt: skip
        """Write the event of this change; ``Repeated`` if the client did it before."""
        event = events.append(
            self.db, self.now, self.member.id, action, object,
            before=before, after=after, client_id=client_id,
        )  # fmt: skip
        self.recorded.append(event)
        return event.seq

    def if_undone(self, call: Callable[[], object]) -> None:
        """Call this if the change is not committed (to remove a file it made)."""
        self._undone.append(call)

    def when_done(self, call: Callable[[], object]) -> None:
        """Call this once the change is committed (to remove a file it dropped)."""
        self._done.append(call)

    def settle(self, *, committed: bool) -> None:
        """Run what was asked for the one outcome or the other."""
        for call in self._done if committed else reversed(self._undone):
            # What cannot be removed now is swept when the study is next opened.
            with suppress(OSError, FokusError):
                call()
