"""New keys for the study: what was copied before opens nothing later, and nothing is lost."""

import json
import os
import random
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from itertools import cycle
from pathlib import Path

import pytest

from secure_storage import (
    BadInput,
    DamagedFile,
    FokusError,
    NotAllowed,
    NotSignedIn,
    Role,
    Study,
    fresh_backup,
    keys,
    make_kit,
    new_key,
    opened,
    recover,
    rotate_keys,
    seal,
    unlock,
    verify_chain,
)
from secure_storage import database as databases
from secure_storage.backup.shelf import shelf, shelf_held
from secure_storage.container import SealedReader
from secure_storage.database import copy_opened
from secure_storage.rotation import NEXT, settle

LEAD, PASSPHRASE = "Ada Lead", "correct horse battery"
Join = Callable[[str, Role], Study]
SOUND = bytes(range(256)) * 1000


def keep(study: Study, data: bytes = SOUND) -> str:
    with study.change() as change:
        stored = study.files.add([data], "audio", change)
        change.record("recording.added", "recording:1")
    return stored.id


def read(study: Study, file_id: str) -> bytes:
    with study.files.open(file_id) as reader:
        return reader.read(0, reader.size)


def names(study: Study) -> set[str]:
    return {path.name for path in (study.home / "files").iterdir()}


def test_everything_is_there_under_new_keys(study: Study) -> None:
    one, two = keep(study), keep(study, b"")
    head, root, before = study.head(), study._core.root, names(study)
    rotate_keys(study)
    assert study._core.root != root
    assert names(study).isdisjoint(before) and len(names(study)) == 2
    assert (read(study, one), read(study, two)) == (SOUND, b"")
    assert study.head() == head + 1
    last = study.recent_events(1)[0]
    assert (last.action, last.after, last.actor) == ("key.rotated", {"files": 2}, study.member.id)
    assert verify_chain(study).ok
    three = keep(study, b"later")
    home = study.home
    study.close()
    assert not (home / NEXT).exists()
    again = unlock(home, LEAD, PASSPHRASE)
    assert [read(again, one), read(again, three)] == [SOUND, b"later"]
    again.close()


def test_a_study_without_files_is_rotated_too_and_twice(study: Study) -> None:
    rotate_keys(study)
    rotate_keys(study)
    home = study.home
    study.close()
    unlock(home, LEAD, PASSPHRASE).close()


def test_progress_is_told_in_bytes(study: Study) -> None:
    for size in (10, 20, 30):
        keep(study, bytes(size))
    told: list[tuple[int, int]] = []
    rotate_keys(study, lambda done, total: told.append((done, total)))
    assert [total for _, total in told] == [60, 60, 60]
    assert sorted({done for done, _ in told})[-1] == 60


def test_the_schema_and_its_version_go_along(study: Study) -> None:
    def shape(db: Study) -> object:
        return (
            db.db.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name")
            .fetchall(),
            db.db.execute("PRAGMA user_version").fetchone(),
            db.db.execute("PRAGMA journal_mode").fetchone(),
        )  # fmt: skip

    before = shape(study)
    rotate_keys(study)
    assert shape(study) == before


def test_a_file_of_the_first_version_gets_a_key_of_its_own(study: Study) -> None:
    file_id = os.urandom(16).hex()
    old_key = keys.derived(study._core.root, "files")
    with (study.home / "files" / file_id).open("wb") as target:
        seal([SOUND], target, old_key, bytes.fromhex(file_id))
    with study.change() as change:
        change.db.table("files").insert(
            {"id": file_id, "kind": "audio", "size": len(SOUND), "sha256": "", "created_at": ""}
        )
        change.record("recording.added", "recording:1")
    assert read(study, file_id) == SOUND
    rotate_keys(study)
    assert read(study, file_id) == SOUND
    row = study.db.table("files").get(file_id)
    assert row["key"] and row["name"] != file_id


def test_a_removed_member_with_a_copy_of_the_keys_opens_nothing_later(
    study: Study, join: Join, tmp_path: Path
) -> None:
    bo = join("Bo Coder", "coder")
    file_id = keep(study)
    stolen = shutil.copytree(study.home, tmp_path / "stolen")
    root, seals = study._core.root, dict(study._core.files.seals(study.db))
    study.remove(bo.member.id)
    rotate_keys(study)
    later = keep(study, b"said after Bo left")
    home = study.home
    study.close()

    # The old key file opens the copy that was taken, and nothing of the study as it is now.
    stolen_header = (stolen / "study.json").read_bytes()
    assert keys.open_account(keys.from_json(stolen_header)[0], "Bo Coder", OWN).root == root
    with pytest.raises(DamagedFile), copy_opened(home / "study.db", keys.derived(root, "database")):
        pass
    mixed = shutil.copytree(home, tmp_path / "mixed")
    (mixed / "study.json").write_bytes(stolen_header)
    with pytest.raises(FokusError):
        unlock(mixed, "Bo Coder", OWN)
    known = [seal.key for seal in seals.values()] + [keys.derived(root, "files"), root]
    for path in (home / "files").iterdir():
        for key in known:
            with path.open("rb") as stream, pytest.raises(DamagedFile):
                SealedReader(stream, key, bytes.fromhex(path.name))
    again = unlock(home, LEAD, PASSPHRASE)
    assert [read(again, file_id), read(again, later)] == [SOUND, b"said after Bo left"]
    again.close()


OWN = "the own words of Bo Coder"


def test_only_a_lead_rotates(join: Join) -> None:
    for role in ("coder", "reader", "custodian"):
        with pytest.raises(NotAllowed):
            rotate_keys(join(f"Some {role}", role))


def test_others_go_on_working_meanwhile(study: Study, join: Join) -> None:
    bo = join("Bo Coder", "coder")
    files = [keep(study, bytes([number]) * 300_000) for number in range(6)]
    wrote: list[str] = []
    faults: list[BaseException] = []
    over = threading.Event()

    def work() -> None:
        try:
            for number in cycle(range(6)):
                if over.is_set():
                    break
                wrote.append(keep(bo, b"by Bo"))
                assert read(bo, files[number])[0] == number
                assert bo.db.table("files").count > 6
                bo.require("code")
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(4):
            rotate_keys(study)
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert not faults
    assert len(set(wrote)) == len(wrote) > 0
    assert all(read(study, one) == b"by Bo" for one in wrote)
    assert len(names(study)) == 6 + len(wrote)
    assert verify_chain(study).ok


def test_an_upload_that_began_before_ends_after(study: Study) -> None:
    writer = study.files.writer("audio")
    writer.write(b"first half, ")
    rotate_keys(study)
    writer.write(b"second half")
    with study.change() as change:
        stored = writer.finish(change)
        change.record("recording.added", "recording:1")
    assert read(study, stored.id) == b"first half, second half"


def test_what_plays_meanwhile_plays_on(study: Study) -> None:
    file_id = keep(study)
    with study.files.open(file_id) as reader:
        rotate_keys(study)
        assert reader.read(0, len(SOUND)) == SOUND


def test_listeners_hear_of_it_and_stay(study: Study) -> None:
    heard: list[str] = []
    end = study._core.listen(lambda event: heard.append(event.action))
    rotate_keys(study)
    keep(study)
    end()
    assert heard == ["key.rotated", "recording.added"]


def test_the_kit_and_the_passphrases_outlive_it(study: Study, join: Join) -> None:
    join("Bo Coder", "coder").close()
    once = study.invite("Cy New", "reader")
    kit = make_kit(study)
    rotate_keys(study)
    home = study.home
    study.close()
    unlock(home, "Bo Coder", OWN).close()
    unlock(home, "Cy New", once).close()
    assert unlock(home, LEAD, recover(home, kit, LEAD)).first_sign_in


def test_a_copy_from_before_opens_with_the_passphrases_of_then(
    study: Study, join: Join, tmp_path: Path
) -> None:
    join("Bo Coder", "coder").close()
    kit = make_kit(study)
    home = study.home
    study.close()
    backup = shutil.copytree(home, tmp_path / "backup")
    again = unlock(home, LEAD, PASSPHRASE)
    again.remove(2)
    rotate_keys(again)
    again.close()
    unlock(backup, "Bo Coder", OWN).close()
    assert recover(backup, kit, LEAD)


@pytest.mark.parametrize("call", ["os.fsync", "os.replace"])
def test_a_failing_disk_leaves_the_old_keys(
    study: Study, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    file_id, before, root = keep(study), names(study), study._core.root
    with monkeypatch.context() as patched:

        def full(*_: object, **__: object) -> None:
            raise OSError(28, "No space left on device")

        patched.setattr(call, full)
        with pytest.raises(FokusError):
            rotate_keys(study)
    assert study._core.root == root and names(study) == before
    assert read(study, file_id) == SOUND
    assert not (study.home / NEXT).exists()
    rotate_keys(study)
    assert read(study, file_id) == SOUND


def test_a_missing_file_stops_it_before_anything_is_changed(study: Study) -> None:
    kept, lost = keep(study), keep(study)
    (study.home / "files" / lost).unlink()
    root = study._core.root
    with pytest.raises(DamagedFile, match="keys were not changed"):
        rotate_keys(study)
    assert study._core.root == root and names(study) == {kept}


def test_who_is_signed_out_meanwhile_changes_no_keys(study: Study, join: Join) -> None:
    other = join("Di Lead", "lead")
    keep(study)
    root = study._core.root
    with pytest.raises(NotSignedIn):
        rotate_keys(other, lambda done, total: study.disable(other.member.id))
    assert study._core.root == root and len(names(study)) == 1


def test_a_backup_under_way_is_waited_for(study: Study) -> None:
    """A backup copies the files its database names; rotation would take them away."""
    keep(study)
    fresh_backup(study)
    root, over = study._core.root, threading.Event()

    def rotate() -> None:
        rotate_keys(study)
        over.set()

    with shelf_held(shelf(study.home)):
        thread = threading.Thread(target=rotate)
        thread.start()
        assert not over.wait(0.5) and study._core.root == root
        keep(study, b"meanwhile")
    thread.join()
    assert over.is_set() and study._core.root != root
    assert not fresh_backup(study).problem


def test_two_at_once_are_refused(study: Study) -> None:
    keep(study)

    def again(done: int, total: int) -> None:
        with pytest.raises(BadInput, match="already"):
            rotate_keys(study)

    rotate_keys(study, again)


def test_a_failure_after_the_point_of_no_return_is_finished_at_the_next_opening(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    file_id = keep(study)
    home = study.home

    def fails(*_: object) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(databases, "take_over", fails)
        with pytest.raises((FokusError, OSError)):
            rotate_keys(study)
    assert study.closed
    study.close()
    again = unlock(home, LEAD, PASSPHRASE)
    assert read(again, file_id) == SOUND and len(names(again)) == 1
    assert again.recent_events(2)[1].action == "key.rotated"
    again.close()


def test_what_is_no_half_rotation_is_not_taken_for_one(study: Study) -> None:
    home, root = study.home, study._core.root
    study.close()
    (home / NEXT).write_bytes(os.urandom(8192))
    settle(home, root)
    assert not (home / NEXT).exists()
    # Neither opens: nothing is thrown away.
    (home / NEXT).write_bytes(os.urandom(8192))
    settle(home, new_key())
    assert (home / NEXT).exists()


CUTS = r"""
import json, os, shutil, signal, sys
from pathlib import Path
from secure_storage import rotate_keys, unlock, verify_chain

made, scratch, LEAD, PASSPHRASE = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4]
home = scratch / "cut"
armed, count, limit = False, 0, -1

def point(*_):
    global count
    if armed:
        count += 1
        if count == limit:
            os.kill(os.getpid(), signal.SIGKILL)

def hook(event, args):
    if event in {"open", "os.rename", "os.remove", "os.truncate"}:
        point()

sys.addaudithook(hook)
fsync = os.fsync
def synced(fd):
    point(); fsync(fd); point()
os.fsync = synced

def child(cut):
    global armed, limit
    study = unlock(home, LEAD, PASSPHRASE)
    limit, armed = cut, True
    rotate_keys(study, point)
    armed = False
    study.close()
    return count

def look():
    study = unlock(home, LEAD, PASSPHRASE)
    ids = [row[0] for row in study.db.execute("SELECT id FROM files ORDER BY created_at, id")]
    texts = []
    for one in ids:
        with study.files.open(one) as reader:
            texts.append(len(reader.read(0, reader.size)))
    rotated = [e.action for e in study.events()].count("key.rotated")
    left = sorted(p.name for p in home.iterdir() if "next" in p.name or p.name.endswith(".part"))
    on_disk = len(list((home / "files").iterdir()))
    ok = verify_chain(study).ok
    study.close()
    return [rotated, len(ids), sorted(texts), on_disk, left, ok]

results, cut = [], 1
while True:
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(made, home)
    # With its anchors, which show that no older database was put back.
    shutil.rmtree(scratch / "cut-kept", ignore_errors=True)
    shutil.copytree(made.with_name("home-kept"), scratch / "cut-kept")
    pid = os.fork()
    if pid == 0:
        try:
            child(cut)
        except BaseException:
            os._exit(3)
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    seen = look()
    results.append([cut, os.WTERMSIG(status) if os.WIFSIGNALED(status) else -1, seen])
    if not os.WIFSIGNALED(status):
        results[-1].append(os.WEXITSTATUS(status))
        break
    cut += 1
print(json.dumps(results))
"""


def test_a_kill_at_any_point_leaves_the_old_study_or_the_new(study: Study, tmp_path: Path) -> None:
    for number in range(3):
        keep(study, bytes(100_000 * number))
    home = study.home
    study.close()
    done = subprocess.run(
        [sys.executable, "-c", CUTS, str(home), str(tmp_path), LEAD, PASSPHRASE],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout)
    *killed, last = results
    assert len(killed) >= 36
    assert last[1] == -1 and last[3] == 0
    for cut, signal, (rotated, files, sizes, on_disk, left, chain) in killed:
        assert signal == 9, cut
        assert rotated in {0, 1} and chain, cut
        assert (files, sizes, on_disk) == (3, [0, 100_000, 200_000], 3), cut
        assert left == [], cut
    outcomes = [row[2][0] for row in killed]
    assert outcomes == sorted(outcomes) and {0, 1} == set(outcomes)


def test_random_sequences_leave_open_exactly_whom_they_should(study: Study) -> None:
    """Invite, end, give again, remove, rotate: always only those with access get in."""
    chance, home = random.Random(3), study.home
    own: dict[int, tuple[str, str]] = {}
    can: set[int] = set()
    ended: set[int] = set()
    gone: set[int] = set()
    old_headers: list[bytes] = []
    for step in range(200):
        act = chance.choice(["invite", "disable", "enable", "remove", "rotate", "look", "look"])
        if act == "invite" and len(can) < 6:
            name = f"Member {step}"
            once = study.invite(name, "coder")
            number = study.members()[-1].id
            own[number] = (name, once)
            can.add(number)
        elif act == "disable" and can:
            number = chance.choice(sorted(can))
            study.disable(number)
            can.discard(number)
            ended.add(number)
        elif act == "enable" and ended:
            number = chance.choice(sorted(ended))
            own[number] = (own[number][0], study.enable(number))
            ended.discard(number)
            can.add(number)
        elif act == "remove" and can | ended:
            number = chance.choice(sorted(can | ended))
            study.remove(number)
            gone.add(number)
            can.discard(number)
            ended.discard(number)
        elif act == "rotate":
            old_headers.append((home / "study.json").read_bytes())
            rotate_keys(study)
        elif own:
            number = chance.choice(sorted(own))
            if number in can:
                unlock(home, *own[number]).close()
            else:
                with pytest.raises(FokusError):
                    unlock(home, *own[number])
        sealed_to = {one.member_id for one in study._core.header.accounts}
        assert sealed_to == can | {study.member.id}, (step, act)
    assert gone and ended | can and old_headers
    for number, sign in own.items():
        if number in can:
            unlock(home, *sign).close()
        else:
            with pytest.raises(FokusError):
                unlock(home, *sign)
    root = study._core.root
    for data in old_headers:
        header, _ = keys.from_json(data)
        for number, (name, passphrase) in own.items():
            account = header.account(name)
            if account is not None and number in gone:
                try:
                    assert keys.open_account(header, name, passphrase).root != root
                except FokusError:
                    continue
    assert opened.already_open(home) is study._core
