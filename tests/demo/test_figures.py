"""What the sample promises, measured through the command line."""

import json
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

import demo
from demo.evaluate import Heard, quiet_tests, read_truth, start_errors
from transcribe import TranscribeOptions, read_json, transcribe_audio

ROOT = Path(__file__).parents[2]
FORMS = "txt,vtt,srt,json,docx,rttm,stm"


def fokus(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", "import app, sys; sys.exit(app.main())", *arguments],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out")
    done = fokus(
        "transcribe", str(demo.SAMPLE_AUDIO), "--model", "demo", "--language", "en",
        "--out", str(out), "--format", FORMS,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "demo model" in done.stderr
    assert "coffee" not in done.stdout + done.stderr
    return out


def test_every_format_is_written(made: Path) -> None:
    assert {path.suffix[1:] for path in made.iterdir()} == set(FORMS.split(","))


def test_words_and_speakers_of_the_sample(made: Path) -> None:
    done = fokus(
        "evaluate", "--reference", str(demo.SAMPLE_STM), str(made / "sample.json"), "--json"
    )
    scores = json.loads(done.stdout)
    assert set(scores) >= {"wer", "cpwer", "wder", "der", "missed", "false_alarm", "confusion"}
    assert scores["wer"] <= 0.10
    assert scores["der"] <= 0.15


def test_speakers_against_the_rttm(made: Path) -> None:
    done = fokus(
        "evaluate", "--reference", str(demo.SAMPLE_RTTM), str(made / "sample.rttm"), "--json"
    )
    scores = json.loads(done.stdout)
    assert scores["wer"] is None
    assert scores["der"] <= 0.15


def test_sentences_start_where_they_were_said(made: Path) -> None:
    read = read_json((made / "sample.json").read_text("utf-8"))
    heard = [
        Heard(one.start, one.end, one.text)
        for turn in read.turns
        for one in turn.sentences
        if one.start is not None and one.end is not None
    ]
    errors = start_errors(read_truth(), heard)
    assert len(errors) >= 90
    assert statistics.median(errors) <= 0.2


@pytest.mark.parametrize("name", list(quiet_tests()))
def test_nothing_is_kept_from_what_is_not_speech(name: str) -> None:
    options = TranscribeOptions(model="demo", language="en")
    read = transcribe_audio(quiet_tests()[name], options, lambda *numbers: None)
    assert read.turns == ()
