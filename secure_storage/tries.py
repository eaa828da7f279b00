"""How long a name has to wait after wrong passphrases.

Counted per name, so that guessing at one member does not shut out another; the wait
doubles from the third wrong try on. A restart forgives nothing: the counts of those who
are members stand in a small file of the home, by the tag that the key file knows them
by, and without a name. Names of nobody can never open anything; they wait alike, so that
waiting does not tell who is a member, but are counted in memory alone and only so many.
"""

import json
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from .disk import replacing
from .errors import FokusError

FREE: Final = 3
LONGEST: Final = 300.0
FORGOTTEN: Final = 24 * 3600.0
MOST_STRANGERS: Final = 1000
FILE: Final = "wrong-tries.json"


class TooManyTries(FokusError):
    """Too many wrong passphrases for one name."""

    def __init__(self, seconds: float) -> None:
        """Say how long to wait."""
        self.seconds = int(seconds) + 1
        super().__init__(f"Too many wrong tries. Wait {self.seconds} seconds and try again.")


class Tries:
    """The wrong tries of one home; times are seconds of the wall clock, as files keep them."""

    def __init__(self, home: Path, clock: Callable[[], float] = time.time) -> None:
        """Go on from what the home remembers."""
        self.clock = clock
        self._file = home / FILE
        self._guard = threading.Lock()
        self._members = self._read()
        self._strangers: dict[str, tuple[int, float]] = {}

    def check(self, tag: str) -> None:
        """Refuse while the name has to wait."""
        with self._guard:
            count, last = self._of(tag)
            now = self.clock()
            if last > now:
                # The clock was set back. The wait begins anew, once: it must end some time.
                last = now
                self._keep(tag, count, now, member=tag in self._members)
        left = last + _wait(count) - now
        if left > 0:
            raise TooManyTries(left)

    def failed(self, tag: str, *, member: bool) -> None:
        """Count one wrong try."""
        with self._guard:
            self._keep(tag, self._of(tag)[0] + 1, self.clock(), member=member)

    def succeeded(self, tag: str) -> None:
        """Forget the wrong tries of a name that got in."""
        with self._guard:
            self._strangers.pop(tag, None)
            if self._members.pop(tag, None):
                self._write()

    def _keep(self, tag: str, count: int, last: float, *, member: bool) -> None:
        if member:
            self._members[tag] = (count, last)
            self._write()
            return
        self._strangers.pop(tag, None)
        self._strangers[tag] = (count, last)
        while len(self._strangers) > MOST_STRANGERS:
            del self._strangers[next(iter(self._strangers))]

    def _of(self, tag: str) -> tuple[int, float]:
        count, last = self._members.get(tag) or self._strangers.get(tag) or (0, 0.0)
        return (count, last) if self.clock() - last < FORGOTTEN else (0, 0.0)

    def _read(self) -> dict[str, tuple[int, float]]:
        try:
            rows = json.loads(self._file.read_bytes())
            return {str(tag): (int(count), float(last)) for tag, (count, last) in rows.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            # Whoever can spoil this file can guess at a copy of the key file anyway.
            return {}

    def _write(self) -> None:
        try:
            with replacing(self._file) as file:
                file.write(json.dumps(self._members).encode())
        except (FokusError, OSError) as error:
            # Counted in memory all the same; a full disk must not keep members out.
            name = type(error).__name__
            logging.getLogger("fokus").error("wrong tries were not written: %s", name)


def _wait(count: int) -> float:
    return min(2.0 ** (count - FREE), LONGEST) if count >= FREE else 0.0
