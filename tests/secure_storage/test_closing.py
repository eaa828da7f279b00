"""The end of a study: dates that are told, an archive that opens, nothing left to open."""

import getpass
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pyrage  # type: ignore[import-untyped]
import pytest

import app
from secure_storage import (
    BadInput,
    DamagedFile,
    NotAllowed,
    Rules,
    Study,
    StudyExists,
    StudyMissing,
    fresh_backup,
    set_export_rules,
    unlock,
)
from secure_storage.audit.anchors import latest_anchor
from secure_storage.backup import restore
from secure_storage.closing import (
    StudyDates,
    archive,
    close_study,
    date_warnings,
    dates_of_home,
    destroying,
    finish_closing,
    make_archive,
    register_archiver,
    set_study_dates,
    study_dates,
)
from secure_storage.commands.check_up import doctor

LEAD, PASSPHRASE = "Ada Lead", "correct horse battery"
TODAY = date(2026, 6, 1)


def day(number: int) -> date:
    return TODAY + timedelta(days=number)


@pytest.mark.parametrize(
    ("end", "deletion", "words"),
    [
        (None, None, []),
        (61, 151, []),
        (60, 150, ["in 60 days"]),
        (1, 90, ["in 1 day"]),
        (-1, 61, ["ended on"]),
        (-1, 60, ["ended on", "in 60 days"]),
        (-90, 0, ["in 0 days"]),
        (-91, -1, ["must close the study now"]),
        (None, -1, ["must close the study now"]),
    ],
)
def test_what_is_told_of_the_dates(end: int | None, deletion: int | None, words: list[str]) -> None:
    dates = StudyDates(
        None if end is None else day(end), None if deletion is None else day(deletion)
    )
    told = date_warnings(dates, TODAY)
    assert len(told) == len(words)
    assert all(word in one for word, one in zip(words, told, strict=True))


def test_dates_are_set_by_a_lead_on_record_and_known_while_locked(
    study: Study, join: Callable[..., Study]
) -> None:
    assert study_dates(study) == dates_of_home(study.home) == StudyDates()
    set_study_dates(study, StudyDates(day(0), day(90)))
    assert study_dates(study) == dates_of_home(study.home) == StudyDates(day(0), day(90))
    last = next(one for one in study.recent_events(5) if one.action == "study.dates_set")
    assert last.after == {"end": "2026-06-01", "deletion": "2026-08-30"}
    set_study_dates(study, StudyDates(None, day(90)))
    assert dates_of_home(study.home) == StudyDates(None, day(90))
    with pytest.raises(BadInput, match="already"):
        set_study_dates(study, StudyDates(None, day(90)))
    with pytest.raises(BadInput, match="before the study ends"):
        set_study_dates(study, StudyDates(day(5), day(4)))
    with pytest.raises(NotAllowed):
        set_study_dates(join("Cy", "coder"), StudyDates())


def test_the_doctor_tells_dates_and_backups(study: Study) -> None:
    home = study.home
    set_study_dates(study, StudyDates(date(2020, 1, 1), date(2020, 2, 1)))
    checks = {one.name: one for one in doctor(home)}
    assert not checks["dates of the study"].ok
    assert checks["backups"].ok and "none yet" in checks["backups"].detail
    (home / "fokus.toml").write_text("[backup]\nfolder = '/nowhere/at/all'\n")
    checks = {one.name: one for one in doctor(home)}
    assert not checks["backups"].ok and "is not there" in checks["backups"].detail


@pytest.fixture
def filled(study: Study) -> Study:
    """A study with a recording and something to export."""
    with study.change() as change:
        study.files.add([b"sound" * 50_000], "recording", change)
        change.record("recording.added", "recording:1", after={"title": "=cmd()"})
    (study.home / "exports" / "quotes.txt").write_text("said by nobody")
    return study


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "_archivers", dict(archive._archivers))
    register_archiver("codes", lambda study: [("stage/codes.csv", b"name\nwaiting\n")])


def opened(data: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return {one.name: tar.extractfile(one).read() for one in tar}  # type: ignore[union-attr]


@pytest.mark.usefixtures("registered")
def test_an_archive_opens_for_its_recipient(filled: Study, tmp_path: Path) -> None:
    identity = pyrage.x25519.Identity.generate()
    before = filled.events()[-1].seq
    made = make_archive(filled, tmp_path / "a.age", recipients=(str(identity.to_public()),))
    data = made.path.read_bytes()
    assert made.size == len(data) and b"audit" not in data
    files = opened(pyrage.decrypt(data, [identity]))
    assert made.files == len(files)
    assert files["stage/codes.csv"] == b"name\nwaiting\n"
    assert "by pseudonym" in files["README.txt"].decode()
    assert not any(name.startswith("recordings/") for name in files)
    log = files["records/audit-log.csv"].decode("utf-8-sig").splitlines()
    assert log[0] == "seq,at,actor,action,object,hash"
    assert len(log) - 1 == before + 1, "it tells of itself, too"
    assert "cmd" not in "".join(log)
    assert files["records/members.csv"].decode("utf-8-sig").splitlines()[1].startswith("AL,lead")
    sums = dict(line.split("  ")[::-1] for line in files["SHA256SUMS"].decode().splitlines())
    assert set(sums) == set(files) - {"SHA256SUMS"}
    assert made.path.stat().st_mode & 0o777 == 0o600


def test_an_archive_under_a_passphrase_with_the_sound(filled: Study, tmp_path: Path) -> None:
    made = make_archive(
        filled, tmp_path / "a.age", passphrase="a long archive phrase", with_recordings=True
    )
    plain = pyrage.passphrase.decrypt(made.path.read_bytes(), "a long archive phrase")
    assert opened(plain)["recordings/001"] == b"sound" * 50_000


def test_an_archive_that_reads_back_otherwise_is_not_kept(
    filled: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = archive._read_back

    def harmed(file: io.BufferedRandom, *given: object) -> None:
        file.seek(-2000, os.SEEK_END)
        file.write(b"\0")
        real(file, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(archive, "_read_back", harmed)
    with pytest.raises(DamagedFile, match="read back"):
        make_archive(filled, tmp_path / "a.age", recipients=(RECIPIENT,))
    assert not list(tmp_path.glob("*a.age*"))


def told_of_archives(study: Study) -> list[tuple[str, str]]:
    wanted = ("read.exported", "study.archived", "export.approved")
    return [(one.action, one.object) for one in study.events() if one.action in wanted]


def test_an_archive_is_on_record_and_anchored_before_its_first_byte(
    filled: Study, tmp_path: Path
) -> None:
    def stopped(study: Study) -> list[tuple[str, bytes]]:
        last = latest_anchor(study)
        assert last is not None and last.why == "export" and last.seq == study.events()[-1].seq
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(archive, "_archivers", {"stage": stopped})
        with pytest.raises(KeyboardInterrupt):
            make_archive(filled, tmp_path / "a.age", recipients=(RECIPIENT, RECIPIENT))
    assert told_of_archives(filled) == [("read.exported", "study")]
    after = {"archive": True, "recipients": 2, "passphrase": False, "recordings": False}
    assert filled.events()[-1].after == after
    made = make_archive(filled, tmp_path / "a.age", recipients=(RECIPIENT,))
    assert filled.events()[-1].action == "study.archived"
    assert filled.events()[-1].after == {"size": made.size, "sha256": made.sha256}


def test_who_may_not_release_takes_no_archive_along(
    filled: Study, tmp_path: Path, join: Callable[..., Study]
) -> None:
    other = join("Bo", "lead")
    with pytest.raises(NotAllowed):
        make_archive(other, tmp_path / "a.age", recipients=(RECIPIENT,))
    assert told_of_archives(filled) == [] and not (tmp_path / "a.age").exists()


def test_where_two_people_are_asked_for_closing_takes_two(
    filled: Study, tmp_path: Path, join: Callable[..., Study]
) -> None:
    set_export_rules(filled, Rules(two_person=True, second_for_unchecked=False))
    one, path = filled.member.id, tmp_path / "a.age"
    coder, reader = join("Cy", "coder"), join("Re", "reader")
    for second in (None, filled, reader):
        with pytest.raises(NotAllowed):
            make_archive(filled, path, recipients=(RECIPIENT,), second=second)
        with pytest.raises(NotAllowed):
            close_study(filled, "Home care", None, second)
    assert told_of_archives(filled) == []
    made = make_archive(filled, path, recipients=(RECIPIENT,), second=coder)
    said = told_of_archives(filled)
    assert said[:2] == [("export.approved", "study"), ("read.exported", "study")]
    approved = next(event for event in filled.events() if event.action == "export.approved")
    assert approved.actor == coder.member.id != one
    reader.close()
    close_study(filled, "Home care", made, coder)
    assert not filled.home.exists()


RECIPIENT = str(pyrage.x25519.Identity.generate().to_public())


def test_a_fault_of_a_stage_leaves_no_archive(
    filled: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(study: Study) -> list[tuple[str, bytes]]:
        raise BadInput("this stage cannot")

    monkeypatch.setattr(archive, "_archivers", {"stage": fails})
    with pytest.raises(BadInput, match="this stage cannot"):
        make_archive(filled, tmp_path / "a.age", recipients=(RECIPIENT,))
    assert not list(tmp_path.glob("*a.age*"))


def test_what_is_no_place_or_no_key_is_refused(filled: Study, tmp_path: Path) -> None:
    (tmp_path / "there").write_text("mine")
    for path, given, error in (
        (tmp_path / "there", {"recipients": (RECIPIENT,)}, StudyExists),
        (filled.home / "a.age", {"recipients": (RECIPIENT,)}, BadInput),
        (tmp_path / "no" / "a.age", {"recipients": (RECIPIENT,)}, BadInput),
        (tmp_path / "a.age", {"recipients": ("age1no",)}, BadInput),
        (tmp_path / "a.age", {}, BadInput),
        (tmp_path / "a.age", {"passphrase": "short"}, BadInput),
    ):
        with pytest.raises(error):
            make_archive(filled, path, **given)
    assert (tmp_path / "there").read_text() == "mine"


def test_a_closed_study_has_no_opening(filled: Study, tmp_path: Path) -> None:
    home = filled.home
    backup = fresh_backup(filled)
    (home / "linking.db").write_bytes(b"sealed")
    (home / "linking.json").write_bytes(b"{}")
    made = make_archive(filled, tmp_path / "a.age", recipients=(RECIPIENT,))
    words = close_study(filled, "Home care", made)
    assert not home.exists() and not backup.folder.exists()
    assert words.parent == home.parent
    text = words.read_text()
    assert made.sha256 in text and "the 1 backups" in text and "Home care" in text
    assert "files                 1" in text
    with pytest.raises(StudyMissing):
        unlock(home, LEAD, PASSPHRASE)
    with pytest.raises(DamagedFile):
        restore(backup.folder, tmp_path / "new")
    kept = [path for path in home.parent.rglob("*") if path.is_file() and path.stat().st_size]
    names = {path.name for path in kept if "home" in path.parts[-1] or "kept" in str(path)}
    assert not [path for path in kept if path.read_bytes() == b"sealed"]
    assert not names & {"study.json", "study.db"}


def test_what_confirms_a_closing(filled: Study, join: Callable[..., Study]) -> None:
    coder = join("Cy", "coder")
    with pytest.raises(NotAllowed):
        close_study(coder, "Home care", None)
    with pytest.raises(BadInput, match="not the title"):
        close_study(filled, "home care", None)
    assert not filled.closed and (filled.home / "study.json").exists()


def test_nothing_is_destroyed_while_another_works(
    filled: Study, join: Callable[..., Study]
) -> None:
    coder = join("Cy", "coder")
    with pytest.raises(Exception, match="in use"):
        close_study(filled, "Home care", None)
    assert not coder.closed and (filled.home / "study.db").exists()


def test_backups_that_are_away_stop_it(filled: Study) -> None:
    away = filled.home.parent / "disk"
    away.mkdir()
    (filled.home / "fokus.toml").write_text(f"[backup]\nfolder = {str(away)!r}\n")
    fresh_backup(filled)
    away.rename(away.with_name("elsewhere"))
    with pytest.raises(BadInput, match="is not there"):
        close_study(filled, "Home care", None)
    assert not filled.closed


class Killed(BaseException):
    """The power went out."""


def closed_up_to(step: int, home: Path) -> bool:
    """Close the study in ``home``, stopping before one of the steps; True when it came through."""
    left = [step]

    def counted(real: Callable[..., object]) -> Callable[..., object]:
        def call(*given: object, **named: object) -> object:
            left[0] -= 1
            if left[0] == 0:
                raise Killed
            return real(*given, **named)

        return call

    study = unlock(home, LEAD, PASSPHRASE)
    with pytest.MonkeyPatch.context() as patched:
        for name in ("_overwritten", "_certified", "sync_folder"):
            patched.setattr(destroying, name, counted(getattr(destroying, name)))
        patched.setattr(shutil, "rmtree", counted(shutil.rmtree))
        try:
            close_study(study, "Home care", None)
        except Killed:
            return False
        finally:
            study.close()
    return True


def test_a_closing_stopped_anywhere_can_be_finished_or_never_began(
    filled: Study, tmp_path: Path
) -> None:
    fresh_backup(filled)
    home, kept = filled.home, filled.home.parent / "home-kept"
    filled.close()
    usable = finished = step = 0
    through = False
    while not through:
        step += 1
        place = tmp_path / f"at{step}" / "home"
        shutil.copytree(home, place)
        shutil.copytree(kept, place.parent / "home-kept")
        through = closed_up_to(step, place)
        if (place / "study.json").exists():
            usable += 1
            again = unlock(place, LEAD, PASSPHRASE)
            assert not (place / destroying.PLAN).exists()
            with again.files.open(next(iter(again.db.table("files").rows))["id"]) as sound:
                assert sound.read(0, 5) == b"sound"
            again.close()
        elif place.exists():
            finished += 1
            assert "Destroyed" in finish_closing(place).read_text()
        assert (place / "study.json").exists() or not place.exists()
    assert usable >= 5 and finished >= 8


KILL = """
import os, signal, sys
from pathlib import Path
from secure_storage import unlock
from secure_storage.closing import close_study, destroying
real = destroying._overwritten
def killed(path):
    real(path)
    if path.name == "study.json": os.kill(os.getpid(), signal.SIGKILL)
destroying._overwritten = killed
close_study(unlock(Path(sys.argv[1]), "Ada Lead", "correct horse battery"), "Home care", None)
"""


def test_a_closing_killed_once_the_keys_are_gone_is_finished_by_nobody(
    filled: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    filled.close()
    done = subprocess.run([sys.executable, "-c", KILL, str(filled.home)], check=False)
    assert done.returncode == -signal.SIGKILL
    with pytest.raises(StudyMissing):
        unlock(filled.home, LEAD, PASSPHRASE)
    assert app.main(["study", "close", "--home", str(filled.home)]) == 0
    assert "Finished." in capsys.readouterr().out
    assert not filled.home.exists()


def test_what_a_link_points_to_is_left_alone(filled: Study, tmp_path: Path) -> None:
    home, share = filled.home, tmp_path / "share"
    share.mkdir()
    (share / "theirs.wav").write_bytes(b"theirs")
    for name in ("inbox", "jobs"):
        (home / name).rmdir()
        (home / name).symlink_to(share)
    (home / "exports" / "linked").symlink_to(share)
    (home / "exports" / "linked.wav").symlink_to(share / "theirs.wav")
    (home / "linking.db.old").symlink_to(share / "theirs.wav")
    close_study(filled, "Home care", None)
    assert not home.exists() and (share / "theirs.wav").read_bytes() == b"theirs"


def begun(home: Path) -> dict[str, object]:
    """Close the study in ``home`` up to the loss of its keys; gives the plan."""
    subprocess.run([sys.executable, "-c", KILL, str(home)], check=False)
    plan: dict[str, object] = json.loads((home / destroying.PLAN).read_bytes())
    return plan


def test_a_plan_of_another_place_removes_nothing(filled: Study, tmp_path: Path) -> None:
    filled.close()
    plan = begun(filled.home)
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "one.jpg").write_bytes(b"mine")
    (photos / destroying.PLAN).write_text(json.dumps(plan))
    with pytest.raises(BadInput, match="was not begun"):
        finish_closing(photos)
    (filled.home / destroying.PLAN).write_text(json.dumps(plan | {"shelf": str(photos)}))
    with pytest.raises(BadInput, match="was not begun"):
        finish_closing(filled.home)
    assert (photos / "one.jpg").exists()
    (filled.home / destroying.PLAN).write_text(json.dumps(plan))
    assert finish_closing(filled.home).exists()


def test_nothing_is_finished_that_was_not_begun(home: Path) -> None:
    with pytest.raises(StudyMissing):
        finish_closing(home)
    assert (home / "study.json").exists()


def test_the_commands(
    filled: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    home = filled.home
    fresh_backup(filled)
    filled.close()

    def run(*arguments: str, typed: str = "") -> int:
        monkeypatch.setattr("builtins.input", lambda prompt: typed)
        monkeypatch.setattr(getpass, "getpass", lambda prompt: PASSPHRASE)
        return app.main(["study", *arguments, "--home", str(home), "--as", LEAD])

    assert run("dates", "--end", "2026-09-01", "--deletion", "2026-12-01") == 0
    assert "gone by: 2026-12-01" in capsys.readouterr().out
    assert run("dates", "--end", "none") == 0
    assert "ends: not set" in capsys.readouterr().out
    assert run("close") == 1
    assert "--no-archive" in capsys.readouterr().err
    file, identity = tmp_path / "study.age", pyrage.x25519.Identity.generate()
    out = ("close", "--archive", str(file), "--recipient", str(identity.to_public()))
    assert run(*out, typed="wrong title") == 1
    assert (home / "study.json").exists() and not file.exists()
    again = unlock(home, LEAD, PASSPHRASE)
    assert told_of_archives(again) == []
    again.close()
    (home / destroying.PLAN).write_text(json.dumps({}))
    assert run(*out, typed="Home care") == 0
    assert "Destroyed." in capsys.readouterr().out
    assert not home.exists() and pyrage.decrypt(file.read_bytes(), [identity])


def test_the_command_asks_for_the_second_person(
    filled: Study, join: Callable[..., Study], monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    join("Cy", "coder").close()
    set_export_rules(filled, Rules(two_person=True, second_for_unchecked=False))
    filled.close()
    typed = {"Name of the second": "Cy", "Type the title": "Home care", "One-time code": ""}
    secret = {"Your pass": PASSPHRASE, "Passphrase of the second": "the own words of Cy"}

    def answer(known: dict[str, str]) -> Callable[[str], str]:
        return lambda prompt: next(known[start] for start in known if prompt.startswith(start))

    monkeypatch.setattr("builtins.input", answer(typed))
    monkeypatch.setattr(getpass, "getpass", answer(secret))
    close = ["study", "close", "--no-archive", "--home", str(filled.home), "--as", LEAD]
    assert app.main(close) == 0
    assert "Destroyed." in capsys.readouterr().out and not filled.home.exists()
