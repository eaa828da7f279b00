"""Uploads in slices: sealed as they arrive, repeatable, and whole or not at all."""

import resource
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from secure_storage import (
    BadInput,
    DiskFull,
    Gate,
    NotAllowed,
    Role,
    Study,
    gate_routes,
    list_imports,
    unlock,
)
from transcribe import SameFile, Target, recording, recordings
from transcribe.intake import drop_loose_files
from transcribe.upload import NoUpload, Uploads, WrongPlace
from transcribe.upload_api import upload_routes

Tone = Callable[..., Path]
NEW = Target(None, "Group 3", 3)
PASSPHRASE = "correct horse battery"
OURS = {"origin": "http://fokus.test", "x-fokus": "1"}


@pytest.fixture
def uploads() -> Iterator[Uploads]:
    under_way = Uploads()
    yield under_way
    under_way.close()


@pytest.fixture
def sound(tone: Tone) -> bytes:
    return tone().read_bytes()


def files(study: Study) -> list[Path]:
    return list((study.home / "files").iterdir())


def send(uploads: Uploads, study: Study, sound: bytes, target: Target = NEW) -> int:
    upload = uploads.start(study, "talk.wav", len(sound), target)
    for offset in range(0, len(sound), 10_000):
        uploads.write(study, upload, offset, sound[offset : offset + 10_000])
    return uploads.finish(study, upload)


def test_what_a_recording_is_for_goes_on_record(
    study: Study, uploads: Uploads, sound: bytes
) -> None:
    send(uploads, study, sound, replace(NEW, purpose="  a pilot,\nnothing more "))
    assert [one.purpose for one in list_imports(study)] == ["a pilot, nothing more"]
    for purpose in ("", " ", "x" * 501, "a\x00b"):
        with pytest.raises(BadInput, match="what the recording is for"):
            uploads.start(study, "talk.wav", len(sound), replace(NEW, purpose=purpose))


def test_who_may_not_any_more_does_not_finish_what_was_begun(
    study: Study, uploads: Uploads, sound: bytes
) -> None:
    bo = unlock(study.home, "Bo", study.invite("Bo", "coder"))
    bo.choose_passphrase("the own words of Bo")
    upload = uploads.start(bo, "talk.wav", len(sound), NEW)
    uploads.write(bo, upload, 0, sound)
    study.change_role(bo.member.id, "reader")
    with pytest.raises(NotAllowed):
        uploads.finish(bo, upload)
    bo.close()
    assert not recordings(study) and not list_imports(study) and not files(study)


def test_slices_become_a_recording_that_was_never_plaintext(
    study: Study, uploads: Uploads, sound: bytes
) -> None:
    upload = uploads.start(study, "talk.wav", len(sound), NEW)
    assert uploads.write(study, upload, 0, sound[:30_000]) == 30_000
    for path in study.home.rglob("*"):
        assert not path.is_file() or sound[1000:1064] not in path.read_bytes()
    assert uploads.write(study, upload, 30_000, sound[30_000:]) == len(sound)
    made = uploads.finish(study, upload)
    row = recording(study, made)
    assert (row.title, row.group, row.duration) == ("Group 3", 3, pytest.approx(2.0))
    with study.files.open(row.parts[0].file_id) as kept:
        assert kept.read(0, kept.size) == sound
    assert [one.source for one in list_imports(study)] == ["upload in the browser"]


def test_what_is_sent_again_changes_nothing(study: Study, uploads: Uploads, sound: bytes) -> None:
    upload = uploads.start(study, "talk.wav", len(sound), NEW)
    uploads.write(study, upload, 0, sound[:30_000])
    assert uploads.write(study, upload, 0, sound[:30_000]) == 30_000
    with pytest.raises(WrongPlace) as gap:
        uploads.write(study, upload, 50_000, sound[50_000:])
    assert gap.value.have == 30_000
    with pytest.raises(WrongPlace):
        uploads.finish(study, upload)
    uploads.write(study, upload, 30_000, sound[30_000:])
    assert uploads.finish(study, upload) == uploads.finish(study, upload)
    assert len(recordings(study)) == 1


def test_a_further_part_begins_where_the_recording_ended(
    study: Study, uploads: Uploads, tone: Tone
) -> None:
    made = send(uploads, study, tone().read_bytes())
    more = tone("more.wav", seconds=1.0, hertz=700.0).read_bytes()
    assert send(uploads, study, more, Target(made)) == made
    first, second = recording(study, made).parts
    assert (first.offset, second.offset) == (0.0, pytest.approx(first.duration))


def test_the_same_file_twice_is_refused_naming_the_recording(
    study: Study, uploads: Uploads, sound: bytes
) -> None:
    send(uploads, study, sound)
    before = files(study)
    with pytest.raises(SameFile, match="«Group 3»"):
        send(uploads, study, sound, Target(None, "Group 4", 4))
    assert files(study) == before
    assert len(recordings(study)) == 1


@pytest.mark.parametrize(
    ("name", "size", "target"),
    [
        ("letter.docx", 10, NEW),
        ("no suffix", 10, NEW),
        ("a\nb.wav", 10, NEW),
        ("talk.wav", 0, NEW),
        ("talk.wav", 9 << 30, NEW),
        ("talk.wav", 10, Target(None, "  ", 3)),
        ("talk.wav", 10, Target(None, "x" * 121, 3)),
        ("talk.wav", 10, Target(None, "Group", 0)),
        ("talk.wav", 10, Target(77)),
    ],
)
def test_what_could_only_fail_is_refused_at_the_start(
    study: Study, uploads: Uploads, name: str, size: int, target: Target
) -> None:
    with pytest.raises(BadInput):
        uploads.start(study, name, size, target)
    assert files(study) == []


def test_more_than_announced_ends_the_upload(study: Study, uploads: Uploads, sound: bytes) -> None:
    upload = uploads.start(study, "talk.wav", 100, NEW)
    with pytest.raises(BadInput, match="announced"):
        uploads.write(study, upload, 0, sound[:200])
    with pytest.raises(NoUpload):
        uploads.write(study, upload, 0, sound[:100])
    assert files(study) == []


def test_what_is_not_sound_leaves_nothing(study: Study, uploads: Uploads) -> None:
    with pytest.raises(BadInput, match="not an audio"):
        send(uploads, study, b"A letter, and not a sound at all. " * 2000)
    assert files(study) == []
    assert recordings(study) == []
    assert [event.action for event in study.events()][-2:] == ["file.received", "file.refused"]


def test_a_cancelled_upload_leaves_nothing(study: Study, uploads: Uploads, sound: bytes) -> None:
    upload = uploads.start(study, "talk.wav", len(sound), NEW)
    uploads.write(study, upload, 0, sound[:70_000])
    assert len(files(study)) == 1
    uploads.cancel(study, upload)
    assert files(study) == []


def test_an_upload_belongs_to_the_member_who_began_it(
    study: Study, uploads: Uploads, sound: bytes, sign_in: Callable[[str, Role], Study]
) -> None:
    coder, reader = sign_in("Bo", "coder"), sign_in("Rita", "reader")
    upload = uploads.start(study, "talk.wav", len(sound), NEW)
    for act in (
        lambda: uploads.write(coder, upload, 0, sound[:10]),
        lambda: uploads.finish(coder, upload),
        lambda: uploads.cancel(coder, upload),
    ):
        with pytest.raises(NoUpload):
            act()
    with pytest.raises(NotAllowed):
        uploads.start(reader, "talk.wav", 10, NEW)


def test_an_abandoned_upload_is_dropped(study: Study, sound: bytes) -> None:
    now = [0.0]
    uploads = Uploads(clock=lambda: now[0])
    left = uploads.start(study, "talk.wav", len(sound), NEW)
    now[0] = 3601.0
    uploads.start(study, "talk.wav", len(sound), NEW)
    assert len(files(study)) == 1
    with pytest.raises(NoUpload):
        uploads.write(study, left, 0, sound[:10])
    uploads.close()


def test_an_upload_ends_with_the_sign_in_that_began_it(
    home: Path, study: Study, uploads: Uploads, sound: bytes
) -> None:
    upload = uploads.start(study, "talk.wav", len(sound), NEW)
    uploads.write(study, upload, 0, sound[:30_000])
    study.close()  # the study is locked, and what is half-made swept at the next sign-in
    again = unlock(home, "Ada", PASSPHRASE)
    with pytest.raises(NoUpload, match="signed out"):
        uploads.write(again, upload, 30_000, sound[30_000:])
    with pytest.raises(NoUpload, match="not known"):
        uploads.finish(again, upload)
    assert files(again) == []
    assert send(uploads, again, sound) == recordings(again)[0].id
    again.close()


def test_only_a_few_uploads_at_once(study: Study, uploads: Uploads) -> None:
    for _ in range(4):
        uploads.start(study, "talk.wav", 10, NEW)
    with pytest.raises(BadInput, match="under way"):
        uploads.start(study, "talk.wav", 10, NEW)


def test_a_disk_without_room_is_told_beforehand(
    study: Study, uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Usage:
        free = 100 << 20

    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage)
    with pytest.raises(DiskFull):
        uploads.start(study, "talk.wav", 10, NEW)


def test_a_disk_that_fills_up_leaves_nothing(study: Study, uploads: Uploads, sound: bytes) -> None:
    sound += bytes(200_000)
    upload = uploads.start(study, "talk.wav", len(sound), NEW)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(DiskFull):
            uploads.write(study, upload, 0, sound)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert files(study) == []
    with pytest.raises(NoUpload):
        uploads.finish(study, upload)
    assert send(uploads, study, sound) == recordings(study)[0].id


def test_what_a_crash_left_between_receiving_and_keeping_is_taken_back(
    study: Study, uploads: Uploads, sound: bytes
) -> None:
    from transcribe import store

    writer = study.files.writer(store.KIND)
    writer.write(sound)
    with study.change() as change:
        store.receive_file(change, writer)
    assert len(files(study)) == 1
    drop_loose_files(study)
    assert files(study) == []
    assert send(uploads, study, sound) == recordings(study)[0].id
    drop_loose_files(study)
    assert len(files(study)) == 1


@pytest.fixture
def client(home: Path, study: Study) -> Iterator[TestClient]:
    """The routes behind the real gate, with Ada signed in."""
    app = Starlette(
        routes=[*gate_routes(home), *upload_routes()], middleware=[Middleware(Gate, home=home)]
    )
    with TestClient(app, base_url="http://fokus.test", headers=OURS) as browser:
        browser.post("/sign-in", data={"name": "Ada", "passphrase": PASSPHRASE})
        yield browser


def announce(client: TestClient, sound: bytes, **more: object) -> dict[str, object]:
    asked = {"name": "talk.wav", "size": len(sound), "title": "Group 3", "group": 3, **more}
    answer = client.post("/api/upload", json=asked)
    assert answer.status_code == 200, answer.text
    told: dict[str, object] = answer.json()
    return told


def test_the_browser_uploads_in_slices(client: TestClient, study: Study, sound: bytes) -> None:
    path = f"/api/upload/{announce(client, sound)['id']}"
    half = len(sound) // 2
    assert client.put(f"{path}?offset=0", content=sound[:half]).json() == {"have": half}
    ahead = client.put(f"{path}?offset={half + 5}", content=sound[half:])
    assert (ahead.status_code, ahead.json()["have"]) == (400, half)
    assert client.put(f"{path}?offset={half}", content=sound[half:]).json()["have"] == len(sound)
    made = client.post(f"{path}/finish").json()["recording"]
    assert recording(study, made).title == "Group 3"
    again = announce(client, sound, recording=made)
    client.put(f"/api/upload/{again['id']}?offset=0", content=sound)
    refused = client.post(f"/api/upload/{again['id']}/finish")
    assert refused.status_code == 400
    assert "«Group 3»" in refused.json()["error"]


def test_the_browser_gives_an_upload_up(client: TestClient, study: Study, sound: bytes) -> None:
    path = f"/api/upload/{announce(client, sound)['id']}"
    client.put(f"{path}?offset=0", content=sound)
    assert client.delete(path).status_code == 200
    assert files(study) == []
    assert client.post(f"{path}/finish").status_code == 400


@pytest.mark.parametrize(
    "asked",
    [
        {"name": "talk.wav", "size": "10", "title": "T", "group": 1},
        {"name": "talk.wav", "size": -1, "title": "T", "group": 1},
        {"name": 7, "size": 10, "title": "T", "group": 1},
        {"name": "talk.wav", "size": 10, "recording": "x"},
        [],
    ],
)
def test_malformed_requests_are_refused(client: TestClient, asked: object) -> None:
    assert client.post("/api/upload", json=asked).status_code == 400
    assert client.put("/api/upload/x?offset=-1", content=b"x").status_code == 400
    assert client.put("/api/upload/x?offset=0", content=b"x").status_code == 400


def test_foreign_pages_and_strangers_upload_nothing(client: TestClient, study: Study) -> None:
    asked = {"name": "talk.wav", "size": 10, "title": "T", "group": 1}
    for headers in ({"origin": "http://evil.test"}, {"x-fokus": "0"}):
        assert client.post("/api/upload", json=asked, headers=headers).status_code == 403
    client.cookies.clear()
    assert client.post("/api/upload", json=asked).status_code == 401
    assert client.put("/api/upload/x?offset=0", content=b"x").status_code == 401
    assert files(study) == []
