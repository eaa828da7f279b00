"""Backups of a real study: made, verified, expiring; what goes wrong leaves nothing half."""

import errno
import hashlib
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from secure_storage import BackupFailed, NotAllowed, Study, database, held, moments, unlock
from secure_storage.backup import (
    Backup,
    backups,
    forget_backups,
    fresh_backup,
    make,
    making,
    nightly,
    open_backup,
    shelf,
    wait_until_checked,
)
from secure_storage.backup import store as asked
from secure_storage.backup.checking import checked
from secure_storage.backup.restoring import BOOKKEEPING
from secure_storage.backup.shelf import KEPT, Kind, expired, iso, read_manifest, remove
from secure_storage.database import meta
from secure_storage.schema import MIGRATIONS

LEAD, PASSPHRASE = "Ada Lead", "correct horse battery"
NIGHT = datetime(2026, 3, 2, 3, 30).astimezone()
"""A Monday, an hour and a half after the planned moment."""


@pytest.fixture
def file_id(study: Study) -> str:
    with study.change() as change:
        stored = study.files.add([os.urandom(200_000)], "recording", change)
        change.record("recording.added", "recording:1")
    return stored.id


def later(days: float) -> Callable[[], datetime]:
    return lambda: NIGHT + timedelta(days=days)


def test_a_backup_holds_the_whole_study(study: Study, file_id: str) -> None:
    made = fresh_backup(study)
    assert [one.name for one in backups(study.home)] == [made.name]
    assert made.good and not made.locked and made.kind == "on-demand"
    manifest = read_manifest(made.folder)
    names = {part.name for part in manifest.parts}
    assert {"study.db", "study.json"} <= names
    assert sum(name.startswith("files/") for name in names) == 1
    with open_backup(study, made) as copy:
        assert meta(copy, "title") == "Home care"
        rows = asked.compared(asked.row_hashes(copy), asked.row_hashes(study.db), BOOKKEEPING)
    assert rows.rows == rows.equal > 0
    assert not rows.differing


def test_nobody_else_can_read_a_backup(study: Study, file_id: str) -> None:
    made = fresh_backup(study)
    for path in [made.folder, *made.folder.rglob("*")]:
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), path
    for part in read_manifest(made.folder).parts:
        assert b"Home care" not in (made.folder / part.name).read_bytes()


def test_plain_files_stay_out(study: Study) -> None:
    (study.home / "exports" / "quotes.txt").write_text("said")
    (study.home / "inbox" / "group.wav").write_bytes(b"sound")
    made = fresh_backup(study)
    names = {path.name for path in made.folder.rglob("*")}
    assert not names & {"exports", "inbox", "jobs", "quotes.txt", "group.wav"}


def test_a_file_that_was_there_before_is_linked(study: Study, file_id: str) -> None:
    first, second = fresh_backup(study), fresh_backup(study)
    (part,) = [one for one in read_manifest(second.folder).parts if one.name.startswith("files/")]
    assert part.linked
    assert (first.folder / part.name).samefile(second.folder / part.name)
    assert not (study.home / part.name).samefile(second.folder / part.name)
    remove(first)
    assert asked_again(study, second) == ""


def asked_again(study: Study, one: Backup) -> str:
    return checked(study._core, one)


def test_where_nothing_can_be_linked_it_is_copied(
    study: Study, file_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise OSError(errno.EXDEV, "another device")

    fresh_backup(study)
    monkeypatch.setattr(os, "link", refused)
    assert fresh_backup(study).good


def test_a_file_that_was_written_anew_is_not_linked(study: Study, file_id: str) -> None:
    fresh_backup(study)
    (path,) = (study.home / "files").iterdir()
    path.write_bytes(path.read_bytes())
    made = fresh_backup(study)
    assert not any(part.linked for part in read_manifest(made.folder).parts)


def test_a_locked_study_is_copied_and_verified_at_the_next_unlock(home: Path) -> None:
    made = make(home, "nightly")
    assert made.locked and made.verified_at is None and read_manifest(made.folder).seq is None
    study = unlock(home, LEAD, PASSPHRASE)
    wait_until_checked(home)
    (found,) = backups(home)
    assert found.good
    done = [one.action for one in study.events() if one.object == f"backup:{made.name}"]
    assert done == ["backup.made", "backup.verified"]
    assert asked.recorded(study._core)[made.name] == found.verified_at
    study.close()


CRASH = """
import os, signal, sys
from pathlib import Path
from secure_storage import unlock
study = unlock(Path(sys.argv[1]), "Ada Lead", "correct horse battery")
for number in range(40):
    with study.change() as change:
        change.record("code.added", f"code:{number}", after={"name": "x" * 500})
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_crash_left_in_the_journal_is_in_the_copy(home: Path) -> None:
    done = subprocess.run([sys.executable, "-c", CRASH, str(home)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert (home / "study.db-wal").stat().st_size > 0
    made = make(home, "nightly")
    assert "study.db-wal" in {part.name for part in read_manifest(made.folder).parts}
    before = {path: path.read_bytes() for path in made.folder.glob("study.db*")}
    study = unlock(home, LEAD, PASSPHRASE)
    wait_until_checked(home)
    (found,) = backups(home)
    assert found.good
    with open_backup(study, found) as copy:
        known = [row[0] for row in copy.conn.execute("SELECT object FROM events").fetchall()]
        assert "code:39" in known
    assert {path: path.read_bytes() for path in made.folder.glob("study.db*")} == before
    assert not list(made.folder.parent.glob(".opened-*"))
    study.close()


def test_a_study_of_another_process_is_not_copied_under_it(home: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from secure_storage import StudyBusy\n"
        "from secure_storage.backup import make\n"
        "try: make(Path(sys.argv[1]), 'on-demand')\nexcept StudyBusy as busy: print(busy.pid)"
    )
    with held(home):
        done = subprocess.run(
            [sys.executable, "-c", code, str(home)], capture_output=True, text=True, check=True
        )
    assert done.stdout.strip() == str(os.getpid())
    assert backups(home) == []


def flip(path: Path, place: int) -> None:
    with path.open("r+b") as file:
        file.seek(place)
        byte = file.read(1)[0]
        file.seek(place)
        file.write(bytes([byte ^ 1]))


@pytest.mark.parametrize("name", ["study.db", "study.json", "files"])
def test_one_flipped_bit_is_found(study: Study, file_id: str, name: str) -> None:
    home = study.home
    study.close()
    made = make(home, "nightly")
    path = next((made.folder / name).iterdir()) if name == "files" else made.folder / name
    flip(path, path.stat().st_size // 2)
    again = unlock(home, LEAD, PASSPHRASE)
    wait_until_checked(home)
    (found,) = backups(home)
    assert "altered or damaged" in found.problem
    assert [one.action for one in again.recent_events(1)] == ["backup.failed"]
    assert any(found.name in told for told in nightly.problems(home, datetime.now(UTC)))
    again.close()


def test_a_flipped_bit_whose_sum_was_made_anew_is_found(study: Study, file_id: str) -> None:
    made = fresh_backup(study)
    flip(made.folder / "study.db", 9000)
    said = json.loads((made.folder / "manifest.json").read_bytes())
    for part in said["parts"]:
        data = (made.folder / part["name"]).read_bytes()
        part["sha256"] = hashlib.sha256(data).hexdigest()
    (made.folder / "manifest.json").write_text(json.dumps(said))
    assert "altered or damaged" in asked_again(study, made)


def test_a_backup_of_another_course_of_events_is_told(home: Path, tmp_path: Path) -> None:
    old = shutil.copytree(home, tmp_path / "old")
    study = unlock(home, LEAD, PASSPHRASE)
    made = fresh_backup(study)
    study.close()
    forked = unlock(old, LEAD, PASSPHRASE)
    assert "does not know" in asked_again(forked, made)
    forked.close()


def test_a_missing_file_is_told(study: Study, file_id: str) -> None:
    made = fresh_backup(study)
    next((made.folder / "files").iterdir()).unlink()
    assert "missing" in asked_again(study, made)


def written(name: str, kind: Kind, made_at: datetime, state: str) -> Backup:
    verified = iso(made_at) if state else None
    return Backup(
        name, Path(name), iso(made_at), kind, 1, False, verified, "bad" if state == "bad" else ""
    )


def test_what_expires_when() -> None:
    now = datetime(2026, 6, 1, 3, tzinfo=UTC)
    table: list[tuple[str, Kind, float, str, bool]] = [
        # name, kind, age in days, state, is removed
        ("n0", "nightly", 0, "", False),
        ("n1", "nightly", 1, "good", False),
        ("n6", "nightly", 6.9, "good", False),
        ("n7", "nightly", 7, "good", True),
        ("n8", "nightly", 8, "bad", True),
        ("w6", "weekly", 6, "good", False),
        ("w27", "weekly", 27, "good", False),
        ("w28", "weekly", 28, "", True),
        ("d1", "on-demand", 1, "", False),
        ("d8", "on-demand", 8, "good", True),
        ("m20", "before-migration", 20, "", False),
        ("m29", "before-migration", 29, "", True),
    ]
    present = [written(n, k, now - timedelta(days=a), s) for n, k, a, s, _ in table]
    assert {one.name for one in expired(present, now)} == {n for n, *_, gone in table if gone}
    for one in present:
        day = timedelta(days=KEPT[one.kind].days)
        assert datetime.fromisoformat(one.expires_at) == datetime.fromisoformat(one.made_at) + day


def test_no_more_than_promised_are_kept() -> None:
    now = datetime(2026, 6, 1, 3, tzinfo=UTC)
    hours = [written(f"d{n}", "on-demand", now - timedelta(hours=n), "") for n in range(12)]
    assert {one.name for one in expired(hours, now)} == {f"d{n}" for n in range(7, 12)}


@pytest.mark.parametrize(
    ("states", "kept"),
    [
        (["good", "", ""], 0),
        (["good", "good", "bad"], 1),
        (["", "", ""], 2),
        (["bad", "", "bad"], 1),
    ],
)
def test_the_last_good_one_stays(states: list[str], kept: int) -> None:
    now = datetime(2026, 6, 1, 3, tzinfo=UTC)
    present = [
        written(f"n{n}", "nightly", now - timedelta(days=50 - n), state)
        for n, state in enumerate(states)
    ]
    gone = {one.name for one in expired(present, now)}
    assert {one.name for one in present} - gone == {f"n{kept}"}


@pytest.fixture
def old_header(home: Path) -> Path:
    """The study has been there for long."""
    moment = (NIGHT - timedelta(days=30)).timestamp()
    os.utime(home / "study.json", (moment, moment))
    return home


def test_forty_nights(old_header: Path) -> None:
    home = old_header
    for day in range(40):
        made = nightly.nightly(home, later(day))
        assert made is not None and made.locked
        assert nightly.nightly(home, later(day + 0.2)) is None
    present = backups(home)
    kinds = [one.kind for one in present]
    assert kinds.count("weekly") == 4 and kinds.count("nightly") == 6
    horizon = NIGHT + timedelta(days=39)
    assert all(datetime.fromisoformat(one.expires_at) > horizon for one in present)
    expiry = max(datetime.fromisoformat(one.expires_at) for one in present)
    assert timedelta(days=20) < expiry - horizon <= timedelta(days=28)


def test_missed_nights_are_caught_up_once(old_header: Path) -> None:
    assert nightly.nightly(old_header, later(0)) is not None
    assert nightly.due(old_header, later(5.5)())
    assert nightly.nightly(old_header, later(5.5)) is not None
    assert nightly.nightly(old_header, later(5.6)) is None


def test_the_hour_is_the_administrators(old_header: Path) -> None:
    (old_header / "fokus.toml").write_text("[backup]\nhour = 5\n")
    assert nightly.planned_before(old_header, NIGHT).hour == 5
    assert nightly.planned_before(old_header, NIGHT).day == 1
    (old_header / "fokus.toml").write_text("[backup]\nhour = 3\n")
    assert nightly.planned_before(old_header, NIGHT).day == 2


def test_a_young_study_waits_for_its_first_night(home: Path) -> None:
    assert not nightly.due(home, datetime.now(UTC))
    assert nightly.due(home, datetime.now(UTC) + timedelta(days=1))


def test_a_night_while_somebody_works(old_header: Path) -> None:
    study = unlock(old_header, LEAD, PASSPHRASE)
    made = nightly.nightly(old_header, later(0))
    assert made is not None and not made.locked
    assert backups(old_header)[0].good
    study.close()


def test_what_has_expired_leaves_the_list(old_header: Path) -> None:
    first = nightly.nightly(old_header, later(0))
    study = unlock(old_header, LEAD, PASSPHRASE)
    wait_until_checked(old_header)
    nightly.nightly(old_header, later(29))
    assert first is not None and not first.folder.exists()
    assert first.name not in asked.recorded(study._core)
    assert "backup.removed" in [one.action for one in study.recent_events(5)]
    study.close()


def test_one_rotten_file_spoils_no_more_than_its_week(old_header: Path) -> None:
    study = unlock(old_header, LEAD, PASSPHRASE)
    with study.change() as change:
        for content in (b"first", b"other"):
            study.files.add([content * 1000], "recording", change)
        change.record("recording.added", "recording:1")
    nights = [nightly.nightly(old_header, later(day)) for day in range(4)]
    assert [one.kind for one in nights if one] == ["weekly", *["nightly"] * 3]
    rotten = next(iter(sorted((backups(old_header)[0].folder / "files").iterdir())))
    flip(rotten, 200)
    (nights[1].folder / "files" / rotten.name).unlink()  # type: ignore[union-attr]
    nightly.nightly(old_header, later(7))
    states = [bool(one.problem) for one in backups(old_header)]
    assert states == [True, False, True, True, False]
    nightly.nightly(old_header, later(8))
    weekly, after = backups(old_header)[-2:]
    assert weekly.kind == "weekly" and weekly.good and after.good
    assert not any(part.linked for part in read_manifest(weekly.folder).parts)
    assert any(part.linked for part in read_manifest(after.folder).parts)
    failed = [one for one in study.recent_events(20) if one.action == "backup.failed"]
    assert len(failed) == 3
    study.close()


def test_a_backup_of_a_wrong_clock_silences_no_night(old_header: Path) -> None:
    wrong = make(old_header, "nightly", later(3650)())
    assert nightly.nightly(old_header, later(0)) is not None
    told = nightly.problems(old_header, later(0.1)())
    assert len(told) == 1 and wrong.name in told[0] and "in the future" in told[0]
    for day in range(1, 10):
        assert nightly.nightly(old_header, later(day)) is not None
    assert wrong.name in [one.name for one in backups(old_header)]
    assert any("missing" in one for one in nightly.problems(old_header, later(12)()))


def test_a_clock_that_jumps_ahead_removes_nothing_at_once(old_header: Path) -> None:
    first = [nightly.nightly(old_header, later(day)) for day in range(5)]
    names = [one.name for one in first if one]
    assert len(names) == 5
    for day in (400, 401):
        assert nightly.nightly(old_header, later(day)) is not None
        assert names == [one.name for one in backups(old_header)][:5]
        told = nightly.problems(old_header, later(day + 0.1)())
        assert len(told) == 1 and "with no backup between" in told[0]
    assert nightly.nightly(old_header, later(5)) is not None, "the clock was set right"
    assert set(names) <= {one.name for one in backups(old_header)}


def test_a_clock_that_stays_ahead_is_believed_after_a_week(old_header: Path) -> None:
    for day in (0, 1, 100, *range(101, 108)):
        assert nightly.nightly(old_header, later(day)) is not None
    assert all(one.made_at > iso(later(99)()) for one in backups(old_header))
    assert nightly.problems(old_header, later(107.1)()) == []


def test_backups_made_once_in_a_season_do_not_pile_up(old_header: Path) -> None:
    for season in range(6):
        make(old_header, "on-demand", later(90 * season)())
    assert len(backups(old_header)) <= 3


def test_the_night_starts_by_itself(old_header: Path) -> None:
    nightly.tend(old_header)
    thread = nightly._running[old_header.resolve()]
    thread.join()
    assert len(backups(old_header)) == 1
    nightly.tend(old_header)
    assert nightly._running[old_header.resolve()] is thread


def test_a_target_that_is_away_is_told(old_header: Path, tmp_path: Path) -> None:
    target = tmp_path / "disk"
    (old_header / "fokus.toml").write_text(f"[backup]\nfolder = {str(target)!r}\n")
    with pytest.raises(BackupFailed, match="is not there"):
        make(old_header, "on-demand")
    assert not target.exists()
    assert nightly.nightly(old_header, later(0)) is None
    assert "is not there" in nightly.trouble(old_header)
    assert not nightly._to_do(old_header, NIGHT + timedelta(minutes=1))
    target.mkdir()
    assert nightly.nightly(old_header, later(0.1)) is not None
    assert nightly.trouble(old_header) == ""


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The disk of the backups fills up in the middle of a file."""
    real = making._copied

    def copied(under_way: "making._Making", source: Path, name: str) -> None:
        if name.startswith("files/"):
            (under_way.partial / name).write_bytes(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")
        real(under_way, source, name)

    monkeypatch.setattr(making, "_copied", copied)
    yield


@pytest.mark.usefixtures("full")
def test_a_full_disk_leaves_nothing_half(study: Study, file_id: str) -> None:
    with pytest.raises(BackupFailed, match="no room"):
        fresh_backup(study)
    assert backups(study.home) == []
    assert [one.name for one in shelf.shelf(study.home).iterdir()] == [".lock"]
    assert study.head() > 0


FULL = """
import resource, signal, sys
from pathlib import Path
from secure_storage import BackupFailed
from secure_storage.backup import make
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try: make(Path(sys.argv[1]), "nightly")
except BackupFailed as error: print(error)
"""


def test_a_really_full_disk_is_told(home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(home)], capture_output=True, text=True, check=True
    )
    assert "no room left for a backup" in done.stdout
    assert backups(home) == [] and not list(shelf.shelf(home).glob("*.partial"))


KILLED = """
import os, signal, sys
from pathlib import Path
from secure_storage.backup import make, making
making_of, left = making._copied, [int(sys.argv[2])]
def copied(*given):
    left[0] -= 1
    if not left[0]: os.kill(os.getpid(), signal.SIGKILL)
    making_of(*given)
making._copied = copied
making.write_manifest_before = making.write_manifest
def manifest(*given):
    left[0] -= 1
    if not left[0]: os.kill(os.getpid(), signal.SIGKILL)
    making.write_manifest_before(*given)
making.write_manifest = manifest
make(Path(sys.argv[1]), "nightly")
"""


@pytest.mark.parametrize("step", [1, 2, 3, 4])
def test_a_killed_backup_leaves_no_half_one(home: Path, step: int) -> None:
    study = unlock(home, LEAD, PASSPHRASE)
    with study.change() as change:
        study.files.add([os.urandom(100)], "recording", change)
        change.record("recording.added", "recording:1")
    study.close()
    command = [sys.executable, "-c", KILLED, str(home), str(step)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    assert backups(home) == []
    assert list(shelf.shelf(home).glob("*.partial"))
    made = make(home, "nightly")
    assert [one.name for one in backups(home)] == [made.name]
    assert not list(shelf.shelf(home).glob("*.partial"))


def test_a_file_removed_meanwhile_starts_it_again(
    study: Study, file_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = making._files
    calls: list[tuple[str, ...]] = []

    def files(under_way: "making._Making", names: tuple[str, ...]) -> None:
        if not calls:
            with study.change() as change:
                study.files.remove(file_id, change)
                change.record("recording.removed", "recording:1")
        calls.append(names)
        real(under_way, names)

    monkeypatch.setattr(making, "_files", files)
    assert fresh_backup(study).good
    assert [len(names) for names in calls] == [1, 0]


def test_only_a_lead_makes_and_forgets(study: Study, join: Callable[..., Study]) -> None:
    coder = join("Cy", "coder")
    for call in (lambda: fresh_backup(coder), lambda: forget_backups(coder, iso(NIGHT))):
        with pytest.raises(NotAllowed):
            call()


def test_backups_can_be_forgotten_at_once(study: Study) -> None:
    first, second = fresh_backup(study), fresh_backup(study)
    assert forget_backups(study, second.made_at) == [first.name]
    assert [one.name for one in backups(study.home)] == [second.name]
    assert not first.folder.exists()
    assert study.recent_events(1)[0].action == "backup.removed"


def test_the_seals_go_first(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    made = fresh_backup(study)
    gone: list[bool] = []
    monkeypatch.setattr(
        shutil, "rmtree", lambda path: gone.append((Path(path) / "study.json").exists())
    )
    remove(made)
    assert gone == [False] and backups(study.home) == []


def test_an_old_study_is_backed_up_before_it_is_migrated(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = (*MIGRATIONS, "CREATE TABLE newer (id INTEGER PRIMARY KEY) STRICT;")
    monkeypatch.setattr(database, "MIGRATIONS", more)
    study = unlock(home, LEAD, PASSPHRASE)
    wait_until_checked(home)
    (made,) = backups(home)
    assert made.kind == "before-migration" and made.good
    with open_backup(study, made) as copy:
        assert "newer" not in copy.table_names() and "newer" in study.db.table_names()
    study.close()
    unlock(home, LEAD, PASSPHRASE).close()
    assert len(backups(home)) == 1


def test_a_migration_and_a_backup_do_not_wait_for_each_other(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The backup holds its folder and waits for the study, which is being opened."""
    more = (*MIGRATIONS, "CREATE TABLE newer (id INTEGER PRIMARY KEY) STRICT;")
    opening, holding = threading.Event(), threading.Event()
    real_shelf, real_before = making.on_shelf, making.make_before_migration

    def held_up(folder: Path) -> list[Backup]:
        holding.set()
        assert opening.wait(20)
        return real_shelf(folder)

    def begun(path: Path, copy: Callable[[Path], None]) -> None:
        opening.set()
        real_before(path, copy)

    monkeypatch.setattr(making, "PATIENCE", 0.2)
    made: list[Backup] = []
    backup = threading.Thread(target=lambda: made.append(make(home, "nightly")))
    with monkeypatch.context() as patched:
        patched.setattr(making, "on_shelf", held_up)
        patched.setattr(moments, "before_migration", [begun])
        patched.setattr(database, "MIGRATIONS", more)
        backup.start()
        assert holding.wait(20)
        with pytest.raises(BackupFailed, match="is being made"):
            unlock(home, LEAD, PASSPHRASE)
        backup.join(20)
        assert made and not backup.is_alive()
        unlock(home, LEAD, PASSPHRASE).close()


def test_who_signs_in_waits_for_no_check_of_backups(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaving, go_on = threading.Event(), threading.Event()

    def slow(core: object) -> None:
        leaving.set()
        assert go_on.wait(20)

    study = unlock(home, LEAD, PASSPHRASE)
    with monkeypatch.context() as patched:
        patched.setattr(moments, "before_locking", [slow])
        last = threading.Thread(target=study.close)
        last.start()
        assert leaving.wait(20)
        again = unlock(home, LEAD, PASSPHRASE)
        go_on.set()
        last.join()
        assert study.closed and not again.closed and again.members()
        again.close()
    assert again._core.closed
    unlock(home, LEAD, PASSPHRASE).close()


def test_without_a_backup_nothing_is_migrated(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "fokus.toml").write_text("[backup]\nfolder = '/nowhere/at/all'\n")
    more = (*MIGRATIONS, "CREATE TABLE newer (id INTEGER PRIMARY KEY) STRICT;")
    with monkeypatch.context() as patched:
        patched.setattr(database, "MIGRATIONS", more)
        with pytest.raises(BackupFailed):
            unlock(home, LEAD, PASSPHRASE)
    study = unlock(home, LEAD, PASSPHRASE)
    assert "newer" not in study.db.table_names()
    study.close()


def test_writers_go_on_while_a_backup_is_made(study: Study) -> None:
    stop, written_events = threading.Event(), []

    def write() -> None:
        while not stop.is_set():
            with study.change() as change:
                written_events.append(change.record("code.added", "code:1"))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        made = [fresh_backup(study) for _ in range(5)]
    finally:
        stop.set()
        writer.join()
    assert all(one.good for one in made)
    count = sum(one.action == "code.added" for one in study.events(limit=10**6))
    assert len(written_events) == count > 0


@pytest.fixture
def on_network_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The study lies on a disk where one connection does everything."""
    monkeypatch.setattr(database, "network_disk", lambda path: "nfs")


@pytest.mark.usefixtures("on_network_disk")
def test_a_study_on_a_network_disk_is_backed_up_like_others(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = unlock(home, LEAD, PASSPHRASE)
    assert fresh_backup(study).good
    study.close()
    make(home, "nightly")
    more = (*MIGRATIONS, "CREATE TABLE newer (id INTEGER PRIMARY KEY) STRICT;")
    monkeypatch.setattr(database, "MIGRATIONS", more)
    study = unlock(home, LEAD, PASSPHRASE)
    wait_until_checked(home)
    assert [one.kind for one in backups(home) if one.good] == [
        "on-demand", "nightly", "before-migration",
    ]  # fmt: skip
    study.close()


def test_the_docs_promise_what_is_kept() -> None:
    text = (Path(__file__).parents[2] / "docs" / "backups.md").read_text("utf-8")
    told = {
        "nightly": "nightly", "on-demand": "on demand",
        "weekly": "weekly (the first of a calendar week)", "before-migration": "before an upgrade",
    }  # fmt: skip
    for kind, keeping in KEPT.items():
        assert f"| {told[kind]} | {keeping.days} days | {keeping.most} |" in text
