"""Error rates, on cases whose answers are known."""

from pathlib import Path

import pytest

from secure_storage import BadInput
from transcribe import Sentence, SpeakerSpan, Transcription, Turn, write_json
from transcribe.__main__ import main
from transcribe.evaluate import evaluate, normalise

STM = """;; reference
g 1 anna 0.0 4.0 <o> Hello there, how are you?
g 1 bo 5.0 8.0 I'm fine.
"""
RTTM = "SPEAKER g 1 0 4 <NA> <NA> anna <NA> <NA>\nSPEAKER g 1 5 3 <NA> <NA> bo <NA> <NA>\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "ref.stm").write_text(STM)
    (tmp_path / "ref.rttm").write_text(RTTM)
    return tmp_path


def hypothesis(folder: Path, *turns: tuple[str, str, float, float]) -> Path:
    made = Transcription(
        "en",
        tuple(Turn(who, (Sentence(text, start, end),)) for who, text, start, end in turns),
        tuple(SpeakerSpan(start, end, who) for who, _, start, end in turns),
    )
    path = folder / "hyp.json"
    path.write_text(write_json(made))
    return path


def test_the_same_words_and_speakers_are_perfect_whatever_they_are_called(folder: Path) -> None:
    path = hypothesis(
        folder, ("S1", "hello there how are you", 0.0, 4.0), ("S2", "I’m fine!", 5.0, 8.0)
    )
    scores = evaluate(folder / "ref.stm", path)
    assert (scores.wer, scores.cpwer, scores.der) == (0.0, 0.0, 0.0)


def test_words_and_speakers_are_judged_apart(folder: Path) -> None:
    path = hypothesis(
        folder, ("S1", "hello there how is you", 0.0, 4.0), ("S1", "I'm fine", 5.0, 8.0)
    )
    scores = evaluate(folder / "ref.stm", path, collar=0.0)
    assert scores.wer == pytest.approx(1 / 7, abs=1e-6)
    assert scores.cpwer is not None and scores.cpwer > scores.wer
    assert scores.der == scores.confusion == pytest.approx(3 / 7, abs=1e-6)
    assert (scores.missed, scores.false_alarm) == (0.0, 0.0)


def test_missed_and_false_alarm_are_shares_of_speech(folder: Path) -> None:
    path = hypothesis(folder, ("S1", "hello", 0.0, 2.0), ("S2", "fine", 5.0, 9.0))
    scores = evaluate(folder / "ref.rttm", path, collar=0.0)
    assert scores.missed == pytest.approx(2 / 7, abs=1e-6)
    assert scores.false_alarm == pytest.approx(1 / 7, abs=1e-6)
    assert scores.wer is None and scores.cpwer is None


def test_a_hypothesis_without_words_has_no_word_error_rate(folder: Path) -> None:
    scores = evaluate(folder / "ref.stm", folder / "ref.rttm")
    assert scores.wer is None and scores.der == 0.0


def test_a_late_boundary_inside_the_collar_costs_nothing(folder: Path) -> None:
    path = hypothesis(folder, ("S1", "", 0.1, 4.1), ("S2", "", 5.0, 8.0))
    assert evaluate(folder / "ref.rttm", path).der == 0.0
    assert evaluate(folder / "ref.rttm", path, collar=0.0).der == pytest.approx(0.2 / 7, abs=1e-6)


def test_an_empty_transcript_misses_everything(folder: Path) -> None:
    scores = evaluate(folder / "ref.stm", hypothesis(folder))
    assert (scores.wer, scores.cpwer, scores.missed) == (1.0, 1.0, 1.0)


def test_the_command_prints_exactly_the_agreed_keys(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = hypothesis(folder, ("S1", "hello", 0.0, 4.0))
    assert main(["evaluate", "--reference", str(folder / "ref.rttm"), str(path), "--json"]) == 0
    out = capsys.readouterr().out
    import json

    assert list(json.loads(out)) == ["wer", "cpwer", "der", "missed", "false_alarm", "confusion"]
    assert json.loads(out)["wer"] is None
    assert main(["evaluate", "--reference", str(folder / "ref.stm"), str(path)]) == 0
    assert "cpwer" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["ref.txt", "hyp.json"])
def test_a_reference_of_another_kind_is_refused(folder: Path, name: str) -> None:
    (folder / name).write_text("hello")
    with pytest.raises(BadInput):
        evaluate(folder / name, folder / "ref.stm")


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Ærlig talt, mm, jeg så på blåbær-øl – ikke sant?",
         "ærlig talt mm jeg så på blåbær øl ikke sant"),
        ("I’m 'fine'.", "i'm fine"),
        ("A\u030a", "å"),
    ],
)  # fmt: skip
def test_normalising_keeps_letters_of_every_language(text: str, plain: str) -> None:
    assert normalise(text) == plain
