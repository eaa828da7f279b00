"""Carrying out erasures on a thread of their own, so that no page waits.

Nothing is kept here that a crash could lose: who comes next continues what stands in the
database as confirmed or erased but not yet certified.
"""

import logging
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ..errors import BadInput, FokusError
from ..study import Study
from . import store
from .asking import require_part
from .work import SILENCING, carry_out_erasure

_guard: Final = threading.Lock()
_runs: Final[dict[Path, "Run"]] = {}


@dataclass(slots=True)
class Run:
    """An erasure that is being carried out, or was last in this process."""

    erasure_id: int
    step: str = ""
    done: int = 0
    total: int = 1
    problem: str = ""
    """Why it stopped, for the user; empty while it runs or when it is done."""
    stop: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None

    @property
    def alive(self) -> bool:
        """It is at work."""
        return self.thread is not None and self.thread.is_alive()


def start_erasure(study: Study, erasure_id: int) -> None:
    """Carry out a confirmed erasure, or continue one, on a thread; twice starts one."""
    require_part(study)
    if store.erasure(study.db, erasure_id).state not in ("confirmed", "erased"):
        raise BadInput("There is nothing to carry out: it is not confirmed, or done already.")
    with _guard:
        run = _runs.get(study.home)
        if run is not None and run.alive:
            return
        run = _runs[study.home] = Run(erasure_id)
        run.thread = threading.Thread(
            target=_work, args=(study, run), name="fokus-erasure", daemon=True
        )
        run.thread.start()


def continue_erasures(study: Study) -> None:
    """Go on with what a crash or a lock interrupted; what failed waits for a person."""
    last = erasure_run(study)
    if last is not None and (last.alive or last.problem):
        return
    for row in store.erasures(study.db):
        if row.state in ("confirmed", "erased"):
            start_erasure(study, row.id)
            return


def stop_erasure(study: Study) -> None:
    """Ask the one at work to stop; it does so only while nothing is erased yet."""
    require_part(study)
    run = erasure_run(study)
    if run is not None:
        run.stop.set()


def erasure_run(study: Study) -> Run | None:
    """Give the erasure at work, or the last one, of this process."""
    with _guard:
        return _runs.get(study.home)


def _work(study: Study, run: Run) -> None:
    def told(step: str, done: int, total: int) -> None:
        run.step, run.done, run.total = step, done, total
        if run.stop.is_set() and step == SILENCING:
            raise BadInput("It was stopped before anything was erased. Continue it at any time.")

    try:
        carry_out_erasure(study, run.erasure_id, told)
    except Exception as error:
        if study.closed:
            # Locked under us: whoever unlocks next continues it.
            with _guard:
                _runs.pop(study.home, None)
        elif isinstance(error, FokusError):
            run.problem = str(error)
        else:
            logging.getLogger("fokus").error("an erasure failed: %s", type(error).__name__)
            run.problem = "A fault of Fokus stopped the erasure. Continue it, or report this."
