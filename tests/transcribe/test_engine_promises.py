"""What the engine promises of its work: heads, widths, memory, precision, the same bytes."""

import base64
import gzip
from collections.abc import Callable
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
import torch
import whisper
from numpy.typing import NDArray
from whisper.model import ModelDimensions, MultiHeadAttention, Whisper

from bench.memory import HighWater, status
from transcribe.audio import SAMPLE_RATE, decode
from transcribe.hearing import hear, plan
from transcribe.models import ModelFile, demo_checkpoint
from transcribe.options import TranscribeOptions
from transcribe.recognise import load_engine, spectrogram
from transcribe.recognise import task as decoding
from transcribe.recognise.checkpoint import official_shape, read_checkpoint
from transcribe.recognise.decoder import Cache
from transcribe.recognise.engine import Ask, Decoded
from transcribe.recognise.memory import largest_batch
from transcribe.recognise.torch_engine import TorchEngine
from transcribe.windows import FRAME_SECONDS, Window, pack, speech_regions

CPU: Final = torch.device("cpu")
GPU: Final = torch.device("cuda")
DEMO: Final = ModelFile("demo", demo_checkpoint(), demo=True)
GIB: Final = 1 << 30
NOTHING_CUT: Final = Ask("en", cut_loops=False)

Sound = NDArray[np.float32]

# Mel bands, vocabulary, state, heads, decoder layers; from the model card of openai-whisper.
TINY: Final = (384, 6, 4)
BASE: Final = (512, 8, 6)
SMALL: Final = (768, 12, 12)
MEDIUM: Final = (1024, 16, 24)
LARGE: Final = (1280, 20, 32)
OFFICIAL: Final = {
    "tiny": (80, 51865, *TINY), "tiny.en": (80, 51864, *TINY),
    "base": (80, 51865, *BASE), "base.en": (80, 51864, *BASE),
    "small": (80, 51865, *SMALL), "small.en": (80, 51864, *SMALL),
    "medium": (80, 51865, *MEDIUM), "medium.en": (80, 51864, *MEDIUM),
    "large-v1": (80, 51865, *LARGE), "large-v2": (80, 51865, *LARGE),
    "large-v3": (128, 51866, *LARGE), "large": (128, 51866, *LARGE),
    "large-v3-turbo": (128, 51866, 1280, 20, 4), "turbo": (128, 51866, 1280, 20, 4),
}  # fmt: skip


def dims(name: str) -> ModelDimensions:
    mels, vocab, state, heads, layers = OFFICIAL[name]
    sound = OFFICIAL["large-v3"][-1] if "turbo" in name else layers
    return ModelDimensions(mels, 1500, state, heads, sound, vocab, 448, state, heads, layers)


def hollow(name: str) -> Whisper:
    """Give a model of all layers and heads of an official one, but hardly any weights."""
    heads, layers = OFFICIAL[name][3:]
    model = Whisper(ModelDimensions(1, 1, heads, heads, 1, 1, 1, heads, heads, layers))
    model.dims = dims(name)
    return model


def following(name: str) -> NDArray[np.bool_]:
    """Give the heads that follow the words as openai-whisper publishes them."""
    heads, layers = OFFICIAL[name][3:]
    packed = gzip.decompress(base64.b85decode(whisper._ALIGNMENT_HEADS[name]))
    return np.frombuffer(packed, dtype=bool).reshape(layers, heads)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """Small products gain nothing from two."""
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def sample() -> Sound:
    """The first minute of the sample."""
    with (DEMO.path.parent / "sample.opus").open("rb") as stream:
        return decode(stream).samples[: 60 * SAMPLE_RATE]


def seen(samples: Sound, seconds: int) -> Sound:
    """Give the spectrograms of the windows of so many seconds, one after the other."""
    ends = range(seconds, len(samples) // SAMPLE_RATE + 1, seconds)
    windows = [Window(end - seconds, end) for end in map(float, ends)]
    return spectrogram(samples, 80).of(windows)


@pytest.mark.parametrize("name", OFFICIAL)
def test_heads_of_every_official_model_follow_the_words(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whisper, "load_model", lambda path, device: hollow(name))
    unset = hollow(name).alignment_heads.to_dense().numpy()
    assert not np.array_equal(unset, following(name)), "whisper's guess is another"
    for called in (f"{name}.pt", "trained-further.pt"):
        (tmp_path / called).write_bytes(b"weights")
        found = read_checkpoint(ModelFile(called, tmp_path / called)).alignment_heads
        # Of a model trained further nobody knows that it began with the first large one.
        of = "large-v2" if name == "large-v1" and called != "large-v1.pt" else name
        assert np.array_equal(found.to_dense().numpy(), following(of))


def test_the_sum_tells_the_first_large_model(monkeypatch: pytest.MonkeyPatch) -> None:
    sums = {name: address.split("/")[-2] for name, address in whisper._MODELS.items()}
    for name in ("large-v1", "large-v2"):
        monkeypatch.setattr(ModelFile, "sha256", lambda file, name=name: sums[name])
        assert official_shape(ModelFile("mine", Path("mine.pt")), dims("large-v2")) == name


def test_every_official_name_is_known() -> None:
    assert set(OFFICIAL) == set(whisper._MODELS) == set(whisper._ALIGNMENT_HEADS)


def test_a_row_that_has_ended_costs_nothing_more(
    sample: Sound, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = TorchEngine(read_checkpoint(DEMO), CPU, torch.float32)
    widths: list[int] = []
    step = decoding.advance

    def told(decoder: Any, cache: Any, rows: Any, width: int, *rest: Any) -> None:
        widths.append(width)
        step(decoder, cache, rows, width, *rest)

    monkeypatch.setattr(decoding, "advance", told)
    said = engine.decode(engine.encode(seen(sample[: 36 * SAMPLE_RATE], 6)), NOTHING_CUT)
    lengths = [len(one.tokens) for one in said]
    assert len(said) == 6 and len(set(lengths)) > 3
    # A row of n tokens takes n steps after its first token: the last one writes the end.
    assert widths == [
        sum(length > written for length in lengths) for written in range(max(lengths))
    ]


def test_the_encoder_attends_in_one_kernel(sample: Sound, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = TorchEngine(read_checkpoint(DEMO), CPU, torch.float32)
    attend, calls = whisper.model.scaled_dot_product_attention, []

    def told(query: torch.Tensor, *rest: Any, **how: Any) -> torch.Tensor:
        calls.append(query.shape[0])
        return attend(query, *rest, **how)

    monkeypatch.setattr(whisper.model, "scaled_dot_product_attention", told)
    sound = seen(sample[: 12 * SAMPLE_RATE], 6)
    for _ in range(2):
        features = engine.encode(sound)
        assert calls == [2] * 4, "each layer once, all windows together"
        calls.clear()
        # Word times are read off attention that such a kernel never shows.
        texts = [engine.tokenizer("en").encode(" a word")] * 2
        assert all(engine.align(features, texts, [6.0, 6.0], NOTHING_CUT))
        assert MultiHeadAttention.use_sdpa
        calls.clear()


@pytest.mark.parametrize(
    ("name", "free", "windows"),
    [
        ("large-v3", 0.2, 1), ("large-v3", 1.0, 2), ("large-v3", 10.0, 16), ("large-v3", 24.0, 32),
        ("large-v3", 141.0, 32), ("large-v3-turbo", 1.0, 8), ("large-v3-turbo", 10.0, 32),
        ("tiny", 0.001, 1), ("tiny", 0.2, 4), ("tiny", 10.0, 32),
    ],
)  # fmt: skip
def test_a_gpu_gives_batches_the_memory_that_is_free(
    name: str, free: float, windows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = int(free * GIB)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (there, 200 * GIB))
    found = largest_batch(dims(name), torch.float16, GPU)
    assert found == windows
    if found > 1:
        cache = Cache(dims(name), found, torch.float16, torch.device("meta"))
        kept = cache.cross.nbytes + cache.own.nbytes
        widest = found * 1500 * dims(name).n_audio_state * 4 * 2  # of the encoder's MLP
        assert kept + widest < there * 0.85, "diarization may run beside"


def test_half_the_precision_writes_what_all_of_it_writes(sample: Sound) -> None:
    sound = seen(sample, 30)
    exact, rough = (
        engine.decode(engine.encode(sound), NOTHING_CUT)
        for engine in (
            TorchEngine(read_checkpoint(DEMO), CPU, precision)
            for precision in (torch.float32, torch.bfloat16)
        )
    )
    wrong = sum(differing(a.tokens, b.tokens) for a, b in zip(exact, rough, strict=True))
    written = sum(len(one.tokens) for one in exact)
    assert written > 200
    assert wrong / written < 0.02
    for a, b in zip(exact, rough, strict=True):
        assert b.avg_logprob == pytest.approx(a.avg_logprob, abs=0.02)


def differing(one: tuple[int, ...], other: tuple[int, ...]) -> int:
    same = SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks()
    return max(len(one), len(other)) - sum(block.size for block in same)


class Kept:
    """Checkpoints in memory."""

    def __init__(self) -> None:
        self.data: dict[str, bytes] = {}

    def get(self, name: str) -> bytes | None:
        return self.data.get(name)

    def put(self, name: str, data: bytes) -> None:
        self.data[name] = data


def test_a_batch_heard_again_by_the_real_engine_gives_the_same_bytes(
    sample: Sound, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another worker, after a kill; with windows decoded again at rising temperatures."""
    sound = sample[: 24 * SAMPLE_RATE].copy()
    sixth = 6 * SAMPLE_RATE
    sound[-sixth:] = sum(sound[n * sixth :][:sixth] for n in range(3))  # all at once
    windows = tuple(Window(n * 6.0, n * 6.0 + 6) for n in range(4))
    monkeypatch.setattr("transcribe.recognise.torch_engine.largest_batch", lambda *_: 2)
    asked: list[Ask] = []
    real = TorchEngine.decode

    def told(engine: TorchEngine, features: Any, ask: Ask) -> list[Decoded]:
        asked.append(ask)
        return real(engine, features, ask)

    monkeypatch.setattr(TorchEngine, "decode", told)
    kept, options = Kept(), TranscribeOptions("demo", language="en")

    def heard() -> Any:
        return hear(
            sound, windows, lambda: load_engine(DEMO, options), "its sum", options,
            lambda *_: None, kept,
        )  # fmt: skip

    whole, before, first = heard(), dict(kept.data), tuple(asked)
    assert [name for name in sorted(before) if "batch" in name] == ["batch-00000", "batch-00001"]
    del kept.data["batch-00001"]
    asked.clear()
    assert heard() == whole
    assert kept.data == before
    assert asked == list(first[-len(asked) :]), "with the same seeds"
    assert asked[0].temperature == 0 < asked[-1].temperature, "nobody can follow all at once"


def bursts(hours: float) -> Sound:
    """Give speech probabilities of somebody who says a word or a sentence every 7 seconds."""
    frames = int(hours * 3600 / FRAME_SECONDS)
    track = np.zeros(frames, np.float32)
    every = int(7 / FRAME_SECONDS)
    for number, first in enumerate(range(0, frames, every)):
        track[first + 10 : first + 20 + number % 90] = 0.9
    return track


def test_six_hours_are_planned_kept_and_told_in_little_memory(
    told_engine: Callable[..., Any],
) -> None:
    track = bursts(6)
    total = len(track) * FRAME_SECONDS
    windows = pack(speech_regions(track, total), track, total)
    assert len(windows) > 3000 and windows[-1].end > 21_590
    batches = plan(windows, 16)
    assert sorted(window for batch in batches for window in batch) == list(windows)
    word = Decoded((50363, 5195, 50363 + 50), " word", -0.1, 0.0, 1.0, 0.0)
    engine = told_engine(lambda ask, row: word)
    engine.largest_batch = 16
    told: list[tuple[int, int]] = []
    kept = Kept()
    short = np.zeros(SAMPLE_RATE, np.float32)  # beyond its end all is silence
    options = TranscribeOptions("demo", language="en")
    water, base = HighWater(), status("VmRSS")
    heard = hear(
        short, windows, lambda: engine, "its sum", options, lambda *step: told.append(step), kept
    )
    water.read()
    assert [one.start for one in heard.utterances] == [window.start for window in windows]
    assert told[-1] == (len(windows), len(windows))
    assert engine.encoded == [len(batch) for batch in batches]
    assert max(water.most.values()) - base < 200e6


def test_the_spectrogram_of_an_hour_is_made_in_pieces() -> None:
    """All memory counts, also what only torch knows of."""
    sound = np.zeros(3600 * SAMPLE_RATE, np.float32)
    draws = np.random.default_rng(0)
    for second in range(0, 3600, 60):
        first = second * SAMPLE_RATE
        sound[first : first + SAMPLE_RATE] = draws.normal(0, 0.1, SAMPLE_RATE)
    spectrogram(sound[: 5 * 60 * SAMPLE_RATE], 80)  # what is loaded once
    water, base = HighWater(), status("VmRSS")
    made = spectrogram(sound, 80)
    water.read()
    assert made.values.nbytes > 115e6
    assert max(water.most.values()) - base < made.values.nbytes + 150e6
    # Each burst is where it was; a frame hears 12.5 ms to either side of its moment.
    loud = made.values.max(axis=0) > made.silence + 0.5
    assert [int(first) for first in np.flatnonzero(loud[:5990])[[0, -1]]] == [0, 101]
    assert loud[354_000:354_100].all() and not loud[354_200:].any()
