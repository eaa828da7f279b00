"""The batched engine against openai-whisper itself, window by window, in float32."""

import dataclasses
import warnings
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
import torch
import whisper
from numpy.typing import NDArray
from whisper.model import ModelDimensions, Whisper
from whisper.tokenizer import get_tokenizer

from secure_storage import BadInput
from transcribe.audio import SAMPLE_RATE, decode
from transcribe.models import ModelFile, demo_checkpoint
from transcribe.recognise import fastest_engine
from transcribe.recognise.checkpoint import official_shape, read_checkpoint
from transcribe.recognise.engine import Ask, OutOfMemory
from transcribe.recognise.torch_engine import TorchEngine, best_precision, load_torch

CPU: Final = torch.device("cpu")
ENGLISH: Final = 51864
"""Vocabulary of the English-only models."""
PLAIN: Final = Ask("no", cut_loops=False)

Sound = NDArray[np.float32]


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """Small products gain nothing from two."""
    torch.set_num_threads(1)


@pytest.fixture(autouse=True, scope="module")
def vocabularies() -> None:
    """Have whisper read them once; it leaves their files to the garbage collector."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        for multilingual, languages in ((True, 99), (True, 100), (False, 99)):
            get_tokenizer(multilingual, num_languages=languages, language="en")


def random_model(
    *, mels: int = 80, vocab: int = 51865, state: int = 64, heads: int = 2, layers: int = 1,
    context: int = 48, seed: int = 0, end: float = 5.5,
) -> Whisper:  # fmt: skip
    """Make a model that hears differences, writes stamps and words, and ends when it likes."""
    torch.manual_seed(seed)
    model = Whisper(
        ModelDimensions(mels, 1500, state, heads, 1, vocab, context, state, heads, layers)
    )
    for name, weights in model.named_parameters():
        if "embedding" in name:
            torch.nn.init.normal_(weights, std=1.0 if "positional" in name else 0.3)
        elif name.startswith("decoder") and weights.ndim == 2:
            torch.nn.init.normal_(weights, std=2 / state**0.5)
    # The end wins now and then: rows finish at different times.
    model.decoder.token_embedding.weight.data[50256 if vocab == ENGLISH else 50257] *= end
    return model.eval()


def noises(rows: int, mels: int = 80, seed: int = 0) -> Sound:
    """Spectrograms of noise, each louder than the one before."""
    loud = np.linspace(0.1, 2, rows, dtype=np.float32)[:, None, None]
    noise = np.random.default_rng(seed).normal(size=(rows, mels, 3000)).astype(np.float32)
    return np.asarray(noise * loud, np.float32)


def assert_same(model: Any, sound: Sound, ask: Ask, found: list[Any]) -> None:
    """Compare with ``whisper.decode`` on every window alone."""
    for window, ours in zip(sound, found, strict=True):
        alone = whisper.decode(
            model, torch.from_numpy(window), language=ask.language, fp16=False,
            task="translate" if ask.translate else "transcribe", prompt=ask.prompt or None,
        )  # fmt: skip
        assert list(ours.tokens) == alone.tokens
        assert ours.text == alone.text
        assert ours.avg_logprob == pytest.approx(alone.avg_logprob, abs=1e-4)
        assert ours.no_speech == pytest.approx(alone.no_speech_prob, abs=1e-5)
        assert ours.compression == alone.compression_ratio
        assert not ours.looped


SHAPES: Final = (
    {"layers": 2, "heads": 4, "seed": 12},
    {"vocab": ENGLISH, "state": 96, "heads": 3, "seed": 11},
    {"vocab": 51866, "mels": 128, "layers": 3, "heads": 1, "context": 64, "seed": 3},
    {"vocab": ENGLISH, "state": 128, "heads": 8, "layers": 2, "context": 64, "seed": 13},
)


@pytest.mark.parametrize(
    ("shape", "prompt"),
    [(SHAPES[0], ""), *((shape, "Ada, Bo and care at home") for shape in SHAPES)],
)
def test_tokens_are_those_of_whisper_alone(shape: dict[str, Any], prompt: str) -> None:
    model = random_model(**shape)
    sound = noises(3, model.dims.n_mels, seed=shape["seed"])
    ask = dataclasses.replace(
        PLAIN, language="en" if model.dims.n_vocab == ENGLISH else "no", prompt=prompt
    )
    engine = TorchEngine(model, CPU, torch.float32)
    found = engine.decode(engine.encode(sound), ask)
    assert_same(model, sound, ask, found)
    assert len({one.tokens for one in found}) > 1, "the windows differ, so must their texts"


def test_every_size_of_batch_whose_rows_end_at_different_times() -> None:
    model = random_model(seed=10, layers=2, end=6.0)
    engine = TorchEngine(model, CPU, torch.float32)
    sound = noises(9, seed=10)
    features = engine.encode(sound)
    all_nine = engine.decode(features, PLAIN)
    assert_same(model, sound, PLAIN, all_nine)
    assert len({len(one.tokens) for one in all_nine}) > 3
    for rows in range(1, 9):
        chosen = list(range(9 - rows, 9))
        some = engine.decode(engine.rows(features, chosen), PLAIN)
        assert [one.tokens for one in some] == [all_nine[row].tokens for row in chosen]


def test_the_demo_model_says_on_the_sample_what_whisper_says() -> None:
    path = demo_checkpoint()
    with (path.parent / "sample.opus").open("rb") as stream:
        samples = decode(stream).samples
    length = 30 * SAMPLE_RATE
    sound = whisper.log_mel_spectrogram(samples[:length]).numpy()[None]
    model = read_checkpoint(ModelFile("demo", path, demo=True))
    engine = TorchEngine(model, CPU, torch.float32)
    ask = Ask("en")
    found = engine.decode(engine.encode(sound), ask)
    assert_same(model, sound, ask, found)
    assert all(len(one.text) > 50 for one in found)


def test_a_batch_run_again_gives_the_same_bytes() -> None:
    engine = TorchEngine(random_model(seed=12, layers=2), CPU, torch.float32)
    features = engine.encode(noises(5))
    first = engine.decode(features, PLAIN)
    engine.decode(engine.rows(features, [3]), dataclasses.replace(PLAIN, temperature=0.6))
    assert engine.decode(features, PLAIN) == first


def test_draws_depend_on_the_seed_alone() -> None:
    engine = TorchEngine(random_model(seed=12, end=1.0), CPU, torch.float32)
    features = engine.encode(noises(2))
    warm = Ask("no", temperature=0.8, seed=7)
    drawn = engine.decode(features, warm)
    assert drawn == engine.decode(features, warm)
    assert {one.temperature for one in drawn} == {0.8}
    assert drawn[0].tokens != engine.decode(features, dataclasses.replace(warm, seed=8))[0].tokens


def test_draws_keep_the_rules_of_time_stamps() -> None:
    engine = TorchEngine(random_model(seed=12, end=3.0), CPU, torch.float32)
    features = engine.encode(noises(4))
    begin = engine.tokenizer("no").timestamp_begin
    end = engine.tokenizer("no").eot
    for seed in range(3):
        drawn = engine.decode(features, Ask("no", temperature=1.0, seed=seed))
        for one in drawn:
            stamps = [token for token in one.tokens if token >= begin]
            assert begin <= one.tokens[0] <= begin + 50
            assert stamps == sorted(stamps)
            assert not [token for token in one.tokens if end <= token < begin - 1400]


def test_translation_is_asked_for_as_whisper_asks() -> None:
    model = random_model(seed=13)
    engine = TorchEngine(model, CPU, torch.float32)
    ask = dataclasses.replace(PLAIN, translate=True)
    sound = noises(2)
    assert_same(model, sound, ask, engine.decode(engine.encode(sound), ask))


def repeating(model: Whisper, token: int) -> Whisper:
    """Have a model write one token for ever after the first stamp."""
    model.decoder.token_embedding.weight.data[token] *= 50
    states = model.decoder.token_embedding.weight.data[token]
    model.decoder.positional_embedding.data[:] = states / states.norm() * 1000
    return model


def test_a_row_that_repeats_itself_is_cut() -> None:
    model = repeating(random_model(seed=5, context=160), 1234)
    engine = TorchEngine(model, CPU, torch.float32)
    features = engine.encode(noises(1))
    (cut,), (whole,) = engine.decode(features, Ask("no")), engine.decode(features, PLAIN)
    assert cut.looped and not whole.looped
    assert len(cut.tokens) < 45 < len(whole.tokens) == 80
    assert whole.tokens[: len(cut.tokens)] == cut.tokens
    assert cut.compression > 2.4


def test_languages_are_those_whisper_hears() -> None:
    model = random_model(seed=3)
    engine = TorchEngine(model, CPU, torch.float32)
    sound = noises(2)
    _, alone = whisper.detect_language(model, torch.from_numpy(sound))
    for ours, theirs in zip(engine.languages(engine.encode(sound)), alone, strict=True):
        assert ours == pytest.approx(theirs, abs=1e-6)
    english = TorchEngine(random_model(vocab=ENGLISH), CPU, torch.float32)
    assert english.english_only and not engine.english_only
    assert english.languages(english.encode(sound)) == [{"en": 1.0}] * 2


def test_an_engine_says_what_it_is() -> None:
    engine = TorchEngine(random_model(mels=128, vocab=51866), CPU, torch.bfloat16)
    assert engine.name == f"openai-whisper {whisper.__version__}, batched, bfloat16 on CPU"
    assert engine.mel_bands == 128
    assert engine.largest_batch == 16
    assert engine.tokenizer("no", translate=True).task == "translate"


def test_half_the_precision_hears_the_same() -> None:
    model = random_model(seed=10, layers=2)
    sound = noises(2)
    exact = TorchEngine(model, CPU, torch.float32)
    heard = exact.encode(sound)
    said = exact.decode(heard, PLAIN)
    rough = TorchEngine(random_model(seed=10, layers=2), CPU, torch.bfloat16)
    roughly = rough.encode(sound)
    assert np.abs(roughly.float().numpy() - heard.numpy()).max() < 0.15
    for ours, theirs in zip(rough.decode(roughly, PLAIN), said, strict=True):
        assert ours.tokens[0] == pytest.approx(theirs.tokens[0], abs=5)


@pytest.fixture(scope="module")
def engine() -> TorchEngine:
    return TorchEngine(random_model(seed=1), CPU, torch.float32)


@pytest.mark.parametrize(
    "said",
    [
        "DefaultCPUAllocator: can't allocate memory: you tried …",
        "CUDA out of memory. Tried to allocate 2.00 GiB",
        "CUDA error: out of memory",
        "cuDNN error: CUDNN_STATUS_ALLOC_FAILED",
        "CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED",
        "CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasCreate(handle)`",
    ],
)
def test_memory_that_ends_is_told_and_given_back(
    engine: TorchEngine, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    features = engine.encode(noises(1))
    whole = engine.decode(features, PLAIN)

    def full(*_: object, **__: object) -> None:
        raise RuntimeError(said)

    with monkeypatch.context() as patch:
        patch.setattr("transcribe.recognise.torch_engine.Cache", full)
        with pytest.raises(OutOfMemory):
            engine.decode(features.repeat(3, 1, 1), PLAIN)
    assert engine.decode(features, PLAIN) == whole


def test_other_faults_of_a_device_are_not_taken_for_full_memory(
    engine: TorchEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    features = engine.encode(noises(3))

    def gone(*_: object, **__: object) -> None:
        raise RuntimeError("CUDA error: the device is gone")

    monkeypatch.setattr("transcribe.recognise.torch_engine.Cache", gone)
    with pytest.raises(RuntimeError, match="gone"):
        engine.decode(features, PLAIN)


def saved(model: Whisper, path: Path) -> ModelFile:
    state = {name: weights.half() for name, weights in model.state_dict().items()}
    torch.save({"dims": vars(model.dims), "model_state_dict": state}, path)
    return ModelFile(path.name, path)


def test_a_checkpoint_is_loaded_and_works(tmp_path: Path) -> None:
    engine = load_torch(saved(random_model(seed=12, layers=2), tmp_path / "mine.pt"))
    (found,) = engine.decode(engine.encode(noises(1)), Ask("no"))
    assert found.tokens


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04broken"])
def test_a_file_that_is_no_checkpoint_is_named_as_such(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "large-v3.pt"
    path.write_bytes(content)
    with pytest.raises(BadInput, match="not a checkpoint"):
        load_torch(ModelFile("large-v3", path))


def test_weights_of_something_else_are_no_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "base.pt"
    for strange in ({"weights": torch.zeros(3)}, [1, 2], {"dims": {"n_mels": 80}}):
        torch.save(strange, path)
        with pytest.raises(BadInput, match="base.pt is not a checkpoint"):
            load_torch(ModelFile("base.pt", path))


OFFICIAL_DIMS: Final = {
    "tiny": (80, 51865, 384, 6, 4), "tiny.en": (80, 51864, 384, 6, 4),
    "base": (80, 51865, 512, 8, 6), "base.en": (80, 51864, 512, 8, 6),
    "small": (80, 51865, 768, 12, 12), "small.en": (80, 51864, 768, 12, 12),
    "medium": (80, 51865, 1024, 16, 24), "medium.en": (80, 51864, 1024, 16, 24),
    "large-v2": (80, 51865, 1280, 20, 32), "large-v3": (128, 51866, 1280, 20, 32),
    "large-v3-turbo": (128, 51866, 1280, 20, 4),
}  # fmt: skip


def official(name: str) -> ModelDimensions:
    mels, vocab, state, heads, layers = OFFICIAL_DIMS[name]
    return ModelDimensions(mels, 1500, state, heads, layers, vocab, 448, state, heads, layers)


@pytest.mark.parametrize("name", OFFICIAL_DIMS)
def test_official_shapes_are_known_whatever_the_file_is_called(name: str, tmp_path: Path) -> None:
    path = tmp_path / "nb-whisper.pt"
    path.write_bytes(b"weights")
    assert official_shape(ModelFile("nb-whisper.pt", path), official(name)) == name


def test_a_name_decides_between_models_of_one_shape(tmp_path: Path) -> None:
    path = tmp_path / "large-v1.pt"
    path.write_bytes(b"weights")
    assert official_shape(ModelFile("large-v1.pt", path), official("large-v2")) == "large-v1"
    # A name that the shape contradicts does not.
    assert official_shape(ModelFile("large-v1.pt", path), official("small")) == "small"
    assert official_shape(ModelFile("mine", path), random_model().dims) is None


def test_heads_are_set_by_shape(tmp_path: Path) -> None:
    model = random_model(state=384, heads=6, layers=4, context=8)
    read = read_checkpoint(saved(model, tmp_path / "found.pt"))
    heads = read.alignment_heads.to_dense()
    assert heads.shape == (4, 6)
    assert heads.sum() == 6, "tiny has six heads that follow the words"


@pytest.mark.parametrize(
    ("matrix_units", "engine"), [({"amx_bf16": True}, "torch"), ({}, "ctranslate2")]
)
def test_the_engine_is_the_fastest_of_the_machine(
    matrix_units: dict[str, bool], engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: matrix_units)
    assert fastest_engine() == engine
    assert best_precision(CPU) == (torch.bfloat16 if matrix_units else torch.float32)
