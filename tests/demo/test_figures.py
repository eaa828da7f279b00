"""What the sample promises, measured through the command line."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import demo

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
    assert set(scores) == {"wer", "cpwer", "der", "missed", "false_alarm", "confusion"}
    assert scores["wer"] <= 0.10
    assert scores["der"] <= 0.15


def test_speakers_against_the_rttm(made: Path) -> None:
    done = fokus(
        "evaluate", "--reference", str(demo.SAMPLE_RTTM), str(made / "sample.rttm"), "--json"
    )
    scores = json.loads(done.stdout)
    assert scores["wer"] is None
    assert scores["der"] <= 0.15
