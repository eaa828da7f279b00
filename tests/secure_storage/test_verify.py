"""``fokus verify``: whatever is altered, cut or lost is told, in words and by the exit."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from secure_storage import NotAllowed, Role, Study, unlock
from secure_storage.audit.anchors import anchors_of
from secure_storage.audit.running import check_of, quick_check, start_check
from secure_storage.audit.verify import verify_journal, verify_study

LEAD, PASSPHRASE = "Ada Lead", "correct horse battery"
ROOT = Path(__file__).parents[2]
Join = Callable[[str, Role], Study]


def keep(study: Study, data: bytes) -> str:
    with study.change() as change:
        stored = study.files.add([data], "audio", change)
        change.record("file.received", f"file:{stored.id}")
    return stored.id


def on_disk(study: Study, file_id: str) -> Path:
    row = study.db.execute("SELECT coalesce(name, id) FROM files WHERE id = ?", [file_id])
    return study.home / "files" / str(row.fetchone()[0])


def flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def command(
    home: Path, *more: str, passphrase: str = PASSPHRASE
) -> "subprocess.CompletedProcess[str]":
    reading, writing = os.pipe()
    os.write(writing, passphrase.encode() + b"\n")
    os.close(writing)
    try:
        return subprocess.run(
            [sys.executable, "-c", "import app, sys; sys.exit(app.main())", "verify",
             "--home", str(home), "--as", LEAD, "--passphrase-fd", str(reading), *more],
            cwd=ROOT, pass_fds=[reading], capture_output=True, text=True, check=False,
        )  # fmt: skip
    finally:
        os.close(reading)


def test_a_sound_study_verifies(study: Study) -> None:
    keep(study, b"x" * 200_000)
    keep(study, b"")
    steps: list[tuple[str, int, int]] = []
    found = verify_study(study, lambda *step: steps.append(step))
    assert found.ok and found.findings == () and found.notes == ()
    assert (found.files, found.file_bytes) == (2, 200_000)
    assert {"journal", "database", "files"} == {step[0] for step in steps}
    assert all(done <= total for _, done, total in steps)
    event = study.recent_events(1)[0]
    assert (event.action, event.after) == ("read.verified", {"ok": True, "findings": 0})


@pytest.mark.parametrize("how", ["flip", "cut", "missing", "swapped", "other content"])
def test_a_file_that_is_not_as_it_was_is_found(study: Study, how: str) -> None:
    one, two = keep(study, b"x" * 200_000), keep(study, b"y" * 200_000)
    path = on_disk(study, one)
    if how == "flip":
        flip(path, 100_000)
    elif how == "cut":
        path.write_bytes(path.read_bytes()[:-1])
    elif how == "missing":
        path.unlink()
    elif how == "swapped":
        path.write_bytes(on_disk(study, two).read_bytes())
    else:
        with study._core._connections.writing() as db:
            db.conn.execute("UPDATE files SET sha256 = ? WHERE id = ?", ["0" * 64, one])
    found = verify_study(study)
    assert len(found.findings) == 1
    assert one[:12] in found.findings[0] and "backup" in found.findings[0]
    assert study.recent_events(1)[0].after == {"ok": False, "findings": 1}


def test_a_file_that_no_row_knows_is_found(study: Study) -> None:
    (study.home / "files" / ("ab" * 16)).write_bytes(b"left")
    assert "no row knows it" in verify_study(study).findings[0]


def test_a_file_that_is_being_written_is_no_finding(study: Study) -> None:
    writer = study.files.writer("audio")
    writer.write(b"half")
    assert verify_study(study).ok
    writer.abort()


def test_an_altered_page_of_the_database_is_found(home: Path) -> None:
    study = unlock(home, LEAD, PASSPHRASE)
    with study.change() as change:
        for number in range(300):
            change.record("code.created", f"code:{number}", after={"name": "x" * 200})
    assert verify_study(study).ok
    path = study.home / "study.db"
    flip(path, path.stat().st_size - 5000)
    found = verify_study(study)
    assert any("authentication" in one for one in found.findings)
    assert len(set(found.findings)) == len(found.findings)
    study.close()


def test_an_altered_key_file_is_found(study: Study) -> None:
    path = study.home / "study.json"
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b'"revision"', b'"revisiom"'))
    assert any(one.startswith("Key file:") for one in verify_study(study).findings)
    path.unlink()
    assert any(one.startswith("Key file:") for one in verify_study(study).findings)
    path.write_bytes(whole)
    study.invite("Bo Coder", "coder")
    path.write_bytes(whole)
    assert any("newest" in one for one in verify_study(study).findings)


def test_half_a_linking_store_is_found(study: Study) -> None:
    (study.home / "linking.json").write_text("{}")
    assert "linking.db is missing" in verify_study(study).findings[0]


def test_an_anchor_that_cannot_be_written_is_found(
    study: Study, caplog: pytest.LogCaptureFixture
) -> None:
    (study.home.parent / "home-kept").write_text("in the way")
    study.note("read.opened", "code:1")
    anchors_of(study).write("export")
    assert any("folder of anchors" in one for one in verify_study(study).findings)
    assert caplog.records


@pytest.mark.parametrize(
    "check", [verify_study, verify_journal, quick_check, start_check, check_of]
)
def test_only_who_may_read_the_log_checks_it(join: Join, check: Callable[[Study], object]) -> None:
    for role in ("coder", "reader", "custodian"):
        with pytest.raises(NotAllowed):
            check(join(f"One {role}", role))


def test_the_check_behind_the_page(study: Study) -> None:
    keep(study, b"x" * 100_000)
    assert check_of(study) is None
    running = start_check(study)
    running.wait(20.0)
    assert running.outcome is not None and running.outcome.ok and not running.problem
    assert check_of(study) is running and running.share() <= 1.0
    at, first = quick_check(study)
    study.note("read.opened", "code:1")
    assert quick_check(study) == (at, first)
    assert quick_check(study, again=True)[1].events == first.events + 1


def test_a_check_that_is_locked_out_says_so(home: Path) -> None:
    study = unlock(home, LEAD, PASSPHRASE)
    running = start_check(study)
    study.close()
    running.wait(20.0)
    assert running.over


def test_the_command_says_that_all_is_well(home: Path) -> None:
    done = command(home)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Sound" in done.stdout and "checked: files" in done.stderr
    again = command(home)
    assert again.returncode == 0 and "1 anchors" in again.stdout


def test_the_command_says_what_is_wrong_and_exits_so(home: Path) -> None:
    study = unlock(home, LEAD, PASSPHRASE)
    path = on_disk(study, keep(study, b"x" * 70_000))
    study.close()
    flip(path, 66_000)
    next((home.parent / "home-kept" / "anchors").glob("*.jsonl")).unlink()
    done = command(home)
    assert done.returncode == 1
    wrong = [line for line in done.stdout.splitlines() if line.startswith("WRONG")]
    assert any("File " in line for line in wrong) and any("Anchors:" in line for line in wrong)


def test_the_command_lets_a_lead_begin_the_anchors_anew(home: Path) -> None:
    unlock(home, LEAD, PASSPHRASE).close()
    next((home.parent / "home-kept" / "anchors").glob("*.jsonl")).unlink()
    assert command(home).returncode == 1
    done = command(home, "--restart-anchors")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "note" in done.stdout and "begun anew" in done.stdout
    assert command(home).returncode == 0


def test_the_command_tells_a_database_that_does_not_open(home: Path) -> None:
    flip(home / "study.db", 5000)
    done = command(home)
    assert done.returncode == 1 and "backup" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_passphrase_on_the_console_is_on_record(home: Path) -> None:
    assert command(home, passphrase="not the passphrase").returncode == 1
    study = unlock(home, LEAD, PASSPHRASE)
    assert [one.object for one in study.events() if one.action == "read.signin_failed"] == [
        "member:1"
    ]
    study.close()
