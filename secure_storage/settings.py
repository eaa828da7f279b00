"""What the administrator sets in ``fokus.toml`` of a home, all of it optional.

It has to be known while the study is locked, so it is not in the database; it holds
nothing secret.

    [serve]
    socket = "/run/fokus/study.sock"      # instead of a port of 127.0.0.1
    names = ["fokus.example.org"]         # what browsers call it
    behind_tls = true                     # a proxy in front speaks TLS

    [anchors]
    folder = "/var/lib/fokus-anchors"     # outside the study folder

    [backup]
    folder = "/backup/fokus"              # outside the study folder
    hour = 2                              # of the night, local time

    [slurm]                               # offers to transcribe on the cluster
    partition = "accel"                   # as sbatch takes it; so are the next five
    account = "p33"
    gres = "gpu:1"                        # "" where there are no GPUs
    cpus = 4
    memory = "24G"
    time = "08:00:00"
    recordings = 4                        # that one task takes, the model loaded once
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from .errors import BadInput

FILE: Final = "fokus.toml"
_LEAST: Final = 10
"""Minutes that a task on the cluster needs to have."""


@dataclass(frozen=True, slots=True)
class SlurmSettings:
    """What each task of a job array asks of Slurm; "" leaves it to Slurm's own default."""

    partition: str = ""
    account: str = ""
    gres: str = "gpu:1"
    cpus: int = 4
    memory: str = ""
    time: str = ""
    recordings: int = 4
    """How many recordings one task takes, the model loaded once."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one home."""

    socket: Path | None
    names: tuple[str, ...]
    behind_tls: bool
    anchors: Path
    backups: Path
    backup_hour: int
    slurm: SlurmSettings | None
    """None where the cluster is not to be used."""


def read_settings(home: Path) -> Settings:
    """Read ``fokus.toml``; what it leaves out gets its default, what it misspells is refused."""
    home = home.resolve()
    try:
        text = (home / FILE).read_text(encoding="utf-8")
        said = tomllib.loads(text)
    except FileNotFoundError:
        said = {}
    except NotADirectoryError:
        raise BadInput(f"{home} is a file. Name the folder of the study with --home.") from None
    except (OSError, ValueError) as error:
        raise BadInput(f"{FILE} in the study folder cannot be read: {error}") from None
    serve = _table(said, "serve", {"socket": str, "names": list, "behind_tls": bool})
    anchors = _table(said, "anchors", {"folder": str})
    backup = _table(said, "backup", {"folder": str, "hour": int})
    if unknown := set(said) - {"serve", "anchors", "backup", "slurm"}:
        raise BadInput(f"{FILE} has a part nobody knows: [{sorted(unknown)[0]}].")
    beside = home.parent / f"{home.name}-kept"
    hour = backup.get("hour", 2)
    if not 0 <= hour <= 23:
        raise BadInput(f"{FILE}: hour in [backup] is from 0 to 23.")
    return Settings(
        socket=Path(serve["socket"]) if "socket" in serve else None,
        names=tuple(str(name).lower() for name in serve.get("names", ())),
        behind_tls=serve.get("behind_tls", False),
        anchors=_outside(home, anchors.get("folder"), beside / "anchors"),
        backups=_outside(home, backup.get("folder"), beside / "backups"),
        backup_hour=hour,
        slurm=_slurm(said) if "slurm" in said else None,
    )


def _slurm(said: Mapping[str, Any]) -> SlurmSettings:
    words = dict.fromkeys(("partition", "account", "gres", "memory", "time"), str)
    asked = SlurmSettings(**_table(said, "slurm", {**words, "cpus": int, "recordings": int}))
    if asked.cpus < 1 or asked.recordings < 1:
        raise BadInput(f"{FILE}: cpus and recordings in [slurm] are at least 1.")
    if _minutes(asked.time) < _LEAST:
        raise BadInput(
            f"{FILE}: time in [slurm] is too short to load a model and get on. Give {_LEAST} "
            'minutes at least, better hours: "08:00:00".'
        )
    return asked


def _minutes(time: str) -> float:
    """Read a time as sbatch does; what it alone understands is long enough."""
    if not re.fullmatch(r"(\d+-)?\d+(:\d+){0,2}", time):
        return _LEAST
    days, dash, clock = time.rpartition("-")
    parts = [int(one) for one in clock.split(":")]
    # Beside days the first is hours; else two are minutes and seconds, and one is minutes.
    parts = [0] * (len(parts) < 3 and not dash) + parts + [0, 0]
    return int(days or 0) * 1440 + parts[0] * 60 + parts[1] + parts[2] / 60


def _table(said: Mapping[str, Any], name: str, kinds: Mapping[str, type]) -> dict[str, Any]:
    table = said.get(name, {})
    if not isinstance(table, dict):
        raise BadInput(f"{FILE}: [{name}] is a part with lines of its own.")
    for key, value in table.items():
        if type(value) is not kinds.get(key):
            raise BadInput(f"{FILE}: «{key}» in [{name}] is unknown or of the wrong kind.")
    return table


def _outside(home: Path, chosen: str | None, otherwise: Path) -> Path:
    folder = Path(chosen).resolve() if chosen else otherwise
    if folder.is_relative_to(home):
        raise BadInput(f"{FILE}: the folder {folder} has to lie outside the study folder.")
    return folder
