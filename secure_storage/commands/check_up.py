"""``fokus doctor``: a check-up of what the encrypted study needs."""

import os
import shutil
import stat
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from .. import database
from ..backup import backups, problems
from ..closing import date_warnings, dates_of_home
from ..errors import FokusError
from ..file_systems import name_of, network_disk
from ..serve import wrong_switches
from ..settings import read_settings

LEAST_FREE = 2 * 10**9


@dataclass(frozen=True, slots=True)
class Check:
    """One thing ``fokus doctor`` looked at."""

    name: str
    ok: bool
    detail: str
    note: bool = False
    """Not wrong, but to be known."""


def doctor(home: Path) -> list[Check]:
    """Check what the encrypted study needs from this machine."""
    return [_library(), _switches(), *_folder(home), *_set_up(home)]


def _set_up(home: Path) -> list[Check]:
    try:
        read_settings(home)
    except FokusError as error:
        # Where anchors and backups lie, nobody can tell without them.
        return [Check("settings (fokus.toml)", False, str(error))]
    return [Check("settings (fokus.toml)", True, "can be read"), _anchors(home), *_kept(home)]


def _anchors(home: Path) -> Check:
    """Anchors that cannot be written lose no work, but then nobody notices a rewrite."""
    folder = place = read_settings(home).anchors
    while not place.exists():
        place = place.parent
    good = place.is_dir() and os.access(place, os.W_OK | os.X_OK)
    detail = f"written to {folder}" if good else f"{place} cannot be written: make it writable"
    return Check("anchors of the journal", good, detail)


def _kept(home: Path) -> list[Check]:
    """Look at the backups and dates of a study, which may be locked."""
    if not (home / "study.json").exists():
        return []
    wrong = problems(home)
    present = [] if wrong else backups(home)
    newest = f"the newest is of {present[-1].made_at[:10]}" if present else "none yet"
    dates, today = dates_of_home(home), date.today()
    told = date_warnings(dates, today)
    over = any(one is not None and one < today for one in (dates.end, dates.deletion))
    return [
        Check("backups", not wrong, " ".join(wrong) or newest),
        Check("disk of the backups", *_apart(home)),
        Check(
            "dates of the study",
            not (told and over),
            " ".join(told) or "none is near",
            note=bool(told),
        ),
    ]


def told_at_start(home: Path) -> list[str]:
    """Say what is wrong with backups, and which date is near, when a study is served."""
    if not (home / "study.json").exists():
        return []
    return [*problems(home), *date_warnings(dates_of_home(home), date.today())]


def _apart(home: Path) -> tuple[bool, str]:
    """Tell whether the backups can be written, and outlive the disk of the study."""
    try:
        place = read_settings(home).backups
    except FokusError as error:
        return False, str(error)
    while not place.exists():
        place = place.parent
    if not os.access(place, os.W_OK):
        return False, f"{place} cannot be written"
    if place.stat().st_dev == home.stat().st_dev:
        return True, "the same as the study's: name a folder on another disk in fokus.toml"
    return True, f"{place}, another than the study's"


def _library() -> Check:
    version, sqlite = database.cipher_version(), database.sqlite_version()
    good = bool(version) and sqlite >= database.LEAST_SQLITE
    shown = ".".join(str(part) for part in sqlite)
    detail = f"SQLCipher {version or 'missing'}, SQLite {shown}"
    return Check("encrypted database", good, detail if good else detail + ": update sqlcipher3")


def _switches() -> Check:
    wrong = wrong_switches()
    detail = f"wrong: {', '.join(wrong)}" if wrong else "as they must be"
    return Check("Streamlit switches", not wrong, detail)


def _folder(home: Path) -> list[Check]:
    place = home.resolve()
    while not place.exists():
        place = place.parent
    network = network_disk(place)
    free = shutil.disk_usage(place).free
    checks = [
        Check(
            "disk of the study", True,
            f"{network}: a network disk; the database works alone there (safe, slower)"
            if network else f"{name_of(place) or 'unknown'}, on this machine",
        ),
        Check("free space", free >= LEAST_FREE, f"{free / 1e9:.0f} GB free"),
    ]  # fmt: skip
    if home.exists():
        mode = stat.S_IMODE(home.stat().st_mode)
        closed = mode & 0o077 == 0
        detail = "only you" if closed else f"others can look in (mode {mode:o}): chmod 700"
        checks.append(Check("who can open the study folder", closed, detail))
    return checks
