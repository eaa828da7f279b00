"""Carrying models in: bundles and folders, whole and checked, or not at all."""

import fcntl
import hashlib
import io
import json
import os
import resource
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from secure_storage import BadInput, DiskFull, FokusError
from transcribe.models import (
    MANIFEST,
    bundle_models,
    find_model,
    import_models,
    installed_models,
    models_folder,
    pyannote_folder,
    verify_folder,
    vouch_for,
)
from transcribe.models.bundle import write_bundle
from transcribe.models.checkpoint import Dims, layout
from transcribe.models.official import CHECKPOINTS, COMMUNITY_1

SIZES = {
    "n_mels": 8, "n_audio_ctx": 6, "n_audio_state": 4, "n_audio_head": 2, "n_audio_layer": 1,
    "n_vocab": 20, "n_text_ctx": 5, "n_text_state": 4, "n_text_head": 2, "n_text_layer": 1,
}  # fmt: skip
CONFIG = b"pipeline:\n  params:\n    segmentation: $model/segmentation\n    plda: $model/plda\n"


def quiet(file: str, done: int, total: int) -> None:
    """Tell nobody."""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    at(tmp_path / "models", monkeypatch)
    return tmp_path / "models"


def at(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Be on the machine whose models folder this is."""
    monkeypatch.setenv("FOKUS_MODELS", str(folder))


def network(path: Path, seed: int = 0, **changes: object) -> Path:
    """Write a checkpoint in openai-whisper's format, random and very small."""
    torch.manual_seed(seed)
    tensors = {slot.ours: torch.randn(slot.shape) for slot in layout(Dims(**SIZES))}
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"dims": SIZES, "model_state_dict": tensors} | changes, path)
    return path


def pipeline(folder: Path, monkeypatch: pytest.MonkeyPatch | None = None) -> Path:
    """Lay out a pyannote pipeline; «published» where sums may be set."""
    published = {
        "config.yaml": CONFIG, "segmentation/pytorch_model.bin": b"segmentation",
        "embedding/pytorch_model.bin": b"embedding", "plda/plda.npz": b"plda",
        "plda/xvec_transform.npz": b"transform",
    }  # fmt: skip
    others = {
        "README.md": b"Thanks.", ".git/config": b"[core]", "run.sh": b"echo no",
        "requirements.txt": b"pyannote.audio",
    }  # fmt: skip
    for name, data in (published | others).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
        if monkeypatch and name in published:
            monkeypatch.setitem(COMMUNITY_1, name, hashlib.sha256(data).hexdigest())
    return folder


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def nothing_came_in() -> None:
    assert installed_models() == () and pyannote_folder() is None
    assert {path.name for path in models_folder().glob("*")} <= {".lock"}


# Checkpoints.


def test_a_checkpoint_comes_in_under_its_name(tmp_path: Path) -> None:
    source = network(tmp_path / "carried" / "mine.pt")
    (done,) = import_models(source, quiet)
    assert (done.name, done.published) == ("mine", False)
    assert done.path.read_bytes() == source.read_bytes()
    assert (models_folder() / MANIFEST).read_text() == f"{done.sha256}  mine.pt\n"
    import_models(source, quiet, name="other")
    assert [file.name for file in installed_models()] == ["mine", "other"]
    for file in installed_models():
        file.verify()


def test_an_official_name_is_kept_for_the_published_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = network(tmp_path / "turbo.pt")
    with pytest.raises(BadInput, match="not the published large-v3-turbo"):
        import_models(source, quiet)
    nothing_came_in()
    found = hashlib.sha256(source.read_bytes()).hexdigest()
    monkeypatch.setitem(CHECKPOINTS, "large-v3-turbo", found)
    (done,) = import_models(source, quiet)
    assert (done.name, done.published) == ("large-v3-turbo", True)
    find_model("turbo").verify()


@pytest.mark.parametrize("name", ["demo", "a b", "../x", ".x", "", "x" * 70, "a/b"])
def test_names_that_cannot_be_are_refused(tmp_path: Path, name: str) -> None:
    source = network(tmp_path / "demo.pt")
    with pytest.raises(BadInput, match="--name"):
        import_models(source, quiet, name=name or " ")
    nothing_came_in()


def test_what_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    good = network(tmp_path / "good.pt").read_bytes()
    for n, data in enumerate((b"text", good[:-9], good[: len(good) // 2], b"PK\x03\x04" + good)):
        (tmp_path / f"bad{n}.pt").write_bytes(data)
        with pytest.raises(BadInput, match="not a checkpoint"):
            import_models(tmp_path / f"bad{n}.pt", quiet)
    for n, change in enumerate(
        (
            {"dims": {**SIZES, "n_mels": 0}},
            {"dims": []},
            {"dims": {"n_mels": 8}},
            {"dims": {**SIZES, "n_audio_layer": 65}},
            {"dims": {**SIZES, "n_text_layer": 1 << 18}},
        )  # fmt: skip
    ):
        with pytest.raises(BadInput, match="sizes that no Whisper has|not a checkpoint"):
            import_models(network(tmp_path / f"odd{n}.pt", **change), quiet)
    for change in ({"model_state_dict": {}}, {"dims": {**SIZES, "n_vocab": 21}}):
        with pytest.raises(BadInput, match="missing|another shape"):
            import_models(network(tmp_path / "odd.pt", **change), quiet)
    nothing_came_in()


class Program:
    """Runs when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[object, tuple[str, ...]]:
        return os.mkdir, (str(self.trace),)


def test_a_checkpoint_that_holds_a_program_is_refused_and_does_not_run(tmp_path: Path) -> None:
    source = network(tmp_path / "bad.pt", extra=Program(tmp_path / "it-ran"))
    with pytest.raises(BadInput, match="not a checkpoint"):
        import_models(source, quiet)
    assert not (tmp_path / "it-ran").exists()
    nothing_came_in()


def test_what_is_not_there_or_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match="no model that Fokus knows"):
        import_models(tmp_path / "empty", quiet)
    with pytest.raises(BadInput, match="not there"):
        import_models(tmp_path / "nothing.tar", quiet)
    (tmp_path / "link.pt").symlink_to(network(tmp_path / "mine.pt"))
    with pytest.raises(BadInput, match="not a plain file"):
        import_models(tmp_path / "link.pt", quiet)


def test_an_import_replaces_a_model_whole(tmp_path: Path) -> None:
    import_models(network(tmp_path / "mine.pt"), quiet)
    import_models(network(tmp_path / "mine.pt", seed=1), quiet)
    find_model("mine").verify()
    assert find_model("mine").path.read_bytes() == (tmp_path / "mine.pt").read_bytes()


# pyannote.


def test_the_published_pipeline_comes_in_with_a_manifest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (done,) = import_models(pipeline(tmp_path / "community-1", monkeypatch), quiet)
    assert done.published and done.path == pyannote_folder()
    verify_folder(done.path)
    names = {path.relative_to(done.path).as_posix() for path in done.path.rglob("*.*")}
    assert names == {*COMMUNITY_1, "README.md"}


def test_another_pipeline_needs_somebody_who_trusts_it(tmp_path: Path) -> None:
    source = pipeline(tmp_path / "own")
    with pytest.raises(BadInput, match="--trust"):
        import_models(source, quiet)
    nothing_came_in()
    (done,) = import_models(source, quiet, trust=True)
    assert not done.published
    verify_folder(done.path)
    (source / "plda" / "plda.npz").write_bytes(b"tuned")
    import_models(source, quiet, trust=True)  # in place of the old one
    verify_folder(done.path)
    assert (done.path / "plda" / "plda.npz").read_bytes() == b"tuned"
    # The folder that is installed can be vouched for where it lies.
    (done.path / MANIFEST).unlink()
    import_models(done.path, quiet, trust=True)
    verify_folder(done.path)


def poison(folder: Path, name: str, trace: Path) -> None:
    """Put weights into a pipeline that run a program when they are loaded; settings name them."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    torch.save({"x": Program(trace)}, folder / name)
    config = {
        "pipeline": {
            "name": "pyannote.audio.pipelines.SpeakerDiarization",
            "params": {
                "segmentation": f"$model/{name}", "embedding": f"$model/{name}",
                "plda": "$model/plda", "clustering": "VBxClustering",
            },
        },
        "params": {},
    }  # fmt: skip
    (folder / "config.yaml").write_text(json.dumps(config))


@pytest.mark.parametrize("name", ["LICENSE.txt", "README.md", "more/pytorch_model.bin", "x.yaml"])
@pytest.mark.parametrize("carried", ["folder", "bundle"])
def test_published_weights_bring_no_foreign_ones_with_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, carried: str
) -> None:
    source = pipeline(tmp_path / "community-1", monkeypatch)
    poison(source, name, tmp_path / "it-ran")
    if carried == "bundle":
        files = {f"pyannote/{one}": source / one for one in {*COMMUNITY_1, name}}
        source = tmp_path / "models.tar"
        write_bundle(source, files, quiet)
    with pytest.raises(BadInput, match="--trust|names LICENSE.txt"):
        import_models(source, quiet)
    nothing_came_in()
    assert not (tmp_path / "it-ran").exists()


@pytest.mark.parametrize("name", [*COMMUNITY_1])
def test_published_settings_need_all_of_the_published_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    source = pipeline(tmp_path / "community-1", monkeypatch)
    (source / name).unlink()
    with pytest.raises(BadInput):
        import_models(source, quiet)
    nothing_came_in()


@pytest.mark.parametrize("name", ["LICENSE.txt", "README.md", "x.yaml", "/outside.bin"])
def test_the_diarizer_loads_weights_from_no_other_kind_of_file(tmp_path: Path, name: str) -> None:
    from transcribe import pyannote_diariser

    name = name.replace("/", f"{tmp_path}/")

    folder = pipeline(tmp_path / "pyannote")
    shutil.rmtree(folder / ".git")
    poison(folder, name, tmp_path / "it-ran")
    vouch_for(folder)
    with pytest.raises(FokusError, match="cannot be loaded"):
        pyannote_diariser._load(folder)
    assert not (tmp_path / "it-ran").exists()


def test_half_a_pipeline_is_refused(tmp_path: Path) -> None:
    source = pipeline(tmp_path / "half")
    (source / "plda" / "plda.npz").write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(BadInput, match="git lfs pull"):
        import_models(source, quiet, trust=True)
    shutil.rmtree(source / "plda")
    with pytest.raises(BadInput, match="names plda"):
        import_models(source, quiet, trust=True)
    nothing_came_in()


# Bundles.


@pytest.fixture
def bundle(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A bundle of a checkpoint and a pipeline, made on another machine."""
    at(tmp_path / "connected", monkeypatch)
    import_models(network(tmp_path / "carried" / "mine.pt"), quiet)
    import_models(pipeline(tmp_path / "community-1", monkeypatch), quiet)
    bundle_models(["mine", "pyannote"], tmp_path / "models.tar", quiet)
    at(home, monkeypatch)
    return tmp_path / "models.tar"


def test_a_bundle_brings_all_its_models(bundle: Path, tmp_path: Path) -> None:
    seen = set()
    done = import_models(bundle, lambda file, now, total: seen.add((file, now <= total)))
    assert [one.name for one in done] == ["mine", "pyannote"]
    find_model("mine").verify()
    folder = pyannote_folder()
    assert folder is not None
    verify_folder(folder)
    assert ("mine.pt", True) in seen
    assert find_model("mine").path.read_bytes() == (tmp_path / "carried/mine.pt").read_bytes()


def test_any_tar_can_list_a_bundle_and_sha256sum_can_check_it(bundle: Path, tmp_path: Path) -> None:
    subprocess.run(["tar", "-xf", bundle, "-C", tmp_path / "carried"], check=True)
    subprocess.run(["sha256sum", "-c", "--strict", "--quiet", MANIFEST],
                   cwd=tmp_path / "carried", check=True)  # fmt: skip


def test_a_bundle_is_not_written_over_anything(bundle: Path) -> None:
    with pytest.raises(BadInput, match="there already"):
        bundle_models(["mine"], bundle, quiet)
    import_models(bundle, quiet)
    with pytest.raises(BadInput, match="no folder"):
        bundle_models(["mine"], bundle.parent / "none" / "x.tar", quiet)


def test_half_a_bundle_is_refused_wherever_it_ends(bundle: Path) -> None:
    data = bundle.read_bytes()
    for cut in (*range(100, len(data), 1500), 512, 1024, len(data) - 512, len(data) - 1):
        bundle.write_bytes(data[:cut])
        with pytest.raises(BadInput, match="cut short|no bundle|not a checkpoint"):
            import_models(bundle, quiet)
        nothing_came_in()


def test_a_changed_byte_anywhere_is_noticed(bundle: Path) -> None:
    data = bundle.read_bytes()
    for place in range(600, len(data) - 1024, 701):
        changed = bytearray(data)
        changed[place] ^= 1
        bundle.write_bytes(changed)
        if _is_padding(data, place):
            continue
        with pytest.raises(BadInput):
            import_models(bundle, quiet)
        nothing_came_in()


def _is_padding(data: bytes, place: int) -> bool:
    """Tell whether a byte only fills a block, so that it belongs to no file."""
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        ends = [(one.offset_data + one.size, -one.size % 512) for one in tar]
    return any(end <= place < end + fill for end, fill in ends)


def sealed(path: Path, *members: tuple[tarfile.TarInfo, bytes], listed: dict[str, str]) -> Path:
    """Write a bundle as a stranger may: any members under any manifest."""
    text = "".join(f"{found}  {name}\n" for name, found in listed.items()).encode()
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as tar:
        for entry, data in ((tarfile.TarInfo(MANIFEST), text), *members):
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return path


def member(name: str, data: bytes = b"x", kind: bytes = tarfile.REGTYPE,
           link: str = "") -> tuple[tarfile.TarInfo, bytes]:  # fmt: skip
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = kind, link
    return entry, data if kind == tarfile.REGTYPE else b""


SUM = hashlib.sha256(b"x").hexdigest()


@pytest.mark.parametrize(
    ("members", "listed"),
    [
        ([member("../mine.pt")], {"../mine.pt": SUM}),
        ([member("/tmp/mine.pt")], {"/tmp/mine.pt": SUM}),
        ([member("pyannote/../../x.bin")], {"pyannote/../../x.bin": SUM}),
        ([member("mine.exe")], {"mine.exe": SUM}),
        ([member("other/x.bin")], {"other/x.bin": SUM}),
        ([member("mine.pt"), member("more.pt")], {"mine.pt": SUM}),
        ([member("mine.pt")], {"mine.pt": SUM, "more.pt": SUM}),
        ([member("more.pt")], {"mine.pt": SUM}),
        ([member("mine.pt"), member("mine.pt")], {"mine.pt": SUM, "more.pt": SUM}),
        ([member("mine.pt", kind=tarfile.SYMTYPE, link="/etc/passwd")], {"mine.pt": SUM}),
        ([member("mine.pt", kind=tarfile.LNKTYPE, link=MANIFEST)], {"mine.pt": SUM}),
        ([member("mine.pt", kind=tarfile.FIFOTYPE)], {"mine.pt": SUM}),
        ([member("mine.pt", kind=tarfile.CHRTYPE)], {"mine.pt": SUM}),
        ([member("pyannote", kind=tarfile.DIRTYPE)], {"pyannote/x.bin": SUM}),
        ([member("m" * 150 + ".pt")], {"mine.pt": SUM}),
        ([member("mine.pt", b"y")], {"mine.pt": SUM}),
        ([member("mine.pt")], {}),
        ([member("pyannote/config.yaml/x"), member("pyannote/config.yaml")],
         {"pyannote/config.yaml/x": SUM, "pyannote/config.yaml": SUM}),
        ([member(f"m{n}.pt") for n in range(201)], {f"m{n}.pt": SUM for n in range(201)}),
    ],
)  # fmt: skip
def test_bundles_that_hold_anything_else_are_refused(
    tmp_path: Path, members: list[tuple[tarfile.TarInfo, bytes]], listed: dict[str, str]
) -> None:
    with pytest.raises(BadInput):
        import_models(sealed(tmp_path / "bad.tar", *members, listed=listed), quiet)
    nothing_came_in()
    assert {path.name for path in tmp_path.iterdir()} == {"models", "bad.tar"}


def test_extended_headers_and_compression_are_refused(bundle: Path, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "pax.tar", "w", format=tarfile.PAX_FORMAT,
                      pax_headers={"comment": "x" * 5000}) as tar:  # fmt: skip
        tar.add(bundle, "mine.pt")
    import gzip

    (tmp_path / "models.tar.gz").write_bytes(gzip.compress(bundle.read_bytes()))
    for name in ("pax.tar", "models.tar.gz"):
        with pytest.raises(BadInput, match="--name|not a checkpoint"):
            import_models(tmp_path / name, quiet)
    nothing_came_in()


def test_a_bundle_comes_in_whole_or_not_at_all(tmp_path: Path) -> None:
    files = {"mine.pt": network(tmp_path / "mine.pt"), "tiny.pt": network(tmp_path / "t.pt")}
    write_bundle(tmp_path / "odd.tar", files, quiet)
    with pytest.raises(BadInput, match="not the published tiny"):
        import_models(tmp_path / "odd.tar", quiet)
    nothing_came_in()


def test_a_bundle_vouches_for_no_pickles(tmp_path: Path) -> None:
    source = pipeline(tmp_path / "own")
    files = {f"pyannote/{name}": source / name for name in COMMUNITY_1}
    write_bundle(tmp_path / "own.tar", files, quiet)
    with pytest.raises(BadInput, match="--trust"):
        import_models(tmp_path / "own.tar", quiet)
    nothing_came_in()
    import_models(tmp_path / "own.tar", quiet, trust=True)
    folder = pyannote_folder()
    assert folder is not None
    verify_folder(folder)


def test_a_damaged_model_is_not_carried_on(bundle: Path, tmp_path: Path) -> None:
    import_models(bundle, quiet)
    path = find_model("mine").path
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(BadInput, match="not the file it should be"):
        bundle_models(["mine"], tmp_path / "again.tar", quiet)
    assert not (tmp_path / "again.tar").exists()


def test_only_a_single_checkpoint_takes_a_name(bundle: Path, tmp_path: Path) -> None:
    for source in (bundle, pipeline(tmp_path / "own")):
        with pytest.raises(BadInput, match="leave --name out"):
            import_models(source, quiet, name="other", trust=True)
    nothing_came_in()


# Disks, processes, crashes.


def test_a_full_disk_changes_nothing(bundle: Path, tmp_path: Path) -> None:
    for size in (100, 2_000, 12_000):
        with largest_file(size), pytest.raises(DiskFull, match="no room"):
            import_models(bundle, quiet)
        nothing_came_in()
    import_models(bundle, quiet)
    with largest_file(3_000), pytest.raises(DiskFull):
        bundle_models(["mine"], tmp_path / "full.tar", quiet)
    assert not [path for path in tmp_path.iterdir() if "full" in path.name]


def test_room_is_asked_for_before_anything_is_written(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 1 << 20}))
    with pytest.raises(DiskFull, match="FOKUS_MODELS"):
        import_models(bundle, quiet)
    nothing_came_in()


def test_a_models_folder_that_cannot_be_is_told(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("x")
    at(tmp_path / "file", monkeypatch)
    with pytest.raises(BadInput, match="cannot be used"):
        import_models(bundle, quiet)


def test_two_imports_do_not_meet(bundle: Path) -> None:
    models_folder().mkdir()
    with (models_folder() / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(BadInput, match="another process"):
            import_models(bundle, quiet)
    import_models(bundle, quiet)


KILLED = """
import os, signal, sys
from pathlib import Path
from transcribe.models import import_models

def kill(file, done, total):
    if file == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)

import_models(Path(sys.argv[1]), kill)
"""


def test_a_killed_import_leaves_nothing_that_counts(bundle: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, bundle, "pyannote/plda/plda.npz"],
                          check=False)  # fmt: skip
    assert done.returncode < 0
    assert installed_models() == () and pyannote_folder() is None
    assert list(models_folder().glob(".incoming-*"))
    import_models(bundle, quiet)
    assert not list(models_folder().glob(".incoming-*"))
    find_model("mine").verify()


BETWEEN = """
import os, signal, sys
from pathlib import Path
from transcribe.models import import_models

replace = Path.replace

def killed_after(path, target):
    replace(path, target)
    if path.name == "pyannote":
        os.kill(os.getpid(), signal.SIGKILL)

Path.replace = killed_after
import_models(Path(sys.argv[1]), lambda *told: None, trust=True)
"""


def test_a_pipeline_that_was_about_to_be_replaced_comes_back(bundle: Path, tmp_path: Path) -> None:
    import_models(bundle, quiet)
    done = subprocess.run([sys.executable, "-c", BETWEEN, bundle], check=False)
    assert done.returncode < 0 and pyannote_folder() is None
    import_models(network(tmp_path / "another.pt"), quiet)
    folder = pyannote_folder()
    assert folder is not None
    verify_folder(folder)
    assert not list(models_folder().glob(".[!l]*"))
