"""A disk that fails: told in our words, nothing confirmed lost, no restart needed."""

import errno
import os
import stat
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import sqlcipher3
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient

from secure_storage import (
    DamagedFile,
    DiskFull,
    Event,
    FokusError,
    Gate,
    Repeated,
    StorageAway,
    Study,
    StudyBusy,
    disk,
    gate_routes,
    on_event,
    unlock,
    verify_chain,
)
from secure_storage import database as door
from secure_storage.errors import storage_told
from secure_storage.storage_faults import sqlite_fault
from transcribe import reading

LEAD, PASSPHRASE = "Ada Lead", "correct horse battery"


def put(study: Study, key: str) -> None:
    with study.change() as change:
        change.record("meta.set", f"meta:{key}", client_id=f"client-{key}")
        change.db.table("meta").insert({"key": key, "value": "v"})


def keys(study: Study) -> set[str]:
    return {row["key"] for row in study.db.table("meta").rows if row["key"][0] == "k"}


def failing_commit(study: Study, *, after: bool) -> None:
    """Let the next COMMIT fail as a disk does: before anything is kept, or after all is."""
    connection = study._core._connections._writer.conn
    real = connection.execute

    def execute(sql: str, *given: Any) -> Any:
        if sql != "COMMIT":
            return real(sql, *given)
        del connection.execute  # type: ignore[method-assign]
        if after:
            real(sql)
        raise sqlcipher3.OperationalError("disk I/O error")

    connection.execute = execute  # type: ignore[method-assign]


@pytest.fixture(params=["", "nfs"], ids=["local", "network"])
def either(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "network_disk", lambda path: request.param)


@pytest.fixture
def away(study: Study, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """The disk stays away, until what this gives is called."""

    def gone(*_: object, **__: object) -> Any:
        raise StorageAway("away")

    kept = door.connect, door._holds
    monkeypatch.setattr(door, "connect", gone)
    monkeypatch.setattr(door, "_holds", lambda db: False)

    def back() -> None:
        monkeypatch.setattr(door, "connect", kept[0])
        monkeypatch.setattr(door, "_holds", kept[1])

    return back


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.EIO, StorageAway), (errno.ESTALE, StorageAway), (errno.EACCES, StorageAway),
        (errno.EKEYEXPIRED, StorageAway), (errno.ENOTCONN, StorageAway),
        (errno.EROFS, StorageAway), (errno.ENOSPC, DiskFull), (errno.EDQUOT, DiskFull),
        (errno.EISDIR, IsADirectoryError), (errno.ENOENT, FileNotFoundError),
    ],
)  # fmt: skip
def test_what_a_disk_says_is_told(number: int, kind: type[Exception]) -> None:
    with pytest.raises(kind) as told, storage_told():
        raise OSError(number, os.strerror(number))
    if number in {errno.EACCES, errno.EKEYEXPIRED}:
        assert "ticket" in str(told.value)


def test_a_ticket_that_ran_out_keeps_the_study_shut(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(self: Path) -> bytes:
        raise PermissionError(errno.EACCES, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_bytes", refused)
        with pytest.raises(StorageAway, match="kinit"):
            unlock(home, LEAD, PASSPHRASE)
    unlock(home, LEAD, PASSPHRASE).close()


def error_with(code: int, text: str = "said by SQLite") -> Exception:
    error = sqlcipher3.OperationalError(text)
    error.sqlite_errorcode = code
    return error  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (10, StorageAway), (10 | 4 << 8, StorageAway), (13, DiskFull), (14, StorageAway),
        (8, StorageAway), (5, StudyBusy), (1, None), (19, None),
        (11, DamagedFile), (26, DamagedFile),
    ],
)  # fmt: skip
def test_what_sqlite_says_is_told(tmp_path: Path, code: int, kind: type[Exception] | None) -> None:
    (tmp_path / "one.db").touch()
    told = sqlite_fault(error_with(code), tmp_path / "one.db", writer=True)
    assert type(told) is (kind or type(None))
    assert [path.name for path in tmp_path.iterdir()] == ["one.db"]
    if code == 8:
        assert sqlite_fault(error_with(8), tmp_path / "one.db", writer=False) is None


@pytest.mark.parametrize("number", [errno.EDQUOT, errno.ENOSPC])
def test_a_used_up_quota_is_told_from_a_broken_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def full(fd: int) -> None:
        raise OSError(number, "no room")

    (tmp_path / "one.db").touch()
    monkeypatch.setattr("os.fsync", full)
    assert isinstance(sqlite_fault(error_with(10), tmp_path / "one.db", writer=True), DiskFull)
    assert [path.name for path in tmp_path.iterdir()] == ["one.db"]


@pytest.mark.usefixtures("either")
def test_a_commit_that_failed_is_not_there_and_can_be_repeated(study: Study) -> None:
    heard: list[Event] = []
    off = on_event(study, heard.append)
    failing_commit(study, after=False)
    with pytest.raises(StorageAway, match="does not answer"):
        put(study, "k1")
    assert keys(study) == set() and heard == []
    put(study, "k1")
    put(study, "k2")
    assert keys(study) == {"k1", "k2"} and len(heard) == 2 and verify_chain(study).ok
    off()


@pytest.mark.usefixtures("either")
def test_a_commit_that_came_through_after_all_is_confirmed(study: Study) -> None:
    heard: list[Event] = []
    off = on_event(study, heard.append)
    failing_commit(study, after=True)
    put(study, "k1")
    assert keys(study) == {"k1"} and len(heard) == 1
    with pytest.raises(Repeated):
        put(study, "k1")
    assert verify_chain(study).ok
    off()


@pytest.mark.usefixtures("either")
@pytest.mark.parametrize("after", [False, True])
def test_an_outcome_is_found_out_once_the_disk_is_back(
    study: Study, away: Callable[[], None], after: bool
) -> None:
    heard: list[Event] = []
    off = on_event(study, heard.append)
    failing_commit(study, after=after)
    for _ in range(3):
        with pytest.raises(StorageAway):
            put(study, "k1")
    assert heard == []
    away()
    if after:
        with pytest.raises(Repeated):
            put(study, "k1")
    else:
        put(study, "k1")
    put(study, "k2")
    assert keys(study) == {"k1", "k2"} and verify_chain(study).ok
    assert [event.object for event in heard] == ["meta:k1", "meta:k2"]
    off()


def test_a_file_stays_until_it_is_known_whether_its_change_came_through(
    study: Study, away: Callable[[], None]
) -> None:
    failing_commit(study, after=True)
    with pytest.raises(StorageAway), study.change() as change:
        stored = study.files.add([b"words"], "audio", change)
        change.record("recording.added", "recording:1")
    away()
    put(study, "k1")
    with study.files.open(stored.id) as reader:
        assert reader.read(0, 5) == b"words"


def test_the_key_file_follows_when_the_disk_is_back(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing_commit(study, after=False)
    real = disk.put_in_place
    calls: list[Path] = []

    def failing(written: Any, temporary: Path, path: Path) -> None:
        calls.append(path)
        if len(calls) > 1:
            raise StorageAway("away")
        real(written, temporary, path)

    with monkeypatch.context() as patched:
        patched.setattr(disk, "put_in_place", failing)
        with pytest.raises(StorageAway):
            study.change_passphrase(PASSPHRASE, "a new long passphrase")
        with pytest.raises(StorageAway):
            put(study, "k1")
    put(study, "k2")
    unlock(study.home, LEAD, PASSPHRASE).close()
    assert keys(study) == {"k2"}


def test_a_study_whose_database_is_gone_is_not_begun_anew(home: Path) -> None:
    (home / "study.db").unlink()
    with pytest.raises(DamagedFile, match="missing"):
        unlock(home, LEAD, PASSPHRASE)
    assert not (home / "study.db").exists()


def test_locking_works_on_a_disk_that_is_away(study: Study, away: Callable[[], None]) -> None:
    failing_commit(study, after=False)
    with pytest.raises(StorageAway):
        put(study, "k1")
    core = study._core
    with suppress(FokusError):
        study.close()
    assert core.closed and core.root == b""
    away()
    again = unlock(study.home, LEAD, PASSPHRASE)
    assert keys(again) == set()
    again.close()


@pytest.mark.parametrize("umask", [0o000, 0o777, 0o022])
def test_what_is_made_is_private_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        disk.private_folder(tmp_path / "a" / "b" / "c")
        with disk.replacing(tmp_path / "a" / "b" / "c" / "file") as file:
            file.write(b"x")
    finally:
        os.umask(before)
    made = [tmp_path / "a", tmp_path / "a" / "b", tmp_path / "a" / "b" / "c"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in made} == {0o700}
    assert stat.S_IMODE((made[-1] / "file").stat().st_mode) == 0o600


def test_a_study_that_others_can_read_is_closed_to_them_when_opened(home: Path) -> None:
    home.chmod(0o755)
    for path in home.iterdir():
        path.chmod(0o777 if path.is_dir() else 0o664)
    study = unlock(home, LEAD, PASSPHRASE)
    put(study, "k1")
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in home.iterdir()} == {0o700, 0o600}
    study.close()


def test_a_study_that_cannot_be_closed_to_others_is_refused(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(self: Path, mode: int) -> None:
        raise PermissionError(errno.EPERM, "not yours")

    home.chmod(0o750)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "chmod", refused)
        with pytest.raises(FokusError, match="dir_mode=0700"):
            unlock(home, LEAD, PASSPHRASE)
    unlock(home, LEAD, PASSPHRASE).close()


@pytest.mark.parametrize("call", ["os.fsync", "pathlib.Path.replace"])
def test_a_file_is_not_said_to_be_saved_when_the_disk_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    asked: list[object] = []

    def failing(*given: object) -> None:
        asked.append(given)
        raise OSError(errno.EIO, "Input/output error")

    (tmp_path / "file").write_bytes(b"old")
    with monkeypatch.context() as patched:
        patched.setattr(call, failing)
        with pytest.raises(StorageAway), disk.replacing(tmp_path / "file") as file:
            file.write(b"new")
    # Asking twice for a sync that failed would be told a success that it is not.
    assert len(asked) == 1 and (tmp_path / "file").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_disk_that_cannot_sync_folders_is_good_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cannot(fd: int) -> None:
        raise OSError(errno.EINVAL, "Invalid argument")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", cannot)
        disk.sync_folder(tmp_path)


@pytest.mark.parametrize("through", ["route", "edge"])
def test_pages_are_told_to_try_again(home: Path, through: str) -> None:
    """A browser that is told 503 keeps what it has not saved, and sends it again."""

    def fail(*_: object) -> Response:
        raise StorageAway("The disk is away.")

    async def failing(request: Request) -> Response:
        return fail()

    route = Route("/api/x", failing) if through == "route" else reading("/api/x", fail)
    app = Starlette(routes=[*gate_routes(home), route], middleware=[Middleware(Gate, home=home)])
    ours = {"origin": "http://fokus.test", "x-fokus": "1"}
    with TestClient(app, base_url="http://fokus.test", headers=ours) as browser:
        browser.post("/sign-in", data={"name": LEAD, "passphrase": PASSPHRASE})
        answer = browser.get("/api/x")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json() == {"error": "The disk is away."}


def test_upkeep_goes_on_after_a_fault(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Path] = []
    again = threading.Event()

    def failing(home: Path) -> None:
        calls.append(home)
        if len(calls) > 1:
            again.set()
        raise StorageAway("The disk is away.")

    monkeypatch.setattr("secure_storage.gate.SWEEP_EVERY", 0.01)
    monkeypatch.setattr("secure_storage.moments.now_and_then", [failing])
    app = Starlette(routes=gate_routes(home), middleware=[Middleware(Gate, home=home)])
    with TestClient(app, base_url="http://fokus.test"):
        assert again.wait(20)
    assert set(calls) == {home}
