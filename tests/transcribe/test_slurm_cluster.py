"""Recordings worked on by a real Slurm of one node, which this test brings up and crashes.

Its daemons have ports, sockets and a key of their own and end with the process that runs
the tests, so neither a Slurm of the machine nor one of an aborted run is in the way; what
such a run left on its node is ended first.
"""

import base64
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
import wave
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from secure_storage import SlurmSettings, Study, new_key
from transcribe import (
    TranscribeOptions,
    Transcription,
    add_recording,
    array,
    capsule,
    jobs,
    list_transcripts,
    read_json,
    sentences,
    slurm,
    start_jobs,
    store,
)

pytestmark = pytest.mark.slurm
ASKED = SlurmSettings(gres="gpu:1", cpus=1, memory="500M", recordings=3)
ROOT = Path(__file__).parent.parent.parent
FOKUS = [sys.executable, "-c", "import app, sys; sys.exit(app.main())"]
SAID = "It helps at home."

CONF = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=6
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SlurmdTimeout=10
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
MpiDefault=none
ReturnToService=2
JobRequeue=1
KillWait=5
SchedulerParameters=sched_interval=1
GresTypes=gpu
NodeName={host} NodeAddr=127.0.0.1 CPUs=2 RealMemory=2000 Gres=gpu:2 State=UNKNOWN
PartitionName=main Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


class Cluster:
    """A Slurm of one node, in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._daemons: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        end_what_aborted_runs_left()
        (self.folder / "owner").write_text(str(os.getpid()))
        for name in ("state", "spool"):
            (self.folder / name).mkdir()
        for name in ("gpu0", "gpu1"):
            (self.folder / name).touch()
        host, ports = socket.gethostname(), [free_port(), free_port()]
        conf = CONF.format(folder=self.folder, host=host, ports=ports)
        (self.folder / "slurm.conf").write_text(conf)
        gres = f"NodeName={host} Name=gpu File={self.folder}/gpu[0-1]\n"
        (self.folder / "gres.conf").write_text(gres)
        key = self.folder / "munge.key"
        key.touch(mode=0o600)
        key.write_bytes(secrets.token_bytes(1024))
        places = [f"--{name}={self.folder}/munge.{name}" for name in ("socket", "key", "seed")]
        self._run(
            "munged", "--foreground", "--force", places[0], f"--key-file={key}",
            f"--pid-file={self.folder}/munge.pid", f"--log-file={self.folder}/munge.log",
            f"--seed-file={self.folder}/munge.seed",
        )  # fmt: skip
        until(lambda: (self.folder / "munge.socket").exists())
        self._run("slurmctld", "-D")
        self.start_node()

    def start_node(self) -> None:
        self._run("slurmd", "-D", "-N", socket.gethostname())
        until(lambda: self.ask("sinfo", "--noheader", "--format=%t") in ("idle", "alloc", "mix"))

    def crash_node(self) -> None:
        """Kill all that runs on the node: its daemon, its tasks' keepers and the tasks."""
        node = self._daemons.pop()
        for process in (node.pid, *self._mine("slurmstepd"), *self.tasks()):
            os.kill(process, signal.SIGKILL)
        node.wait()
        until(lambda: self.ask("sinfo", "--noheader", "--format=%t").startswith("down"))

    def tasks(self) -> list[int]:
        """Processes that Slurm runs for us."""
        return [one for one in self._mine("python") if "SLURM_JOB_ID=" in seen(one)]

    def _mine(self, name: str) -> list[int]:
        """Processes of this Slurm, and of no other."""
        return [
            one for one in processes()
            if one != os.getpid() and name in seen(one) and str(self.folder) in seen(one)
        ]  # fmt: skip

    def ask(self, *command: str) -> str:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()

    def stop(self) -> None:
        self.ask("scancel", f"--user={os.getuid()}")
        until(lambda: not self.ask("squeue", "--noheader"))
        for daemon in reversed(self._daemons):
            daemon.terminate()
            daemon.wait()

    def _run(self, *command: str) -> None:
        self._daemons.append(
            subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *command],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )  # fmt: skip
        )


def processes() -> list[int]:
    return [int(one.name) for one in Path("/proc").iterdir() if one.name.isdigit()]


def seen(process: int) -> str:
    """What its user, and root, can see of a process: its arguments and environment."""
    place = Path("/proc", str(process))
    with suppress(OSError):
        return str((place / "cmdline").read_bytes() + (place / "environ").read_bytes())
    return ""


def forms(key: bytes) -> tuple[str, ...]:
    """A key as it would look among what ``seen`` gives, or in a script."""
    return repr(key)[2:-1], key.hex(), base64.b64encode(key).decode()


def end_what_aborted_runs_left() -> None:
    """Kill what belongs to a Slurm like ours whose tests are no more."""
    for process in processes():
        conf = re.search(r"SLURM_CONF=([^\\]*)/slurm\.conf", seen(process))
        owner = Path(conf[1], "owner") if conf else Path("nobody")
        if owner.is_file() and not Path("/proc", owner.read_text()).exists():
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


def until(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0.2)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("slurm")
    made = Cluster(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLURM_CONF", str(folder / "slurm.conf"))
        made.start()
        try:
            yield made
        finally:
            made.stop()


@pytest.fixture
def model(scripted_model: Callable[..., Path]) -> TranscribeOptions:
    path = scripted_model((0.0, SAID, 2.0))
    return TranscribeOptions(model=str(path), language="en", speakers=1)


def clip(spoken: Path, folder: Path, seconds: int) -> Path:
    """The beginning of a recording, as a file of its own."""
    path = folder / f"Siri og Ola {seconds}.wav"
    with wave.open(str(spoken)) as source, wave.open(str(path), "wb") as out:
        out.setparams(source.getparams())
        out.writeframes(source.readframes(seconds * source.getframerate()))
    return path


def the_array(folder: Path) -> str:
    """The one array that capsules are handed to."""
    (name,) = {
        mark.split()[0] for one in folder.iterdir() if (mark := capsule.elsewhere(one)) is not None
    }
    return name


def test_recordings_of_a_study_survive_the_crash_of_a_node(
    cluster: Cluster, study: Study, spoken_wav: Path, tmp_path: Path, model: TranscribeOptions
) -> None:
    (study.home / "fokus.toml").write_text(
        '[slurm]\ngres = "gpu:1"\ncpus = 1\nmemory = "500M"\nrecordings = 3\n'
    )
    files = [clip(spoken_wav, tmp_path, 10 + extra) for extra in range(6)]
    recordings = [add_recording(study, one.stem, 1, [one]) for one in files]
    numbers = start_jobs(study, recordings, model, on_slurm=True)
    folder = study.home / "jobs"
    until(lambda: {job.state for job in jobs(study)} == {"running"})
    name = the_array(folder)
    keys = [store.job_key(study, number) for number in numbers]
    assert [(one / "array-key").stat().st_mode & 0o777 for one in folder.iterdir()] == [0o600] * 6

    # What Slurm, and whoever may look at its jobs, is told of them.
    task = cluster.ask("squeue", "--noheader", "--format=%A").split()[0]
    told = cluster.ask("scontrol", "show", "job")
    told += cluster.ask("scontrol", "write", "batch_script", task, "-")
    until(lambda: bool(cluster.tasks()))
    told += "".join(seen(process) for process in cluster.tasks())
    assert name in told and "TresPerNode=gres:gpu:1" in told
    assert not any(form in told for key in keys if key is not None for form in forms(key))
    assert "Siri" not in told and SAID not in told

    until(lambda: any(job.state == "done" for job in jobs(study)))
    cluster.crash_node()
    done = sum(job.state == "done" for job in jobs(study))
    assert 1 <= done < 6
    cluster.start_node()
    until(lambda: all(job.state in ("done", "failed", "interrupted") for job in jobs(study)))

    assert [(job.title, job.state, job.message) for job in jobs(study)] == [
        (one.stem, "done", "") for one in reversed(files)
    ]
    made = list_transcripts(study)
    assert sorted(one.title for one in made) == sorted(one.stem for one in files)
    for one in made:
        assert {line.text for line in sentences(study, one.id)} == {SAID}
    assert "Restarts=1" in cluster.ask("scontrol", "show", "job")
    assert list(folder.iterdir()) == []
    until(lambda: name not in slurm.names())


def test_a_task_told_to_end_goes_on_later_and_a_cancelled_one_does_not(
    cluster: Cluster, spoken_wav: Path, tmp_path: Path, model: TranscribeOptions
) -> None:
    key = new_key()
    folder = tmp_path / "jobs"
    sound = [([spoken_wav.read_bytes()], 0.0)]
    paths = [capsule.create(folder, sound, model, key) for _ in range(2)]
    array.submit(folder, [(path, key) for path in paths], ASKED)
    name = the_array(folder)
    first = min(paths)
    until(lambda: capsule.progress(first).state == "running")
    # As Slurm does it a minute before the time limit.
    cluster.ask("scancel", "--signal=TERM", "--batch", f"--name={name}")
    until(lambda: all(capsule.progress(path).state == "done" for path in paths))
    assert isinstance(capsule.result(first, key), Transcription)
    until(lambda: not any((path / "array-key").exists() for path in paths))
    until(lambda: name not in slurm.names())
    assert "Restarts=1" in cluster.ask("scontrol", "show", "job", task_of(cluster, name))

    more = capsule.create(folder, sound, model, key)
    array.submit(folder, [(more, key)], ASKED)
    name = the_array(folder)
    until(lambda: capsule.progress(more).state == "running")
    array.cancel(folder, more)
    until(lambda: name not in slurm.names() and not capsule.progress(more).alive)
    assert capsule.progress(more).state == "cancelled"
    assert not (more / "array-key").exists()
    assert "Restarts=0" in cluster.ask("scontrol", "show", "job", task_of(cluster, name))


def task_of(cluster: Cluster, name: str) -> str:
    """Slurm's number for a task of an array that has ended."""
    listed = cluster.ask("squeue", "--states=all", "--noheader", f"--name={name}", "--format=%A")
    return listed.split()[0]


def test_the_command_is_killed_and_given_again(
    cluster: Cluster, spoken_wav: Path, tmp_path: Path, model: TranscribeOptions
) -> None:
    files = [clip(spoken_wav, tmp_path, 10 + extra) for extra in range(2)]
    (tmp_path / "fokus.toml").write_text('[slurm]\ncpus = 1\nmemory = "500M"\n')
    out = tmp_path / "out"
    command = [
        *FOKUS, "transcribe", "--slurm", *map(str, files), "--out", str(out), "--format",
        "txt,json", "--model", model.model, "--language", "en", "--speakers", "1", "--home",
        str(tmp_path),
    ]  # fmt: skip
    with subprocess.Popen(command, cwd=ROOT) as begun:
        until(lambda: bool(slurm.names()))
        begun.kill()
    assert (out / ".fokus-slurm" / "list").stat().st_mode & 0o777 == 0o600
    other = subprocess.run(
        [one for one in command if one != str(files[1])],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "unfinished run with other files" in other.stderr and other.returncode == 1
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert SAID not in done.stdout + done.stderr
    for file in files:
        assert SAID in (out / f"{file.stem}.txt").read_text()
        assert read_json((out / f"{file.stem}.json").read_text()).language == "en"
    assert not (out / ".fokus-slurm").exists()
