"""What the console command asks of this stage."""

import os
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

import app
from secure_storage import (
    BadInput,
    Study,
    StudyBusy,
    StudyDates,
    doctor,
    held,
    read_passphrase,
    unlock,
)
from secure_storage.closing import set_study_dates
from secure_storage.commands import check_up as asked

LEAD, PASSPHRASE = "Ada Lead", "correct horse battery"


def test_a_passphrase_comes_from_a_descriptor() -> None:
    reading, writing = os.pipe()
    os.write(writing, "blåbær og fløte\r\nmore".encode())
    os.close(writing)
    assert read_passphrase(reading, "Passphrase: ") == "blåbær og fløte"


@pytest.mark.parametrize("data", [b"\xff\xfe\n", None])
def test_a_descriptor_that_gives_no_passphrase_is_told(data: bytes | None) -> None:
    reading, writing = os.pipe()
    if data:
        os.write(writing, data)
    os.close(writing)
    if data is None:
        os.close(reading)
    with pytest.raises(BadInput):
        read_passphrase(reading, "Passphrase: ")


def test_a_new_passphrase_is_typed_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    typed = iter(["one long passphrase", "one long passphrase", "one long passphrase", "another"])
    monkeypatch.setattr("getpass.getpass", lambda prompt: next(typed))
    assert read_passphrase(None, "Choose: ", new=True) == "one long passphrase"
    with pytest.raises(BadInput, match="differ"):
        read_passphrase(None, "Choose: ", new=True)


def test_no_terminal_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def ends(prompt: str) -> str:
        raise EOFError

    monkeypatch.setattr("getpass.getpass", ends)
    with pytest.raises(BadInput, match="--passphrase-fd"):
        read_passphrase(None, "Passphrase: ")


def test_the_doctor_finds_this_machine_well(home: Path) -> None:
    checks = {check.name: check for check in doctor(home)}
    assert checks["encrypted database"].ok and "SQLCipher 4." in checks["encrypted database"].detail
    assert checks["Streamlit switches"].ok
    assert checks["who can open the study folder"].ok
    assert {"disk of the study", "free space"} <= set(checks)


def test_the_doctor_finds_what_is_wrong(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.chmod(0o755)
    monkeypatch.setattr(asked, "LEAST_FREE", 10**20)
    monkeypatch.setattr(asked.database, "LEAST_SQLITE", (99,))
    wrong = {check.name for check in doctor(home) if not check.ok}
    assert wrong == {
        "who can open the study folder", "free space", "encrypted database",
    }  # fmt: skip


def test_the_doctor_looks_at_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    assert all(check.name for check in doctor(tmp_path / "a" / "b"))


def test_the_doctor_goes_on_when_the_settings_cannot_be_read(home: Path) -> None:
    (home / "fokus.toml").write_text("[serve\n")
    checks = {check.name: check for check in doctor(home)}
    assert not checks["settings (fokus.toml)"].ok
    assert "fokus.toml" in checks["settings (fokus.toml)"].detail
    assert checks["encrypted database"].ok and "free space" in checks


def test_the_doctor_looks_at_a_file_in_the_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("mine")
    wrong = {check.name: check.detail for check in doctor(tmp_path / "home") if not check.ok}
    assert "is a file" in wrong["settings (fokus.toml)"]


def test_the_doctor_notes_a_date_that_is_near(study: Study) -> None:
    set_study_dates(study, StudyDates(date.today() + timedelta(days=3), None))
    checks = {check.name: check for check in doctor(study.home)}
    near = checks["dates of the study"]
    assert near.ok and near.note and "in 3 days" in near.detail


def test_a_date_that_is_none_is_told(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        app.main(["study", "dates", "--home", str(home), "--end", "tomorrow"])
    assert "2027-06-30" in capsys.readouterr().err


def test_one_process_at_a_time(home: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from secure_storage import unlock, StudyBusy\n"
        f"try: unlock(Path({str(home)!r}), {LEAD!r}, {PASSPHRASE!r})\n"
        "except StudyBusy as busy: print(busy.pid)"
    )

    def other() -> str:
        command = [sys.executable, "-c", code]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    with held(home):
        assert other() == str(os.getpid())
        study = unlock(home, LEAD, PASSPHRASE)
    assert other() == str(os.getpid())
    study.close()
    assert other() == ""
    with held(home):
        pass


def test_a_busy_study_says_what_to_do() -> None:
    assert "process 12" in str(StudyBusy(12)) and "stop the server" in str(StudyBusy(None))
