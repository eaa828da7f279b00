"""The database: encrypted in every file, guarded, and whole after whatever happens."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import sqlcipher3
import sqlite_utils
import sqlite_utils.db

from secure_storage import (
    DamagedFile,
    DiskFull,
    Event,
    FokusError,
    NotSignedIn,
    Study,
    UnrecordedChange,
    create_study,
    on_event,
    unlock,
    verify_chain,
)
from secure_storage import database as door
from secure_storage.keys import FLOOR

LEAD = "Ada Lead"
PASSPHRASE = "correct horse battery"
MARK = "Kardemommekrydder"


def add_code(study: Study, name: str) -> None:
    with study.change() as change:
        row = {
            "name": name, "color": "#000", "created_by": study.member.id, "created_at": change.now,
        }  # fmt: skip
        change.db.table("codes").insert(row)
        change.record("code.created", "code:0", after={"name": name})


def names(study: Study) -> set[str]:
    return {row["name"] for row in study.db.table("codes").rows}


def test_sqlite_utils_knows_the_exceptions_of_sqlcipher() -> None:
    assert sqlite_utils.db.sqlite3 is sqlcipher3  # type: ignore[attr-defined]


def test_the_pragmas_that_keep_what_was_acknowledged(study: Study) -> None:
    read = {
        name: str(study.db.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "query_only",
                     "trusted_schema", "temp_store")
    }  # fmt: skip
    assert read == {
        "journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "secure_delete": "1",
        "query_only": "1", "trusted_schema": "0", "temp_store": "2",
    }  # fmt: skip


def test_no_word_is_readable_in_any_file(study: Study) -> None:
    add_code(study, MARK)
    with study.change() as change:
        study.files.add([MARK.encode() * 5000], "audio", change)
        change.record("recording.added", "recording:1", after={"title": MARK})
    assert (study.home / "study.db-wal").stat().st_size > 0

    def hits() -> list[Path]:
        files = [path for path in study.home.rglob("*") if path.is_file()]
        assert len(files) >= 4
        words = (MARK.encode(), b"Home care", b"Ada Lead", b"CREATE TABLE", b"SQLite format")
        return [path for path in files if any(word in path.read_bytes() for word in words)]

    assert hits() == []
    study.close()
    assert hits() == []


def test_a_wrong_key_gets_nothing_and_prints_nothing(
    home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(DamagedFile):
        door.Connections(home / "study.db", os.urandom(32))
    assert door.refuses_wrong_key(home / "study.db")
    assert capfd.readouterr() == ("", "")


def test_a_plaintext_database_is_never_opened(home: Path) -> None:
    (home / "study.db").unlink()
    plain = sqlcipher3.connect(str(home / "study.db"))
    plain.execute("CREATE TABLE t (x)")
    plain.close()
    with pytest.raises(DamagedFile, match="not encrypted"):
        unlock(home, LEAD, PASSPHRASE)


def test_the_database_of_another_study_is_refused(home: Path, tmp_path: Path) -> None:
    create_study(tmp_path / "other", "Other", LEAD, PASSPHRASE, cost=FLOOR)
    (tmp_path / "other" / "study.db").replace(home / "study.db")
    with pytest.raises(DamagedFile):
        unlock(home, LEAD, PASSPHRASE)


def test_a_study_of_a_newer_version_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as older:
        older.setattr(door, "MIGRATIONS", ())
        with pytest.raises(FokusError, match="newer version"):
            unlock(home, LEAD, PASSPHRASE)
    unlock(home, LEAD, PASSPHRASE).close()


def test_a_migration_that_fails_leaves_the_old_schema(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = (
        *door.MIGRATIONS,
        "CREATE TABLE extra (x INTEGER) STRICT; INSERT INTO nowhere VALUES (1)",
    )
    with monkeypatch.context() as newer:
        newer.setattr(door, "MIGRATIONS", steps)
        with pytest.raises(sqlcipher3.OperationalError):
            unlock(home, LEAD, PASSPHRASE)
    study = unlock(home, LEAD, PASSPHRASE)
    assert "extra" not in study.db.table_names()
    study.close()


def test_a_migration_runs_once(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        door, "MIGRATIONS", (*door.MIGRATIONS, "CREATE TABLE extra (x INTEGER) STRICT")
    )
    for _ in range(2):
        study = unlock(home, LEAD, PASSPHRASE)
        assert "extra" in study.db.table_names()
        study.close()


def test_a_reader_cannot_write(study: Study) -> None:
    with pytest.raises(sqlcipher3.OperationalError, match="readonly"):
        study.db.table("meta").insert({"key": "a", "value": "b"})


def test_two_threads_lose_nothing(study: Study) -> None:
    def work(who: int) -> None:
        for number in range(200):
            add_code(study, f"{who}-{number}")
            assert f"{who}-{number}" in names(study)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, range(2)))
    assert len(names(study)) == 400
    assert [event.seq for event in study.events(limit=1000)] == list(range(1, 403))


def test_sessions_come_and_go_while_others_work(home: Path) -> None:
    def visit(who: int) -> None:
        for number in range(5):
            study = unlock(home, LEAD, PASSPHRASE)
            reading = threading.Thread(target=read_on, args=(study,))
            reading.start()
            add_code(study, f"{who}-{number}")
            # Closing while another thread of the session still reads.
            study.close()
            reading.join()

    def read_on(study: Study) -> None:
        with suppress(NotSignedIn):
            for _ in range(100):
                study.events(limit=50)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(visit, range(4)))
    study = unlock(home, LEAD, PASSPHRASE)
    assert len(names(study)) == 20 and verify_chain(study).ok
    study.close()


def test_threads_that_end_leave_no_connection_open(study: Study) -> None:
    def descriptors() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    study.head()
    before = descriptors()
    for _ in range(20):
        thread = threading.Thread(target=study.head)
        thread.start()
        thread.join()
    assert descriptors() <= before + 2


def test_an_error_undoes_the_whole_change(study: Study) -> None:
    before = study.events()
    with pytest.raises(ZeroDivisionError), study.change() as change:
        change.db.table("codes").insert(
            {"name": "x", "color": "#000", "created_by": 1, "created_at": change.now}
        )
        change.record("code.created", "code:1")
        raise ZeroDivisionError
    assert names(study) == set()
    assert study.events() == before
    add_code(study, "after")


def test_a_broken_reference_is_refused(study: Study) -> None:
    with pytest.raises(sqlcipher3.IntegrityError), study.change() as change:
        change.db.table("theme_codes").insert({"theme_id": 77, "code_id": 77})
        change.record("theme.code_added", "theme:77")
    add_code(study, "after")


def test_a_change_without_an_event_is_refused(study: Study) -> None:
    with pytest.raises(UnrecordedChange), study.change() as change:
        change.db.table("codes").insert(
            {"name": "x", "color": "#000", "created_by": 1, "created_at": change.now}
        )
    assert names(study) == set()
    with study.change():
        pass


def test_a_change_within_a_change_is_told_not_waited_for(study: Study) -> None:
    with pytest.raises(RuntimeError, match="within a change"), study.change(), study.change():
        pass
    add_code(study, "after")


def test_a_full_disk_loses_only_the_change_it_met(study: Study) -> None:
    add_code(study, "before")
    pages = int(study.db.execute("PRAGMA page_count").fetchone()[0])
    with pytest.raises(DiskFull), study.change() as change:
        change.db.execute(f"PRAGMA max_page_count = {pages}")
        for number in range(2000):
            change.db.table("meta").insert({"key": f"key {number}", "value": "v" * 1000})
        change.record("x.y", "study")
    with study.change() as change:
        change.db.execute("PRAGMA max_page_count = 1000000")
    add_code(study, "after")
    assert names(study) == {"before", "after"}


FULL = """
import resource, signal, sys
from pathlib import Path
from typing import Any
from secure_storage import DiskFull, create_study
from secure_storage.keys import FLOOR
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
try:
    create_study(Path(sys.argv[1]), "Title", "Ada Lead", "correct horse battery", cost=FLOOR)
except DiskFull as error:
    print(error)
"""


@pytest.mark.parametrize("limit", [0, 1, 500, 4096, 20_000, 100_000])
def test_no_half_study_is_made_on_a_full_disk(tmp_path: Path, limit: int) -> None:
    home = tmp_path / "home"
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(home), str(limit)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "disk is full" in done.stdout
    assert {path.name for path in home.iterdir()} <= {"server.lock"}
    create_study(home, "Title", LEAD, PASSPHRASE, cost=FLOOR)
    unlock(home, LEAD, PASSPHRASE).close()


KILLED = """
import os, sys
from pathlib import Path
from typing import Any
from secure_storage import unlock
study = unlock(Path(sys.argv[1]), "Ada Lead", "correct horse battery")
for number in range(10_000):
    with study.change() as change:
        change.db.table("meta").insert({"key": f"k{number}", "value": "v"})
        change.record("meta.set", f"meta:{number}")
    print(number, flush=True)
"""


def test_what_was_acknowledged_survives_a_kill(home: Path) -> None:
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
    kept = {row["key"] for row in study.db.table("meta").rows}
    assert {f"k{number}" for number in told} <= kept
    study.close()


def test_closing_locks(study: Study, join: Callable[..., Study]) -> None:
    coder = join("Bo Coder", "coder")
    study.close()
    coder.head()
    coder.close()
    with pytest.raises(FokusError, match="signed out"):
        coder.head()
    assert not (study.home / "study.db-wal").exists()


def test_a_commit_that_fails_tells_nobody_and_restores_the_key_file(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[Event] = []
    off = on_event(study, heard.append)
    pages = int(study.db.execute("PRAGMA page_count").fetchone()[0])
    before = (study.home / "study.json").read_bytes()
    real = door.sqlcipher3.Connection.execute

    class Failing:
        """The writer's connection, whose COMMIT meets a full disk."""

        def __init__(self, connection: Any) -> None:
            self._connection = connection

        def __getattr__(self, name: str) -> Any:
            return getattr(self._connection, name)

        def execute(self, sql: str, *rest: Any) -> Any:
            if sql == "COMMIT":
                raise sqlcipher3.OperationalError("database or disk is full")
            return real(self._connection, sql, *rest)

    writer = study._core._connections._writer
    with monkeypatch.context() as patched:
        patched.setattr(writer, "conn", Failing(writer.conn))
        with pytest.raises(DiskFull):
            study.change_passphrase(PASSPHRASE, "a new long passphrase")
        with pytest.raises(DiskFull):
            add_code(study, "lost")
    assert heard == [] and names(study) == set()
    assert json.loads((study.home / "study.json").read_bytes()) == json.loads(before)
    assert pages == int(study.db.execute("PRAGMA page_count").fetchone()[0])
    unlock(study.home, LEAD, PASSPHRASE).close()
    add_code(study, "after")
    assert [event.action for event in heard] == ["code.created"]
    off()
