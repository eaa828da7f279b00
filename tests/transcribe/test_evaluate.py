"""Error rates, on cases whose answers are known."""

import json
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
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = hypothesis(folder, ("S1", "hello", 0.0, 4.0))
    assert main(["evaluate", "--reference", str(folder / "ref.rttm"), str(path), "--json"]) == 0
    rates = json.loads(capfd.readouterr().out)
    assert list(rates) == [
        "wer", "wer_fluent", "cpwer", "wder", "der", "missed", "false_alarm", "confusion", "jer"
    ]  # fmt: skip
    assert rates["wer"] is None


def test_people_are_told_what_each_rate_means(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = hypothesis(
        folder, ("S1", "hello there how are you I'm", 0.0, 4.0), ("S2", "fine", 5.0, 8.0)
    )
    assert main(["evaluate", "--reference", str(folder / "ref.stm"), str(path)]) == 0
    out, noise = capfd.readouterr()
    rows = {line.split("  ")[0].strip(): line for line in out.splitlines()}
    assert "under the wrong speaker" in rows["cpwer"] and "28.6%" in rows["cpwer"]
    assert "false alarm" in rows and out.count("\n") == 10
    assert "One word in 7 stands under the wrong speaker." in out
    assert noise == ""


# Six words were heard as they were said, or replaced; the seventh was not heard at all.
@pytest.mark.parametrize(
    ("turns", "share"),
    [
        ([("S1", "hello there how is you"), ("S2", "I'm")], 0.0),
        ([("S2", "hello there how is you"), ("S1", "I'm")], 0.0),
        ([("S1", "hello there how is you I'm")], 1 / 6),
        ([("S1", "hello there how is"), ("S2", "you I'm")], 1 / 6),
        ([("S1", "hello there how is you"), ("UNKNOWN", "I'm")], 1 / 6),
        ([("UNKNOWN", "hello there how is you I'm")], 1.0),
        ([], None),
    ],
)
def test_of_the_heard_words_those_under_the_wrong_speaker_are_counted(
    folder: Path, turns: list[tuple[str, str]], share: float | None
) -> None:
    said = [(who, text, 4.0 * n, 4.0 * n + 3) for n, (who, text) in enumerate(turns)]
    found = evaluate(folder / "ref.stm", hypothesis(folder, *said)).wder
    assert found == (None if share is None else pytest.approx(share, abs=1e-6))


def test_who_says_little_counts_as_much_as_who_says_most_in_the_jer(folder: Path) -> None:
    path = hypothesis(folder, ("S1", "", 0.0, 4.0))
    assert evaluate(folder / "ref.rttm", path, collar=0.0).jer == pytest.approx(0.5)
    nothing = evaluate(folder / "ref.rttm", hypothesis(folder), collar=0.0)
    assert (nothing.jer, nothing.missed) == (1.0, 1.0)
    assert evaluate(folder / "ref.rttm", folder / "ref.stm").jer == 0.0


def test_norwegian_letters_make_other_words(tmp_path: Path) -> None:
    (tmp_path / "ref.stm").write_text("g 1 a 0 4 Får på blåbærøya, ærlig.\n", "utf-8")
    for text, wer in (("får PÅ BLÅBÆRØYA ærlig", 0.0), ("far pa blabaeroya aerlig", 1.0)):
        (tmp_path / "hyp.stm").write_text(f"g 1 a 0 4 {text}\n", "utf-8")
        assert evaluate(tmp_path / "ref.stm", tmp_path / "hyp.stm").wer == wer


def test_hesitations_are_reported_apart(tmp_path: Path) -> None:
    (tmp_path / "ref.stm").write_text("g 1 a 0 4 Eh, jeg, mm, vet øh ikke.\n", "utf-8")
    (tmp_path / "hyp.stm").write_text("g 1 a 0 4 Jeg vet ikkje, hm.\n", "utf-8")
    scores = evaluate(tmp_path / "ref.stm", tmp_path / "hyp.stm")
    assert scores.wer == pytest.approx(4 / 6, abs=1e-6)
    assert scores.wer_fluent == pytest.approx(1 / 3, abs=1e-6)
    (tmp_path / "ref.stm").write_text("g 1 a 0 4 Eh, mm.\n", "utf-8")
    assert evaluate(tmp_path / "ref.stm", tmp_path / "hyp.stm").wer_fluent is None


@pytest.mark.parametrize(
    "left_out",
    [
        "g 1 inter_segment_gap 8.0 20.0 <o,,unknown> ignore_time_segment_in_scoring",
        "g 1 cy 8.0 20.0 <o> IGNORE_TIME_SEGMENT_IN_SCORING",
        "g 1 inter_segment_gap 8.0 20.0 <o,,unknown>",
    ],
)
def test_what_the_reference_says_not_to_score_is_not(folder: Path, left_out: str) -> None:
    (folder / "ref.stm").write_text(f"{STM}{left_out}\n")
    path = hypothesis(
        folder, ("S1", "hello there how are you", 0.0, 4.0), ("S2", "I'm fine", 5.0, 8.0),
        ("S3", "Whatever is said here", 9.0, 19.0),
    )  # fmt: skip
    scores = evaluate(folder / "ref.stm", path)
    assert (scores.wer, scores.cpwer, scores.wder, scores.der) == (0.0, 0.0, 0.0, 0.0)
    path = hypothesis(folder, ("S1", "hello there", 0.0, 4.0), ("S3", "but here", 20.0, 23.0))
    scores = evaluate(folder / "ref.stm", path, collar=0.0)
    assert scores.wer == pytest.approx(5 / 7, abs=1e-6)
    assert scores.false_alarm == pytest.approx(3 / 7, abs=1e-6)
    assert scores.jer is not None


def test_spans_of_one_speaker_that_overlap_are_one(folder: Path) -> None:
    twice = "".join(RTTM.replace(" 0 4 ", f" {start} {4 - start} ") for start in (0, 1, 2))
    (folder / "hyp.rttm").write_text(twice)
    scores = evaluate(folder / "ref.rttm", folder / "hyp.rttm", collar=0.0)
    assert (scores.der, scores.false_alarm, scores.jer) == (0.0, 0.0, 0.0)
    (folder / "ref.rttm").write_text(twice)
    (folder / "hyp.rttm").write_text(RTTM)
    assert evaluate(folder / "ref.rttm", folder / "hyp.rttm", collar=0.0).missed == 0.0


@pytest.mark.parametrize("time", ["nan", "inf", "-inf", "soon"])
def test_what_is_no_time_is_refused(folder: Path, time: str) -> None:
    (folder / "bad.rttm").write_text(f"SPEAKER g 1 {time} 4 <NA> <NA> anna <NA> <NA>\n")
    (folder / "bad.stm").write_text(f"g 1 anna {time} 4 Hello.\n")
    for name in ("bad.rttm", "bad.stm"):
        with pytest.raises(BadInput, match="cannot be read"):
            evaluate(folder / name, folder / "ref.stm")


@pytest.mark.parametrize("collar", [-0.1, float("nan"), float("inf")])
def test_an_impossible_collar_is_refused(folder: Path, collar: float) -> None:
    with pytest.raises(BadInput, match="collar"):
        evaluate(folder / "ref.stm", folder / "ref.stm", collar)


def test_our_rates_are_those_of_the_libraries(folder: Path) -> None:
    import jiwer
    import meeteval.wer

    path = hypothesis(
        folder, ("S1", "hello their how are", 0.0, 3.0), ("S2", "you I'm so fine", 3.0, 8.0)
    )
    scores = evaluate(folder / "ref.stm", path)
    said = ["hello there how are you", "i'm fine"]
    heard = ["hello their how are", "you i'm so fine"]
    assert scores.wer == pytest.approx(jiwer.wer(" ".join(said), " ".join(heard)), abs=1e-6)
    together = meeteval.wer.cp_word_error_rate(said, heard).error_rate
    assert scores.cpwer == pytest.approx(together, abs=1e-6)


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
