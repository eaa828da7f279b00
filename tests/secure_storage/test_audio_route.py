"""Playing: ranges of the sealed sound, to whoever may hear it, on the record in ranges."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from secure_storage import (
    Change,
    DiskFull,
    Gate,
    Member,
    Role,
    Study,
    audio_routes,
    gate_routes,
    verify_chain,
)
from secure_storage.audio_route import OutsideFile, Span, asked_span
from secure_storage.plays import LONGEST, PAUSE, Range, merged
from secure_storage.sessions import IDLE, sessions_of

BASE = "http://127.0.0.1:8501"
SAME = {"origin": BASE}
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
                    "media_type": kind, "offset": 0.0, "duration": [100.0, 10.0][position],
                    "channels": 1,
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


def played(study: Study) -> list[tuple[str, object]]:
    return [(one.object, one.after) for one in study.events() if one.action == "read.played"]


@pytest.fixture
def clock(player: TestClient, study: Study) -> list[float]:
    """The clock of the session that plays; the test turns it."""
    (session,) = sessions_of(study.home)._by_token.values()
    time = [session._clock()]
    session._clock = session.plays._clock = lambda: time[0]
    return time


def test_a_part_is_on_record_before_its_first_byte_and_once(
    player: TestClient, study: Study
) -> None:
    for start in range(0, 100_000, 10_000):
        player.get("/audio/1", headers={"range": f"bytes={start}-{start + 9_999}"})
    player.get("/audio/1?part=1")
    assert played(study) == [("recording:1", {"part": 0}), ("recording:1", {"part": 1})]
    assert verify_chain(study).ok


HALF = len(SOUND) // 2


def test_what_was_heard_and_sent_is_one_event_a_part_when_the_session_ends(
    player: TestClient, study: Study
) -> None:
    for asked in (f"bytes=0-{HALF // 2 - 1}", f"bytes={HALF // 2}-{HALF - 1}"):
        player.get("/audio/1", headers={"range": asked})
    for start, end in ((0.0, 12.0), (12.0, 20.04), (70.0, 75.0)):
        told = player.post("/audio/1?part=0", json={"start": start, "end": end}, headers=SAME)
        assert told.status_code == 200
    player.get("/audio/1?part=1")
    assert len(played(study)) == 2
    assert player.post("/sign-out", headers=SAME).status_code == 303
    assert played(study)[2:] == [
        ("recording:1", {"part": 0, "heard": [[0.0, 20.0], [70.0, 75.0]], "sent": [[0.0, 50.0]]}),
        ("recording:1", {"part": 1, "heard": [], "sent": [[0.0, 10.0]]}),
    ]  # fmt: skip
    assert verify_chain(study).ok


def test_listening_is_recorded_after_a_pause_or_ten_minutes(
    player: TestClient, study: Study, clock: list[float]
) -> None:
    table = sessions_of(study.home)

    def tell(start: float) -> None:
        told = {"start": start, "end": start + 30}
        assert player.post("/audio/1", json=told, headers=SAME).status_code == 200

    tell(0)
    clock[0] += PAUSE - 1
    table.sweep()
    assert played(study) == []
    clock[0] += 1
    table.sweep()
    assert len(played(study)) == 1
    for _ in range(int(LONGEST // 30) + 1):
        tell(10)
        clock[0] += 30
        table.sweep()
    assert len(played(study)) == 2
    table.sweep()
    assert len(played(study)) == 2


def test_locking_records_what_was_heard_before_the_keys_go(
    player: TestClient, study: Study
) -> None:
    player.post("/audio/1", json={"start": 1, "end": 2}, headers=SAME)
    sessions_of(study.home).close()
    assert played(study) == [("recording:1", {"part": 0, "heard": [[1.0, 2.0]], "sent": []})]


def test_who_lost_access_while_listening_is_on_record_too(
    player: TestClient, study: Study, join: Callable[[str, Role], Study]
) -> None:
    bo = join("Bo", "coder")
    form = {"name": "Bo", "passphrase": "the own words of Bo"}
    assert player.post("/sign-in", data=form, headers=SAME).status_code == 303
    assert player.post("/audio/1", json={"start": 1, "end": 2}, headers=SAME).status_code == 200
    study.disable(bo.member.id)
    sessions_of(study.home).sweep()
    (heard,) = [one for one in study.events() if one.action == "read.played"]
    assert heard.actor == bo.member.id
    assert heard.after == {"part": 0, "heard": [[1.0, 2.0]], "sent": []}


def test_storage_that_is_away_does_not_keep_the_keys(
    player: TestClient, study: Study, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    player.post("/audio/1", json={"start": 1, "end": 2}, headers=SAME)
    (session,) = sessions_of(study.home)._by_token.values()

    def away(member: object) -> None:
        raise DiskFull("full")

    monkeypatch.setattr(study._core, "change", away)
    sessions_of(study.home).close()
    assert session.study.closed and "what was heard is not on record: DiskFull" in caplog.text


def test_what_could_not_be_recorded_is_joined_with_what_is_heard_since(
    player: TestClient, study: Study, clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    table = sessions_of(study.home)
    (session,) = table._by_token.values()
    real, failing = study._core.change, [True]

    def away(member: Member) -> AbstractContextManager[Change]:
        if failing.pop():
            session.plays.heard(1, 0, (70.0, 80.0))
            session.plays.sent(1, 0, (70.0, 90.0))
            raise DiskFull("full")
        return real(member)

    session.plays.heard(1, 0, (0.0, 30.0))
    began = clock[0]
    clock[0] += PAUSE
    with monkeypatch.context() as patched, pytest.raises(DiskFull):
        patched.setattr(study._core, "change", away)
        session.plays.record()
    (kept,) = session.plays._parts.values()
    assert (kept.began, kept.last) == (began, clock[0])
    table.close()
    heard = {"part": 0, "heard": [[0.0, 30.0], [70.0, 80.0]], "sent": [[70.0, 90.0]]}
    assert played(study) == [("recording:1", heard)]


def test_listening_keeps_a_session_open_and_a_page_left_open_does_not(
    player: TestClient, clock: list[float]
) -> None:
    for _ in range(3):
        clock[0] += IDLE - 1
        told = player.post("/audio/1", json={"start": 0, "end": 30}, headers=SAME)
        assert told.status_code == 200
    clock[0] += IDLE - 1
    player.get("/api/board", headers={"x-fokus-quiet": "1"})
    clock[0] += 2
    assert player.post("/audio/1", json={"start": 0, "end": 1}, headers=SAME).status_code == 401


@pytest.mark.parametrize(
    "told",
    [
        "", "[]", "{}", '{"start": 5, "end": 5}', '{"start": 9, "end": 5}',
        '{"start": -1, "end": 5}',
        '{"start": 0, "end": 1e9}', '{"start": 0, "end": 999}', '{"start": NaN, "end": 5}',
        '{"start": null, "end": 5}',
        '{"start": "a", "end": 5}', '{"start": null, "end": 5}', "x" * 5000,
    ],
)  # fmt: skip
def test_a_senseless_message_of_the_player_is_refused(
    player: TestClient, study: Study, told: str
) -> None:
    assert player.post("/audio/1", content=told, headers=SAME).status_code == 400
    sessions_of(study.home).close()
    assert played(study) == []


def test_the_player_tells_of_what_is_there_and_from_our_own_page(player: TestClient) -> None:
    told = {"start": 0, "end": 1}
    assert player.post("/audio/9", json=told, headers=SAME).status_code == 404
    assert player.post("/audio/1?part=7", json=told, headers=SAME).status_code == 404
    evil = {"origin": "http://evil.example"}
    assert player.post("/audio/1", json=told, headers=evil).status_code == 403


@pytest.mark.parametrize(
    ("ranges", "joined"),
    [
        ([], []),
        ([(0, 1), (2, 3)], [(0, 3)]),
        ([(5, 6), (0, 1)], [(0, 1), (5, 6)]),
        ([(0, 10), (2, 3)], [(0, 10)]),
        ([(0.04, 1.06)], [(0.0, 1.1)]),
    ],
)
def test_ranges_are_joined(ranges: list[Range], joined: list[Range]) -> None:
    assert merged(ranges) == joined


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
        found = [os.path.realpath(one) for one in Path("/proc/self/fd").iterdir()]
        return len([one for one in found if "/home/files/" in one])

    player.get("/audio/1")
    before = descriptors()
    for asked in ("bytes=0-9", "bytes=99999999-", "bytes=0-"):
        player.get("/audio/1", headers={"range": asked})
        player.head("/audio/1")
    assert descriptors() <= before
