"""Failed sign-ins, which happen while nobody has a key to the journal.

While the study is open they are recorded at once; those under names that belong to
nobody at most once a minute, with their number, or whoever reaches the sign-in could fill
the journal. While it is locked they wait in a small file of the home: a time and whose
account was tried, never a name that was typed.
The next unlock takes them into the journal. The file cannot be signed (there is no key
to do it with), so whoever may write in the home could forge or delete what waits.
"""

import hashlib
import logging
import math
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from .. import events, moments, opened
from ..database import Fault
from ..errors import FokusError, Repeated
from ..keys import Header
from ..opened import OpenedStudy

ACTION: Final = "read.signin_failed"
FILE: Final = "failed-sign-ins"
MOST: Final = 1000
"""More than these are not kept apart: the last line says that there were more."""
_LINE: Final = 64
EVERY: Final = 60.0
"""Seconds from one event of names that belong to nobody to the next."""
clock: Callable[[], float] = time.monotonic
_guard = threading.Lock()
_counting = threading.Lock()
_strangers: Final[dict[Path, tuple[float, int]]] = {}
"""By home: when the last event of such names was written, and the tries since."""


def note_failed(home: Path, header: Header, name: str) -> None:
    """Put a failed sign-in on record, now or at the next unlock."""
    account = header.account(name)
    whose = f"member:{account.member_id}" if account else "study"
    core = opened.already_open(home)
    if core is not None and not core.closed:
        try:
            if account:
                core.record_of_nobody(ACTION, whose)
            else:
                _count_strangers(core, 1, EVERY)
            return
        except (FokusError, OSError, Fault) as error:
            _log("recorded", error)
    # Whoever signs in is told of the wrong passphrase all the same, and the try counts.
    try:
        _keep(home.resolve() / FILE, whose)
    except OSError as error:
        _log("kept", error)


def _log(what: str, error: Exception) -> None:
    name = type(error).__name__
    logging.getLogger("fokus").error("a failed sign-in could not be %s: %s", what, name)


def _count_strangers(core: OpenedStudy, more: int, every: float) -> None:
    """Record the tries not recorded yet, if the last event of such is ``every`` seconds old."""
    with _counting:
        last, tries = _strangers.get(core.home, (-math.inf, 0))
        told = clock() - last >= every
        if told and tries + more:
            core.record_of_nobody(ACTION, "study", {"tries": tries + more})
        _strangers[core.home] = (clock(), 0) if told else (last, tries + more)


def _tell_strangers(core: OpenedStudy, every: float = 0.0) -> None:
    if _strangers.get(core.home, (0.0, 0))[1]:
        try:
            _count_strangers(core, 0, every)
        except (FokusError, OSError, Fault) as error:
            _log("recorded", error)


def _in_time(home: Path) -> None:
    with opened.borrowed(home) as core:
        if core is not None and not core.closed:
            _tell_strangers(core, EVERY)


def _keep(path: Path, whose: str) -> None:
    line = f"{events.now()} {whose}".ljust(_LINE - 1) + "\n"
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    with _guard:
        fd = os.open(path, flags, 0o600)
        try:
            if os.fstat(fd).st_size < MOST * _LINE:
                os.write(fd, line.encode())
                os.fsync(fd)
        finally:
            os.close(fd)


def _take_in(core: OpenedStudy) -> None:
    path = core.home / FILE
    with _guard:
        try:
            lines = path.read_bytes()[: MOST * _LINE].decode("ascii", "replace").splitlines()
        except FileNotFoundError:
            return
        with core._connections.writing() as db:
            for number, line in enumerate(lines, 1):
                at, whose = _read(line)
                after = {"at": at, "locked": True, "full": number == MOST}
                # A crash between here and the unlinking must not count them twice.
                token = hashlib.sha256(f"{number} {line}".encode()).hexdigest()[:32]
                with suppress(Repeated):
                    events.append(
                        db, events.now(), None, ACTION, whose,
                        before=None, after=after, client_id=f"locked-{token}",
                    )  # fmt: skip
        path.unlink()


def _read(line: str) -> tuple[str, str]:
    """Read a line; what somebody else wrote there tells nothing."""
    at, _, whose = line.strip().partition(" ")
    member = whose.removeprefix("member:")
    known = whose == "study" or (member.isdecimal() and member.isascii() and len(member) < 10)
    timed = len(at) == 24 and at.endswith("Z") and not set(at) - set("0123456789-T:.Z")
    return (at if timed else "", whose if known else "study")


moments.when_unlocked.append(_take_in)
moments.before_locking.append(_tell_strangers)
moments.now_and_then.append(_in_time)
