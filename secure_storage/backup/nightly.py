"""The backup of every night, and what is told when it cannot be made."""

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from .. import opened
from ..errors import FokusError
from ..settings import read_settings
from .checking import settle
from .making import check_target, make
from .shelf import (
    Backup,
    Kind,
    backups,
    believed,
    expired,
    from_future,
    moment,
    on_shelf,
    prune,
    shelf,
    shelf_held,
    utc_now,
)

AGAIN: Final = timedelta(minutes=15)
"""After a failure it is tried again no sooner."""
LATE: Final = timedelta(hours=36)
"""A newest backup older than this is told."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why the last backup could not be made."""

    at: datetime
    message: str


_guard = threading.Lock()
_running: Final[dict[Path, threading.Thread]] = {}
_trouble: Final[dict[Path, Trouble]] = {}


def tend(home: Path) -> None:
    """Make the backup of the night if it is due, on a thread of its own."""
    home = home.resolve()
    with _guard:
        running = _running.get(home)
        if (running is None or not running.is_alive()) and _to_do(home, utc_now()):
            thread = threading.Thread(target=nightly, args=(home,), name="backup", daemon=True)
            _running[home] = thread
            thread.start()


def nightly(home: Path, clock: Callable[[], datetime] = utc_now) -> Backup | None:
    """Make the backup of the night if it is due, and remove what has expired."""
    home, now = home.resolve(), clock()
    try:
        made = make(home, kind_of(home, now), now) if due(home, now) else None
        with opened.borrowed(home) as core:
            # Verified first: the newest good one is spared from expiry.
            if core is not None and made:
                settle(core)
            with shelf_held(shelf(home)):
                gone = prune(shelf(home), now)
            if core is not None and gone:
                settle(core)
    except (FokusError, OSError) as error:
        _trouble[home] = Trouble(now, str(error))
        logging.getLogger("fokus").error("the nightly backup failed: %s", type(error).__name__)
        return None
    _trouble.pop(home, None)
    return made


def due(home: Path, now: datetime, late: timedelta = timedelta()) -> bool:
    """Tell whether the backup of the last night is missing, missed nights included.

    ``late`` is how long after its planned moment it is first missed.
    """
    planned = planned_before(home, now - late)
    made = [
        moment(one.made_at)
        for one in backups(home)
        if one.kind in ("nightly", "weekly") and not from_future(one, now)
    ]
    if made:
        return max(made) < planned
    # A study that is younger than the last planned moment has missed nothing.
    return (home / "study.json").stat().st_mtime < planned.timestamp()


def planned_before(home: Path, now: datetime) -> datetime:
    """Give the last moment at which a backup was planned: the hour of the night, local time."""
    local = now.astimezone()
    planned = local.replace(hour=read_settings(home).backup_hour, minute=0, second=0, microsecond=0)
    return planned if planned <= local else planned - timedelta(days=1)


def kind_of(home: Path, now: datetime) -> Kind:
    """Make the first one of a calendar week the weekly one."""
    week = now.astimezone().isocalendar()[:2]
    weekly = [one for one in backups(home) if one.kind == "weekly"]
    weeks = {moment(one.made_at).astimezone().isocalendar()[:2] for one in weekly}
    return "nightly" if week in weeks else "weekly"


def trouble(home: Path) -> str:
    """Say why the last try in this process failed, empty if it did not."""
    found = _trouble.get(home.resolve())
    return found.message if found else ""


def problems(home: Path, now: datetime | None = None) -> list[str]:
    """Say what is wrong with the backups of a study; readable while it is locked."""
    now = now or utc_now()
    try:
        check_target(home)
        present = backups(home)
        missed = due(home, now, LATE - timedelta(days=1))
    except (FokusError, OSError) as error:
        return [str(error)]
    timely = [one for one in present if not from_future(one, now)]
    found = [f"The backup {one.name} is not good: {one.problem}." for one in present if one.problem]
    if missed:
        newest = timely[-1].made_at[:16].replace("T", " ") + " UTC" if timely else ""
        told = f"The newest is of {newest}." if newest else "There is none yet."
        found.append(f"The nightly backup is missing. {told}")
    return [*found, *_clock(present, timely, now), *filter(None, [trouble(home)])]


def _clock(present: list[Backup], timely: list[Backup], now: datetime) -> Iterator[str]:
    for one in present:
        if one not in timely:
            yield (
                f"The backup {one.name} is dated in the future, so the clock was wrong then or is "
                "now. Set it right; a backup that is dated wrong expires by its date."
            )
    before = believed(timely, now)
    if before != now:
        yield (
            f"The clock went from {before:%Y-%m-%d} to {now:%Y-%m-%d} with no backup between. "
            "For a week no older backup expires by it. If the clock is wrong, set it right."
        )


def _to_do(home: Path, now: datetime) -> bool:
    failed = _trouble.get(home)
    if failed is not None and now - failed.at < AGAIN:
        return False
    try:
        return due(home, now) or bool(expired(on_shelf(shelf(home)), now))
    except (FokusError, OSError) as error:
        if (home / "study.json").exists():
            _trouble[home] = Trouble(now, str(error))
        return False
