"""What the console command asks of this stage: passphrases, and a check-up."""

import getpass
import os
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from . import database
from .disk import filesystem
from .errors import BadInput
from .opened import SHARED_DISKS
from .serve import wrong_switches

LEAST_FREE = 2 * 10**9


@dataclass(frozen=True, slots=True)
class Check:
    """One thing ``fokus doctor`` looked at."""

    name: str
    ok: bool
    detail: str


def read_passphrase(fd: int | None, prompt: str, *, new: bool = False) -> str:
    """Read a passphrase from a file descriptor, or from the terminal without showing it.

    Never from an argument or a variable: others on the machine can read those.
    """
    if fd is not None:
        return _from_descriptor(fd)
    try:
        passphrase = getpass.getpass(prompt)
        if new and getpass.getpass("The same passphrase again: ") != passphrase:
            raise BadInput("The two passphrases differ. Start again.")
    except EOFError:
        raise BadInput("No passphrase was given. Use a terminal or --passphrase-fd.") from None
    return passphrase


def _from_descriptor(fd: int) -> str:
    try:
        with os.fdopen(fd, "rb") as source:
            line = source.readline(4096)
        return line.decode().rstrip("\r\n")
    except (OSError, UnicodeDecodeError):
        raise BadInput(f"No passphrase can be read from descriptor {fd}.") from None


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
    kind = filesystem(place)
    shared = kind in SHARED_DISKS
    free = shutil.disk_usage(place).free
    checks = [
        Check(
            "disk of the study", not shared,
            f"{kind or 'unknown'}: a network disk, on which the database is not safe"
            if shared else f"{kind or 'unknown'}, on this machine",
        ),
        Check("free space", free >= LEAST_FREE, f"{free / 1e9:.0f} GB free"),
    ]  # fmt: skip
    if home.exists():
        mode = stat.S_IMODE(home.stat().st_mode)
        closed = mode & 0o077 == 0
        detail = "only you" if closed else f"others can look in (mode {mode:o}): chmod 700"
        checks.append(Check("who can open the study folder", closed, detail))
    return checks
