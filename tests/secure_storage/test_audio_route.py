"""Playing: ranges of the sealed sound, to whoever may hear it, on the record once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from secure_storage import Gate, Study, audio_routes, gate_routes, verify_chain
from secure_storage.audio_route import OutsideFile, Span, asked_span
from secure_storage.sessions import sessions_of

BASE = "http://127.0.0.1:8501"
SOUND = bytes(range(256)) * 12_000
SECOND = b"second part"


@pytest.fixture
def player(study: Study) -> Iterator[TestClient]:
    with study.change() as change:
        change.db.table("recordings").insert(
            {"title": "Group 1", "group_number": 1, "created_at": change.now, "created_by": 1}
        )
        for position, (data, kind) in enumerate([(SOUND, "audio/mpeg"), (SECOND, "audio/wav")]):
            stored = study.files.add([data], "audio", change)
            change.db.table("recording_parts").insert(
                {
                    "recording_id": 1, "position": position, "file_id": stored.id,
                    "media_type": kind, "offset": 0.0, "duration": 1.0, "channels": 1,
                    "sample_rate": 16000, "sha256": stored.sha256,
                }
            )  # fmt: skip
        change.record("recording.added", "recording:1")
    app = Starlette(
        routes=[*gate_routes(study.home), *audio_routes()],
        middleware=[Middleware(Gate, home=study.home)],
    )
    client = TestClient(app, base_url=BASE, follow_redirects=False)
    form = {"name": "Ada Lead", "passphrase": "correct horse battery"}
    assert client.post("/sign-in", data=form, headers={"origin": BASE}).status_code == 303
    yield client
    sessions_of(study.home).close()


def test_the_whole_is_played(player: TestClient) -> None:
    answer = player.get("/audio/1")
    assert answer.status_code == 200 and answer.content == SOUND
    assert answer.headers["content-type"] == "audio/mpeg"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("asked", "first", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-", 0, len(SOUND)),
        ("bytes=65530-65545", 65530, 65546),
        ("bytes=1000000-2100000", 1_000_000, 2_100_001),
        ("bytes=-10", len(SOUND) - 10, len(SOUND)),
        ("bytes=-99999999", 0, len(SOUND)),
        ("bytes=3071999-", len(SOUND) - 1, len(SOUND)),
        ("bytes=3000000-99999999", 3_000_000, len(SOUND)),
    ],
)
def test_ranges(player: TestClient, asked: str, first: int, end: int) -> None:
    answer = player.get("/audio/1", headers={"range": asked})
    assert answer.status_code == 206
    assert answer.content == SOUND[first:end]
    assert answer.headers["content-range"] == f"bytes {first}-{end - 1}/{len(SOUND)}"
    assert answer.headers["content-length"] == str(end - first)


@pytest.mark.parametrize("asked", ["bytes=3072000-", "bytes=9999999-99999999", "bytes=-0"])
def test_a_range_outside_is_said_so(player: TestClient, asked: str) -> None:
    answer = player.get("/audio/1", headers={"range": asked})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(SOUND)}"


@pytest.mark.parametrize(
    "asked", ["bytes=5-2", "bytes=-", "bytes=0-1,5-6", "items=0-1", "bytes=a-b", "bytes=٣-٤"]
)
def test_a_range_that_makes_no_sense_gets_the_whole(player: TestClient, asked: str) -> None:
    answer = player.get("/audio/1", headers={"range": asked.encode()})
    assert answer.status_code == 200 and len(answer.content) == len(SOUND)


def test_head_says_how_much_without_playing(player: TestClient, study: Study) -> None:
    before = len(study.events())
    answer = player.head("/audio/1")
    assert answer.status_code == 200 and answer.headers["content-length"] == str(len(SOUND))
    assert answer.content == b""
    assert player.head("/audio/1", headers={"range": "bytes=0-9"}).status_code == 206
    assert len(study.events()) == before


def test_other_parts_are_played_by_number(player: TestClient) -> None:
    answer = player.get("/audio/1?part=1")
    assert answer.content == SECOND and answer.headers["content-type"] == "audio/wav"
    for missing in ("/audio/1?part=2", "/audio/1?part=-1", "/audio/1?part=x", "/audio/2"):
        assert player.get(missing).status_code == 404


def test_a_deleted_recording_is_not_played(player: TestClient, study: Study) -> None:
    with study.change() as change:
        change.db.table("recordings").update(1, {"deleted_at": change.now})
        change.record("recording.removed", "recording:1")
    assert player.get("/audio/1").status_code == 404


def test_playing_is_on_record_once_a_session(player: TestClient, study: Study) -> None:
    for start in range(0, 100_000, 10_000):
        player.get("/audio/1", headers={"range": f"bytes={start}-{start + 9_999}"})
    player.get("/audio/1?part=1")
    played = [one for one in study.events() if one.action == "read.played"]
    assert [(one.object, one.after) for one in played] == [
        ("recording:1", {"part": 0}), ("recording:1", {"part": 1}),
    ]  # fmt: skip
    assert verify_chain(study).ok


def test_nothing_is_played_without_a_session(player: TestClient) -> None:
    player.cookies.clear()
    assert player.get("/audio/1").status_code == 401


def test_a_damaged_recording_is_told_not_played(player: TestClient, study: Study) -> None:
    (largest,) = sorted((study.home / "files").iterdir(), key=lambda path: path.stat().st_size)[1:]
    data = bytearray(largest.read_bytes())
    data[-1] ^= 1
    largest.write_bytes(bytes(data))
    answer = player.get("/audio/1")
    assert answer.status_code == 500 and "damaged" in answer.json()["error"]


def test_an_empty_file_has_no_range() -> None:
    assert asked_span(None, 0) is None
    with pytest.raises(OutsideFile):
        asked_span("bytes=0-", 0)
    assert asked_span("bytes=1-3", 10) == Span(1, 4)


def test_open_files_are_closed_again(player: TestClient, tmp_path: Path) -> None:
    def descriptors() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    player.get("/audio/1")
    before = descriptors()
    for asked in ("bytes=0-9", "bytes=99999999-", "bytes=0-"):
        player.get("/audio/1", headers={"range": asked})
        player.head("/audio/1")
    assert descriptors() <= before
