"""Finding models on this machine, and who vouches for them."""

import hashlib
import os
import subprocess
from pathlib import Path

import pytest

from secure_storage import BadInput
from transcribe import TranscribeOptions
from transcribe.models import (
    MANIFEST,
    ModelMissing,
    best_model,
    find_model,
    installed_models,
    pyannote_folder,
    verified,
    verify_folder,
    vouch_for,
)
from transcribe.models.manifest import read_sums, sums_text
from transcribe.models.official import ALIASES, CHECKPOINTS, NB_WHISPER, OFFICIAL, checkpoint
from transcribe.recognise import load_engine


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FOKUS_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "models").mkdir()
    return tmp_path / "models"


@pytest.fixture
def pipeline(tmp_path: Path) -> Path:
    folder = tmp_path / "pyannote"
    for name in ("config.yaml", "segmentation/pytorch_model.bin", "plda/plda.npz"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode())
    vouch_for(folder)
    return folder


def put(folder: Path, name: str, data: bytes = b"weights") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.pt").write_bytes(data)
    return folder / f"{name}.pt"


def test_published_sums_are_those_openai_whisper_checks() -> None:
    import whisper

    for name, url in whisper._MODELS.items():
        assert checkpoint(name).url == url
        assert checkpoint(name).sha256 == url.split("/")[-2]
    assert set(whisper._MODELS) == set(OFFICIAL) == set(CHECKPOINTS) | set(ALIASES)


def test_names_of_one_file_find_it(home: Path) -> None:
    put(home, "large-v3-turbo")
    assert find_model("turbo").path == find_model("large-v3-turbo").path
    put(home, "large")
    assert find_model("large-v3").path == home / "large.pt"
    assert [file.name for file in installed_models()] == ["large-v3", "large-v3-turbo"]


def test_whispers_own_cache_is_looked_at_for_official_names_only(
    home: Path, tmp_path: Path
) -> None:
    put(tmp_path / "cache" / "whisper", "small")
    put(tmp_path / "cache" / "whisper", "mine")
    assert [file.name for file in installed_models()] == ["small"]
    put(home, "small")
    assert find_model("small").path == home / "small.pt"


def test_imported_models_go_by_name_and_come_after_official_ones(home: Path) -> None:
    for name in ("zebra", "nb-whisper-small", "tiny", "nb-whisper-large"):
        put(home, name)
    names = ["tiny", "nb-whisper-large", "nb-whisper-small", "zebra"]
    assert [file.name for file in installed_models()] == names
    assert best_model().name == "tiny"
    # A job hands its worker the whole path; the transcript still says the name.
    assert find_model(str(home / "zebra.pt")).name == "zebra"


@pytest.mark.parametrize("name", ["large-v3", "turbo", NB_WHISPER[0]])
def test_a_missing_model_names_the_two_commands(home: Path, name: str) -> None:
    with pytest.raises(ModelMissing) as told:
        find_model(name)
    assert f"fokus models bundle {name} --out {name}.tar" in str(told.value)
    assert f"fokus models import {name}.tar" in str(told.value)


def test_no_model_at_all_names_the_two_commands_and_the_demo(home: Path) -> None:
    with pytest.raises(ModelMissing, match="fokus models bundle large-v3") as told:
        best_model()
    assert "--model demo" in str(told.value) and str(home) in str(told.value)


@pytest.mark.parametrize("name", ["no such", "../tiny", "/nowhere/x.pt", ""])
def test_a_name_that_is_none_is_refused(home: Path, name: str) -> None:
    with pytest.raises(ModelMissing, match="fokus models list"):
        find_model(name)


def test_a_file_under_an_official_name_must_be_the_published_one(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(home, "tiny", b"cut short")
    with pytest.raises(BadInput, match="not the file it should be"):
        find_model("tiny").verify()
    monkeypatch.setitem(CHECKPOINTS, "tiny", hashlib.sha256(b"cut short").hexdigest())
    find_model("tiny").verify()
    assert verified("tiny") == "the published file"


def test_what_the_manifest_lists_must_fit_it(home: Path) -> None:
    path = put(home, "mine", b"as imported")
    find_model("mine").verify()  # nobody promised anything
    vouch_for(home)
    find_model("mine").verify()
    assert verified("mine").startswith("as it was imported")
    path.write_bytes(b"as replaced")
    with pytest.raises(BadInput, match="was not loaded"):
        find_model("mine").verify()


def test_what_is_not_vouched_for_is_not_loaded(home: Path) -> None:
    path = put(home, "mine", b"as imported")
    vouch_for(home)
    path.write_bytes(b"as replaced")
    with pytest.raises(BadInput, match="was not loaded"):
        load_engine(find_model("mine"), TranscribeOptions())
    with pytest.raises(BadInput, match="was not loaded"):
        load_engine(find_model(str(path)), TranscribeOptions())


def test_a_replaced_file_is_seen_though_its_size_and_date_are_kept(home: Path) -> None:
    path = put(home, "mine", b"as imported")
    vouch_for(home)
    find_model("mine").verify()
    state = path.stat()
    path.write_bytes(b"as poisoned")
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    with pytest.raises(BadInput):
        find_model("mine").verify()


def test_a_checkpoint_nobody_vouches_for_is_at_least_looked_through(home: Path) -> None:
    put(home, "mine", b"no weights at all")
    with pytest.raises(BadInput, match="not a checkpoint"):
        verified("mine")


def test_a_whole_folder_is_vouched_for(pipeline: Path) -> None:
    verify_folder(pipeline)
    done = subprocess.run(
        ["sha256sum", "-c", "--strict", "--quiet", MANIFEST], cwd=pipeline, check=False
    )
    assert done.returncode == 0


def test_a_folder_without_a_manifest_is_refused(pipeline: Path) -> None:
    (pipeline / MANIFEST).unlink()
    with pytest.raises(BadInput, match="fokus models import"):
        verify_folder(pipeline)


def test_changed_missing_and_added_files_are_refused(pipeline: Path) -> None:
    weights = pipeline / "segmentation" / "pytorch_model.bin"
    good = weights.read_bytes()
    weights.write_bytes(b"x" * len(good))
    with pytest.raises(BadInput, match="damaged or was replaced"):
        verify_folder(pipeline)
    weights.unlink()
    with pytest.raises(BadInput, match="missing"):
        verify_folder(pipeline)
    weights.write_bytes(good)
    verify_folder(pipeline)
    (pipeline / "plda" / ".hidden.bin").write_bytes(b"x")
    with pytest.raises(BadInput, match="Nobody vouches for plda/.hidden.bin"):
        verify_folder(pipeline)


def test_links_in_a_folder_are_refused(pipeline: Path, tmp_path: Path) -> None:
    weights = pipeline / "segmentation" / "pytorch_model.bin"
    weights.rename(tmp_path / "elsewhere")
    weights.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BadInput, match="link"):
        verify_folder(pipeline)
    weights.unlink()
    (tmp_path / "elsewhere").rename(weights)
    (pipeline / "embedding").symlink_to(tmp_path, target_is_directory=True)
    with pytest.raises(BadInput, match="link"):
        verify_folder(pipeline)


def test_a_manifest_is_read_strictly() -> None:
    good = {"a.pt": "0" * 64, "p/q r.bin": "f" * 64}
    assert read_sums(sums_text(good)) == good
    assert read_sums(b"") == {}
    zeros = b"0" * 64
    for line in (
        b"a.pt\n", zeros + b" a.pt\n", zeros + b"  ../a.pt\n", zeros + b"  /a.pt\n",
        zeros + b"  a//b\n", zeros + b"  .a\n", zeros.upper() + b"g  a\n", b"\xff\xfe",
        zeros + b"  a\\b\n", 2 * (zeros + b"  a.pt\n"), zeros + b"  a\x00b\n",
    ):  # fmt: skip
        with pytest.raises(BadInput, match="damaged"):
            read_sums(line)


def test_a_broken_manifest_lets_nothing_through(pipeline: Path, home: Path) -> None:
    (pipeline / MANIFEST).write_bytes(b"no sums")
    with pytest.raises(BadInput):
        verify_folder(pipeline)
    put(home, "mine")
    (home / MANIFEST).write_bytes(b"no sums")
    with pytest.raises(BadInput):
        find_model("mine").verify()


def test_a_pipeline_is_installed_where_its_settings_are(home: Path) -> None:
    assert pyannote_folder() is None
    (home / "pyannote").mkdir()
    assert pyannote_folder() is None
    (home / "pyannote" / "config.yaml").write_text("pipeline:")
    assert pyannote_folder() == home / "pyannote"
    with pytest.raises(BadInput, match="fokus models import"):
        verified("pyannote")


def test_verifying_a_pipeline_that_is_not_there_names_the_two_commands(home: Path) -> None:
    with pytest.raises(ModelMissing, match="fokus models bundle pyannote --out pyannote.tar"):
        verified("pyannote")
