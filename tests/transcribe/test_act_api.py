"""Acts on a transcript over HTTP, as the page sends them."""

import json
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from secure_storage import Role, Study
from transcribe import (
    Sentence,
    Transcription,
    Turn,
    Word,
    add_participant,
    save_transcription,
)
from transcribe.api import routes
from transcribe.store import question_marks, save_guide

Browse = Callable[[str], TestClient]


def heard(text: str, start: float, confidence: float = 0.9) -> Sentence:
    words = tuple(
        Word(word, start + place, start + place + 0.5, confidence, margin=0.9)
        for place, word in enumerate(text.split())
    )
    return Sentence(text, start, words[-1].end, words)


TALK = Transcription(
    "en",
    (
        Turn("S1", (heard("I do not lift alone.", 0.0), heard("We are two.", 10.0))),
        Turn("S2", (heard("Mm yes.", 20.0, 0.1),)),
    ),
)


@pytest.fixture
def talk(study: Study) -> int:
    return save_transcription(study, TALK, title="One", group=1, recording_id=None)


@pytest.fixture
def browse(home: Path, study: Study, browsing: Callable[..., Browse]) -> Browse:
    return browsing(home, routes())


Act = Callable[..., dict[str, Any]]


def acting(browser: TestClient, talk: int, name: str) -> Act:
    """Do an act in a browser; gives the answer with its status."""
    numbers = count(1)

    def act(what: str, **fields: object) -> dict[str, Any]:
        asked = {"client_id": f"{name}-{next(numbers)}", "transcript": talk, "act": what, **fields}
        answer = browser.post("/api/act", content=json.dumps(asked))
        return {"status": answer.status_code, **answer.json()}

    return act


@pytest.fixture
def act(browse: Browse, talk: int) -> Act:
    return acting(browse("Ada"), talk, "ada")


@pytest.fixture
def lines(browse: Browse, talk: int) -> Callable[[], list[dict[str, Any]]]:
    browser = browse("Ada")
    return lambda: list(browser.get(f"/api/transcript/{talk}").json()["sentences"])


Lines = Callable[[], list[dict[str, Any]]]


def test_a_split_is_answered_with_both_lines_and_taken_back(act: Act, lines: Lines) -> None:
    before = lines()
    done = act("split", sentence=before[0]["id"], version=1, at=8)
    first, second = done["put"]
    assert (first["text"], second["text"]) == ("I do not", "lift alone.")
    assert (first["end"], second["start"], second["end"]) == (2.5, 3.0, 4.5)
    assert first["position"] < second["position"] < before[1]["position"]
    assert (done["gone"], done["undo"], done["redo"]) == ([], 1, 0)
    assert (done["said"], done["revision"], done["speakers"]) == ("a split sentence", 2, None)
    back = act("undo")
    assert (back["gone"], back["undo"], back["redo"]) == ([second["id"]], 0, 1)
    assert back["said"] == "Taken back: a split sentence"
    assert [{**one, "version": 1} for one in lines()] == before
    again = act("redo")
    assert [one["text"] for one in again["put"]] == ["I do not", "lift alone."]
    assert [one["id"] for one in again["put"]] == [first["id"], second["id"]]


def test_neighbours_are_merged_within_a_speaker(act: Act, lines: Lines) -> None:
    first, second, third = lines()
    done = act("merge", sentences=[[first["id"], 1], [second["id"], 1]])
    (line,) = done["put"]
    assert line["text"] == "I do not lift alone. We are two."
    assert (line["start"], line["end"], done["gone"]) == (0.0, 12.5, [second["id"]])
    refused = act("merge", sentences=[[first["id"], line["version"]], [third["id"], 1]])
    assert refused["status"] == 400
    assert "Two speakers" in refused["error"]


def test_an_old_version_is_answered_with_the_new_one(act: Act, lines: Lines) -> None:
    first = lines()[0]["id"]
    act("edit", sentence=first, version=1, text="Theirs.")
    late = act("edit", sentence=first, version=1, text="Mine.")
    assert (late["status"], late["put"][0]["text"], late["put"][0]["version"]) == (
        409,
        "Theirs.",
        2,
    )
    assert "both versions" in late["error"]


def test_who_corrects_what_is_gone_is_told_so(act: Act, lines: Lines) -> None:
    first = lines()[0]["id"]
    act("remove", sentences=[[first, 1]])
    late = act("edit", sentence=first, version=1, text="Mine.")
    assert (late["status"], late["put"], late["gone"]) == (409, [], [first])


def test_a_repeated_act_is_answered_again(act: Act, lines: Lines) -> None:
    first = lines()[0]["id"]
    once = act("split", sentence=first, version=1, at=8, client_id="same")
    assert act("split", sentence=first, version=1, at=8, client_id="same") == once


def test_people_take_back_their_own_acts(
    act: Act,
    browse: Browse,
    sign_in: Callable[[str, Role], Study],
    lines: Lines,
    talk: int,
) -> None:
    sign_in("Bo", "coder")
    bo = acting(browse("Bo"), talk, "bo")
    first, second, _ = lines()
    act("edit", sentence=first["id"], version=1, text="Ada's.")
    bo("edit", sentence=second["id"], version=1, text="Bo's.")
    act("undo")
    assert [one["text"] for one in lines()[:2]] == [first["text"], "Bo's."]
    assert act("undo")["put"] == []


def test_what_was_built_on_is_not_taken_back(
    act: Act,
    browse: Browse,
    sign_in: Callable[[str, Role], Study],
    lines: Lines,
    talk: int,
) -> None:
    sign_in("Bo", "coder")
    first = lines()[0]["id"]
    second = act("split", sentence=first, version=1, at=8)["put"][1]
    acting(browse("Bo"), talk, "bo")("edit", sentence=second["id"], version=1, text="Bo's.")
    assert act("undo")["status"] == 409
    assert lines()[1]["text"] == "Bo's."


def test_what_cannot_be_taken_back_is_left_and_older_acts_can(
    act: Act,
    browse: Browse,
    sign_in: Callable[[str, Role], Study],
    lines: Lines,
    talk: int,
    study: Study,
) -> None:
    sign_in("Bo", "coder")
    first, second, _ = lines()
    act("edit", sentence=second["id"], version=1, text="Older.")
    act("edit", sentence=first["id"], version=1, text="Built on.")
    bo = acting(browse("Bo"), talk, "bo")
    bo("edit", sentence=first["id"], version=2, text="Bo's.")
    assert act("undo")["status"] == 409
    left = act("undo", leaving=True)
    assert [one["text"] for one in lines()[:2]] == ["Bo's.", second["text"]]
    assert (left["undo"], left["redo"], left["said"]) == (0, 1, "Taken back: a corrected sentence")
    assert act("redo")["put"][0]["text"] == "Older."
    assert act("undo", leaving=True)["status"] == 200  # nothing is left that can be taken back
    assert act("undo", leaving=True)["said"] == ""
    assert bo("undo")["put"][0]["text"] == "Built on."
    assert "act.left" in [event.action for event in study.recent_events(limit=9)]


def test_doubtful_words_are_marked_one_by_one(act: Act, lines: Lines) -> None:
    third = lines()[2]
    why = "recognised with little confidence"
    assert third["weak"] == [[0, 7, why]]
    (line,) = act("edit", sentence=third["id"], version=1, text="Well, mm yeah.")["put"]
    assert line["weak"] == [[6, 8, why]]


def test_lines_are_read_again_by_their_ids(browse: Browse, lines: Lines, talk: int) -> None:
    first, second, _ = lines()
    answer = browse("Ada").get(
        f"/api/transcript/{talk}/lines", params={"ids": f"{second['id']},99,x"}
    )
    assert answer.json()["put"] == [second]
    assert answer.json()["gone"] == [99]


def test_all_the_other_acts(act: Act, lines: Lines) -> None:
    first, second, third = (one["id"] for one in lines())
    act("insert", after=first, text="Typed.", start=5.0, end=None)
    typed = act("insert", after=None, text="By nobody.", start=None, end=None, speaker=None)["put"]
    assert [(one["text"], one["speaker"], one["start"]) for one in typed] == [
        ("By nobody.", None, None)
    ]
    timed = act("times", sentence=first, version=1, start=0.25, end=4)["put"][0]
    assert (timed["start"], timed["end"]) == (0.25, 4.0)
    act("verbatim", sentence=first, version=2, text="I, eh, do not lift alone.")
    done = act(
        "replace",
        places=[
            [
                first,
                3,
                5,
                8,
            ],
            [second, 1, 3, 6],
        ],
        **{"with": "never"},
    )
    assert [one["text"] for one in done["put"]] == ["I do never lift alone.", "We never two."]
    assert done["put"][0]["verbatim"] == "I, eh, do not lift alone."
    act("split_turn", sentence=second)
    act("split_turn", sentence=second, version=2, at=3)
    turns = [one["turn"] for one in lines()]
    assert len(set(turns)) == 5
    act("merge_turn", sentence=second)
    gone = act("remove", sentences=[[second, 3], [third, 1]])
    assert gone["gone"] == [second, third]
    stale = act("remove", sentences=[[first, 1]])
    assert (stale["status"], stale["put"][0]["version"]) == (409, 4)


def test_what_cannot_be_is_refused(act: Act, lines: Lines) -> None:
    first = lines()[0]["id"]
    for at in (0, 20, 999):
        assert act("split", sentence=first, version=1, at=at)["status"] == 400
    assert act("split", sentence=99, version=1, at=3)["status"] == 409
    for wrong in (
        {"act": "sing"},
        {"act": "edit", "sentence": first, "version": 1, "text": "half \ud83d"},
        {"act": "remove", "sentences": [[first]]},
        {"act": "remove", "sentences": 7},
        {"act": "replace", "places": [[first, 1, 0, 99]], "with": "x"},
        {"act": "times", "sentence": first, "version": 1, "start": "now", "end": None},
        {"act": "times", "sentence": first, "version": 1, "start": 10**400, "end": None},
        {"act": "insert", "after": first, "text": " ", "start": None, "end": None},
        {"act": "insert", "after": first, "text": "A", "start": None, "end": None, "speaker": 99},
    ):
        assert act(wrong.pop("act"), **wrong)["status"] == 400  # type: ignore[arg-type]


def test_the_acts_on_speakers_and_question_marks(act: Act, lines: Lines, study: Study) -> None:
    first, second, third = (one["id"] for one in lines())
    one, two = (line["speaker"] for line in lines()[1:])
    done = act("new_speaker", label="", sentence=second, extent="sentence")
    assert [line["id"] for line in done["put"]] == [first, second]
    assert [line["name"] for line in done["speakers"]] == ["S1", "S2", "Speaker 1"]
    new = done["speakers"][2]["id"]
    assert act("new_speaker", label="Later")["speakers"][3]["name"] == "Later"
    given = act("give", sentence=third, extent="turn", speaker=None)
    assert [(line["id"], line["speaker"]) for line in given["put"]] == [(third, None)]
    assert act("give", sentence=third, extent="rest", speaker=two)["status"] == 200
    merged = act("merge_speakers", speaker=new, into=two)
    # They were neighbours: what they say is one turn now.
    assert {line["turn"] for line in merged["put"]} == {lines()[2]["turn"]}
    assert [line["name"] for line in merged["speakers"]] == ["S1", "S2", "Later"]
    person = add_participant(study, 1, "Olivia", "Nurse")
    assert act("rename_speaker", speaker=one, label="Mod")["speakers"][0]["name"] == "Mod"
    linked = act("link_speaker", speaker=one, participant=person)
    assert linked["speakers"][0]["name"] == "Olivia"
    save_guide(study, ["Why?"], [])
    assert act("mark_question", sentence=first, question=1)["put"][0]["question"] == 1
    assert [mark.sentence_id for mark in question_marks(study, 1)] == [first]
    while act("undo")["undo"]:
        pass
    assert [line["speaker"] for line in lines()] == [one, one, two]
    for wrong in (
        {"act": "give", "sentence": first, "extent": "all", "speaker": one},
        {"act": "give", "sentence": first, "extent": "turn", "speaker": 99},
        {"act": "merge_speakers", "speaker": one, "into": one},
        {"act": "mark_question", "sentence": first, "question": 99},
    ):
        assert act(wrong.pop("act"), **wrong)["status"] == 400  # type: ignore[arg-type]
