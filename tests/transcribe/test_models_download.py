"""Fetching published models from a host, here one on this machine."""

import hashlib
import http.client
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import torch
from safetensors.torch import save_file

from secure_storage import BadInput, DiskFull, FokusError
from transcribe.models import (
    bundle_models,
    download_model,
    find_model,
    import_models,
    installed_models,
    models_folder,
    pyannote_folder,
    verify_folder,
)
from transcribe.models.checkpoint import Dims, layout
from transcribe.models.download import KNOWN, Hosts, NotThere, fetch
from transcribe.models.official import (
    CHECKPOINTS,
    COMMUNITY_1,
    Published,
    community_1,
    nb_whisper,
)

LOCAL = Hosts(("127.0.0.1",), "http")
CONFIG = {
    "model_type": "whisper", "num_mel_bins": 8, "max_source_positions": 6, "d_model": 4,
    "encoder_attention_heads": 2, "encoder_layers": 1, "vocab_size": 20,
    "max_target_positions": 5, "decoder_attention_heads": 2, "decoder_layers": 1,
}  # fmt: skip
SIZES = Dims(8, 6, 4, 2, 1, 20, 5, 4, 2, 1)


@dataclass
class Host:
    """What a host has, and how it behaves."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Paths, and the range asked for."""
    breaks_after: int = 1 << 30
    """Bytes after which connections break, until this is raised."""
    ranges: bool = True
    leads_to: str = ""
    states: dict[str, str] = field(default_factory=dict)
    """Sums stated on the way, as Hugging Face does; each costs a redirection."""


@pytest.fixture
def host() -> Iterator[Host]:
    state = Host()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path, ranged = urlsplit(self.path), self.headers.get("Range", "")
            state.asked.append((path.path, ranged))
            data = state.files.get(path.path)
            if data is None:
                return self.end(404, {}, b"")
            if path.path in state.states and not path.query:
                to = (state.leads_to or state.url) + path.path + "?kept"
                stated = {"X-Linked-Etag": f'"{state.states[path.path]}"'}
                return self.end(302, {"Location": to} | stated, b"")
            first = int(ranged.removeprefix("bytes=").rstrip("-")) if ranged else 0
            if not state.ranges or not first:
                return self.end(200, {}, data)
            if first >= len(data):
                return self.end(416, {}, b"")
            span = f"bytes {first}-{len(data) - 1}/{len(data)}"
            return self.end(206, {"Content-Range": span}, data[first:])

        def end(self, code: int, headers: dict[str, str], data: bytes) -> None:
            self.send_response(code)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data[: state.breaks_after])
            self.close_connection = len(data) > state.breaks_after

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}"
    serving = threading.Thread(target=server.serve_forever, args=(0.01,))
    serving.start()
    yield state
    server.shutdown()
    serving.join()
    server.server_close()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FOKUS_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return tmp_path / "models"


@pytest.fixture
def bring(host: Host) -> Callable[..., Path]:
    """Fetch from here what is published elsewhere."""

    def fetch_here(file: Published, folder: Path, progress: Callable[..., None]) -> Path:
        assert KNOWN.allows(file.url)
        path = urlsplit(file.url).path
        return fetch(replace(file, url=host.url + path), folder, progress, LOCAL)

    return fetch_here


def quiet(file: str, done: int, total: int) -> None:
    """Tell nobody."""


DATA = bytes(range(256)) * 2000


def sum_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def file(host: Host) -> Published:
    host.files["/x.pt"] = DATA
    return Published("x.pt", f"{host.url}/x.pt", sum_of(DATA))


def test_a_file_comes_whole_and_its_progress_is_told(file: Published, tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    path = fetch(file, tmp_path, lambda *told: seen.append(told), LOCAL)
    assert path == tmp_path / "x.pt" and path.read_bytes() == DATA
    assert seen[-1] == ("x.pt", len(DATA), len(DATA))
    assert [one[1] for one in seen] == sorted(one[1] for one in seen)
    assert [path.name for path in tmp_path.iterdir()] == ["x.pt"]


def test_a_broken_download_goes_on_where_it_stopped(
    file: Published, host: Host, tmp_path: Path
) -> None:
    host.breaks_after = 100_000
    for _ in range(2):
        with pytest.raises(FokusError, match="goes on where it stopped"):
            fetch(file, tmp_path, quiet, LOCAL)
    assert not (tmp_path / "x.pt").exists()
    host.breaks_after = 1 << 30
    assert fetch(file, tmp_path, quiet, LOCAL).read_bytes() == DATA
    assert host.asked == [("/x.pt", ""), ("/x.pt", "bytes=100000-"), ("/x.pt", "bytes=200000-")]


def test_a_host_that_cannot_go_on_starts_again(file: Published, host: Host, tmp_path: Path) -> None:
    (tmp_path / "x.pt.part").write_bytes(DATA[:5000])
    host.ranges = False
    assert fetch(file, tmp_path, quiet, LOCAL).read_bytes() == DATA


def test_what_was_begun_with_another_file_is_thrown_away(
    file: Published, host: Host, tmp_path: Path
) -> None:
    (tmp_path / "x.pt.part").write_bytes(b"other")
    with pytest.raises(BadInput, match="thrown away"):
        fetch(file, tmp_path, quiet, LOCAL)
    assert fetch(file, tmp_path, quiet, LOCAL).read_bytes() == DATA
    (tmp_path / "x.pt").unlink()
    (tmp_path / "x.pt.part").write_bytes(DATA + b"longer")
    assert fetch(file, tmp_path, quiet, LOCAL).read_bytes() == DATA
    host.asked.clear()
    (tmp_path / "x.pt").rename(tmp_path / "x.pt.part")  # stopped just before its name
    assert fetch(file, tmp_path, quiet, LOCAL).read_bytes() == DATA
    assert host.asked == []


@pytest.mark.parametrize("published", [True, False])
def test_a_finished_file_is_not_fetched_anew(
    file: Published, host: Host, tmp_path: Path, published: bool
) -> None:
    """A later file of the same model may have failed; the host states unpublished sums."""
    if not published:
        file = replace(file, sha256="")
        host.states["/x.pt"] = sum_of(DATA)
    told: list[int] = []
    for _ in range(2):
        path = fetch(file, tmp_path, lambda _, done, total: told.append(done), LOCAL)
        assert path.read_bytes() == DATA
        assert [one.name for one in tmp_path.iterdir()] == ["x.pt"]
    assert sum(done == len(DATA) for done in told) == 1
    assert host.asked[2 - published :] == (
        [] if published else [("/x.pt", f"bytes={len(DATA)}-")] * 2
    )
    path.write_bytes(b"x" * len(DATA))  # damaged since
    assert fetch(file, tmp_path, quiet, LOCAL).read_bytes() == DATA


def test_another_file_than_the_published_one_is_not_kept(
    file: Published, host: Host, tmp_path: Path
) -> None:
    host.files["/x.pt"] = b"malware" + DATA
    with pytest.raises(BadInput, match="not the published file"):
        fetch(file, tmp_path, quiet, LOCAL)
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_there_is_told(file: Published, host: Host, tmp_path: Path) -> None:
    host.files.clear()
    with pytest.raises(NotThere, match="error 404"):
        fetch(file, tmp_path, quiet, LOCAL)


def test_a_host_that_does_not_answer_is_told(file: Published, tmp_path: Path) -> None:
    gone = replace(file, url="http://127.0.0.1:9/x.pt")
    with pytest.raises(FokusError, match="Is this machine connected"):
        fetch(gone, tmp_path, quiet, LOCAL)


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://openaipublic.azureedge.net/main/x", True),
        ("https://huggingface.co/x", True),
        ("https://cas-bridge.xethub.hf.co/x", True),
        ("https://cdn-lfs.huggingface.co/x", True),
        ("http://huggingface.co/x", False),
        ("https://huggingface.co.example.org/x", False),
        ("https://nothuggingface.co/x", False),
        ("https://example.org/huggingface.co", False),
        ("https://huggingface.co@example.org/x", False),
        ("file:///etc/passwd", False),
    ],
)
def test_only_known_hosts_are_asked(url: str, allowed: bool, tmp_path: Path) -> None:
    assert KNOWN.allows(url) == allowed
    if not allowed:
        with pytest.raises(BadInput, match="does not fetch"):
            fetch(Published("x", url, "0" * 64), tmp_path, quiet)


def test_a_host_that_leads_elsewhere_is_not_followed(
    file: Published, host: Host, tmp_path: Path
) -> None:
    host.states["/x.pt"] = sum_of(DATA)
    host.leads_to = "http://localhost:9"
    with pytest.raises(BadInput, match="leads to localhost"):
        fetch(file, tmp_path, quiet, LOCAL)


def test_a_sum_the_host_states_is_checked(file: Published, host: Host, tmp_path: Path) -> None:
    unknown = replace(file, sha256="")
    host.states["/x.pt"] = sum_of(DATA)
    host.breaks_after = 100_000
    with pytest.raises(FokusError, match="goes on"):
        fetch(unknown, tmp_path, quiet, LOCAL)
    host.breaks_after = 1 << 30
    assert fetch(unknown, tmp_path, quiet, LOCAL).read_bytes() == DATA
    assert host.asked[-1] == ("/x.pt", "bytes=100000-")
    host.states["/x.pt"] = sum_of(b"something else")
    with pytest.raises(BadInput, match="not the published file"):
        fetch(unknown, tmp_path, quiet, LOCAL)


def test_without_any_sum_only_small_files_come_and_never_in_pieces(
    file: Published, host: Host, tmp_path: Path
) -> None:
    unknown = replace(file, sha256="")
    (tmp_path / "x.pt.part").write_bytes(b"something else")
    assert fetch(unknown, tmp_path, quiet, LOCAL).read_bytes() == DATA
    host.files["/x.pt"] = bytes(5 << 20)
    with pytest.raises(BadInput, match="larger than it can be"):
        fetch(unknown, tmp_path, quiet, LOCAL)


def test_a_full_disk_is_told_before_anything_is_fetched(
    file: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 1000}))
    with pytest.raises(DiskFull):
        fetch(file, tmp_path, quiet, LOCAL)
    assert list(tmp_path.iterdir()) == []


# Whole models.


def test_an_official_model_is_downloaded_by_either_name(
    host: Host, bring: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CHECKPOINTS, "large-v3-turbo", sum_of(DATA))
    host.files[f"/main/whisper/models/{sum_of(DATA)}/large-v3-turbo.pt"] = DATA
    done = download_model("turbo", quiet, bring)
    assert (done.name, done.published) == ("large-v3-turbo", True)
    find_model("turbo").verify()
    assert find_model("turbo").listed() == sum_of(DATA)


def test_an_interrupted_model_goes_on_and_a_new_run_finds_no_rest(
    host: Host, bring: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CHECKPOINTS, "tiny", sum_of(DATA))
    path = f"/main/whisper/models/{sum_of(DATA)}/tiny.pt"
    host.files[path] = DATA
    host.breaks_after = 400_000
    with pytest.raises(FokusError):
        download_model("tiny", quiet, bring)
    assert installed_models() == ()
    host.breaks_after = 1 << 30
    download_model("tiny", quiet, bring)
    assert host.asked[-1] == (path, "bytes=400000-")
    assert not list((models_folder() / ".downloads").iterdir())


def hub_weights(tmp_path: Path) -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return {f"model.{slot.theirs}": torch.randn(slot.shape) for slot in layout(SIZES)}


def publish(host: Host, name: str, data: bytes, *, stated: bool = True) -> None:
    path = urlsplit(nb_whisper("nb-whisper-tiny", name).url).path
    host.files[path] = data
    if stated:
        host.states[path] = sum_of(data)


@pytest.mark.parametrize("parts", [1, 2])
def test_nb_whisper_is_fetched_and_converted(
    host: Host, bring: Callable[..., Path], tmp_path: Path, parts: int
) -> None:
    weights = hub_weights(tmp_path)
    publish(host, "config.json", json.dumps(CONFIG).encode(), stated=False)
    places = {key: f"model-{n % parts + 1}.safetensors" for n, key in enumerate(sorted(weights))}
    for name in set(places.values()):
        save_file({key: weights[key] for key, at in places.items() if at == name}, tmp_path / name)
        publish(host, name if parts > 1 else "model.safetensors", (tmp_path / name).read_bytes())
    if parts > 1:
        index = json.dumps({"weight_map": places}).encode()
        publish(host, "model.safetensors.index.json", index, stated=False)
    done = download_model("nb-whisper-tiny", quiet, bring)
    assert done.path == models_folder() / "nb-whisper-tiny.pt"
    kept = torch.load(done.path, weights_only=True)["model_state_dict"]
    for slot in layout(SIZES):
        assert torch.equal(kept[slot.ours], weights[f"model.{slot.theirs}"])
    assert not (models_folder() / ".downloads" / "nb-whisper-tiny").exists()


def test_the_pipeline_is_fetched_bundled_and_imported(
    host: Host, bring: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in COMMUNITY_1:
        data = b"pipeline: {}" if name == "config.yaml" else name.encode()
        monkeypatch.setitem(COMMUNITY_1, name, sum_of(data))
        (file,) = (one for one in community_1() if one.name == name)
        host.files[urlsplit(file.url).path] = data
    # The first of the two commands fetches by itself what is not there.
    bundle_models(["pyannote"], tmp_path / "pyannote.tar", quiet, bring)
    asked = len(host.asked)
    bundle_models(["pyannote"], tmp_path / "again.tar", quiet, bring)
    assert len(host.asked) == asked == len(COMMUNITY_1)
    monkeypatch.setenv("FOKUS_MODELS", str(tmp_path / "server"))
    assert pyannote_folder() is None
    (done,) = import_models(tmp_path / "pyannote.tar", quiet)
    assert done.published
    verify_folder(done.path)


def test_a_pipeline_that_was_replaced_at_the_host_is_refused(
    host: Host, bring: Callable[..., Path]
) -> None:
    for file in community_1():
        host.files[urlsplit(file.url).path] = b"a program"
    with pytest.raises(BadInput, match="not the published file"):
        download_model("pyannote", quiet, bring)
    assert pyannote_folder() is None


def test_names_that_nobody_publishes_are_told(bring: Callable[..., Path], tmp_path: Path) -> None:
    for name in ("whisper-9", "demo", "../x"):
        with pytest.raises(BadInput, match="fokus models list"):
            download_model(name, quiet, bring)
    with pytest.raises(BadInput, match="fokus models list"):
        bundle_models(["whisper-9"], tmp_path / "x.tar", quiet, bring)
    assert not (tmp_path / "x.tar").exists()


def test_finding_and_importing_never_ask_a_host(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(http.client.HTTPConnection, "connect", never)
    with pytest.raises(FokusError):
        find_model("tiny")
    (tmp_path / "tiny.pt").write_bytes(b"x")
    with pytest.raises(BadInput):
        import_models(tmp_path / "tiny.pt", quiet)
