"""Studies on network disks: told apart, opened alone, read and written like any other."""

import errno
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlcipher3

from secure_storage import (
    FLOOR,
    StorageAway,
    Study,
    create_study,
    doctor,
    lock,
    unlock,
    verify_chain,
)
from secure_storage import database as door
from secure_storage import file_systems as kinds
from secure_storage.commands import check_up

LEAD, PASSPHRASE = "Ada Lead", "correct horse battery"


@pytest.fixture(params=["", "nfs"], ids=["local", "network"])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The disk that the database believes to lie on."""
    monkeypatch.setattr(door, "network_disk", lambda path: request.param)
    return str(request.param)


@pytest.fixture
def study(kind: str, tmp_path: Path) -> Iterator[Study]:
    create_study(tmp_path / "home", "Home care", LEAD, PASSPHRASE, cost=FLOOR)
    opened = unlock(tmp_path / "home", LEAD, PASSPHRASE)
    yield opened
    opened.close()


def put(study: Study, key: str) -> None:
    with study.change() as change:
        change.db.table("meta").insert({"key": key, "value": "v"})
        change.record("meta.set", f"meta:{key}")


def keys(study: Study) -> set[str]:
    return {row["key"] for row in study.db.table("meta").rows if row["key"][0] == "k"}


@pytest.mark.parametrize(
    ("number", "name", "said"),
    [
        (0x6969, "nfs4", "nfs"), (0x47504653, "gpfs", "gpfs"), (0x0BD00BD0, "lustre", "lustre"),
        (0xFF534D42, "cifs", "cifs"), (0xFE534D42, "", "smb3"), (0x00C36400, "ceph", "ceph"),
        (0x01021997, "9p", "9p"), (0x65735546, "fuse.sshfs", "fuse.sshfs"),
        (0x65735546, "", "fuse"), (0x65735546, "fuseblk", ""), (0, "nfs4", "nfs4"),
        (0xEF53, "ext4", ""), (0x58465342, "xfs", ""), (0x01021994, "tmpfs", ""), (0, "", ""),
    ],
)  # fmt: skip
def test_network_disks_are_told_from_disks_of_this_machine(
    number: int, name: str, said: str
) -> None:
    assert kinds.on_network(number, name) == said


def test_the_kernel_and_the_mount_table_are_asked(tmp_path: Path) -> None:
    assert kinds.number_of(Path("/proc")) == 0x9FA0 and kinds.name_of(Path("/proc")) == "proc"
    assert kinds.number_of(tmp_path / "missing") == 0
    assert kinds.network_disk(tmp_path) == ""


def test_the_innermost_mount_counts() -> None:
    table = (
        "22 1 0:1 / / rw - ext4 /dev/sda rw\n23 22 0:2 / /ess rw - gpfs ess rw\n"
        "24 23 0:3 / /ess/p\\04012 rw - nfs4 server:/p rw\n"
    )
    asked = [
        kinds.name_of(Path(path), lambda: table)
        for path in ("/ess/p 12/home", "/ess/p1", "/essential")
    ]
    assert asked == ["nfs4", "gpfs", "ext4"]

    def none() -> str:
        raise OSError

    assert kinds.name_of(Path("/"), none) == ""


def test_the_database_is_set_up_for_its_disk(study: Study, kind: str) -> None:
    read = {
        name: str(study.db.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("journal_mode", "locking_mode", "synchronous", "query_only", "secure_delete",
                     "foreign_keys")
    }  # fmt: skip
    own = {"journal_mode": "truncate", "locking_mode": "exclusive"}
    other = {"journal_mode": "wal", "locking_mode": "normal"}
    same = {"synchronous": "2", "query_only": "1", "secure_delete": "1", "foreign_keys": "1"}
    assert read == (own if kind else other) | same
    put(study, "k1")
    assert not (kind and list(study.home.glob("study.db-[ws]*")))


OTHER = """
import sys, sqlcipher3
db = sqlcipher3.connect(sys.argv[1])
db.execute(f"PRAGMA key = \\"x'{sys.argv[2]}'\\"")
try:
    db.execute("SELECT count(*) FROM meta").fetchone()
    print("opened")
except sqlcipher3.OperationalError as error:
    print(error)
"""


def test_alone_means_that_no_other_process_can_open_it(study: Study, kind: str) -> None:
    put(study, "k1")
    key = study._core._connections._key.hex()
    done = subprocess.run(
        [sys.executable, "-c", OTHER, str(study.home / "study.db"), key],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == ("database is locked" if kind else "opened")
    # Readers of threads, too, leave the lock in place.
    assert keys(study) == {"k1"} and verify_chain(study).ok


def test_a_study_moves_between_disks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    create_study(tmp_path / "home", "Home care", LEAD, PASSPHRASE, cost=FLOOR)
    for number, kind in enumerate(["", "nfs", "", "gpfs"]):
        monkeypatch.setattr(door, "network_disk", lambda path, kind=kind: kind)
        study = unlock(tmp_path / "home", LEAD, PASSPHRASE)
        put(study, f"k{number}")
        assert keys(study) == {f"k{one}" for one in range(number + 1)}
        study.close()


def test_a_reader_cannot_write(study: Study) -> None:
    with pytest.raises(sqlcipher3.OperationalError, match="readonly"):
        study.db.table("meta").insert({"key": "a", "value": "b"})
    with pytest.raises(sqlcipher3.OperationalError, match="readonly"):
        study.db.conn.execute("DELETE FROM meta")
    put(study, "k1")


def test_all_ways_of_reading_work(study: Study) -> None:
    for number in range(5):
        put(study, f"k{number}")
    sql = "SELECT key FROM meta WHERE key LIKE 'k%' ORDER BY key"
    assert [row["key"] for row in study.db.query(sql)] == [f"k{one}" for one in range(5)]
    cursor = study.db.execute(sql)
    assert cursor.fetchone() == ("k0",) and cursor.fetchmany(2) == [("k1",), ("k2",)]
    assert next(cursor) == ("k3",) and cursor.fetchall() == [("k4",)]
    assert cursor.fetchone() is None
    assert study.db.execute("SELECT ? AS one", [1]).description[0][0] == "one"
    assert study.db.table("meta").get("k1")["value"] == "v"
    assert study.db.table("meta").count_where("key = :key", {"key": "k2"}) == 1
    assert "meta" in study.db.table_names() and study.db["meta"].columns


def test_a_reader_is_in_order_while_others_write(study: Study) -> None:
    """Nobody sees half a change, and a half-read answer survives the next change."""

    def work(who: int) -> None:
        for number in range(40):
            with study.change() as change:
                for part in ("a", "b"):
                    change.db.table("meta").insert({"key": f"k{who}-{number}{part}", "value": "v"})
                change.record("meta.set", f"meta:{number}")

    def look() -> None:
        half = iter(study.db.table("meta").rows)
        next(half)
        while not done.is_set():
            seen = keys(study)
            assert {name[:-1] + "a" for name in seen} == {name[:-1] + "a" for name in seen
                                                          if name[:-1] + "b" in seen}  # fmt: skip
        assert list(half)

    done = threading.Event()
    with ThreadPoolExecutor(4) as pool:
        looking = [pool.submit(look) for _ in range(2)]
        for one in [pool.submit(work, who) for who in range(2)]:
            one.result()
        done.set()
        for one in looking:
            one.result()
    assert len(keys(study)) == 160 and verify_chain(study).ok


def test_a_change_reads_its_own_writing(study: Study, kind: str) -> None:
    with study.change() as change:
        change.db.table("meta").insert({"key": "k1", "value": "v"})
        change.record("meta.set", "meta:1")
        assert change.db.table("meta").get("k1")
        assert keys(study) == ({"k1"} if kind else set())
        change.db.table("meta").insert({"key": "k2", "value": "v"})
    assert keys(study) == {"k1", "k2"}


def test_an_error_undoes_the_whole_change(study: Study) -> None:
    with pytest.raises(ZeroDivisionError), study.change() as change:
        change.db.table("meta").insert({"key": "k1", "value": "v"})
        change.record("meta.set", "meta:1")
        raise ZeroDivisionError
    assert keys(study) == set()
    put(study, "k2")
    assert keys(study) == {"k2"} and verify_chain(study).ok


def test_files_and_members_work(study: Study) -> None:
    with study.change() as change:
        stored = study.files.add([b"words" * 50_000], "audio", change)
        change.record("recording.added", "recording:1")
    once = study.invite("Bo Coder", "coder")
    coder = unlock(study.home, "Bo Coder", once)
    coder.choose_passphrase("the own words of Bo")
    with coder.files.open(stored.id) as reader:
        assert reader.read(5, 5) == b"words"
    coder.close()


def test_a_copy_is_made_while_it_is_open(study: Study, tmp_path: Path) -> None:
    put(study, "k1")
    connections = study._core._connections
    connections.copy_to(tmp_path / "copy.db")
    put(study, "k2")
    with door.copy_opened(tmp_path / "copy.db", connections._key) as copy:
        assert copy.table("meta").get("k1") and copy.table("meta").count_where("key='k2'") == 0
    assert connections.altered_pages() == 0


KILLED = """
import sys
from pathlib import Path
from secure_storage import database, unlock
database.network_disk = lambda path: "nfs"
study = unlock(Path(sys.argv[1]), "Ada Lead", "correct horse battery")
for number in range(10_000):
    with study.change() as change:
        change.db.table("meta").insert({"key": f"k{number}", "value": "v"})
        change.record("meta.set", f"meta:{number}")
    print(number, flush=True)
"""


def test_what_was_acknowledged_on_a_network_disk_survives_a_kill(home: Path) -> None:
    worker = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(home)], stdout=subprocess.PIPE, text=True
    )
    assert worker.stdout is not None
    told = [int(worker.stdout.readline()) for _ in range(50)]
    worker.kill()
    told += [int(line) for line in worker.stdout.read().split()]
    worker.wait()
    worker.stdout.close()
    study = unlock(home, LEAD, PASSPHRASE)
    assert {f"k{number}" for number in told} <= keys(study) and verify_chain(study).ok
    study.close()


SECOND = """
import fcntl, sys
from pathlib import Path
import secure_storage.connection as one
from secure_storage import StudyBusy, unlock
fcntl.flock = lambda *_: None
one._PRAGMAS = tuple(pragma for pragma in one._PRAGMAS if "busy" not in pragma)
try:
    unlock(Path(sys.argv[1]), "Ada Lead", "correct horse battery")
except StudyBusy:
    print("busy")
"""


def test_a_disk_that_cannot_lock_leaves_it_to_the_database(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unable(fd: int, how: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", unable)
    with pytest.raises(StorageAway, match="does not answer"):
        lock.take(home)
    monkeypatch.setattr(lock, "network_disk", lambda path: "nfs")
    monkeypatch.setattr(door, "network_disk", lambda path: "nfs")
    study = unlock(home, LEAD, PASSPHRASE)
    put(study, "k1")
    done = subprocess.run(
        [sys.executable, "-c", SECOND, str(home)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "busy", done.stderr
    study.close()


def test_the_doctor_tells_how_the_database_works(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kind in ("", "nfs"):
        monkeypatch.setattr(check_up, "network_disk", lambda path, kind=kind: kind)
        (check,) = [one for one in doctor(home) if one.name == "disk of the study"]
        assert check.ok and ("alone" in check.detail) == bool(kind)
