"""What the transcript component reads, writes and hears, behind the real gate."""

from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from secure_storage import Role, Study
from transcribe import (
    Sentence,
    Transcription,
    Turn,
    Word,
    add_participant,
    add_recording,
    edit_sentence,
    link_speaker,
    save_transcription,
    sentences,
    speakers,
)
from transcribe.api import routes

LIVE = "ws://fokus.test/api/live"
Browse = Callable[[str], TestClient]

TALK = Transcription(
    language="en",
    turns=(
        Turn(
            "SPEAKER_1",
            (
                Sentence("Hello.", 0.0, 1.0, (Word("Hello.", 0.0, 1.0, 0.9, "SPEAKER_1", 0.8),)),
                Sentence("Hm.", 1.0, 1.2, (Word("Hm.", 1.0, 1.2, 0.1, "SPEAKER_1", 0.0, True),)),
            ),
        ),
        Turn("UNKNOWN", (Sentence("Yes.", 1.2, 1.5),)),
    ),
    demo=True,
)


@pytest.fixture
def talk(study: Study) -> int:
    return save_transcription(study, TALK, title="One", group=1, recording_id=None)


@pytest.fixture
def browse(home: Path, study: Study, browsing: Callable[..., Browse]) -> Browse:
    return browsing(home, routes())


@pytest.fixture
def ada(browse: Browse) -> TestClient:
    return browse("Ada")


def correction(talk: int, sentence: int, text: str, **more: object) -> dict[str, object]:
    asked = {"transcript": talk, "act": "edit", "sentence": sentence, "text": text}
    return {**asked, "version": 1, "client_id": "a", **more}


def test_a_transcript_comes_whole(ada: TestClient, study: Study, talk: int) -> None:
    person = add_participant(study, 1, "Olivia", "Occupational therapist")
    link_speaker(study, speakers(study, talk)[0].id, person)
    answer = ada.get(f"/api/transcript/{talk}")
    body = answer.json()
    assert answer.headers["etag"] == f'"{talk}-{body["head"]}"'
    assert answer.headers["cache-control"] == "no-store"
    assert (body["title"], body["group"], body["demo"], body["audio"]) == ("One", 1, True, None)
    (voice,) = body["speakers"]
    assert (voice["name"], voice["profession"]) == ("Olivia", "Occupational therapist")
    first, second, third = body["sentences"]
    assert (first["text"], first["start"], first["version"]) == ("Hello.", 0.0, 1)
    assert (first["speaker"], third["speaker"]) == (voice["id"], None)
    assert first["turn"] == second["turn"] != third["turn"]


def test_sound_comes_part_by_part_with_its_place_on_the_timeline(
    ada: TestClient, study: Study, talk: int, tone: Callable[..., Path]
) -> None:
    paths = [tone("a.wav", seconds=2.0), tone("b.wav", seconds=1.0, hertz=700.0)]
    made = add_recording(study, "One", 1, paths)
    heard = save_transcription(study, TALK, title="One", group=1, recording_id=made)
    body = ada.get(f"/api/transcript/{heard}").json()
    assert body["parts"] == [
        {"src": f"/audio/{made}?part=0", "offset": 0.0, "duration": pytest.approx(2.0)},
        {"src": f"/audio/{made}?part=1", "offset": pytest.approx(2.0),
         "duration": pytest.approx(1.0)},
    ]  # fmt: skip
    assert ada.get(f"/api/transcript/{talk}").json()["parts"] == []


def test_pauses_come_beside_the_text(ada: TestClient, study: Study) -> None:
    words = (Word("I", 1.0, 1.2, 0.9), Word("went.", 4.0, 4.4, 0.9))
    said = (Sentence("I went.", 1.0, 4.4, words), Sentence("Home.", 6.0, 6.5))
    made = save_transcription(
        study, Transcription("en", (Turn("S1", said),)), title="Two", group=1, recording_id=None
    )
    first, second = ada.get(f"/api/transcript/{made}").json()["sentences"]
    assert (first["text"], first["pauses"]) == ("I went.", [{"offset": 2, "mark": "(3 s)"}])
    assert second["pauses"] == [{"offset": 0, "mark": "(2 s)"}]
    edit_sentence(study, first["id"], "He went.", 1, None)
    first, second = ada.get(f"/api/transcript/{made}").json()["sentences"]
    assert (first["pauses"], len(second["pauses"])) == ([], 1)


def test_doubtful_words_are_marked_with_the_reasons(ada: TestClient, talk: int) -> None:
    sure, doubtful, unknown = ada.get(f"/api/transcript/{talk}").json()["sentences"]
    assert sure["weak"] == unknown["weak"] == []
    ((start, end, why),) = doubtful["weak"]
    assert doubtful["text"][start:end] == "Hm."
    for reason in ("little confidence", "uncertain who", "same time"):
        assert reason in why


def test_what_has_not_changed_is_not_sent_again(ada: TestClient, study: Study, talk: int) -> None:
    tag = ada.get(f"/api/transcript/{talk}").headers["etag"]
    assert ada.get(f"/api/transcript/{talk}", headers={"if-none-match": tag}).status_code == 304
    add_participant(study, 1, "Olivia", "")
    assert ada.get(f"/api/transcript/{talk}", headers={"if-none-match": tag}).status_code == 200


def test_opening_is_on_the_record_once(ada: TestClient, study: Study, talk: int) -> None:
    tag = ada.get(f"/api/transcript/{talk}").headers["etag"]
    ada.get(f"/api/transcript/{talk}", headers={"if-none-match": tag})
    reads = [event for event in study.events() if event.action == "read.transcript"]
    assert [event.object for event in reads] == [f"transcript:{talk}"]


def test_a_sentence_is_corrected_once(ada: TestClient, study: Study, talk: int) -> None:
    sentence = sentences(study, talk)[0].id
    asked = correction(talk, sentence, "Hello, all.")
    first, again = ada.post("/api/act", json=asked), ada.post("/api/act", json=asked)
    assert first.status_code == again.status_code == 200
    assert first.json() == again.json()
    assert first.json()["put"][0]["version"] == 2


def test_a_correction_is_not_kept_in_another_members_name(
    ada: TestClient,
    browse: Browse,
    sign_in: Callable[[str, Role], Study],
    study: Study,
    talk: int,
) -> None:
    sign_in("Bo", "coder")
    me = ada.get(f"/api/transcript/{talk}").json()["me"]
    assert me == study.member.id
    sentence = sentences(study, talk)[0].id
    asked = correction(talk, sentence, "New.", me=me)
    late = browse("Bo").post("/api/act", json=asked)
    assert late.status_code == 403
    assert "Another member" in late.json()["error"]
    assert sentences(study, talk)[0].text == "Hello."
    assert ada.post("/api/act", json={**asked, "me": "x"}).status_code == 400
    assert ada.post("/api/act", json=asked).status_code == 200


def test_a_correction_of_an_old_version_shows_the_new_one(
    ada: TestClient, study: Study, talk: int
) -> None:
    sentence = sentences(study, talk)[0].id
    asked = correction(talk, sentence, "Mine.")
    ada.post("/api/act", json=asked)
    late = ada.post("/api/act", json={**asked, "text": "Late.", "client_id": "b"})
    assert late.status_code == 409
    (now,) = late.json()["put"]
    assert (now["text"], now["version"]) == ("Mine.", 2)
    assert "both versions" in late.json()["error"]


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b'{"transcript": "1"}', b'{"transcript": true}', b"[" * 100_000],
)
def test_nonsense_is_refused_in_words(ada: TestClient, body: bytes) -> None:
    answer = ada.post("/api/act", content=body)
    assert answer.status_code == 400
    assert "cannot be read" in answer.json()["error"]


def test_an_endless_request_is_cut_off(ada: TestClient) -> None:
    answer = ada.post("/api/act", content=b" " * (300 * 1024))
    assert (answer.status_code, answer.json()["error"]) == (400, "This request is too large.")


@pytest.mark.parametrize("client_id", ["", "x" * 65, "æ", 7, None])
def test_an_act_needs_a_number_of_its_own(
    ada: TestClient, study: Study, talk: int, client_id: object
) -> None:
    asked = correction(talk, sentences(study, talk)[0].id, "A.")
    head = study.head()
    assert ada.post("/api/act", json={**asked, "client_id": client_id}).status_code == 400
    assert study.head() == head


def test_a_transcript_that_is_not_there(ada: TestClient) -> None:
    answer = ada.get("/api/transcript/99")
    assert answer.status_code == 400
    assert "does not exist" in answer.json()["error"]


def test_a_reader_reads_but_corrects_nothing(
    browse: Browse,
    sign_in: Callable[[str, Role], Study],
    study: Study,
    talk: int,
) -> None:
    sign_in("Rea", "reader")
    rea = browse("Rea")
    assert rea.get(f"/api/transcript/{talk}").status_code == 200
    asked = correction(talk, sentences(study, talk)[0].id, "A.")
    assert rea.post("/api/act", json=asked).status_code == 403


def test_changes_are_heard_live(ada: TestClient, study: Study, talk: int) -> None:
    sentence = sentences(study, talk)[0].id
    with ada.websocket_connect(LIVE) as socket:
        assert socket.receive_json() == {"seq": study.head(), "action": "hello"}
        asked = correction(talk, sentence, "New.")
        head = ada.post("/api/act", json=asked).json()["head"]
        assert socket.receive_json() == {
            "seq": head,
            "action": "sentence.edited",
            "object": f"sentence:{sentence}",
            "actor": 1,
            "after": {
                "transcript": talk, "revision": 2, "touched": [sentence], "speakers": False,
                "said": "a corrected sentence", "lost": 0,
            },
        }  # fmt: skip


def test_reads_disturb_nobody_and_members_stay_private(
    ada: TestClient, study: Study, talk: int
) -> None:
    with ada.websocket_connect(LIVE) as socket:
        socket.receive_json()
        ada.get(f"/api/transcript/{talk}")
        study.invite("Bo", "coder")
        news = socket.receive_json()
        assert (news["action"], news["after"]) == ("member.invited", None)


def test_who_has_left_is_no_longer_told(ada: TestClient, study: Study) -> None:
    with ada.websocket_connect(LIVE) as socket:
        socket.receive_json()
    add_participant(study, 1, "Olivia", "")
    with ada.websocket_connect(LIVE) as socket:
        assert socket.receive_json()["seq"] == study.head()


def test_a_custodian_hears_nothing(browse: Browse, sign_in: Callable[[str, Role], Study]) -> None:
    sign_in("Cus", "custodian")
    cus = browse("Cus")
    with pytest.raises(WebSocketDisconnect) as refusal, cus.websocket_connect(LIVE):
        pass
    assert refusal.value.code == 1008
