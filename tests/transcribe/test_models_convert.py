"""Hugging Face's Whisper weights become openai-whisper's, and mean the same.

The reference is written here from the equations (pre-norm transformer, Radford et al.
2022), over tensors under Hugging Face's names, so that a wrong name or order shows in the
logits.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn.functional import conv1d, gelu, layer_norm, linear

from secure_storage import BadInput, DiskFull
from transcribe.models import find_model, import_models, installed_models, models_folder

CONFIG = {
    "model_type": "whisper", "num_mel_bins": 8, "max_source_positions": 16, "d_model": 12,
    "encoder_attention_heads": 2, "encoder_layers": 2, "vocab_size": 60,
    "max_target_positions": 10, "decoder_attention_heads": 3, "decoder_layers": 1,
}  # fmt: skip
Tensors = dict[str, Tensor]


def quiet(file: str, done: int, total: int) -> None:
    """Tell nobody."""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FOKUS_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "models"


def published() -> Tensors:
    """Random weights under the names Hugging Face's Whisper has."""
    torch.manual_seed(3)
    width, wide = 12, 48
    tensors = {
        "encoder.conv1.weight": torch.randn(width, 8, 3), "encoder.conv1.bias": torch.randn(width),
        "encoder.conv2.weight": torch.randn(width, width, 3),
        "encoder.conv2.bias": torch.randn(width),
        "encoder.embed_positions.weight": torch.randn(16, width),
        "decoder.embed_tokens.weight": torch.randn(60, width),
        "decoder.embed_positions.weight": torch.randn(10, width),
    }  # fmt: skip
    layers = ["encoder.layers.0", "encoder.layers.1", "decoder.layers.0"]
    norms = ["encoder.layer_norm", "decoder.layer_norm"]
    for layer in layers:
        for attention in ("self_attn", "encoder_attn")[: 1 + layer.startswith("decoder")]:
            for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
                tensors[f"{layer}.{attention}.{part}.weight"] = torch.randn(width, width)
                if part != "k_proj":
                    tensors[f"{layer}.{attention}.{part}.bias"] = torch.randn(width)
            norms.append(f"{layer}.{attention}_layer_norm")
        tensors[f"{layer}.fc1.weight"] = torch.randn(wide, width)
        tensors[f"{layer}.fc1.bias"] = torch.randn(wide)
        tensors[f"{layer}.fc2.weight"] = torch.randn(width, wide)
        tensors[f"{layer}.fc2.bias"] = torch.randn(width)
        norms.append(f"{layer}.final_layer_norm")
    for norm in norms:
        tensors[f"{norm}.weight"], tensors[f"{norm}.bias"] = torch.randn(2, width)
    return {f"model.{name}": tensor.contiguous() for name, tensor in tensors.items()}


def normed(tensors: Tensors, name: str, x: Tensor) -> Tensor:
    return layer_norm(x, x.shape[-1:], tensors[f"{name}.weight"], tensors[f"{name}.bias"])


def attended(tensors: Tensors, name: str, heads: int, x: Tensor, memory: Tensor,
             *, causal: bool = False) -> Tensor:  # fmt: skip
    def split(part: str, of: Tensor) -> Tensor:
        bias = tensors.get(f"{name}.{part}.bias")
        return linear(of, tensors[f"{name}.{part}.weight"], bias).unflatten(-1, (heads, -1))

    query, key, value = split("q_proj", x), split("k_proj", memory), split("v_proj", memory)
    scores = torch.einsum("ihd,jhd->hij", query, key) / query.shape[-1] ** 0.5
    if causal:
        scores += torch.full(scores.shape[1:], -torch.inf).triu(1)
    mixed = torch.einsum("hij,jhd->ihd", scores.softmax(-1), value).flatten(1)
    return linear(mixed, tensors[f"{name}.out_proj.weight"], tensors[f"{name}.out_proj.bias"])


def fed(tensors: Tensors, name: str, x: Tensor) -> Tensor:
    x = normed(tensors, f"{name}.final_layer_norm", x)
    x = gelu(linear(x, tensors[f"{name}.fc1.weight"], tensors[f"{name}.fc1.bias"]))
    return linear(x, tensors[f"{name}.fc2.weight"], tensors[f"{name}.fc2.bias"])


def expected_logits(weights: Mapping[str, Tensor], mel: Tensor, tokens: Tensor) -> Tensor:
    """Logits of one window (bands, frames) and its tokens, from the equations."""
    tensors = {name.removeprefix("model."): one.float() for name, one in weights.items()}
    e = "encoder"
    x = gelu(conv1d(mel, tensors[f"{e}.conv1.weight"], tensors[f"{e}.conv1.bias"], padding=1))
    x = gelu(conv1d(x, tensors[f"{e}.conv2.weight"], tensors[f"{e}.conv2.bias"], 2, 1)).T
    x = x + tensors[f"{e}.embed_positions.weight"]
    for layer in ("encoder.layers.0", "encoder.layers.1"):
        y = normed(tensors, f"{layer}.self_attn_layer_norm", x)
        x = x + attended(tensors, f"{layer}.self_attn", 2, y, y)
        x = x + fed(tensors, layer, x)
    sound = normed(tensors, "encoder.layer_norm", x)
    embedding = tensors["decoder.embed_tokens.weight"]
    x = embedding[tokens] + tensors["decoder.embed_positions.weight"][: len(tokens)]
    layer = "decoder.layers.0"
    y = normed(tensors, f"{layer}.self_attn_layer_norm", x)
    x = x + attended(tensors, f"{layer}.self_attn", 3, y, y, causal=True)
    y = normed(tensors, f"{layer}.encoder_attn_layer_norm", x)
    x = x + attended(tensors, f"{layer}.encoder_attn", 3, y, sound)
    x = x + fed(tensors, layer, x)
    return normed(tensors, "decoder.layer_norm", x) @ embedding.T


def write(folder: Path, tensors: Mapping[str, Tensor], *, parts: int = 1) -> Path:
    """Lay weights out as Hugging Face does, in one file or in parts with an index."""
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(CONFIG))
    if parts == 1:
        save_file(dict(tensors), folder / "model.safetensors", metadata={"format": "pt"})
        return folder
    names = [f"model-{n + 1:05d}-of-{parts:05d}.safetensors" for n in range(parts)]
    places = {key: names[n % parts] for n, key in enumerate(sorted(tensors))}
    for name in names:
        save_file({key: tensors[key] for key, at in places.items() if at == name}, folder / name)
    index = json.dumps({"metadata": {}, "weight_map": places})
    (folder / "model.safetensors.index.json").write_text(index)
    return folder


def check_logits(path: Path, weights: Mapping[str, Tensor]) -> None:
    import whisper

    model = whisper.load_model(str(path), device="cpu")
    torch.manual_seed(4)
    mel, tokens = torch.randn(8, 32), torch.randint(0, 60, (7,))
    with torch.no_grad():
        found = model.logits(tokens[None], model.encoder(mel[None]))[0]
    torch.testing.assert_close(found, expected_logits(weights, mel, tokens), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", [torch.float32, torch.float16, torch.bfloat16])
def test_logits_are_equal_and_the_precision_is_kept(tmp_path: Path, kind: torch.dtype) -> None:
    weights = {name: tensor.to(kind) for name, tensor in published().items()}
    weights["proj_out.weight"] = weights["model.decoder.embed_tokens.weight"].clone()
    (done,) = import_models(write(tmp_path / "nb-whisper-tiny", weights), quiet)
    assert (done.name, done.published) == ("nb-whisper-tiny", False)
    assert done.path == models_folder() / "nb-whisper-tiny.pt"
    kept = torch.load(done.path, weights_only=True)["model_state_dict"]
    assert {tensor.dtype for tensor in kept.values()} == {kind}
    check_logits(done.path, {name: one for name, one in weights.items() if name[0] == "m"})


def test_weights_in_parts_give_the_same_file(tmp_path: Path) -> None:
    weights = published()
    whole = import_models(write(tmp_path / "one", weights), quiet, name="first")
    parts = import_models(write(tmp_path / "three", weights, parts=3), quiet, name="second")
    check_logits(parts[0].path, weights)
    assert whole[0].sha256 == parts[0].sha256
    assert [file.name for file in installed_models()] == ["first", "second"]
    find_model("first").verify()


def test_names_without_the_leading_word_are_known_too(tmp_path: Path) -> None:
    weights = {name.removeprefix("model."): one for name, one in published().items()}
    source = write(tmp_path / "bare", weights)
    (done,) = import_models(source / "model.safetensors", quiet)
    assert done.name == "bare"
    check_logits(done.path, weights)


def test_the_same_model_in_openais_format_gives_the_same(tmp_path: Path) -> None:
    weights = published()
    (done,) = import_models(write(tmp_path / "one", weights), quiet)
    (again,) = import_models(done.path, quiet, name="two")
    check_logits(again.path, weights)
    assert again.sha256 == done.sha256


def refused(folder: Path, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        import_models(folder, quiet)
    assert installed_models() == ()
    assert not list(models_folder().glob(".incoming*"))


def test_weights_of_another_kind_are_refused(tmp_path: Path) -> None:
    weights = published()
    lacking = {name: one for name, one in weights.items() if not name.endswith("fc2.bias")}
    refused(write(tmp_path / "lacking", lacking), "fc2.bias is missing")
    refused(write(tmp_path / "more", {**weights, "lm_head": torch.ones(1)}), "lm_head is too much")
    name = "model.encoder.layers.0.fc1.weight"
    refused(write(tmp_path / "shape", {**weights, name: torch.ones(12, 48)}), "another shape")
    whole = {**weights, name: torch.ones(48, 12, dtype=torch.int32)}
    refused(write(tmp_path / "kind", whole), "another shape or kind")
    nan = weights[name].clone()
    nan[3, 3] = torch.nan
    refused(write(tmp_path / "nan", {**weights, name: nan}), "no number")
    loose = {**weights, "proj_out.weight": torch.ones(60, 12)}
    refused(write(tmp_path / "loose", loose), "output layer")


def test_half_downloads_are_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "cut", published())
    data = (folder / "model.safetensors").read_bytes()
    for cut in (0, 5, 100, len(data) - 1):
        (folder / "model.safetensors").write_bytes(data[:cut])
        refused(folder, "cut short|empty")
    (folder / "model.safetensors").write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    refused(folder, "git lfs pull")
    folder = write(tmp_path / "parts", published(), parts=2)
    (folder / "model-00002-of-00002.safetensors").unlink()
    refused(folder, "model-00002-of-00002.safetensors of these weights is missing")


@pytest.mark.parametrize(
    "index",
    ["", "[]", "{}", '{"weight_map": {}}', '{"weight_map": {"a": "../x.safetensors"}}',
     '{"weight_map": {"a": "x.bin"}}', '{"weight_map": []}', "[" * 100_000],
)  # fmt: skip
def test_a_foreign_index_is_refused(tmp_path: Path, index: str) -> None:
    folder = write(tmp_path / "parts", published(), parts=2)
    (folder / "model.safetensors.index.json").write_text(index)
    refused(folder, "damaged|no place|empty")


@pytest.mark.parametrize(
    "change",
    [{"model_type": "wav2vec2"}, {"d_model": None}, {"d_model": "12"}, {"encoder_layers": 0},
     {"vocab_size": 1 << 40}, {"decoder_attention_heads": 5}, {"encoder_layers": True}],
)  # fmt: skip
def test_foreign_sizes_are_refused(tmp_path: Path, change: dict[str, object]) -> None:
    folder = write(tmp_path / "odd", published())
    (folder / "config.json").write_text(json.dumps({**CONFIG, **change}))
    refused(folder, "Whisper")
    (folder / "config.json").write_text(json.dumps({"model_type": "whisper"}))
    refused(folder, "num_mel_bins")


def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import resource

    folder = write(tmp_path / "one", published())
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, hard))
    try:
        with pytest.raises(DiskFull, match="FOKUS_MODELS"):
            import_models(folder, quiet)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [path.name for path in models_folder().iterdir()] == [".lock"]
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 1000}))
    with pytest.raises(DiskFull):
        import_models(folder, quiet)
    assert [path.name for path in models_folder().iterdir()] == [".lock"]
