"""One whole check at a time of an open study, on a thread, for a page to watch."""

import threading
from typing import Final
from weakref import WeakKeyDictionary

from ..errors import FokusError
from ..events import now
from ..opened import OpenedStudy
from ..study import Study
from .verify import Progress, Verification, quiet, verify_journal, verify_study


class Running:
    """A whole check, running or done."""

    def __init__(self) -> None:
        """Nothing is done yet."""
        self.what, self.done, self.total = "journal", 0, 0
        self.at = now()
        self.outcome: Verification | None = None
        self.problem = ""
        """Why the check stopped before its end."""
        self._end = threading.Event()

    @property
    def over(self) -> bool:
        """It has an outcome or stopped."""
        return self.outcome is not None or bool(self.problem)

    def ended(self) -> None:
        """Wake who waits."""
        self._end.set()

    def wait(self, seconds: float) -> bool:
        """Wait for the end; tells whether it came."""
        return self._end.wait(seconds)

    def told(self, what: str, done: int, total: int) -> None:
        """Take note of progress."""
        self.what, self.done, self.total = what, done, total

    def share(self) -> float:
        """How much of the present step is done, 0 to 1."""
        return min(1.0, self.done / self.total) if self.total else 0.0


_quick: Final[WeakKeyDictionary[OpenedStudy, tuple[str, Verification]]] = WeakKeyDictionary()
_checks: Final[WeakKeyDictionary[OpenedStudy, Running]] = WeakKeyDictionary()
_guard = threading.Lock()


def quick_check(
    study: Study, *, again: bool = False, progress: Progress = quiet
) -> tuple[str, Verification]:
    """Check the journal and its anchors, once since the unlock or ``again``; with its time."""
    study.require("audit")
    known = _quick.get(study._core)
    if known is None or again:
        known = _quick[study._core] = (now(), verify_journal(study, progress))
    return known


def check_of(study: Study) -> Running | None:
    """Give the last whole check since the study was unlocked."""
    study.require("audit")
    return _checks.get(study._core)


def start_check(study: Study) -> Running:
    """Begin a whole check, or give the one that runs."""
    study.require("audit")
    with _guard:
        running = _checks.get(study._core)
        if running is None or running.over:
            running = _checks[study._core] = Running()
            threading.Thread(target=_run, args=(study, running), daemon=True).start()
        return running


def _run(study: Study, running: Running) -> None:
    try:
        running.outcome = verify_study(study, running.told)
    except FokusError as error:
        running.problem = str(error)
    except Exception as error:
        # Locking the study in the middle closes the database under this thread.
        running.problem = f"The check stopped before its end ({type(error).__name__})."
    finally:
        running.ended()
