"""Capsules handed over to Slurm, with programs in the place of Slurm's commands."""

import errno
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest
from streamlit.testing.v1 import AppTest

import app
from secure_storage import BadInput, DiskFull, SlurmSettings, Study, new_key, read_settings
from secure_storage.closing import close_study
from transcribe import (
    Sentence,
    TranscribeOptions,
    Transcription,
    Turn,
    add_recording,
    array,
    cancel_job,
    capsule,
    discard_job,
    jobs,
    resume_job,
    slurm,
    start_jobs,
    store,
    take_in,
    tend,
)
from transcribe.capsule import Failure
from transcribe.page.progress import _said
from transcribe.slurm_jobs import ask_slurm

ROOT = Path(__file__).parent.parent.parent
FOKUS = [sys.executable, "-c", "import app, sys; sys.exit(app.main())"]
TRANSCRIBE = [sys.executable, "-m", "transcribe"]
KEY = new_key()
Tone = Callable[..., Path]


class Faked:
    """Slurm's commands, which note what they were asked in ``asked``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("sbatch", "scancel", "scontrol"):
            self.does(name, "")
        self.knows_all()

    def does(self, name: str, body: str) -> None:
        """Make a command note its arguments, then run lines of shell."""
        path = self.folder / f"{name}.new"
        path.write_text(f'#!/bin/sh\necho "{name} $*" >> {self.folder}/asked\n{body}\n')
        path.chmod(0o700)
        path.rename(self.folder / name)  # a thread of ours may be about to run it

    def knows_all(self) -> None:
        """Make squeue name every array that was submitted."""
        names = f"s/.*--job-name=\\([^ ]*\\).*/\\1/p' {self.folder}/asked"
        self.does("squeue", f"sed -n '{names}")

    def asked(self, name: str) -> list[str]:
        """What a command was asked, oldest first."""
        try:
            lines = (self.folder / "asked").read_text().splitlines()
        except FileNotFoundError:
            return []
        return [line for line in lines if line.startswith(name + " ")]


@pytest.fixture
def faked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Faked:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    monkeypatch.setattr(array, "_ASK_EVERY", 0.0)
    return Faked(folder)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "jobs"


@pytest.fixture
def cluster_study(study: Study, faked: Faked) -> Iterator[Study]:
    """A study that may use the cluster; what was started is stopped at the end."""
    (study.home / "fokus.toml").write_text("[slurm]\nrecordings = 2\n")
    yield study
    for job in jobs(study):
        cancel_job(study, job.id)


def look(study: Study) -> None:
    """Do what the watching thread does."""
    ask_slurm(study)
    take_in(study)


def made(folder: Path, count: int = 1) -> list[Path]:
    options = TranscribeOptions(model="no-such-model")
    return sorted(capsule.create(folder, [([b"sound"], 0.0)], options, KEY) for _ in range(count))


def handed(folder: Path, paths: list[Path], recordings: int = 2) -> str:
    array.submit(folder, [(one, KEY) for one in paths], SlurmSettings(recordings=recordings))
    mark = capsule.elsewhere(paths[0])
    assert mark is not None
    return mark.split()[0]


def free(path: Path) -> bool:
    """No trace of an array is left in a capsule."""
    return capsule.elsewhere(path) is None and not (path / "array-key").exists()


def task(folder: Path, name: str, number: int = 0, **environment: str) -> subprocess.Popen[bytes]:
    """Run what Slurm runs."""
    return subprocess.Popen(
        [*TRANSCRIBE, "array", str(folder), name],
        env={**os.environ, "SLURM_ARRAY_TASK_ID": str(number), **environment},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


# What the administrator sets


def settings(home: Path, *lines: str) -> SlurmSettings | None:
    (home / "fokus.toml").write_text("\n".join(lines))
    return read_settings(home).slurm


def test_the_cluster_is_offered_where_the_settings_have_it(tmp_path: Path) -> None:
    assert settings(tmp_path) is None
    assert settings(tmp_path, "[slurm]") == SlurmSettings()
    said = settings(tmp_path, "[slurm]", 'partition = "accel"', 'gres = ""', "recordings = 8")
    assert said == SlurmSettings(partition="accel", gres="", recordings=8)


@pytest.mark.parametrize(
    "line",
    [
        "cpus = 0", "recordings = 0", "partition = 3", "nodes = 2", 'time = "5"',
        'time = "9:59"', 'time = "00:09:59"', 'time = "0-0:05"',
    ],
)  # fmt: skip
def test_settings_that_cannot_be_meant_are_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(BadInput, match=r"\[slurm\]"):
        settings(tmp_path, "[slurm]", line)


@pytest.mark.parametrize("time", ["10", "10:00", "00:10:00", "1-0", "0-1:00", "UNLIMITED", ""])
def test_a_time_that_is_long_enough_is_left_to_slurm(tmp_path: Path, time: str) -> None:
    said = settings(tmp_path, "[slurm]", f'time = "{time}"')
    assert said is not None and said.time == time


# What Slurm is told


def test_one_array_takes_all_and_is_told_no_secret(
    faked: Faked, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_SECRET", "of this process")
    faked.does("sbatch", f"cat > {faked.folder}/script; env > {faked.folder}/env; pwd >> $0.env")
    paths = made(folder, 5)
    array.submit(
        folder,
        [(one, KEY) for one in paths],
        SlurmSettings("accel", "p33", "gpu:2", 6, "24G", "08:00:00", recordings=2),
    )
    (asked,) = faked.asked("sbatch")
    marks = [str(capsule.elsewhere(one)).split() for one in paths]
    ((name,),) = [{mark[0] for mark in marks}]
    assert sorted(number for _, number in marks) == ["0", "0", "1", "1", "2"]
    for option in (
        f"--job-name={name}", "--array=0-2", "--requeue", "--signal=B:TERM@60", "--partition=accel",
        "--account=p33", "--gres=gpu:2", "--cpus-per-task=6", "--mem=24G", "--time=08:00:00",
    ):  # fmt: skip
        assert option in asked.split()
    script = (faked.folder / "script").read_text()
    assert script.splitlines()[-1].endswith(f" -P -m transcribe array {folder} {name}")
    told = asked + script + (faked.folder / "env").read_text()
    assert "A_SECRET" not in told and KEY.hex() not in told
    assert [(one / "array-key").read_bytes() for one in paths] == [KEY] * 5
    assert {(one / "array-key").stat().st_mode & 0o777 for one in paths} == {0o600}


def test_what_is_left_open_is_left_to_slurm(faked: Faked, folder: Path) -> None:
    array.submit(folder, [(made(folder)[0], KEY)], SlurmSettings(gres=""))
    (asked,) = faked.asked("sbatch")
    assert not [word for word in ("--gres", "--mem", "--time", "--partition") if word in asked]


# What goes wrong with a submission


def test_a_refusal_is_told_in_slurms_words_and_leaves_nothing(faked: Faked, folder: Path) -> None:
    faked.does("sbatch", 'echo "sbatch: error: invalid partition specified: accel" >&2; exit 1')
    paths = made(folder, 2)
    with pytest.raises(slurm.SlurmTrouble, match=r"invalid partition specified: accel.*\[slurm\]"):
        handed(folder, paths)
    assert all(map(free, paths))


def test_a_machine_without_slurm_is_told_so(
    faked: Faked, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (path,) = made(folder)
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(slurm.SlurmTrouble, match="no Slurm: the command sbatch was not found"):
        handed(folder, [path])
    assert free(path)


def test_one_that_is_worked_on_keeps_the_array_from_being_made(faked: Faked, folder: Path) -> None:
    paths = made(folder, 2)
    with capsule.lock(paths[1]), pytest.raises(capsule.WorkerAlive):
        handed(folder, paths)
    assert all(map(free, paths)) and not faked.asked("sbatch")


def test_what_a_killed_submission_leaves_is_taken_back(faked: Faked, folder: Path) -> None:
    faked.does("sbatch", "kill -9 $PPID")
    (path,) = made(folder)
    code = (
        "import sys; from pathlib import Path; from secure_storage import SlurmSettings;"
        "from transcribe import array; path = Path(sys.argv[1]);"
        "array.submit(path.parent, [(path, bytes(32))], SlurmSettings())"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert not free(path)
    faked.does("squeue", "")
    array.tend(folder)
    assert free(path) and capsule.progress(path).stopped


def test_a_full_disk_is_told_and_leaves_no_key(
    faked: Faked, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths, sync = made(folder, 2), os.fsync

    def full(file: int) -> None:
        if "array-key" in str(Path(f"/proc/self/fd/{file}").readlink()):
            raise OSError(28, "No space left on device")
        sync(file)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskFull):
        handed(folder, paths)
    assert not faked.asked("sbatch")
    assert not [one for path in paths for one in path.iterdir() if "key" in one.name]


def test_locks_hold_where_flock_is_made_of_other_locks(
    faked: Faked, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = fcntl.flock

    def nfs(file: IO[bytes], kind: int) -> None:
        reading = fcntl.fcntl(file, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY
        if kind & fcntl.LOCK_EX and reading:
            raise OSError(errno.EBADF, "Bad file descriptor")
        real(file, kind)

    monkeypatch.setattr(fcntl, "flock", nfs)
    (path,) = made(folder)
    handed(folder, [path])
    with capsule.lock(path):
        assert capsule.progress(path).alive


def test_a_file_system_without_locks_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def without(file: IO[bytes], kind: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    (path,) = made(folder)
    monkeypatch.setattr(fcntl, "flock", without)
    for act in (capsule.lock, capsule.progress):
        with pytest.raises(capsule.NoLocks, match="does not lock files"):
            act(path)


def test_a_key_is_overwritten_also_when_it_was_only_half_put_there(folder: Path) -> None:
    for end in (array.take_back, lambda one: array.cancel(folder, one), array.remove):
        (path,) = made(folder)
        names = [path / ".array-key", path / "array-key"]
        copies = []
        for one in names:
            one.write_bytes(KEY)
            copies.append(one.open("rb"))
        end(path)
        assert not any(one.exists() for one in names)
        for copy in copies:
            with copy:
                assert KEY not in copy.read()


# While it runs


def test_only_what_slurm_does_not_know_is_taken_back(faked: Faked, folder: Path) -> None:
    kept, lost = made(folder, 2)
    known = handed(folder, [kept])
    handed(folder, [lost])
    faked.does("squeue", f"echo {known}; echo of-somebody-else")
    array.tend(folder)
    assert free(lost) and not free(kept)
    assert not capsule.progress(kept).stopped and capsule.progress(lost).stopped


def test_nothing_is_taken_back_while_slurm_is_silent(faked: Faked, folder: Path) -> None:
    (path,) = made(folder)
    handed(folder, [path])
    faked.does("squeue", 'echo "squeue: error: Unable to contact slurm controller" >&2; exit 1')
    array.tend(folder)
    assert array.silent(folder) and not free(path)
    faked.does("squeue", "")
    array.tend(folder)
    assert not array.silent(folder) and free(path)


def test_cancelling_the_last_one_takes_the_array_out_of_slurm(faked: Faked, folder: Path) -> None:
    first, last = made(folder, 2)
    name = handed(folder, [first, last])
    assert array.cancel(folder, first) == ""
    assert free(first) and capsule.progress(first).state == "cancelled"
    capsule.write_progress(last, "running")
    assert array.cancel(folder, last) == name
    array.drop(name)
    assert not (last / "array-key").exists()
    assert capsule.elsewhere(last) is not None  # its task is still to take it back
    assert f"--name={name}" in faked.asked("scancel")[0]


def test_a_task_runs_again_unless_slurm_is_ending_it(
    faked: Faked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLURM_ARRAY_JOB_ID", "7")
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "2")
    faked.does("squeue", "echo COMPLETING")
    slurm.requeue()
    assert not faked.asked("scontrol")
    faked.does("squeue", "echo RUNNING")
    slurm.requeue()
    assert faked.asked("scontrol") == ["scontrol requeue 7_2"]


def test_a_process_of_another_machine_is_not_mistaken_for_one_of_ours(folder: Path) -> None:
    (path,) = made(folder)
    with subprocess.Popen(["sleep", "60"]) as bystander, capsule.lock(path):
        capsule.write_progress(path, "running")
        told = json.loads((path / "progress.json").read_bytes())
        for machine in (told["machine"] + 1, None):
            told |= {"process": bystander.pid, "machine": machine}
            (path / "progress.json").write_text(json.dumps(told))
            capsule.cancel(path)
        assert bystander.poll() is None
        bystander.kill()


# What a task does


def test_a_task_works_on_its_own_capsules_and_says_nothing(faked: Faked, folder: Path) -> None:
    paths = made(folder, 5)
    name = handed(folder, paths)
    mine = [path for path in paths if str(capsule.elsewhere(path)).endswith(" 1")]
    keyless, held, *_ = [*mine, *mine]
    (keyless / "array-key").unlink()
    with capsule.lock(held):  # by a node that was given up, say
        run = task(folder, name, 1)
        while not free(keyless):
            time.sleep(0.05)
        assert run.poll() is None
    said, _ = run.communicate()
    assert (run.returncode, said) == (0, b"")
    assert capsule.progress(keyless).state == "queued"
    outcome = capsule.result(held, KEY)
    assert isinstance(outcome, Failure) and "audio or video" in outcome.message
    assert free(held) and capsule.progress(held).state == "failed"
    assert not any(free(path) for path in paths if path not in mine)


ENDS = """
import shutil, sys
from pathlib import Path
from transcribe import array, capsule, work

def ends(handed):
    one = next(handed)
    if sys.argv[3] == "FULL":
        capsule.note_full(one.path)
    if sys.argv[4] == "kept":
        capsule.put(one.path, "kept-batch-00000", b"{}", one.key)
    if sys.argv[3] == "GPU_LOST":
        capsule.put_result(one.path, capsule.Failure("It was lost.", again=True), one.key)
        capsule.write_progress(one.path, "failed")
    if sys.argv[3] == "REMOVED":
        shutil.rmtree(one.path)
        work.work_through = others
        return work.Ended.FULL
    return work.Ended[sys.argv[3]]

def others(handed):
    for one in handed:
        capsule.write_progress(one.path, "done")
        one.held.close()
    return work.Ended.SETTLED

work.work_through = ends
sys.exit(array.array_command(Path(sys.argv[1]), sys.argv[2]))
"""


def ends(faked: Faked, folder: Path, ended: str, fruitless: int = 0) -> list[Path]:
    """Run a task on two capsules that comes to such an end, ``fruitless`` turns after the last."""
    paths = made(folder, 2)
    name = handed(folder, paths)
    for path in paths:
        (path / "fruitless").write_text(str(fruitless))
    faked.does("squeue", "echo RUNNING")
    subprocess.run(
        [sys.executable, "-c", ENDS, str(folder), name, *f"{ended} ".split(" ")[:2]],
        env={**os.environ, "SLURM_ARRAY_JOB_ID": "7", "SLURM_ARRAY_TASK_ID": "0",
             "SLURM_RESTART_COUNT": "9"},
        check=False,
    )  # fmt: skip
    return paths


@pytest.mark.parametrize(
    ("ended", "fruitless", "again"),
    [
        ("STOPPED", 1, True),
        ("STOPPED", 2, False),
        ("STOPPED kept", 2, True),
        ("GPU_LOST", 1, True),
        ("GPU_LOST", 2, False),
        ("GPU_LOST kept", 2, True),
        ("FULL", 0, False),
    ],
)
def test_what_a_task_leaves_is_run_again_or_taken_back(
    faked: Faked, folder: Path, ended: str, fruitless: int, again: bool
) -> None:
    first, second = ends(faked, folder, ended, fruitless)
    assert bool(faked.asked("scontrol")) == again
    assert free(second) != again
    # The one with which the GPU was lost has its words, and its key goes at once.
    assert free(first) == (ended.startswith("GPU_LOST") or not again)
    if again:
        assert (second / "fruitless").read_text() == ("0" if "kept" in ended else "2")
    elif ended != "FULL":
        outcome = capsule.result(second, KEY)
        assert isinstance(outcome, Failure) and outcome.again and "[slurm]" in outcome.message


def test_a_capsule_removed_under_a_task_does_not_keep_it_from_the_others(
    faked: Faked, folder: Path
) -> None:
    first, second = ends(faked, folder, "REMOVED")
    assert not first.exists() and free(second)
    assert not faked.asked("scontrol")


# In a study


def test_the_recordings_of_a_study_go_as_one_array_and_come_back(
    cluster_study: Study, faked: Faked, tone: Tone
) -> None:
    study = cluster_study
    options = TranscribeOptions(model="demo")
    recordings = [
        add_recording(study, f"Talk {n}", 1, [tone(f"{n}.wav", hertz=200.0 + n)]) for n in range(3)
    ]
    numbers = start_jobs(study, recordings, options, on_slurm=True)
    look(study)
    assert len(faked.asked("sbatch")) == 1
    look(study)
    assert {(job.state, job.cluster) for job in jobs(study)} == {("running", "has it")}
    faked.does("squeue", "exit 1")
    look(study)
    assert {job.cluster for job in jobs(study)} == {"is silent"}
    faked.does("squeue", "")  # the array is gone, whatever ended it
    look(study)
    assert {job.state for job in jobs(study)} == {"interrupted"}
    assert all(free(path) for path in (study.home / "jobs").iterdir())
    faked.knows_all()
    resume_job(study, numbers[1])
    look(study)
    assert len(faked.asked("sbatch")) == 2
    assert store.job(study, numbers[1]).state == "running"
    cancel_job(study, numbers[1])
    assert store.job(study, numbers[1]).state == "cancelled"
    assert faked.asked("scancel")


def test_a_refused_array_fails_its_jobs_in_words_and_can_be_tried_again(
    cluster_study: Study, faked: Faked, tone: Tone
) -> None:
    study = cluster_study
    faked.does("sbatch", 'echo "sbatch: error: Invalid account" >&2; exit 1')
    recording = add_recording(study, "Talk", 1, [tone()])
    (number,) = start_jobs(study, [recording], TranscribeOptions(model="demo"), on_slurm=True)
    look(study)
    (job,) = jobs(study)
    assert job.state == "failed" and "Invalid account" in job.message
    faked.does("sbatch", "")
    resume_job(study, number)
    look(study)
    assert jobs(study)[0].state == "running"


def test_jobs_of_which_one_cannot_be_made_are_all_not_made(
    cluster_study: Study, faked: Faked, tone: Tone
) -> None:
    study = cluster_study
    recording = add_recording(study, "Talk", 1, [tone()])
    with pytest.raises(BadInput):
        start_jobs(study, [recording, 99], TranscribeOptions(model="demo"), on_slurm=True)
    assert jobs(study) == [] and list((study.home / "jobs").iterdir()) == []
    assert not faked.asked("sbatch")


def test_nobody_waits_for_a_slurm_that_does_not_answer(
    cluster_study: Study, faked: Faked, tone: Tone
) -> None:
    study = cluster_study
    recording = add_recording(study, "Talk", 1, [tone()])
    pipe = faked.folder / "never"
    os.mkfifo(pipe)
    faked.does("sbatch", f"read word < {pipe}")  # until somebody writes
    (number,) = start_jobs(study, [recording], TranscribeOptions(model="demo"), on_slurm=True)
    while not faked.asked("sbatch"):
        time.sleep(0.02)
    tend(study)
    take_in(study)
    assert store.job(study, number).state == "queued"
    cancel_job(study, number)
    pipe.write_text("go on\n")  # all that went before it did not wait for this
    look(study)
    assert store.job(study, number).state == "cancelled"
    assert all(free(path) for path in (study.home / "jobs").iterdir())


def test_one_damaged_job_keeps_no_other_from_the_cluster(
    cluster_study: Study, faked: Faked, tone: Tone, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = cluster_study
    recordings = [
        add_recording(study, f"Talk {n}", 1, [tone(f"{n}.wav", hertz=200.0 + n)]) for n in range(3)
    ]
    faked.does("sbatch", "exit 1")
    numbers = start_jobs(study, recordings, TranscribeOptions(model="demo"), on_slurm=True)
    look(study)
    faked.does("sbatch", "")
    paths = [study.home / "jobs" / store.job(study, one).capsule for one in numbers]
    with monkeypatch.context() as patch:
        patch.setattr(sys.modules["transcribe.jobs"], "watch", lambda study: None)
        for number in numbers:
            resume_job(study, number)
    (paths[0] / "lock").unlink()
    (paths[1] / "options").write_bytes(b"damaged")
    look(study)
    assert [store.job(study, one).state for one in numbers] == ["failed", "failed", "running"]
    assert free(paths[0]) and free(paths[1]) and not free(paths[2])


def test_a_job_whose_node_was_lost_can_be_cancelled_and_cleared_away(
    cluster_study: Study, faked: Faked, tone: Tone
) -> None:
    study = cluster_study
    recording = add_recording(study, "Talk", 1, [tone()])
    (number,) = start_jobs(study, [recording], TranscribeOptions(model="demo"), on_slurm=True)
    look(study)
    (path,) = (study.home / "jobs").iterdir()
    capsule.write_progress(path, "running")
    with capsule.lock(path):  # as the server of files has it for a node that is no more
        with pytest.raises(BadInput, match="Cancel it first"):
            discard_job(study, number)
        cancel_job(study, number)
        assert store.job(study, number).state == "cancelled"
        discard_job(study, number)
    assert not path.exists()


def test_without_a_cluster_a_job_goes_on_here(
    cluster_study: Study, faked: Faked, tone: Tone
) -> None:
    study = cluster_study
    faked.does("sbatch", "exit 1")
    recording = add_recording(study, "Talk", 1, [tone()])
    (number,) = start_jobs(study, [recording], TranscribeOptions(model="demo"), on_slurm=True)
    look(study)
    (study.home / "fokus.toml").unlink()
    (path,) = (study.home / "jobs").iterdir()
    assert array.wanted(path)
    resume_job(study, number)
    assert not array.wanted(path) and capsule.progress(path).alive


def test_a_study_at_work_is_not_closed(cluster_study: Study, faked: Faked, tone: Tone) -> None:
    study = cluster_study
    recording = add_recording(study, "Talk", 1, [tone()])
    start_jobs(study, [recording], TranscribeOptions(model="demo"), on_slurm=True)
    look(study)
    with pytest.raises(BadInput, match="being transcribed"):
        close_study(study, "Care at home", None)
    assert not study.closed


def page(study: Study) -> AppTest:
    def script(study: "Study") -> None:  # noqa: UP037  (it runs without our imports)
        from transcribe.page import recordings_page

        recordings_page(study)

    return AppTest.from_function(script, args=(study,), default_timeout=60).run()


def test_the_page_offers_the_cluster_where_there_is_one(
    cluster_study: Study, faked: Faked, tone: Tone
) -> None:
    study = cluster_study
    for number in range(2):
        add_recording(study, f"Talk {number}", 1, [tone(f"{number}.wav", hertz=300.0 + number)])
    at = page(study)
    next(one for one in at.multiselect if one.label == "Recordings").set_value([1, 2])
    at.run()
    (box,) = [one for one in at.checkbox if "Slurm" in one.label]
    assert box.value
    at.button("transcribe").click().run()
    assert not at.exception
    look(study)
    (asked,) = faked.asked("sbatch")
    assert "--array=0-0" in asked.split()
    assert {_said(job) for job in jobs(study)} == {"Waiting for its turn on the cluster"}
    faked.does("squeue", "exit 1")
    look(study)
    assert {_said(job) for job in jobs(study)} == {
        "The cluster does not answer; what it runs goes on"
    }
    for job in jobs(study):
        cancel_job(study, job.id)
    (study.home / "fokus.toml").unlink()
    assert not [one for one in page(study).checkbox if "Slurm" in one.label]


# Without a study


def arguments(out: Path, *files: Path) -> list[str]:
    return ["transcribe", "--slurm", *map(str, files), "--out", str(out), "--model", "demo"]


def test_a_command_that_slurm_refuses_leaves_nothing(
    faked: Faked, tmp_path: Path, tone: Tone, capsys: pytest.CaptureFixture[str]
) -> None:
    faked.does("sbatch", 'echo "sbatch: error: Invalid account" >&2; exit 1')
    out = tmp_path / "out"
    assert app.main(arguments(out, tone())) == 1
    assert "Slurm refused: «sbatch: error: Invalid account»" in capsys.readouterr().err
    assert not out.exists()
    lost = "sbatch: error: Batch job submission failed: Unable to contact slurm controller"
    faked.does("sbatch", f'echo "{lost}" >&2; exit 1')
    out.mkdir()
    assert app.main(arguments(out, tone())) == 1
    said = capsys.readouterr().err
    assert f"Slurm cannot be reached: «{lost}»" in said and "refused" not in said
    assert list(out.iterdir()) == [], "a folder that was there before stays"


def test_an_interrupted_command_cancels_and_removes_everything(
    faked: Faked, tmp_path: Path, tone: Tone
) -> None:
    out = tmp_path / "out"
    command = [*FOKUS, *arguments(out, tone())]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE) as run:
        assert run.stderr is not None
        while b"0 of 1 done, 1 waiting" not in (line := run.stderr.readline()):
            assert line, "it ended"
        run.send_signal(signal.SIGINT)
        run.stderr.read()
    assert run.returncode == 130
    assert faked.asked("scancel") and not out.exists()


def test_a_recording_whose_task_was_lost_goes_on_with_the_same_command(
    faked: Faked, tmp_path: Path, tone: Tone, capsys: pytest.CaptureFixture[str]
) -> None:
    faked.does("squeue", "")
    out, file = tmp_path / "out", tone()
    for _ in range(2):
        assert app.main(arguments(out, file)) == 1
        assert "Slurm ended its task before it was done" in capsys.readouterr().err
    assert len(faked.asked("sbatch")) == 2
    (path,) = (out / ".fokus-slurm" / "jobs").iterdir()

    (entry,) = json.loads((out / ".fokus-slurm" / "list").read_bytes())
    said = Transcription("en", (Turn("SPEAKER_00", (Sentence("It helps.", 0.0, 1.0),)),))
    capsule.put_result(path, said, bytes.fromhex(entry["key"]))
    capsule.write_progress(path, "done")
    assert app.main(arguments(out, file)) == 0
    assert "It helps." in (out / "talk.txt").read_text()
    assert [one.name for one in out.iterdir()] == ["talk.txt"]
    assert "It helps" not in capsys.readouterr().err


def test_a_failure_that_may_pass_keeps_what_was_done(
    faked: Faked, tmp_path: Path, tone: Tone, capsys: pytest.CaptureFixture[str]
) -> None:
    faked.does("squeue", "")
    out, file = tmp_path / "out", tone()
    app.main(arguments(out, file))
    (path,) = (out / ".fokus-slurm" / "jobs").iterdir()
    (entry,) = json.loads((out / ".fokus-slurm" / "list").read_bytes())
    key = bytes.fromhex(entry["key"])
    capsule.put(path, "kept-batch-00000", b"{}", key)
    capsule.put_result(path, Failure("The card was lost.", again=True), key)
    capsule.write_progress(path, "failed")
    knows = "echo $(sed -n 's/.*--job-name=\\([^ ]*\\).*/\\1/p' {0}/asked)\n{1} -c '{2}' {3}"
    fail = "import sys; from pathlib import Path; from transcribe import capsule;"
    fail += "path, key = Path(sys.argv[1]), bytes.fromhex(sys.argv[2]);"
    fail += 'capsule.put_result(path, capsule.Failure("Lost again.", again=True), key);'
    fail += 'capsule.write_progress(path, "failed")'
    body = knows.format(faked.folder, sys.executable, fail, f"{path} {key.hex()}")
    capsys.readouterr()
    faked.does("sbatch", body)
    assert app.main(arguments(out, file)) == 1
    assert "Lost again. The same command goes on with it" in capsys.readouterr().err
    assert (path / "kept-batch-00000").exists()


def test_other_options_for_what_is_under_way_are_refused(
    faked: Faked, tmp_path: Path, tone: Tone, capsys: pytest.CaptureFixture[str]
) -> None:
    faked.does("squeue", "")
    out, file = tmp_path / "out", tone()
    app.main([*arguments(out, file), "--language", "no"])
    capsys.readouterr()
    assert app.main([*arguments(out, file), "--language", "sv"]) == 1
    assert "other options" in capsys.readouterr().err
    assert len(faked.asked("sbatch")) == 1


def test_a_second_command_into_the_same_folder_is_refused(
    faked: Faked, tmp_path: Path, tone: Tone, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "out" / ".fokus-slurm"
    place.mkdir(parents=True)
    with (place / "lock").open("wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert app.main(arguments(tmp_path / "out", tone())) == 1
    assert "Another command transcribes into" in capsys.readouterr().err
    assert not faked.asked("sbatch")
