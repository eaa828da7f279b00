"""Bringing a study back: byte for byte, on trial too, and never over another."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from secure_storage import BadInput, DamagedFile, Study, StudyExists, create_study, held, unlock
from secure_storage.backup import (
    backups,
    drill,
    fresh_backup,
    make,
    open_backup,
    restore,
    restoring,
    shelf,
)
from secure_storage.backup import store as asked
from secure_storage.backup.checking import checked
from secure_storage.backup.shelf import read_manifest
from secure_storage.keys import FLOOR
from secure_storage.rotation import rotate_keys

ROOT = Path(__file__).parents[2]
FOKUS = [sys.executable, "-c", "import app, sys; sys.exit(app.main())"]
LEAD, PASSPHRASE = "Ada Lead", "correct horse battery"


@pytest.fixture
def worked(study: Study) -> Study:
    """Some work: rows, and files of several chunks."""
    with study.change() as change:
        for number in range(3):
            study.files.add([os.urandom(150_000)], "recording", change)
            change.db.table("participants").insert({"group_number": 1, "pseudonym": f"P{number}"})
        change.record("recording.added", "recording:1")
    return study


def test_what_is_restored_is_the_study(worked: Study, tmp_path: Path) -> None:
    made = fresh_backup(worked)
    before = asked.row_hashes(worked.db)
    new = restore(made.folder, tmp_path / "new" / "home")
    assert new.accounts == 1 and new.backup.name == made.name
    back = unlock(new.home, LEAD, PASSPHRASE)
    rows = asked.compared(before, asked.row_hashes(back.db), restoring.BOOKKEEPING)
    # The backup cannot hold the event of its own making.
    assert rows.rows - rows.equal == 1 and rows.differing == ("events",)
    for row in worked.db.table("files").rows:
        with back.files.open(row["id"]) as ours, worked.files.open(row["id"]) as theirs:
            assert ours.read(0, 200_000) == theirs.read(0, 200_000)
    back.close()


@pytest.mark.usefixtures("worked")
def test_a_locked_copy_restores_too(home: Path, tmp_path: Path, study: Study) -> None:
    study.close()
    new = restore(make(home, "nightly").folder, tmp_path / "new")
    back = unlock(new.home, LEAD, PASSPHRASE)
    assert back.db.table("participants").count == 3
    back.close()


def test_the_restored_study_shares_no_bytes_with_the_backup(worked: Study, tmp_path: Path) -> None:
    made = fresh_backup(worked)
    new = restore(made.folder, tmp_path / "new")
    for part in read_manifest(made.folder).parts:
        assert not (new.home / part.name).samefile(made.folder / part.name)


def test_an_existing_study_is_never_touched(worked: Study, home: Path, tmp_path: Path) -> None:
    made = fresh_backup(worked)
    other = tmp_path / "other"
    create_study(other, "Another", LEAD, PASSPHRASE, cost=FLOOR)
    for target in (home, other):
        before = {path: path.stat().st_mtime_ns for path in target.rglob("*")}
        with pytest.raises(StudyExists):
            restore(made.folder, target)
        assert {path: path.stat().st_mtime_ns for path in target.rglob("*")} == before


@pytest.mark.parametrize("harm", ["flip", "cut", "gone", "no manifest", "leads out"])
def test_a_damaged_backup_is_not_restored(worked: Study, tmp_path: Path, harm: str) -> None:
    made = fresh_backup(worked)
    path = next((made.folder / "files").iterdir())
    data = path.read_bytes()
    manifest = made.folder / "manifest.json"
    if harm == "flip":
        path.write_bytes(data[:999] + bytes([data[999] ^ 4]) + data[1000:])
    elif harm == "cut":
        path.write_bytes(data[:-1])
    elif harm == "gone":
        path.unlink()
    elif harm == "no manifest":
        manifest.unlink()
    else:
        manifest.write_text(manifest.read_text().replace("study.json", "../study.json"))
    with pytest.raises(DamagedFile):
        restore(made.folder, tmp_path / "new")
    assert not (tmp_path / "new").exists() and not list(tmp_path.glob(".new*"))


def test_the_drill_finds_everything_as_it_was(worked: Study) -> None:
    made = fresh_backup(worked)
    found = drill(worked, PASSPHRASE)
    assert found.findings == () and found.backup.name == made.name
    assert found.rows == found.equal > 5 and found.changed_since == 0
    assert (found.files, found.file_bytes) == (3, 450_000)
    assert not list(made.folder.parent.glob(".drill-*"))


def test_the_drill_counts_what_changed_since(worked: Study) -> None:
    fresh_backup(worked)
    with worked.change() as change:
        change.db.table("participants").update(1, {"profession": "nurse"})
        change.record("participant.changed", "participant:1")
    found = drill(worked, PASSPHRASE)
    assert not found.findings and found.changed_since == 1
    assert found.rows - found.equal == 1


def test_the_drill_finds_a_row_changed_without_an_event(worked: Study) -> None:
    fresh_backup(worked)
    with worked._core._connections.writing() as db:
        db.conn.execute("UPDATE participants SET profession = 'nurse' WHERE id = 1")
    (finding,) = drill(worked, PASSPHRASE).findings
    assert "1 rows" in finding and "participants" in finding


def test_the_drill_leaves_the_study_and_its_anchors_alone(worked: Study, home: Path) -> None:
    anchors, apart = home.parent / "anchors", home.parent / "apart"
    apart.mkdir()
    (home / "fokus.toml").write_text(
        f"[anchors]\nfolder = {str(anchors)!r}\n[backup]\nfolder = {str(apart)!r}\n"
    )
    fresh_backup(worked)
    before = [path.read_bytes() for path in anchors.rglob("*.jsonl")]
    last = worked.events()[-1].seq
    drill(worked, PASSPHRASE)
    assert [path.read_bytes() for path in anchors.rglob("*.jsonl")] == before
    assert worked.events()[-1].seq == last


def test_without_a_backup_the_drill_says_what_to_do(study: Study) -> None:
    with pytest.raises(BadInput, match="fokus backup now"):
        drill(study, PASSPHRASE)


def fokus(*arguments: str, passphrase: str = "") -> "subprocess.CompletedProcess[str]":
    given = ["--passphrase-fd", "0"] if passphrase else []
    return subprocess.run(
        [*FOKUS, *arguments, *given],
        cwd=ROOT, input=passphrase, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_commands(home: Path, tmp_path: Path) -> None:
    at = ("--home", str(home))
    empty = fokus("backup", "list", *at)
    assert empty.returncode == 0 and "fokus backup now" in empty.stdout
    made = fokus("backup", "now", *at)
    assert made.returncode == 0, made.stderr
    tried = fokus("backup", "drill", *at, "--as", LEAD, passphrase=PASSPHRASE)
    assert tried.returncode == 0, tried.stdout + tried.stderr
    assert "ok     restored from" in tried.stdout
    (one,) = backups(home)
    listed = fokus("backup", "list", *at)
    assert str(one.folder) in listed.stdout and "verified" in listed.stdout
    back = fokus("backup", "restore", str(one.folder), "--home", str(tmp_path / "new"))
    assert back.returncode == 0 and "1 account:" in back.stdout
    assert "--restart-anchors" in back.stdout
    again = fokus("backup", "restore", str(one.folder), "--home", str(tmp_path / "new"))
    assert again.returncode == 1 and "not empty" in again.stderr
    with held(home):
        busy = fokus("backup", "now", *at)
    assert busy.returncode == 1 and "Back up now" in busy.stderr
    next((one.folder / "files").iterdir(), one.folder / "study.db").write_bytes(b"")
    assert fokus("backup", "restore", str(one.folder), "--home", str(tmp_path / "n")).returncode
    shelf.mark_checked(one.folder, one.made_at, "bad")
    assert fokus("backup", "list", *at).returncode == 1


def test_a_backup_of_before_a_change_of_keys_still_opens(worked: Study, tmp_path: Path) -> None:
    made = fresh_backup(worked)
    rotate_keys(worked)
    with open_backup(worked, made) as copy:
        assert copy.table("participants").count == 3
    assert checked(worked._core, made) == ""
    after = fresh_backup(worked)
    assert after.good and drill(worked, PASSPHRASE).findings == ()
    back = unlock(restore(made.folder, tmp_path / "new").home, LEAD, PASSPHRASE)
    with back.files.open(next(iter(back.db.table("files").rows))["id"]) as sound:
        assert len(sound.read(0, 10**6)) == 150_000
    back.close()


def test_the_linking_store_comes_along(worked: Study, tmp_path: Path) -> None:
    (worked.home / "linking.db").write_bytes(os.urandom(5000))
    (worked.home / "linking.json").write_bytes(b"{}")
    made = fresh_backup(worked)
    new = restore(made.folder, tmp_path / "new").home
    for name in ("linking.db", "linking.json"):
        assert (new / name).read_bytes() == (worked.home / name).read_bytes()
