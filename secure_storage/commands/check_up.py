"""``fokus doctor``: a check-up of what the encrypted study needs."""

import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from .. import database
from ..file_systems import name_of, network_disk
from ..serve import wrong_switches

LEAST_FREE = 2 * 10**9


@dataclass(frozen=True, slots=True)
class Check:
    """One thing ``fokus doctor`` looked at."""

    name: str
    ok: bool
    detail: str


def doctor(home: Path) -> list[Check]:
    """Check what the encrypted study needs from this machine."""
    return [_library(), _switches(), *_folder(home)]


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
