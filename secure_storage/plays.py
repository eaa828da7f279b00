"""What of the recordings one session heard, until it stands on the record.

Two accounts are kept in seconds of each part, merged into ranges: ``heard`` is what the
player in the browser says, ``sent`` is what left the server, read off the bytes, and
does not depend on the browser's honesty (nothing can be heard that was not sent; a
browser fetches ahead, so it is the outer bound). They become one event per part when the
listening pauses for a minute, every ten minutes, and when the session ends. That a part
is listened to at all is recorded before its first byte leaves.
"""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from .study import Study

Range = tuple[float, float]

PAUSE: Final = 60.0
LONGEST: Final = 600.0
JOINED: Final = 1.0
"""Ranges as near as this, in seconds, are one."""


@dataclass(slots=True)
class _Part:
    began: float
    last: float
    heard: list[Range] = field(default_factory=list)
    sent: list[Range] = field(default_factory=list)


class Plays:
    """The plays of one session that are not on the record yet."""

    def __init__(self, study: Study, clock: Callable[[], float]) -> None:
        """Nothing was heard yet."""
        self._study = study
        self._clock = clock
        self._guard = threading.Lock()
        self._parts: dict[tuple[int, int], _Part] = {}
        self._known: set[tuple[int, int]] = set()
        study.before_counting.append(lambda: self.record(all=True))

    def begin(self, recording: int, part: int) -> None:
        """Record that a part is listened to; once in a session."""
        # Once, not once per request: seeking asks for dozens of ranges.
        if (recording, part) not in self._known:
            self._study.note("read.played", f"recording:{recording}", {"part": part})
            self._known.add((recording, part))

    def heard(self, recording: int, part: int, heard: Range) -> None:
        """The player says that it played this."""
        self._take(recording, part, heard=heard)

    def sent(self, recording: int, part: int, sent: Range) -> None:
        """The server sent this."""
        self._take(recording, part, sent=sent)

    def record(self, *, all: bool = False) -> None:
        """Put on the record what is due, or everything."""
        now = self._clock()
        with self._guard:
            due = {
                key: one
                for key, one in self._parts.items()
                if all or now - one.last >= PAUSE or now - one.began >= LONGEST
            }
            for key in due:
                del self._parts[key]
        if not due:
            return
        try:
            # Not through the study: a member whose access has just ended listened too.
            with self._study._core.change(self._study.member) as change:
                for (recording, part), one in due.items():
                    said = {"part": part, "heard": one.heard, "sent": one.sent}
                    change.record("read.played", f"recording:{recording}", after=said)
        except BaseException:
            with self._guard:
                for key, one in due.items():
                    self._put_back(key, one)
            raise

    def _put_back(self, key: tuple[int, int], one: _Part) -> None:
        since = self._parts.get(key, one)
        self._parts[key] = _Part(
            one.began, since.last,
            merged([*one.heard, *since.heard]), merged([*one.sent, *since.sent]),
        )  # fmt: skip

    def _take(
        self, recording: int, part: int, *, heard: Range | None = None, sent: Range | None = None
    ) -> None:
        now = self._clock()
        with self._guard:
            one = self._parts.setdefault((recording, part), _Part(now, now))
            one.last = now
            one.heard = merged([*one.heard, *([heard] if heard else [])])
            one.sent = merged([*one.sent, *([sent] if sent else [])])


def merged(ranges: Iterable[Range]) -> list[Range]:
    """Join ranges that overlap or nearly touch; seconds, to a tenth."""
    joined: list[Range] = []
    for start, end in sorted(ranges):
        if joined and start <= joined[-1][1] + JOINED:
            joined[-1] = (joined[-1][0], max(joined[-1][1], round(end, 1)))
        else:
            joined.append((round(start, 1), round(end, 1)))
    return joined
