"""``fokus models`` and what ``fokus doctor`` says of transcribing."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from transcribe import doctor
from transcribe.__main__ import main
from transcribe.check_up import memory
from transcribe.models import Published, find_model, models_folder, vouch_for
from transcribe.models.official import CHECKPOINTS, checkpoint


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FOKUS_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "models"


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What passes for the published tiny model."""
    path = tmp_path / "tiny.pt"
    path.write_bytes(b"tiny weights")
    monkeypatch.setitem(CHECKPOINTS, "tiny", hashlib.sha256(b"tiny weights").hexdigest())
    return path


Out = pytest.CaptureFixture[str]


def test_the_two_commands_carry_a_model(
    tiny: Path, tmp_path: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bring(file: Published, folder: Path, progress: Callable[[str, int, int], None]) -> Path:
        assert file == checkpoint("tiny")
        progress(file.name, 12, 12)
        return tiny.rename(folder / file.name)

    monkeypatch.setattr("transcribe.models.bundle_models.__defaults__", (bring,))
    carried = str(tmp_path / "tiny.tar")
    assert main(["models", "bundle", "tiny", "--out", carried]) == 0
    said = capsys.readouterr()
    assert f"fokus models import {carried}" in said.out
    assert "tiny.pt" in said.err
    monkeypatch.setenv("FOKUS_MODELS", str(tmp_path / "server"))
    assert main(["models", "import", carried]) == 0
    said = capsys.readouterr()
    assert "Imported tiny (the published files, sha256 " in said.out
    find_model("tiny").verify()
    assert main(["models", "verify"]) == 0
    assert capsys.readouterr().out == "ok    tiny: the published file\n"


def test_the_list_says_what_is_here_and_what_can_be_had(tiny: Path, capsys: Out) -> None:
    assert main(["models", "list"]) == 0
    said = capsys.readouterr().out
    assert "none yet" in said and str(models_folder()) in said
    there = {line.split()[0]: line for line in said.splitlines() if line.startswith("  ")}
    assert there["large-v3"].endswith("the most accurate for most languages; «large»")
    assert there["large-v3-turbo"].endswith("; «turbo»")
    assert there["nb-whisper-large"].endswith("for Norwegian")
    assert there["pyannote"].endswith("tells speakers apart")
    assert "\n  tiny\n" in said and "demo comes with Fokus" in said
    assert main(["models", "import", str(tiny)]) == 0
    (models_folder() / "base.pt").write_bytes(b"?")
    (models_folder() / "mine.pt").write_bytes(b"?")
    capsys.readouterr()
    assert main(["models", "list"]) == 0
    here, _, there = capsys.readouterr().out.partition("To be had")
    lines = {line.split()[0]: line for line in here.splitlines()[1:]}
    assert lines["tiny"].endswith("published file, imported")
    assert lines["base"].endswith("not checked yet")
    assert lines["mine"].endswith("nobody vouches for it")
    assert "\n  tiny\n" not in there and "\n  small\n" in there


def test_verify_finds_what_was_changed(tiny: Path, capsys: Out) -> None:
    assert main(["models", "import", str(tiny)]) == 0
    (models_folder() / "tiny.pt").write_bytes(b"tiny weighty")
    capsys.readouterr()
    assert main(["models", "verify", "tiny"]) == 1
    assert capsys.readouterr().out.startswith("FAIL  tiny: ")
    assert main(["models", "verify", "pyannote"]) == 1
    assert "fokus models bundle pyannote" in capsys.readouterr().out


def test_the_model_that_is_shipped_passes(capsys: Out) -> None:
    assert main(["models", "verify", "demo"]) == 0
    assert capsys.readouterr().out.startswith("ok    demo: a whole checkpoint")


def test_verify_with_nothing_installed_says_so_and_names_the_two_commands(capsys: Out) -> None:
    assert main(["models", "verify"]) == 1
    said = capsys.readouterr().err
    assert f"No model is installed in {models_folder()}" in said
    assert "fokus models bundle large-v3" in said and "fokus models import large-v3.tar" in said


def test_what_goes_wrong_is_told_in_one_line(tmp_path: Path, capsys: Out) -> None:
    (tmp_path / "bad.pt").write_bytes(b"x")
    for words in (["download", "whisper-9"], ["import", str(tmp_path / "bad.pt")],
                  ["import", str(tmp_path / "nothing")],
                  ["bundle", "whisper-9", "--out", str(tmp_path / "x.tar")]):  # fmt: skip
        assert main(["models", *words]) == 1
        said = capsys.readouterr().err.splitlines()[-1]
        assert said.startswith("fokus: ") and said.endswith((".", "import"))


def test_transcribing_with_a_missing_model_names_the_two_commands(
    tmp_path: Path, capsys: Out
) -> None:
    (tmp_path / "x.wav").write_bytes(b"x")
    assert main(["transcribe", str(tmp_path / "x.wav"), "--model", "large-v3"]) == 1
    said = capsys.readouterr().err
    assert "fokus models bundle large-v3 --out large-v3.tar" in said
    assert "fokus models import large-v3.tar" in said


def checks() -> dict[str, tuple[bool, str]]:
    return {check.name: (check.ok, check.detail) for check in doctor()}


def test_the_doctor_says_what_the_machine_has(tmp_path: Path) -> None:
    found = checks()
    assert set(found) >= {
        "GPU", "processor", "memory", "precision", "engine", "demo model", "recognition models",
        "speakers", "telemetry", "disk of the models",
    }  # fmt: skip
    assert all(ok for ok, _ in found.values())
    assert "openai-whisper 20250625" in found["engine"][1]
    assert f"{len(os.sched_getaffinity(0))} cores" in found["processor"][1]
    assert "float" in found["precision"][1]
    assert "fokus models bundle large-v3" in found["recognition models"][1]
    free, _, rest = found["memory"][1].partition(" of ")
    assert 0 < float(free) <= float(rest.split()[0])


def test_a_container_or_a_job_may_have_less_memory_than_the_machine(tmp_path: Path) -> None:
    def bounded(group: str, most: str, used: str) -> None:
        (tmp_path / group).mkdir(parents=True, exist_ok=True)
        (tmp_path / group / "memory.max").write_text(f"{most}\n")
        (tmp_path / group / "memory.current").write_text(f"{used}\n")

    _, machine = memory(tmp_path, "/slurm/job")
    bounded("slurm/job", "max", "100000000")
    assert memory(tmp_path, "/slurm/job")[1] == machine
    bounded("slurm", "800000000", "300000000")
    assert memory(tmp_path, "/slurm/job") == (0.5, 0.8)
    bounded("slurm/job", "200000000", "300000000")
    assert memory(tmp_path, "/slurm/job") == (0.0, 0.2)


def test_the_doctor_sees_what_is_not_vouched_for(tiny: Path) -> None:
    models_folder().mkdir()
    (models_folder() / "tiny.pt").write_bytes(b"copied by hand")
    assert "tiny" in checks()["models nobody has checked"][1]
    assert main(["models", "import", str(tiny)]) == 0
    assert "models nobody has checked" not in checks()
    assert checks()["recognition models"] == (True, "tiny")


def test_the_doctor_sees_who_can_change_the_models(tiny: Path) -> None:
    models_folder().mkdir()
    assert checks()["who can change the models"][0]
    models_folder().chmod(0o777)
    ok, told = checks()["who can change the models"]
    assert not ok and f"chmod o-w {models_folder()}" in told


def test_telemetry_is_looked_at_and_a_pipeline_needs_a_manifest(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "pyannote").mkdir(parents=True)
    (home / "pyannote" / "config.yaml").write_text("pipeline:")
    found = checks()
    assert found["telemetry"][0] and "PYANNOTE_METRICS_ENABLED=0" in found["telemetry"][1]
    ok, told = found["pyannote pipeline"]
    assert not ok and f"fokus models import {home / 'pyannote'}" in told
    vouch_for(home / "pyannote")
    monkeypatch.setenv("PYANNOTE_METRICS_ENABLED", "1")
    found = checks()
    assert "pyannote pipeline" not in found
    assert found["telemetry"] == (False, "not off: PYANNOTE_METRICS_ENABLED=1")
