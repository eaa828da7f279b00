"""Checkpoints converted for CTranslate2: once, whole, and safely."""

import json
import os
import resource
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from secure_storage import BadInput, DiskFull
from transcribe.models import ModelFile
from transcribe.recognise import Ask


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FOKUS_MODELS", str(tmp_path / "models"))
    return tmp_path / "models" / "ctranslate2"


@pytest.fixture(scope="module")
def checkpoint(
    scripted_model: Callable[..., Path],
) -> ModelFile:
    return ModelFile("scripted", scripted_model((0.0, "we met at the library", 4.0)))


def says(file: ModelFile) -> str:
    """What the checkpoint says of a silence, through the converted weights."""
    from transcribe.recognise.ct2_engine import load_ct2

    engine = load_ct2(file)
    (said,) = engine.decode(engine.encode(np.zeros((1, 80, 3000), np.float32)), Ask("en"))
    return said.text


def kept(shelf: Path) -> list[str]:
    return sorted(path.name for path in shelf.iterdir() if path.name != ".lock")


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> list[ModelFile]:
    """Every checkpoint that was read in order to convert it."""
    from transcribe.recognise import ct2_convert

    read, seen = ct2_convert.read_checkpoint, list[ModelFile]()

    def counted(file: ModelFile) -> Any:
        seen.append(file)
        return read(file)

    monkeypatch.setattr(ct2_convert, "read_checkpoint", counted)
    return seen


def test_a_checkpoint_is_converted_once_and_kept_under_its_sum(
    shelf: Path, checkpoint: ModelFile, readings: list[ModelFile]
) -> None:
    assert says(checkpoint) == says(checkpoint) == "we met at the library"
    assert len(readings) == 1
    assert kept(shelf) == [f"{checkpoint.sha256()}-int8-1"]


def test_the_folder_knows_shape_words_and_heads(shelf: Path, checkpoint: ModelFile) -> None:
    from transcribe.recognise.checkpoint import read_checkpoint
    from transcribe.recognise.ct2_convert import Converted

    folder = Converted(checkpoint, "float32").folder
    model = read_checkpoint(checkpoint)
    config = json.loads((folder / "config.json").read_text())
    assert json.loads((folder / "dims.json").read_text()) == vars(model.dims)
    assert config["alignment_heads"] == model.alignment_heads.indices().T.tolist()
    assert len(json.loads((folder / "vocabulary.json").read_text())) == model.dims.n_vocab


def test_another_checkpoint_of_the_same_name_is_another_model(
    shelf: Path, scripted_model: Callable[..., Path], tmp_path: Path
) -> None:
    path = tmp_path / "model.pt"
    path.write_bytes(scripted_model((0.0, "one", 1.0)).read_bytes())
    assert says(ModelFile("model", path)) == "one"
    path.write_bytes(scripted_model((0.0, "two", 1.0)).read_bytes())
    assert says(ModelFile("model", path)) == "two"
    assert len(kept(shelf)) == 2


def test_several_at_once_convert_once(
    shelf: Path, checkpoint: ModelFile, readings: list[ModelFile]
) -> None:
    said: list[str] = []
    threads = [threading.Thread(target=lambda: said.append(says(checkpoint))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said == ["we met at the library"] * 3
    assert len(readings) == 1 and len(kept(shelf)) == 1


def test_what_a_killed_conversion_left_is_cleared(shelf: Path, checkpoint: ModelFile) -> None:
    half = shelf / ".making-half"
    half.mkdir(parents=True)
    (half / "model.bin").write_bytes(b"half")
    assert says(checkpoint)
    assert not half.exists()


def test_a_full_disk_leaves_nothing_half_and_says_so(shelf: Path, checkpoint: ModelFile) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, hard))  # a real «file too large»
    try:
        with pytest.raises(DiskFull, match="FOKUS_MODELS"):
            says(checkpoint)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert kept(shelf) == []
    assert says(checkpoint), "with room, it works"


def test_where_the_models_folder_cannot_be_written_it_is_made_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, checkpoint: ModelFile,
    readings: list[ModelFile],
) -> None:  # fmt: skip
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("FOKUS_MODELS", str(tmp_path / "file" / "models"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    aside = tmp_path / f"fokus-{os.getuid()}"
    aside.mkdir(mode=0o700)
    (aside / ".making-half").mkdir()  # of a process that was killed
    assert says(checkpoint) == says(checkpoint) == "we met at the library"
    assert len(readings) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", aside.name]
    assert aside.stat().st_mode & 0o077 == 0
    assert kept(aside) == [f"{checkpoint.sha256()}-int8-1"], "one copy, whoever is killed"


@pytest.mark.parametrize("strange", ["link", "open", "file"])
def test_a_temporary_folder_of_somebody_else_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, checkpoint: ModelFile, strange: str
) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("FOKUS_MODELS", str(tmp_path / "file" / "models"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    aside, theirs = tmp_path / f"fokus-{os.getuid()}", tmp_path / "theirs"
    theirs.mkdir()
    if strange == "link":
        aside.symlink_to(theirs)
    elif strange == "open":
        aside.mkdir()
        aside.chmod(0o777)
    else:
        aside.write_text("")
    with pytest.raises(BadInput, match="FOKUS_MODELS"):
        says(checkpoint)
    assert not list(theirs.iterdir())


def test_what_was_made_is_vouched_for(shelf: Path, checkpoint: ModelFile) -> None:
    from transcribe.recognise.ct2_convert import Converted

    made = Converted(checkpoint, "int8")
    made.verify()
    weights = made.folder / "model.bin"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")  # still a model, but another
    with pytest.raises(BadInput, match=r"model\.bin is not the file it should be"):
        made.verify()


@pytest.mark.parametrize(
    ("name", "damaged"),
    [
        ("model.bin", b"\x00 damaged"),
        ("dims.json", None),
        ("config.json", b"{}"),
        ("SHA256SUMS", b""),
        ("extra.json", b"{}"),
    ],
)
def test_a_damaged_folder_is_made_anew(
    shelf: Path, checkpoint: ModelFile, readings: list[ModelFile], name: str, damaged: bytes | None
) -> None:
    says(checkpoint)
    path = shelf / kept(shelf)[0] / name
    if damaged is None:
        path.unlink()
    else:
        path.write_bytes(damaged)
    assert says(checkpoint) == "we met at the library"
    assert len(readings) == 2


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04 half an archive"])
def test_a_file_that_is_no_checkpoint_is_refused_and_nothing_kept(
    shelf: Path, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "foreign.pt"
    path.write_bytes(content)
    with pytest.raises(BadInput, match="foreign.pt is not a checkpoint"):
        says(ModelFile("foreign", path))
    assert kept(shelf) == []
