"""Sealed files and foreign files: nothing half-made, nothing let through."""

import errno
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from secure_storage import (
    BadInput,
    DamagedFile,
    DiskFull,
    Role,
    Study,
    open_foreign,
    rotate_keys,
    shred,
    unlock,
)
from secure_storage.audit.verify import restart_anchors, verify_study
from secure_storage.files import Seal

Join = Callable[[str, Role], Study]


def stored_names(study: Study) -> set[str]:
    return {path.name for path in (study.home / "files").iterdir()}


def read(study: Study, file_id: str) -> bytes:
    with study.files.open(file_id) as reader:
        return reader.read(0, reader.size)


def test_a_file_comes_back_and_is_listed(study: Study) -> None:
    parts = [b"a" * 100_000, b"b" * 50_000]
    with study.change() as change:
        stored = study.files.add(iter(parts), "audio", change)
        change.record("recording.added", "recording:1")
    whole = b"".join(parts)
    assert (stored.size, stored.sha256) == (len(whole), hashlib.sha256(whole).hexdigest())
    assert read(study, stored.id) == whole
    row = study.db.table("files").get(stored.id)
    assert (row["kind"], row["size"], row["sha256"]) == ("audio", stored.size, stored.sha256)


def test_slices_over_time_make_one_file(study: Study) -> None:
    writer = study.files.writer("audio")
    for number in range(30):
        writer.write(bytes([number]) * 10_000)
    assert writer.size == 300_000
    with study.change() as change:
        stored = writer.finish(change)
        change.record("recording.added", "recording:1")
    assert read(study, stored.id)[290_000:] == bytes([29]) * 10_000


def test_an_aborted_file_leaves_nothing(study: Study) -> None:
    writer = study.files.writer("audio")
    writer.write(b"x" * 200_000)
    writer.abort()
    writer.abort()
    assert stored_names(study) == set()


def test_a_source_that_fails_leaves_nothing(study: Study) -> None:
    def source() -> Iterator[bytes]:
        yield b"x" * 200_000
        raise BadInput("The file vanished.")

    with pytest.raises(BadInput), study.change() as change:
        study.files.add(source(), "audio", change)
    assert stored_names(study) == set() and study.db.table("files").count == 0


def test_an_undone_change_takes_its_file_with_it(study: Study) -> None:
    with pytest.raises(ZeroDivisionError), study.change() as change:
        study.files.add([b"x"], "audio", change)
        raise ZeroDivisionError
    assert stored_names(study) == set() and study.db.table("files").count == 0


def test_a_removed_file_is_gone_only_once_that_is_committed(study: Study) -> None:
    with study.change() as change:
        stored = study.files.add([b"x"], "audio", change)
        change.record("recording.added", "recording:1")
    with pytest.raises(ZeroDivisionError), study.change() as change:
        study.files.remove(stored.id, change)
        raise ZeroDivisionError
    assert read(study, stored.id) == b"x"
    with study.change() as change:
        study.files.remove(stored.id, change)
        change.record("recording.removed", "recording:1")
    assert stored_names(study) == set()
    with pytest.raises(DamagedFile, match="missing"):
        study.files.open(stored.id)


@pytest.mark.parametrize("bad", ["", "../study.db", "zz", "0" * 32, "study.db"])
def test_only_ids_of_files_open(study: Study, bad: str) -> None:
    with pytest.raises(DamagedFile):
        study.files.open(bad)


def test_one_file_cannot_stand_in_for_another(study: Study) -> None:
    with study.change() as change:
        one = study.files.add([b"one"], "audio", change)
        two = study.files.add([b"two"], "audio", change)
        change.record("recording.added", "recording:1")
    folder = study.home / "files"
    (folder / one.id).write_bytes((folder / two.id).read_bytes())
    with pytest.raises(DamagedFile):
        study.files.open(one.id)


@pytest.mark.parametrize("call", ["os.fsync", "os.replace"])
def test_a_full_disk_leaves_no_half_file(
    study: Study, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    writer = study.files.writer("audio")
    writer.write(b"x" * 300_000)
    with monkeypatch.context() as patched:
        patched.setattr(call, full)
        with pytest.raises(DiskFull, match="Free some space"), study.change() as change:
            writer.finish(change)
    assert stored_names(study) == set() and study.db.table("files").count == 0


def test_a_disk_that_fills_up_while_writing_leaves_no_half_file(study: Study) -> None:
    writer = study.files.writer("audio")
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, writer._target.fileno())
    os.close(full)
    with pytest.raises(DiskFull):
        for _ in range(10):
            writer.write(b"x" * 100_000)
    assert stored_names(study) == set()


def test_what_a_crash_left_is_swept_at_the_next_opening(study: Study) -> None:
    with study.change() as change:
        kept = study.files.add([b"x"], "audio", change)
        change.record("recording.added", "recording:1")
    folder = study.home / "files"
    (folder / ("0" * 32)).write_bytes(b"renamed, but its row was never committed")
    (folder / ".1.part").write_bytes(b"unfinished")
    home = study.home
    study.close()
    again = unlock(home, "Ada Lead", "correct horse battery")
    assert stored_names(again) == {kept.id}
    again.close()


def test_what_is_not_ours_among_the_files_keeps_nobody_out(study: Study) -> None:
    folder, home = study.home / "files", study.home
    (folder / ("1" * 32)).mkdir()
    (folder / ".2.part").mkdir()
    (folder / ".nfs000000000000000100000001").write_bytes(b"open elsewhere")
    (folder / "notes.txt").write_bytes(b"somebody's")
    study.close()
    again = unlock(home, "Ada Lead", "correct horse battery")
    assert len(list(folder.iterdir())) == 4
    again.close()


def test_an_older_database_takes_no_newer_recording_along(study: Study) -> None:
    home, older = study.home, study.home.parent / "older.db"

    def signed_in() -> Study:
        return unlock(home, "Ada Lead", "correct horse battery")

    study.close()
    shutil.copy(home / "study.db", older)
    again = signed_in()
    with again.change() as change:
        kept = again.files.add([b"sound"], "audio", change)
        change.record("recording.added", "recording:1")
    again.close()
    newest = (home / "study.db").read_bytes()
    shutil.copy(older, home / "study.db")
    for _ in range(3):
        again = signed_in()
        assert stored_names(again) == {kept.id}
        found = verify_study(again).findings
        assert any(f"File {kept.id[:12]} lies in the study" in one for one in found)
        again.close()
    (home / "study.db").write_bytes(newest)
    again = signed_in()
    assert read(again, kept.id) == b"sound"
    again.close()
    shutil.copy(older, home / "study.db")
    again = signed_in()
    restart_anchors(again)
    again.close()
    again = signed_in()
    assert stored_names(again) == set(), "a lead decided which is the newest"
    again.close()


def test_a_foreign_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "talk.wav"
    path.write_bytes(b"RIFF" + bytes(100))
    with open_foreign(path, max_bytes=1000) as stream:
        assert stream.read(4) == b"RIFF"
        assert stream.seek(0) == 0 and len(stream.read()) == 104


def test_what_is_not_a_plain_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"words")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "empty").touch()
    os.mkfifo(tmp_path / "pipe")
    for name in ("gone", "link", "empty", "pipe", ".", "real/below"):
        with pytest.raises(BadInput):
            open_foreign(tmp_path / name, max_bytes=1000)
    with pytest.raises(BadInput):
        open_foreign(Path("/dev/zero"), max_bytes=1000)


def test_a_foreign_file_that_is_or_grows_too_large_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "talk.wav"
    path.write_bytes(bytes(1001))
    with pytest.raises(BadInput, match="too large"):
        open_foreign(path, max_bytes=1000)
    path.write_bytes(bytes(900))
    with open_foreign(path, max_bytes=1000) as stream:
        with path.open("ab") as more:
            more.write(bytes(5000))
        with pytest.raises(BadInput, match="grew"):
            stream.read()
    with open_foreign(path, max_bytes=6000) as stream, pytest.raises(BadInput, match="grew"):
        with path.open("ab") as more:
            more.write(bytes(500_000))
        while stream.read(4096):
            pass


def test_a_foreign_file_that_vanishes_while_read_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "talk.wav"
    path.write_bytes(bytes(900_000))
    with open_foreign(path, max_bytes=1_000_000) as stream:
        stream.read(10)
        path.unlink()
        assert len(stream.read()) == 899_990


def test_shredding_overwrites_before_it_removes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "talk.wav"
    path.write_bytes(b"secret" * 500_000)
    monkeypatch.setattr("os.ftruncate", lambda fd, size: None)
    with path.open("rb") as still_open:
        shred(path)
        assert not path.exists() and still_open.read() == bytes(3_000_000)
    shred(path)


def test_a_file_with_a_second_name_is_not_shredded(tmp_path: Path) -> None:
    path, other = tmp_path / "inbox.wav", tmp_path / "kept.wav"
    path.write_bytes(b"words")
    other.hardlink_to(path)
    with pytest.raises(BadInput, match="hard link"):
        shred(path)
    assert path.read_bytes() == other.read_bytes() == b"words"


def keys_of(study: Study) -> dict[str, bytes]:
    return {file_id: seal.key for file_id, seal in study._core.files.seals(study.db)}


def test_every_file_has_a_key_of_its_own(study: Study) -> None:
    with study.change() as change:
        one = study.files.add([b"same"], "audio", change)
        two = study.files.add([b"same"], "audio", change)
        change.record("recording.added", "recording:1")
    keys = keys_of(study)
    assert keys[one.id] != keys[two.id] and {len(key) for key in keys.values()} == {32}
    for seal in dict(study._core.files.seals(study.db)).values():
        wrong = Seal(seal.name, keys[two.id] if seal.key == keys[one.id] else keys[one.id])
        with pytest.raises(DamagedFile):
            study.files.opened(wrong)


def test_a_destroyed_file_is_overwritten_and_its_key_is_gone(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with study.change() as change:
        stored = study.files.add([b"x" * 200_000], "audio", change)
        change.record("recording.added", "recording:1")
    path = study.home / "files" / stored.id
    key, written = keys_of(study)[stored.id], path.read_bytes()
    seen: list[bytes] = []
    unlink = Path.unlink

    def looking(self: Path, missing_ok: bool = False) -> None:
        if self == path and self.exists():
            # Overwritten in place, then cut: nothing is left to be read under this name.
            seen.append(self.read_bytes())
        unlink(self, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", looking)
    with pytest.raises(ZeroDivisionError), study.change() as change:
        study.files.destroy(stored.id, change)
        raise ZeroDivisionError
    assert path.read_bytes() == written
    with study.change() as change:
        study.files.destroy(stored.id, change)
        change.record("recording.erased", "recording:1")
    assert seen == [b""] and not path.exists()
    with pytest.raises(DamagedFile, match="missing"):
        study.files.open(stored.id)
    study.close()
    for left in study.home.rglob("*"):
        assert left.is_dir() or key not in left.read_bytes()


def test_a_file_under_a_second_name_is_removed_all_the_same(study: Study, tmp_path: Path) -> None:
    with study.change() as change:
        stored = study.files.add([b"x"], "audio", change)
        change.record("recording.added", "recording:1")
    path = study.home / "files" / stored.id
    os.link(path, tmp_path / "second")
    with study.change() as change:
        study.files.destroy(stored.id, change)
        change.record("recording.erased", "recording:1")
    assert not path.exists()


def test_a_name_given_by_rotation_is_not_swept(study: Study) -> None:
    with study.change() as change:
        stored = study.files.add([b"x"], "audio", change)
        change.record("recording.added", "recording:1")
    rotate_keys(study)
    (name,) = stored_names(study)
    assert name != stored.id
    study._core.files.sweep(study.db)
    assert stored_names(study) == {name} and read(study, stored.id) == b"x"
    with study.change() as change:
        study.files.remove(stored.id, change)
        change.record("recording.removed", "recording:1")
    assert stored_names(study) == set()
