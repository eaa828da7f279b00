"""The whole way from sound to files, with real parts and a model whose words are known."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from secure_storage import BadInput, FokusError
from transcribe import UNKNOWN, TranscribeOptions, Transcription, doctor, read_json
from transcribe.__main__ import main
from transcribe.audio import decode
from transcribe.loaded import Loaded
from transcribe.models import best_model, demo_checkpoint, find_model, installed_models
from transcribe.options import STEPS, Progress
from transcribe.pipeline import NO_SPEECH, transcribe_audio
from transcribe.spoken import INVENTED, SUSPECTED

LINE = "We talk about it at home. Yes."


def no_progress(step: int, done: int, total: int) -> None:
    """Tell nobody."""


class Kept:
    """Checkpoints in memory, counted."""

    def __init__(self) -> None:
        self.data: dict[str, bytes] = {}
        self.puts = 0

    def get(self, name: str) -> bytes | None:
        return self.data.get(name)

    def put(self, name: str, data: bytes) -> None:
        self.data[name] = data
        self.puts += 1


@pytest.fixture(scope="session")
def talking_model(scripted_model: Callable[..., Path]) -> Path:
    return scripted_model((0.0, LINE, 4.0), (6.0, "Mm.", 7.0))


@pytest.fixture(scope="session")
def spoken(spoken_wav: Path) -> np.ndarray:
    with spoken_wav.open("rb") as stream:
        return decode(stream).samples


@pytest.fixture
def no_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine on which nothing is installed."""
    monkeypatch.setenv("FOKUS_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "models"


def test_speech_becomes_sentences_with_speakers_and_a_provenance(
    talking_model: Path, spoken: np.ndarray, no_models: Path
) -> None:
    told: list[tuple[int, int, int]] = []
    kept = Kept()
    options = TranscribeOptions(model=str(talking_model), speakers=2)
    found = transcribe_audio(
        spoken, options, lambda *step: told.append(step), notices=["Telephone"], checkpoints=kept
    )
    sentences = [s for turn in found.turns for s in turn.sentences]
    assert sentences and {turn.speaker for turn in found.turns} <= {"S1", "S2", UNKNOWN}
    assert all(s.words and s.start is not None for s in sentences)
    assert not found.demo and found.language == "en"
    facts = dict(found.provenance)
    real = hashlib.sha256(talking_model.read_bytes()).hexdigest()
    assert f"model scripted.pt (sha256 {real[:12]})" in facts["Recognition"]
    assert "built-in" in facts["Speakers"] and "given" in facts["Speakers"]
    assert facts["Sound"] == "Telephone"
    assert [step for step, _, _ in told] == sorted(step for step, _, _ in told)
    assert told[-1] == (len(STEPS) - 1, 1, 1)
    puts = kept.puts
    assert (
        transcribe_audio(spoken, options, no_progress, notices=["Telephone"], checkpoints=kept)
        == found
    )
    assert kept.puts == puts


def test_silence_gives_a_transcription_that_says_so(talking_model: Path) -> None:
    options = TranscribeOptions(model=str(talking_model))
    found = transcribe_audio(
        np.zeros(16_000 * 5, np.float32), options, no_progress, notices=["Telephone"]
    )
    assert found.turns == ()
    assert [doubt.reason for doubt in found.doubts] == [NO_SPEECH]
    facts = dict(found.provenance)
    assert {"Program", "Recognition", "Language", "Text", "Style", "Speakers"} <= set(facts)
    assert facts["Recognition"].startswith("not needed") and "scripted.pt" in facts["Recognition"]
    assert facts["Speakers"].startswith("not needed")
    assert facts["Speech detection"].startswith("Silero") and facts["Sound"] == "Telephone"


def test_the_weights_that_were_loaded_are_the_ones_that_are_named(
    talking_model: Path, scripted_model: Callable[..., Path], spoken: np.ndarray, tmp_path: Path,
) -> None:  # fmt: skip
    path, kept, loaded = tmp_path / "base.pt", Kept(), Loaded()
    path.write_bytes(talking_model.read_bytes())
    options = TranscribeOptions(model=str(path), speakers=1)

    def run(progress: Progress = no_progress) -> Transcription:
        return transcribe_audio(
            spoken[: 16_000 * 10], options, progress, checkpoints=kept, loaded=loaded
        )

    first = run()
    path.write_bytes(scripted_model((0.0, "Quite other words.", 4.0)).read_bytes())
    second = run()
    texts = [
        " ".join(one.text for turn in found.turns for one in turn.sentences)
        for found in (first, second)
    ]
    assert "talk about" in texts[0] and "Quite other" in texts[1]
    named = [dict(found.provenance)["Recognition"] for found in (first, second)]
    assert named[0] != named[1] and find_model(str(path)).sha256()[:12] in named[1]

    def replace(step: int, done: int, total: int) -> None:
        path.write_bytes(talking_model.read_bytes())

    path.write_bytes(scripted_model((0.0, "A third time.", 4.0)).read_bytes())
    with pytest.raises(FokusError, match="replaced"):
        run(replace)


def test_a_fifth_of_a_second_is_no_fault(talking_model: Path) -> None:
    short = np.random.default_rng(0).normal(0, 0.1, 3_200).astype(np.float32)
    found = transcribe_audio(short, TranscribeOptions(model=str(talking_model)), no_progress)
    assert all(doubt.reason for doubt in found.doubts)


def test_subtitle_credits_are_marked_unless_told_otherwise(
    scripted_model: Callable[..., Path], spoken: np.ndarray, no_models: Path
) -> None:
    credit = "Subtitles by the Amara.org community"
    model = str(scripted_model((0.0, credit, 6.0)))
    kept = Kept()
    options = TranscribeOptions(model=model, speakers=1)
    found = transcribe_audio(spoken, options, no_progress, checkpoints=kept)
    marked = [doubt for doubt in found.doubts if doubt.text == credit]
    assert marked and {doubt.reason for doubt in marked} <= {INVENTED, SUSPECTED}
    options = TranscribeOptions(model=model, speakers=1, drop_phrases=False)
    all_of_it = transcribe_audio(spoken, options, no_progress, checkpoints=kept)
    assert credit in [one.text for turn in all_of_it.turns for one in turn.sentences]
    assert not [doubt for doubt in all_of_it.doubts if doubt.reason in (INVENTED, SUSPECTED)]


def test_impossible_wishes_are_refused() -> None:
    for wish in ({"speakers": 0}, {"speakers": 99}, {"min_speakers": 5, "max_speakers": 2}):
        with pytest.raises(BadInput):
            TranscribeOptions(**wish)
    assert TranscribeOptions(language="nb").language == "no"
    with pytest.raises(BadInput):
        TranscribeOptions.from_json({"beam": 5})


def test_the_command_writes_files_and_says_no_text(
    talking_model: Path, spoken_wav: Path, tmp_path: Path, no_models: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    out = tmp_path / "out"
    forms = "txt,vtt,srt,json,docx,rttm,stm"
    assert main([
        "transcribe", str(spoken_wav), "--model", str(talking_model), "--speakers", "2",
        "--out", str(out), "--format", forms,
    ]) == 0  # fmt: skip
    assert sorted(path.name for path in out.iterdir()) == sorted(
        f"sample.{form}" for form in forms.split(",")
    )
    assert isinstance(read_json((out / "sample.json").read_bytes()), Transcription)
    assert "talk about" in (out / "sample.txt").read_text()
    printed = "".join(capfd.readouterr())
    assert "talk about" not in printed and "step 3 of 5" in printed
    rttm = spoken_wav.with_suffix(".rttm")
    assert main(["evaluate", "--reference", str(rttm), str(out / "sample.json"), "--json"]) == 0


def test_without_any_model_the_command_says_how_to_install_one(
    spoken_wav: Path, no_models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["transcribe", str(spoken_wav)]) == 1
    assert str(no_models) in capsys.readouterr().err
    assert main(["transcribe", str(spoken_wav), "--model", "large-v3"]) == 1
    assert "fokus models import large-v3" in capsys.readouterr().err
    assert main(["transcribe", str(spoken_wav), "--model", "no-such"]) == 1


def test_bad_files_and_forms_end_with_one_line_about_them(
    tmp_path: Path, talking_model: Path, spoken_wav: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "notes.wav"
    bad.write_text("not sound")
    model = ["--model", str(talking_model)]
    assert main(["transcribe", str(bad), *model]) == 1
    assert main(["transcribe", str(tmp_path / "missing.wav"), *model]) == 1
    assert main(["transcribe", str(spoken_wav), *model, "--format", "pdf"]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert all(line.startswith("fokus: ") for line in lines)
    told = [line for line in lines if "loading" not in line and "step 1 of 5" not in line]
    assert len(told) == 3 and len(lines) <= 5


def test_installed_models_are_found_best_first(no_models: Path) -> None:
    with pytest.raises(FokusError):
        best_model()
    no_models.mkdir()
    for name in ("tiny", "large-v3"):
        (no_models / f"{name}.pt").write_bytes(b"weights")
    assert [model.name for model in installed_models()] == ["large-v3", "tiny"]
    assert best_model().path == no_models / "large-v3.pt"
    assert find_model("tiny").sha256().startswith("9a129038")
    assert not find_model(str(no_models / "tiny.pt")).demo


def test_a_copy_of_the_demo_model_is_still_the_demo_model(
    no_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = tmp_path / "checkpoint.pt"
    shipped.write_bytes(b"weights of the demo")
    monkeypatch.setattr("transcribe.models.installed.demo_checkpoint", lambda: shipped)
    no_models.mkdir()
    (no_models / "tiny.pt").write_bytes(shipped.read_bytes())
    (no_models / "other.pt").write_bytes(b"weights of another!")
    assert find_model("demo").demo
    assert find_model(str(shipped)).demo
    assert find_model(str(no_models / "tiny.pt")).demo
    assert find_model("tiny").demo and best_model().demo
    assert not find_model(str(no_models / "other.pt")).demo


def test_doctor_says_what_is_there(no_models: Path) -> None:
    checks = {check.name: check for check in doctor()}
    assert checks["demo model"].ok == demo_checkpoint().is_file()
    assert "built-in" in checks["speakers"].detail
