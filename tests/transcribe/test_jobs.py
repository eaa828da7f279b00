"""Jobs of the study on real capsules with real worker processes."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from secure_storage import BadInput, DiskFull, NotAllowed, Role, Study, unlock
from transcribe import (
    Job,
    Sentence,
    TranscribeOptions,
    Transcription,
    Turn,
    add_recording,
    cancel_job,
    capsule,
    continue_jobs,
    discard_job,
    jobs,
    list_transcripts,
    resume_job,
    sentences,
    start_job,
    store,
    take_in,
    tend,
)
from transcribe.formats import write_json
from transcribe.intake import Target, finish_files, start_file
from transcribe.line import _keep, workers
from transcribe.models import ModelMissing

PASSPHRASE = "correct horse battery"
TALK = Transcription("en", (Turn("SPEAKER_00", (Sentence("It helps.", 0.0, 1.0),)),))


@pytest.fixture(autouse=True)
def no_worker_left(study: Study) -> Iterator[None]:
    yield
    if study.closed:
        return
    for job in jobs(study):
        if job.state in ("queued", "running"):
            cancel_job(study, job.id)
    until(study, lambda: not any(job.state == "running" for job in jobs(study)))


@pytest.fixture
def model(tmp_path: Path) -> TranscribeOptions:
    """A model that is there, though nothing could be recognised with it."""
    path = tmp_path / "model.pt"
    path.write_bytes(b"not a checkpoint")
    return TranscribeOptions(model=str(path))


@pytest.fixture
def silence(study: Study, tmp_path: Path) -> int:
    return quiet(study, tmp_path, "Silence", 2.0)


def quiet(study: Study, folder: Path, title: str, seconds: float) -> int:
    path = folder / f"{title}.wav"
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(bytes(int(seconds * 16_000)))
    return add_recording(study, title, 3, [path])


def add_part(study: Study, recording: int, path: Path) -> None:
    writer = start_file(study)
    writer.write(path.read_bytes())
    finish_files(study, Target(recording), [writer])


def until(study: Study, condition: Callable[[], bool]) -> None:
    """Look again and again, as the page does."""
    while not condition():
        take_in(study)
        time.sleep(0.02)


def only(study: Study) -> Job:
    (job,) = jobs(study)
    return job


def folder(study: Study) -> Path:
    return study.home / "jobs"


def the_capsule(study: Study) -> Path:
    (path,) = folder(study).iterdir()
    return path


@contextmanager
def held_still(study: Study) -> Iterator[None]:
    """Hold the running worker, so that it cannot come to its end meanwhile."""
    path = the_capsule(study)
    while capsule.progress(path).state != "running":
        time.sleep(0.01)
    process = int(json.loads((path / "progress.json").read_bytes())["process"])
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        with suppress(ProcessLookupError):  # it was cancelled
            os.kill(process, signal.SIGCONT)


def kill_in_the_middle(study: Study) -> None:
    """End the worker with a signal it cannot see, once it has begun."""
    path = the_capsule(study)
    while capsule.progress(path).state != "running":
        time.sleep(0.01)
    process = int(json.loads((path / "progress.json").read_bytes())["process"])
    os.kill(process, signal.SIGKILL)
    while capsule.progress(path).alive:
        time.sleep(0.01)


def put_result(study: Study) -> None:
    """Leave a result in the capsule, as a worker does just before its end."""
    key = store.job_key(study, only(study).id)
    assert key is not None
    data = json.dumps({"transcription": write_json(TALK)}).encode()
    capsule.put(the_capsule(study), "result", data, key)


def test_a_killed_worker_is_shown_and_resumed_and_taken_in_once(
    study: Study, silence: int, model: TranscribeOptions
) -> None:
    job = start_job(study, silence, model)
    assert only(study).state == "running"
    kill_in_the_middle(study)
    take_in(study)
    assert (only(study).state, only(study).resumable) == ("interrupted", True)
    assert list_transcripts(study) == []
    put_result(study)
    resume_job(study, job)
    until(study, lambda: only(study).state == "done")
    (transcript,) = list_transcripts(study)
    assert (transcript.title, transcript.group) == ("Silence", 3)
    assert (transcript.source, transcript.recording_id) == ("whisper", silence)
    assert [one.text for one in sentences(study, transcript.id)] == ["It helps."]
    assert only(study).transcript_id == transcript.id
    assert list(folder(study).iterdir()) == []
    assert store.job_key(study, job) is None


def test_the_same_capsule_taken_in_twice_gives_one_transcript(
    study: Study, silence: int, model: TranscribeOptions, tmp_path: Path
) -> None:
    job = start_job(study, silence, model)
    kill_in_the_middle(study)
    put_result(study)
    row = store.job(study, job)
    shutil.copytree(the_capsule(study), tmp_path / "copy")
    resume_job(study, job)
    until(study, lambda: only(study).state == "done")
    shutil.copytree(tmp_path / "copy", folder(study) / row.capsule)
    take_in(study)
    _keep(study, row, TALK)  # as a second process would, that saw it unfinished
    assert len(list_transcripts(study)) == 1


def test_a_new_start_of_the_server_takes_in_and_goes_on(
    home: Path, study: Study, silence: int, model: TranscribeOptions, tmp_path: Path
) -> None:
    other = quiet(study, tmp_path, "Other", 3.0)
    start_job(study, silence, model)
    start_job(study, other, model)
    first, second = sorted(jobs(study), key=lambda job: job.id)
    assert (first.state, second.state) == ("running", "queued")
    path = folder(study) / store.job(study, first.id).capsule
    while capsule.progress(path).state != "running":
        time.sleep(0.01)
    process = int(json.loads((path / "progress.json").read_bytes())["process"])
    os.kill(process, signal.SIGKILL)
    while capsule.progress(path).alive:
        time.sleep(0.01)
    stray = folder(study) / ".half-made"
    stray.mkdir()
    study.close()

    again = unlock(home, "Ada", PASSPHRASE)
    try:
        continue_jobs(again)
        assert not stray.exists()
        assert {job.state for job in jobs(again)} == {"running", "queued"}
        until(again, lambda: all(job.state == "failed" for job in jobs(again)))
        assert all("No speech" in job.message for job in jobs(again))
        for job in jobs(again):
            discard_job(again, job.id)
    finally:
        again.close()


SERVER = """
import sys, threading
from pathlib import Path
from secure_storage import unlock
from transcribe import TranscribeOptions, start_job
study = unlock(Path(sys.argv[1]), "Ada", sys.argv[2])
options = TranscribeOptions(model=sys.argv[3], language="en", speakers=1)
for recording in (1, 2):
    start_job(study, recording, options)
print("started", flush=True)
threading.Event().wait()
"""


def test_a_kill_of_the_whole_server_costs_no_transcription(
    home: Path,
    study: Study,
    spoken_wav: Path,
    tmp_path: Path,
    scripted_model: Callable[..., Path],
) -> None:
    add_recording(study, "Spoken", 1, [spoken_wav])
    quiet(study, tmp_path, "Silence", 2.0)
    study.close()
    model = scripted_model((0.0, "It helps at home.", 2.0))
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, str(home), PASSPHRASE, str(model)], stdout=subprocess.PIPE
    ) as server:
        assert server.stdout is not None and server.stdout.readline() == b"started\n"
        server.kill()
    made = list((home / "jobs").iterdir())
    while any(capsule.progress(one).alive for one in made):  # nobody is there; the line goes on
        time.sleep(0.05)
    assert [capsule.progress(one).state for one in made] == ["done", "done"]

    again = unlock(home, "Ada", PASSPHRASE)
    try:
        tend(again)
        tend(again)
        until(again, lambda: all(job.state in ("done", "failed") for job in jobs(again)))
        take_in(again)
        (transcript,) = list_transcripts(again)
        assert transcript.title == "Spoken"
        assert {one.text for one in sentences(again, transcript.id)} == {"It helps at home."}
        said = {job.title: (job.state, job.message[:9]) for job in jobs(again)}
        assert said == {"Spoken": ("done", ""), "Silence": ("failed", "No speech")}
        assert [one.name for one in (home / "jobs").iterdir()] == [store.job(again, 2).capsule]
    finally:
        again.close()


def test_silence_fails_with_a_message_and_is_discarded(
    study: Study, silence: int, model: TranscribeOptions
) -> None:
    job = start_job(study, silence, model)
    until(study, lambda: only(study).state == "failed")
    assert "No speech" in only(study).message
    assert list_transcripts(study) == []
    assert only(study).resumable
    discard_job(study, job)
    assert not only(study).resumable
    assert list(folder(study).iterdir()) == []
    with pytest.raises(BadInput, match="anew"):
        resume_job(study, job)


def test_what_failed_is_tried_again_when_resumed(
    study: Study, silence: int, model: TranscribeOptions, tmp_path: Path
) -> None:
    other = quiet(study, tmp_path, "Other", 3.0)
    first, second = start_job(study, silence, model), start_job(study, other, model)
    content = Path(model.model).read_bytes()
    kill = folder(study) / store.job(study, first).capsule
    assert capsule.progress(kill).alive
    Path(model.model).unlink()
    until(study, lambda: all(job.state == "failed" for job in jobs(study)))
    assert "no model" in store.job(study, second).message
    Path(model.model).write_bytes(content)
    resume_job(study, second)
    assert store.job(study, second).state in ("queued", "running")
    until(study, lambda: store.job(study, second).state == "failed")
    assert "No speech" in store.job(study, second).message


def test_a_job_is_cancelled_while_it_runs_and_while_it_waits(
    study: Study, silence: int, model: TranscribeOptions, tmp_path: Path
) -> None:
    other = quiet(study, tmp_path, "Other", 3.0)
    first, second = start_job(study, silence, model), start_job(study, other, model)
    cancel_job(study, second)
    assert store.job(study, second).state == "cancelled"
    cancel_job(study, first)
    until(study, lambda: store.job(study, first).state == "cancelled")
    cancel_job(study, first)
    assert list_transcripts(study) == []
    assert len(list(folder(study).iterdir())) == 2


def test_all_that_waits_is_handed_to_one_worker(
    study: Study, silence: int, model: TranscribeOptions, tmp_path: Path
) -> None:
    made = [start_job(study, silence, model)]
    worker = workers[study.home]
    os.kill(worker.process, signal.SIGSTOP)  # it cannot come to its end meanwhile
    for title, seconds in (("Second", 3.0), ("Third", 4.0)):
        made.append(start_job(study, quiet(study, tmp_path, title, seconds), model))
    paths = [folder(study) / store.job(study, job).capsule for job in made]
    assert all(capsule.progress(path).alive for path in paths)
    assert workers[study.home] is worker
    before = {job.id: job.before for job in jobs(study)}
    assert [before[job] for job in made] == [0, 1, 2]
    os.kill(worker.process, signal.SIGCONT)
    until(study, lambda: all(job.state == "failed" for job in jobs(study)))
    assert {job.before for job in jobs(study)} == {0}


def test_when_the_one_at_work_is_cancelled_the_next_goes_on(
    study: Study, silence: int, model: TranscribeOptions, tmp_path: Path
) -> None:
    other = quiet(study, tmp_path, "Other", 3.0)
    first = start_job(study, silence, model)
    with held_still(study):
        second = start_job(study, other, model)
        cancel_job(study, first)
    until(study, lambda: store.job(study, second).state == "failed")
    assert "No speech" in store.job(study, second).message
    assert store.job(study, first).state == "cancelled"
    resume_job(study, first)
    until(study, lambda: store.job(study, first).state == "failed")


def test_one_cancelled_while_it_waits_can_be_cleared_away_at_once(
    study: Study, silence: int, model: TranscribeOptions, tmp_path: Path
) -> None:
    start_job(study, silence, model)
    second = start_job(study, quiet(study, tmp_path, "Other", 3.0), model)
    assert capsule.progress(folder(study) / store.job(study, second).capsule).alive
    cancel_job(study, second)
    discard_job(study, second)
    assert not store.job(study, second).resumable


def test_a_job_of_a_newer_version_is_told(
    study: Study, silence: int, model: TranscribeOptions
) -> None:
    start_job(study, silence, model)
    kill_in_the_middle(study)
    (the_capsule(study) / "progress.json").write_text('{"format": 99}')
    take_in(study)
    assert only(study).state == "failed"
    assert "newer version of Fokus" in only(study).message


def test_the_line_moves_while_nobody_looks(
    study: Study, silence: int, model: TranscribeOptions, tmp_path: Path
) -> None:
    start_job(study, silence, model)
    start_job(study, quiet(study, tmp_path, "Other", 3.0), model)
    while not all(job.state == "failed" for job in jobs(study)):
        time.sleep(0.05)


def test_the_line_moves_on_when_the_member_who_began_it_signs_out(
    study: Study,
    silence: int,
    model: TranscribeOptions,
    tmp_path: Path,
    sign_in: Callable[[str, Role], Study],
) -> None:
    coder = sign_in("Bo", "coder")
    tend(study)
    start_job(coder, silence, model)
    start_job(coder, quiet(study, tmp_path, "Other", 3.0), model)
    coder.close()
    while not all(job.state == "failed" for job in jobs(study)):
        time.sleep(0.05)


def test_a_job_stopped_before_a_part_was_added_is_not_resumed(
    study: Study, silence: int, model: TranscribeOptions, tone: Callable[..., Path]
) -> None:
    job = start_job(study, silence, model)
    cancel_job(study, job)
    until(study, lambda: only(study).state == "cancelled")
    add_part(study, silence, tone())
    with pytest.raises(BadInput, match="A part was added since"):
        resume_job(study, job)
    assert only(study).state == "cancelled"
    start_job(study, silence, model)
    assert len(list(folder(study).iterdir())) == 1


def test_a_part_added_while_a_job_is_being_made_refuses_the_job(
    study: Study,
    silence: int,
    model: TranscribeOptions,
    tone: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    create = capsule.create

    def slowly(*given: Any) -> Path:
        monkeypatch.setattr(capsule, "create", create)
        add_part(study, silence, tone())  # somebody else, just now
        return create(*given)

    monkeypatch.setattr(capsule, "create", slowly)
    with pytest.raises(BadInput, match="A part was added since"):
        start_job(study, silence, model)
    assert jobs(study) == []
    assert list(folder(study).iterdir()) == []


def test_one_damaged_capsule_does_not_keep_the_others_from_going_on(
    home: Path, study: Study, silence: int, model: TranscribeOptions, tmp_path: Path
) -> None:
    first = start_job(study, silence, model)
    kill_in_the_middle(study)
    damaged = the_capsule(study)
    start_job(study, quiet(study, tmp_path, "Other", 3.0), model)
    (damaged / "progress.json").write_text("{")
    study.close()
    again = unlock(home, "Ada", PASSPHRASE)
    try:
        tend(again)
        assert store.job(again, first).state == "failed"
        until(again, lambda: all(job.state == "failed" for job in jobs(again)))
        assert sorted("No speech" in job.message for job in jobs(again)) == [False, True]
    finally:
        again.close()


def test_tending_that_failed_is_tried_again(
    study: Study, silence: int, model: TranscribeOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    stray = folder(study) / ".half-made"
    stray.mkdir()

    def full(_: Study) -> None:
        raise DiskFull("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr("transcribe.intake.store.loose_files", full)
        tend(study)  # no page is shut by it
    assert stray.exists()
    tend(study)
    assert not stray.exists()


def test_a_full_disk_is_told_and_the_job_resumed_once_there_is_room(
    study: Study, silence: int, model: TranscribeOptions
) -> None:
    job = start_job(study, silence, model)
    # This worker's files may hold its progress, but nothing longer.
    resource.prlimit(workers[study.home].process, resource.RLIMIT_FSIZE, (200, 200))
    while capsule.progress(the_capsule(study)).alive:
        time.sleep(0.02)
    take_in(study)
    assert (only(study).state, only(study).resumable) == ("interrupted", True)
    assert "disk is full" in only(study).message and "resume" in only(study).message
    assert list_transcripts(study) == []
    resume_job(study, job)
    assert "disk is full" not in only(study).message
    until(study, lambda: only(study).state == "failed")
    assert "No speech" in only(study).message


def test_a_new_start_clears_what_is_left_of_the_old_one(
    study: Study, silence: int, model: TranscribeOptions
) -> None:
    first = start_job(study, silence, model)
    with pytest.raises(BadInput, match="already being transcribed"):
        start_job(study, silence, model)
    assert len(list(folder(study).iterdir())) == 1
    cancel_job(study, first)
    until(study, lambda: store.job(study, first).state == "cancelled")
    start_job(study, silence, model)
    assert len(list(folder(study).iterdir())) == 1


def test_a_damaged_or_missing_capsule_is_said(
    study: Study, silence: int, model: TranscribeOptions
) -> None:
    job = start_job(study, silence, model)
    kill_in_the_middle(study)
    (the_capsule(study) / "progress.json").write_text("{")
    take_in(study)
    assert (only(study).state, "anew" in only(study).message) == ("failed", True)
    discard_job(study, job)
    assert list(folder(study).iterdir()) == []


def test_a_missing_model_is_said_before_anything_is_sealed(study: Study, silence: int) -> None:
    with pytest.raises(ModelMissing):
        start_job(study, silence, TranscribeOptions(model="/no/such/model.pt"))
    assert jobs(study) == []
    assert list(folder(study).iterdir()) == []


def test_a_recording_being_transcribed_takes_no_further_part(
    study: Study, silence: int, model: TranscribeOptions, tone: Callable[..., Path]
) -> None:
    start_job(study, silence, model)
    with held_still(study), pytest.raises(BadInput, match="being transcribed"):
        add_part(study, silence, tone())
    assert len(store.recording(study, silence).parts) == 1


def test_a_reader_starts_and_stops_nothing(
    study: Study, silence: int, model: TranscribeOptions, sign_in: Callable[[str, Role], Study]
) -> None:
    job = start_job(study, silence, model)
    reader = sign_in("Rita", "reader")
    assert jobs(reader)[0].state == "running"
    for act in (
        lambda: start_job(reader, silence, model),
        lambda: cancel_job(reader, job),
        lambda: resume_job(reader, job),
        lambda: discard_job(reader, job),
        lambda: take_in(reader),
        lambda: continue_jobs(reader),
    ):
        with pytest.raises(NotAllowed):
            act()
    tend(reader)


def test_a_capsule_holds_neither_sound_nor_title_in_the_clear(
    study: Study, model: TranscribeOptions, tone: Callable[..., Path]
) -> None:
    path = tone(seconds=2.0)
    plain = path.read_bytes()
    start_job(study, add_recording(study, "Gruppe tre", 3, [path]), model)
    for file in the_capsule(study).iterdir():
        data = file.read_bytes()
        assert plain[1000:1064] not in data
        assert b"Gruppe" not in data
        assert b"model.pt" not in data


def test_a_recording_of_two_parts_is_transcribed_from_end_to_end(
    study: Study, spoken_wav: Path, scripted_model: Callable[..., Path], tone: Callable[..., Path]
) -> None:
    options = TranscribeOptions(
        model=str(scripted_model((0.0, "It helps at home.", 2.0))), language="en", speakers=1
    )
    made = add_recording(study, "Two parts", 4, [tone(seconds=3.0), spoken_wav])
    start_job(study, made, options)
    until(study, lambda: only(study).state in ("done", "failed"))
    assert only(study).message == ""
    (transcript,) = list_transcripts(study)
    assert (transcript.title, transcript.group, transcript.language) == ("Two parts", 4, "en")
    said = sentences(study, transcript.id)
    assert {one.text for one in said} == {"It helps at home."}
    # On the recording's timeline, not on the part's.
    assert all(one.start is not None and one.start >= 3.0 for one in said)
