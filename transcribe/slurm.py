"""Slurm, asked through its own commands: sbatch, squeue, scancel and scontrol.

An array is known by the name it was submitted under, a random one: so nothing has to be
written down after sbatch has answered, and a submission that is killed at any moment can
be told from one that Slurm took. What a task is to do and its keys stay in the jobs'
folder; Slurm learns how many tasks there are, a path and a program. Of the environment
only what programs need to start is passed on, because Slurm keeps it in its own files.
"""

import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from secure_storage import FokusError, SlurmSettings

_WARNED: Final = 60
"""Seconds before its time limit at which a task is sent SIGTERM."""
_PATIENCE: Final = 60
"""Seconds that Slurm may take over what is asked once: a submission, or a task's end."""
_SHORT: Final = 5
"""Seconds that it may take over what somebody waits for, or what is asked again."""
_UNREACHABLE: Final = ("Unable to contact", "timed out", "Connection refused")
"""What Slurm's commands say when its controller does not answer them."""
_PASSED_ON: Final = (
    "PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LD_LIBRARY_PATH",
    "XDG_DATA_HOME", "XDG_CACHE_HOME", "FOKUS_MODELS", "OMP_NUM_THREADS", "SLURM_CONF",
)  # fmt: skip


class SlurmTrouble(FokusError):
    """Slurm is not there, does not answer, or refuses."""


def submit(name: str, tasks: int, jobs: Path, settings: SlurmSettings) -> None:
    """Have Slurm run ``python -m transcribe array JOBS NAME`` as an array of ``tasks`` tasks.

    Raises SlurmTrouble in Slurm's own words when it takes nothing.
    """
    asked = {
        "partition": settings.partition, "account": settings.account, "gres": settings.gres,
        "mem": settings.memory, "time": settings.time,
    }  # fmt: skip
    program = [sys.executable, "-P", "-m", "transcribe", "array", str(jobs.resolve()), name]
    _ask(
        [
            "sbatch", "--parsable", f"--job-name={name}", f"--array=0-{tasks - 1}", "--requeue",
            f"--signal=B:TERM@{_WARNED}", f"--cpus-per-task={settings.cpus}", "--chdir=/",
            "--output=/dev/null",
            *(f"--{option}={value}" for option, value in asked.items() if value),
        ],
        # With exec the program itself is what Slurm sends its signals to.
        "#!/bin/sh\n"
        'export OMP_NUM_THREADS="${OMP_NUM_THREADS:-$SLURM_CPUS_PER_TASK}"\n'
        f"exec {shlex.join(program)}\n",
        patience=_PATIENCE,
    )  # fmt: skip


def names() -> frozenset[str]:
    """Names of this user's jobs that wait or run. Raises SlurmTrouble."""
    return frozenset(_ask(["squeue", f"--user={os.getuid()}", "--noheader", "--format=%j"]).split())


def cancel(name: str) -> None:
    """Take the array out of Slurm, as far as it is in there. Raises SlurmTrouble."""
    _ask(["scancel", f"--name={name}", f"--user={os.getuid()}"])


def requeue() -> None:
    """Have the task that calls this run again later, unless it is being cancelled.

    Slurm sends the same signal to a task at its time limit and to a cancelled one.
    """
    task = f"{os.environ['SLURM_ARRAY_JOB_ID']}_{os.environ['SLURM_ARRAY_TASK_ID']}"
    asked = ["squeue", f"--jobs={task}", "--noheader", "--format=%T"]
    if _ask(asked, patience=_PATIENCE // 2).strip() == "RUNNING":
        _ask(["scontrol", "requeue", task], patience=_PATIENCE // 2)


def _ask(command: Sequence[str], script: str = "", patience: float = _SHORT) -> str:
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in _PASSED_ON or name.startswith("SBATCH_")
    }
    try:
        done = subprocess.run(
            command, input=script, capture_output=True, text=True, check=False, env=kept,
            timeout=patience, cwd="/",
        )  # fmt: skip
    except FileNotFoundError:
        raise SlurmTrouble(
            f"This machine has no Slurm: the command {command[0]} was not found. Start Fokus on "
            "a machine from which jobs can be submitted, or transcribe without Slurm."
        ) from None
    except subprocess.TimeoutExpired:
        raise SlurmTrouble(f"Slurm does not answer ({command[0]}). Try again later.") from None
    except OSError as error:
        raise SlurmTrouble(
            f"Slurm's command {command[0]} could not be started ({error.strerror})."
        ) from error
    if done.returncode:
        said = " ".join(done.stderr.split()) or f"{command[0]} ended with {done.returncode}"
        if any(words in said for words in _UNREACHABLE):
            raise SlurmTrouble(f"Slurm cannot be reached: «{said}». Try again later.")
        raise SlurmTrouble(
            f"Slurm refused: «{said}». The administrator sets what is asked of it in fokus.toml, "
            "in the part [slurm]."
        )
    return done.stdout
