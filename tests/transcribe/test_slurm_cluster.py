"""Recordings worked on by a real Slurm of one node, which this test brings up and crashes.

Its daemons have ports, sockets and a key of their own and end with the process that runs
the tests, so neither a Slurm of the machine nor one of an aborted run is in the way.
"""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
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
    sentences,
    slurm,
    start_jobs,
    store,
    take_in,
)
from transcribe.intake import slices

pytestmark = pytest.mark.slurm
ASKED = SlurmSettings(gres="gpu:1", cpus=1, memory="500M", recordings=3)
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
SlurmdTimeout=5
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
        for process in [node.pid, *self.running("slurmstepd"), *self.running("python")]:
            os.kill(process, signal.SIGKILL)
        node.wait()
        until(lambda: self.ask("sinfo", "--noheader", "--format=%t").startswith("down"))

    def running(self, name: str) -> list[int]:
        """Processes of this Slurm, and of no other."""
        mine = f"SLURM_CONF={self.folder}/slurm.conf".encode()
        found = []
        for one in Path("/proc").iterdir():
            try:
                started = name.encode() in (one / "cmdline").read_bytes().split(b"\0")[0]
                if started and mine in (one / "environ").read_bytes().split(b"\0"):
                    found.append(int(one.name))
            except (OSError, ValueError):
                continue
        return [process for process in found if process != os.getpid()]

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
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        )


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


def test_up(cluster: Cluster) -> None:
    print(cluster.ask("sinfo"))
