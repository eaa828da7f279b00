"""Sealed jobs with real worker processes."""

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from secure_storage import BadInput, DamagedFile, DiskFull, new_key
from transcribe import TranscribeOptions, Transcription, capsule
from transcribe.capsule import Failure, WorkerAlive
from transcribe.hand_over import Worker
from transcribe.work import Ended, work

CANARY = "Xylophone quagmire"
KEY = new_key()
PATIENCE = 300.0
"""Seconds a worker may take on a busy machine; only a broken one needs them."""


def slices(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while data := stream.read(50_000):
            yield data


@pytest.fixture
def canary_model(scripted_model: Callable[..., Path]) -> Path:
    return scripted_model((0.0, f"{CANARY} today.", 3.0))


@pytest.fixture
def job(tmp_path: Path, spoken_wav: Path, canary_model: Path) -> Path:
    options = TranscribeOptions(model=str(canary_model), speakers=2)
    return capsule.create(tmp_path / "jobs", [(slices(spoken_wav), 0.0)], options, KEY)


def wait_until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "the worker does not come to an end"
        time.sleep(0.02)


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


@contextmanager
def a_worker(*jobs: Path) -> Iterator[Worker]:
    """One that is handed these capsules, and is gone afterwards."""
    worker = Worker()
    try:
        for one in jobs:
            assert worker.hand_over(one, KEY)
        worker.let_go()
        yield worker
    finally:
        if not worker.ended():
            os.kill(worker.process, signal.SIGKILL)
            worker.wait(PATIENCE)


def test_a_worker_turns_sealed_sound_into_a_sealed_transcription(
    job: Path, spoken_wav: Path, tmp_path: Path
) -> None:
    assert capsule.progress(job).state == "queued"
    with a_worker(job) as worker:
        assert capsule.progress(job).alive
        with pytest.raises(WorkerAlive):
            worker.hand_over(job, KEY)
        assert KEY.hex() not in Path(f"/proc/{worker.process}/cmdline").read_text()
        assert KEY not in Path(f"/proc/{worker.process}/environ").read_bytes()
        assert worker.wait(PATIENCE) == 0
    told = capsule.progress(job)
    assert (told.state, told.alive, told.full) == ("done", False, False)
    found = capsule.result(job, KEY)
    assert isinstance(found, Transcription)
    text = " ".join(s.text for turn in found.turns for s in turn.sentences)
    assert CANARY in text
    kept = everything_in(tmp_path / "jobs")
    assert CANARY.encode() not in kept
    assert spoken_wav.read_bytes()[1000:1100] not in kept
    assert KEY not in kept
    assert set("0123456789") >= set(
        re.sub(r"[\[\]{}:, -]", "", re.sub(r'"[a-z]+"', "", (job / "progress.json").read_text()))
    )


def test_a_killed_worker_is_noticed_and_its_work_is_not_lost(job: Path) -> None:
    with a_worker(job) as worker:
        wait_until(lambda: (job / "kept-batch-00000").exists() or worker.ended())
        os.kill(worker.process, signal.SIGKILL)
        worker.wait(PATIENCE)
    told = capsule.progress(job)
    assert (told.state, told.alive, told.full) == ("running", False, False)
    assert told.stopped
    batch = (job / "kept-batch-00000").read_bytes()
    assert work(job, KEY) == Ended.SETTLED
    assert (job / "kept-batch-00000").read_bytes() == batch
    resumed = capsule.get(job, "result", KEY)
    for path in job.glob("kept-*"):
        path.unlink()
    (job / "result").unlink()
    assert work(job, KEY) == Ended.SETTLED
    assert capsule.get(job, "result", KEY) == resumed


def test_cancelling_ends_the_worker_and_can_be_taken_back(job: Path) -> None:
    with a_worker(job) as worker:
        wait_until(lambda: capsule.progress(job).state == "running")
        capsule.cancel(job)
        worker.wait(PATIENCE)
    assert capsule.progress(job).state == "cancelled"
    assert capsule.result(job, KEY) is None
    assert work(job, KEY) == Ended.SETTLED  # still asked to stop
    assert capsule.progress(job).state == "cancelled"
    capsule.clear_for_another_try(job)
    assert work(job, KEY) == Ended.SETTLED
    assert capsule.progress(job).state == "done"


def test_a_job_that_waits_can_be_cancelled(job: Path) -> None:
    capsule.cancel(job)
    assert capsule.progress(job).state == "cancelled"


@pytest.mark.parametrize(
    ("sound", "message"), [(b"this is no sound " * 99, "not an audio"), (b"", "empty")]
)
def test_bad_sound_is_a_failure_with_a_message(tmp_path: Path, sound: bytes, message: str) -> None:
    path = capsule.create(tmp_path, [([sound], 0.0)], TranscribeOptions(), KEY)
    assert work(path, KEY) == Ended.SETTLED
    found = capsule.result(path, KEY)
    assert isinstance(found, Failure) and message in found.message
    assert capsule.progress(path).state == "failed"


def test_a_missing_model_is_a_failure_that_says_what_to_do(
    tmp_path: Path, spoken_wav: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOKUS_MODELS", str(tmp_path / "none"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "none"))
    options = TranscribeOptions(model="large-v3")
    path = capsule.create(tmp_path / "jobs", [(slices(spoken_wav), 0.0)], options, KEY)
    work(path, KEY)
    found = capsule.result(path, KEY)
    assert isinstance(found, Failure) and "not installed" in found.message


def test_another_key_opens_nothing(tmp_path: Path) -> None:
    path = capsule.create(tmp_path, [([b"sound"], 0.0)], TranscribeOptions(), KEY)
    with pytest.raises(DamagedFile):
        capsule.read_options(path, new_key())
    assert capsule.read_options(path, KEY) == (TranscribeOptions(), (0.0,))


def test_files_of_a_capsule_cannot_be_swapped(tmp_path: Path) -> None:
    parts = [([b"one"], 0.0), ([b"two"], 1.0)]
    path = capsule.create(tmp_path, parts, TranscribeOptions(), KEY)
    (path / "part-000").write_bytes((path / "part-001").read_bytes())
    with pytest.raises(DamagedFile), capsule.open_part(path, 0, KEY):
        pass
    with capsule.open_part(path, 1, KEY) as stream:
        assert stream.read() == b"two"


def test_a_capsule_that_cannot_be_made_leaves_nothing(tmp_path: Path) -> None:
    def unreadable() -> Iterator[bytes]:
        yield b"half"
        raise BadInput("vanished")

    with pytest.raises(BadInput):
        capsule.create(tmp_path, [(unreadable(), 0.0)], TranscribeOptions(), KEY)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_keeps_what_was_there(tmp_path: Path) -> None:
    path = capsule.create(tmp_path, [([b"one"], 0.0)], TranscribeOptions(), KEY)
    before = sorted(file.name for file in path.iterdir())

    def full() -> Iterator[bytes]:
        yield b"half"
        raise OSError(28, "No space left on device")

    with pytest.raises(DiskFull):
        capsule._put(path, "part-000", full(), KEY)
    assert sorted(file.name for file in path.iterdir()) == before
    assert capsule.get(path, "part-000", KEY) == b"one"


def test_a_damaged_progress_file_is_told(tmp_path: Path) -> None:
    path = capsule.create(tmp_path, [([b"one"], 0.0)], TranscribeOptions(), KEY)
    (path / "progress.json").write_text("{")
    with pytest.raises(DamagedFile):
        capsule.progress(path)
