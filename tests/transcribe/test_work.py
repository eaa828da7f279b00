"""Workers on real capsules: several in a row, stopped, cancelled, short of disk or GPU."""

import json
import os
import resource
import shutil
import signal
import time
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from secure_storage import BadInput, DamagedFile, new_key
from transcribe import TranscribeOptions, Transcription, capsule
from transcribe.capsule import Failure, OtherVersion, WorkerAlive
from transcribe.hand_over import Handed, Worker
from transcribe.loaded import Loaded
from transcribe.pace import StepProgress
from transcribe.recognise import load_engine
from transcribe.work import Ended, work, work_through

KEY = new_key()
PATIENCE = 300.0
"""Seconds a worker may take on a busy machine; only a broken one needs them."""


@pytest.fixture(autouse=True)
def signals_as_before() -> Iterator[None]:
    """The worker's loop takes SIGTERM for its process."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="session")
def short_talk(spoken_wav: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Some seconds of two people talking."""
    path = tmp_path_factory.mktemp("sound") / "talk.wav"
    with wave.open(str(spoken_wav)) as sound, wave.open(str(path), "wb") as out:
        out.setparams(sound.getparams())
        sound.setpos(6 * sound.getframerate())
        out.writeframes(sound.readframes(8 * sound.getframerate()))
    return path.read_bytes()


@pytest.fixture
def make(
    tmp_path: Path, short_talk: bytes, scripted_model: Callable[..., Path]
) -> Callable[..., Path]:
    """Make a capsule of somebody talking."""
    model = scripted_model((0.0, "It helps at home.", 2.0))

    def one(model: Path = model) -> Path:
        options = TranscribeOptions(model=str(model), language="en", speakers=1)
        return capsule.create(tmp_path / "jobs", [([short_talk], 0.0)], options, KEY)

    return one


@pytest.fixture
def quiet(tmp_path: Path, scripted_model: Callable[..., Path]) -> Path:
    """A capsule in which nobody talks."""
    path = tmp_path / "quiet.wav"
    with wave.open(str(path), "wb") as out:
        out.setparams((1, 2, 8000, 0, "NONE", ""))
        out.writeframes(bytes(32_000))
    options = TranscribeOptions(model=str(scripted_model((0.0, "It helps at home.", 2.0))))
    return capsule.create(tmp_path / "jobs", [([path.read_bytes()], 0.0)], options, KEY)


def handed(paths: list[Path]) -> Iterator[Handed]:
    for path in paths:
        yield Handed(path, KEY, capsule.lock(path))


def states(paths: list[Path]) -> list[str]:
    return [capsule.progress(path).state for path in paths]


def wait_until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "the worker does not get on"
        time.sleep(0.02)


@contextmanager
def a_worker() -> Iterator[Worker]:
    worker = Worker()
    try:
        yield worker
    finally:
        worker.let_go()
        if not worker.ended():
            os.kill(worker.process, signal.SIGKILL)
            worker.wait(PATIENCE)


def test_recordings_in_a_row_share_one_recogniser(
    make: Callable[..., Path], scripted_model: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    loads: list[str] = []

    def counted(file: Any, options: TranscribeOptions) -> Any:
        loads.append(file.path.parent.name)
        return load_engine(file, options)

    monkeypatch.setattr("transcribe.loaded.load_engine", counted)
    other = scripted_model((0.0, "Yes.", 1.0))
    paths = [make(), make(), make(other)]
    assert work_through(handed(paths)) == Ended.SETTLED
    assert states(paths) == ["done"] * 3
    assert len(loads) == 2 and loads[1] == other.parent.name
    first, second, third = (capsule.result(path, KEY) for path in paths)
    assert isinstance(first, Transcription) and first.turns
    assert first == second != third
    assert not any(capsule.progress(path).alive for path in paths)


def test_a_capsule_that_fails_does_not_hold_up_the_others(make: Callable[..., Path]) -> None:
    paths = [make(), make()]
    (paths[0] / "part-000").write_bytes(b"damaged")
    assert work_through(handed(paths)) == Ended.SETTLED
    assert states(paths) == ["failed", "done"]


def test_a_capsule_that_was_removed_does_not_hold_up_the_others(
    make: Callable[..., Path], quiet: Path
) -> None:
    gone = make()
    held = [*handed([gone, quiet])]
    shutil.rmtree(gone)
    assert work_through(iter(held)) == Ended.SETTLED
    assert states([quiet]) == ["done"]
    assert not gone.exists()


def test_a_worker_asked_to_stop_keeps_what_is_finished_and_leaves_the_rest(
    make: Callable[..., Path],
) -> None:
    paths = [make(), make()]
    with a_worker() as worker:
        assert all(worker.hand_over(path, KEY) for path in paths)
        wait_until(lambda: capsule.progress(paths[0]).state == "running" or worker.ended())
        os.kill(worker.process, signal.SIGTERM)
        assert worker.wait(PATIENCE) == Ended.STOPPED
    assert states(paths) == ["queued", "queued"]
    assert not any(capsule.progress(path).alive for path in paths)
    kept = {one.name: one.read_bytes() for one in paths[0].glob("kept-*")}
    assert work(paths[0], KEY) == Ended.SETTLED
    assert states(paths) == ["done", "queued"]
    assert all((paths[0] / name).read_bytes() == data for name, data in kept.items())


def test_what_is_cancelled_while_it_waits_is_let_go_and_more_is_taken(
    make: Callable[..., Path], quiet: Path
) -> None:
    first, second, third = make(), make(), quiet
    with a_worker() as worker:
        assert worker.hand_over(first, KEY) and worker.hand_over(second, KEY)
        assert capsule.progress(first).alive and capsule.progress(second).alive
        capsule.cancel(second)
        wait_until(lambda: not capsule.progress(second).alive)
        assert capsule.progress(second).state == "cancelled"
        assert capsule.progress(first).alive and not worker.ended()
        assert worker.hand_over(third, KEY)  # while it lives
        worker.let_go()  # the app may go: what was handed over is done all the same
        assert worker.wait(PATIENCE) == 0
    assert states([first, second, third]) == ["done", "cancelled", "done"]
    assert capsule.result(second, KEY) is None


def test_cancelling_the_one_at_work_frees_those_that_wait(make: Callable[..., Path]) -> None:
    first, second = make(), make()
    with a_worker() as worker:
        assert worker.hand_over(first, KEY) and worker.hand_over(second, KEY)
        wait_until(lambda: capsule.progress(first).state == "running")
        capsule.cancel(first)
        worker.wait(PATIENCE)
        assert not worker.hand_over(make(), KEY)  # it has ended
    assert states([first, second]) == ["cancelled", "queued"]
    assert not capsule.progress(second).alive


def test_one_cancelled_elsewhere_stops_at_its_next_step_and_the_others_go_on(
    make: Callable[..., Path],
) -> None:
    paths = [make(), make()]
    for path in paths:
        capsule.note_elsewhere(path, "17")
    held = handed(paths)
    capsule.cancel(paths[0])
    assert work_through(held) == Ended.SETTLED
    assert states(paths) == ["cancelled", "done"]


def test_what_is_elsewhere_is_neither_dead_nor_killed_from_here(make: Callable[..., Path]) -> None:
    path = make()
    capsule.note_elsewhere(path, "17")
    assert capsule.elsewhere(path) == "17"
    capsule.write_progress(path, "running")  # under the number of this process
    told = capsule.progress(path)
    assert not told.alive and told.elsewhere and not told.stopped
    with capsule.lock(path):
        capsule.cancel(path)  # else this test would have ended here
    capsule.clear_for_another_try(path)
    assert capsule.elsewhere(path) is None
    assert capsule.progress(path).state == "queued"


@pytest.mark.parametrize(
    ("error", "words", "ended"),
    [
        (RuntimeError("CUDA error: unspecified launch failure"), "graphics card", Ended.GPU_LOST),
        (RuntimeError("CUDA failed with error unknown error"), "graphics card", Ended.GPU_LOST),
        (RuntimeError("CUDA error: out of memory"), "memory", Ended.SETTLED),
        (RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"), "memory", Ended.SETTLED),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED"), "memory", Ended.SETTLED),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "memory", Ended.SETTLED),
        (MemoryError(), "memory", Ended.SETTLED),
        (ValueError("It helps at home."), "fault in Fokus (ValueError)", Ended.SETTLED),
    ],
)
def test_what_breaks_in_the_middle_is_told_in_words(
    make: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    words: str,
    ended: Ended,
) -> None:
    path, after = make(), make()

    def break_down(*_: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(Loaded, "engine", break_down)
        assert work_through(handed([path, after])) == ended
    # Whoever lost the GPU leaves the others to a new process.
    assert states([path, after]) == ["failed", "queued" if ended else "failed"]
    said = capsule.result(path, KEY)
    assert isinstance(said, Failure) and words in said.message
    assert "helps" not in said.message


def test_a_gpu_lost_behind_other_words_is_seen(
    make: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make()

    def lost(*_: object) -> None:
        raise BadInput("The model cannot be loaded.") from RuntimeError("CUDA error: lost")

    monkeypatch.setattr(Loaded, "engine", lost)
    assert work(path, KEY) == Ended.GPU_LOST
    assert capsule.result(path, KEY) == Failure("The model cannot be loaded.")


def test_what_failed_goes_on_when_it_is_cleared_for_another_try(
    make: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make()

    def lost(*_: object) -> None:
        raise RuntimeError("CUDA error: unspecified launch failure")

    with monkeypatch.context() as patch:
        patch.setattr(Loaded, "engine", lost)
        assert work(path, KEY) == Ended.GPU_LOST
    assert work(path, KEY) == Ended.SETTLED  # it has its result
    assert states([path]) == ["failed"]
    capsule.clear_for_another_try(path)
    assert work(path, KEY) == Ended.SETTLED
    assert states([path]) == ["done"]


def test_a_checkpoint_that_finds_no_room_stops_the_worker_and_is_taken_up_again(
    make: Callable[..., Path],
) -> None:
    paths = [make(), make()]
    with a_worker() as worker:
        # Its files may hold progress, but no batch.
        resource.prlimit(worker.process, resource.RLIMIT_FSIZE, (250, 250))
        assert all(worker.hand_over(path, KEY) for path in paths)
        assert worker.wait(PATIENCE) == Ended.FULL
    told, waiting = capsule.progress(paths[0]), capsule.progress(paths[1])
    assert told.full and told.stopped
    assert (waiting.state, waiting.alive, waiting.full) == ("queued", False, False)
    capsule.clear_for_another_try(paths[0])
    assert not capsule.progress(paths[0]).full
    assert work(paths[0], KEY) == Ended.SETTLED
    assert states(paths) == ["done", "queued"]


def test_a_capsule_from_a_newer_version_is_refused_in_words(make: Callable[..., Path]) -> None:
    path = make()
    options = json.loads(capsule.get(path, "options", KEY) or b"")
    capsule.put(path, "options", json.dumps({**options, "format": 99}).encode(), KEY)
    assert work(path, KEY) == Ended.SETTLED
    said = capsule.result(path, KEY)
    assert isinstance(said, Failure) and "newer version of Fokus" in said.message
    told = json.loads((path / "progress.json").read_bytes())
    (path / "progress.json").write_text(json.dumps({**told, "format": 99}))
    with pytest.raises(OtherVersion, match="newer version of Fokus"):
        capsule.progress(path)


def test_a_capsule_from_an_older_version_is_not_gone_on_with(make: Callable[..., Path]) -> None:
    path = make()
    options = json.loads(capsule.get(path, "options", KEY) or b"")
    del options["format"]
    capsule.put(path, "options", json.dumps(options).encode(), KEY)
    with pytest.raises(DamagedFile, match="older version of Fokus"):
        capsule.read_options(path, KEY)


def test_progress_is_told_for_each_step_with_the_seconds_left(make: Callable[..., Path]) -> None:
    path = make()
    steps = (StepProgress(1, 1), StepProgress(1, 1), StepProgress(3, 9), StepProgress(5, 7))
    capsule.write_progress(path, "running", (*steps, StepProgress()), left=90.0)
    told = capsule.progress(path)
    assert told.steps == (*steps, StepProgress())
    assert told.left is not None and 0 <= told.left <= 90
    an_hour_ago = time.time() - 3600
    os.utime(path / "progress.json", (an_hour_ago, an_hour_ago))
    assert capsule.progress(path).left == 0  # the time goes on between two batches
    capsule.write_progress(path, "running")
    assert capsule.progress(path).left is None


def test_the_lock_goes_with_the_capsule(make: Callable[..., Path]) -> None:
    path = make()
    with a_worker() as worker:
        os.kill(worker.process, signal.SIGSTOP)  # it reads nothing
        assert worker.hand_over(path, KEY)
        assert capsule.progress(path).alive
        with pytest.raises(WorkerAlive):
            capsule.lock(path)
        os.kill(worker.process, signal.SIGKILL)
        worker.wait(PATIENCE)
        assert not capsule.progress(path).alive  # what it had not read is free again
        assert not worker.hand_over(path, KEY)
        assert not capsule.progress(path).alive
