"""``transcribe`` on the command line: several recordings, every option, plain refusals."""

import argparse
from collections.abc import Callable
from pathlib import Path

import pytest

from transcribe import loaded, read_json
from transcribe.__main__ import main
from transcribe.commands import _Meter, add_commands
from transcribe.models import ModelFile
from transcribe.options import TranscribeOptions
from transcribe.recognise import Engine

Tone = Callable[..., Path]


@pytest.fixture
def model(
    scripted_model: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A model whose words are known, on a machine on which nothing else is installed."""
    monkeypatch.setenv("FOKUS_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return scripted_model((0.0, "We talk about it at home.", 4.0))


@pytest.fixture
def words(tmp_path: Path) -> Path:
    path = tmp_path / "words.txt"
    path.write_text("\ufeffRagnhild\nNAV\n", "utf-8")
    return path


def facts(path: Path) -> dict[str, str]:
    return dict(read_json(path.read_bytes()).provenance)


def test_every_option_reaches_the_transcript(
    model: Path, words: Path, spoken_wav: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main([
        "transcribe", str(spoken_wav), "--model", str(model), "--language", "en", "--languages",
        "nb,en", "--words", str(words), "--verbatim", "--keep-inventions", "--engine", "torch",
        "--min-speakers", "2", "--max-speakers", "4", "--out", str(tmp_path), "--format", "json",
    ]) == 0  # fmt: skip
    told = facts(tmp_path / "sample.json")
    assert "2 words" in told["Expected words"]
    assert told["Style"].startswith("verbatim")
    assert told["Language"] == "English [en], given"
    assert "not looked for" in told["Inventions"]
    assert told["Speakers"].endswith("number estimated, at least 2, at most 4")
    printed = "".join(capfd.readouterr())
    assert "Ragnhild" not in printed and "NAV" not in printed


def test_recordings_in_a_row_load_the_model_once_and_one_that_fails_stops_no_other(
    model: Path, spoken_wav: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    times = 0
    load = loaded.load_engine

    def counted(file: ModelFile, options: TranscribeOptions) -> Engine:
        nonlocal times
        times += 1
        return load(file, options)

    monkeypatch.setattr(loaded, "load_engine", counted)
    first, bad, last = (tmp_path / name for name in ("first.wav", "bad.wav", "last.wav"))
    for path in (first, last):
        path.write_bytes(spoken_wav.read_bytes())
    bad.write_bytes(b"This is no sound.")
    out = tmp_path / "out"
    assert main([
        "transcribe", str(first), str(bad), str(last), "--model", str(model), "--out", str(out),
        "--speakers", "2",
    ]) == 1  # fmt: skip
    assert sorted(path.name for path in out.iterdir()) == ["first.txt", "last.txt"]
    assert (out / "first.txt").read_text().splitlines()[2:] == (
        (out / "last.txt").read_text().splitlines()[2:]
    )
    assert times == 1
    said = capfd.readouterr().err
    assert "(2 of 3)" in said and f"{bad}: " in said
    assert "1 of 3 recordings could not be transcribed" in said


def test_texts_that_would_replace_one_another_are_refused_before_anything_is_done(
    model: Path, tone: Tone, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "two").mkdir()
    one = tone("talk.wav")
    other = tone("other.wav").rename(tmp_path / "two" / "talk.flac")
    given = ["transcribe", str(one), str(other), "--model", str(model), "--out", str(tmp_path)]
    assert main(given) == 1
    assert "Two of the recordings are called «talk»" in capfd.readouterr().err
    assert main(["transcribe", str(one), str(tmp_path / "gone.wav"), "--model", str(model)]) == 1
    assert "Nothing was transcribed" in capfd.readouterr().err
    assert not list(tmp_path.glob("*.txt"))


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--language", "klingon", "not a language code"),
        ("--languages", "", "at least one language"),
        ("--languages", "no,xx", "«xx»"),
        ("--min-speakers", "99", "speakers"),
        ("--words", "gone.txt", "gone.txt"),
        ("--words", "binary.txt", "not a text file"),
        ("--words", "long.txt", "no more than about"),
    ],
)
def test_what_cannot_be_meant_ends_with_one_line(
    model: Path, tone: Tone, tmp_path: Path, option: str, value: str, told: str,
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    (tmp_path / "binary.txt").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "long.txt").write_text("Ragnhild " * 100)
    assert main(["transcribe", str(tone()), "--model", str(model), option, value]) == 1
    said = capfd.readouterr().err
    assert told in said and said.count("\n") == 1 and "Ragnhild" not in said


def test_a_wrong_language_or_model_is_told_once_before_anything_is_decoded(
    model: Path, tone: Tone, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    files = [str(tone("one.wav")), str(tone("two.wav"))]
    broken = tmp_path / "broken.pt"
    broken.write_bytes(b"no weights")
    for given in (["--model", str(model), "--language", "no"], ["--model", str(broken)]):
        assert main(["transcribe", *files, *given]) == 1
        said = capfd.readouterr().err
        assert said.count("\n") == 2 and "loading the model" in said
        assert "step" not in said and "of 2" not in said
    assert not list(tmp_path.glob("*.txt"))


def test_a_recording_whose_files_are_there_is_left_alone_unless_asked(
    model: Path, spoken_wav: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    old = tmp_path / "sample.txt"
    old.write_text("as corrected by hand")
    given = ["transcribe", str(spoken_wav), "--model", str(model), "--out", str(tmp_path)]
    assert main(given) == 0
    said = capfd.readouterr().err
    assert "already; --again replaces" in said and "step" not in said
    assert main([*given, "--slurm"]) == 0, "nothing is asked of a cluster, which is not here"
    assert old.read_text() == "as corrected by hand"
    assert main([*given, "--format", "txt,json", "--speakers", "1", "--again"]) == 0
    assert "corrected by hand" not in old.read_text()
    (tmp_path / "sample.json").unlink()
    old.write_text("as corrected by hand")
    assert main([*given, "--format", "json", "--speakers", "1"]) == 0
    assert old.read_text() == "as corrected by hand" and (tmp_path / "sample.json").exists()


def test_a_folder_of_settings_without_slurm_is_refused(
    model: Path, tone: Tone, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    given = ["transcribe", str(tone()), "--model", str(model), "--home", str(tmp_path)]
    assert main(given) == 1
    assert "together with --slurm" in capfd.readouterr().err


AT_ONCE = [(0, 0, 1), (0, 1, 1), (2, 0, 4), (3, 0, 4), (2, 1, 4), (3, 1, 4), (2, 4, 4), (3, 4, 4)]


def test_steps_that_run_at_once_are_each_told_once(capfd: pytest.CaptureFixture[str]) -> None:
    meter = _Meter()
    for told in AT_ONCE:
        meter.show(*told)
    meter.finish()
    assert capfd.readouterr().err.splitlines() == [
        "fokus: step 1 of 5: Decode", "fokus: step 3 of 5: Recognise",
        "fokus: step 4 of 5: Tell speakers apart",
    ]  # fmt: skip


def test_a_terminal_gets_one_line_with_the_share_and_the_time_left_of_the_whole(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    meter = _Meter()
    for told in AT_ONCE:
        meter.show(*told)
    meter.finish()
    meter.finish()
    said = capfd.readouterr().err
    assert said.count("\n") == 1
    moves = [line.strip() for line in said.split("\r")[1:]]
    assert moves[0] == "fokus:   0% Decode"
    assert moves[3] == "fokus:   3% Recognise and Tell speakers apart"
    assert moves[5].startswith("fokus:  26% Recognise and Tell speakers apart, about ")
    assert moves[-1].startswith("fokus:  94% Tell speakers apart, about ")


def test_every_option_has_its_flag() -> None:
    """What can be asked for at all can be asked for on the command line."""
    parser = argparse.ArgumentParser()
    add_commands(parser.add_subparsers())
    given = vars(parser.parse_args(["transcribe", "talk.wav"]))
    spelled = {"allowed": "languages", "prompt": "words", "drop_phrases": "keep_inventions"}
    for name in TranscribeOptions.__dataclass_fields__:
        assert spelled.get(name, name) in given
