"""The rules for all rows at once against openai-whisper's, row by row; loops; graphs."""

import math
import warnings
from collections.abc import Callable
from typing import Final

import pytest
import torch
from whisper.decoding import ApplyTimestampRules, GreedyDecoder, SuppressBlank, SuppressTokens
from whisper.model import ModelDimensions, Whisper
from whisper.tokenizer import Tokenizer, get_tokenizer

from transcribe.recognise.decoder import Cache, Decoder
from transcribe.recognise.engine import Ask
from transcribe.recognise.graphs import Graphs, advance
from transcribe.recognise.memory import largest_batch, widths
from transcribe.recognise.rules import Rows, Vocabulary, loops
from transcribe.recognise.task import BatchTask, Workspace

CPU: Final = torch.device("cpu")
VOCABULARY: Final = 51865
SUPPRESSED: Final = (1, 2, 7, 50258, 50360)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """Small products gain nothing from two."""
    torch.set_num_threads(1)


@pytest.fixture(scope="module", autouse=True)
def tokenizer() -> Tokenizer:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # whisper leaves its file open
        return get_tokenizer(True, num_languages=99, language="no", task="transcribe")


def vocabulary(tokenizer: Tokenizer) -> Vocabulary:
    return Vocabulary(
        tokenizer.eot, tokenizer.timestamp_begin,
        torch.tensor([*SUPPRESSED, tokenizer.no_timestamps]),
        torch.tensor([*tokenizer.encode(" "), tokenizer.eot]), tokenizer.timestamp_begin + 50,
    )  # fmt: skip


def logits_of(step: int, stamps: int, rows: int = 6) -> torch.Tensor:
    """Logits that now favour words, now stamps, now the end, otherwise for each row."""
    draws = torch.Generator().manual_seed(step)
    logits = torch.randn(rows, VOCABULARY, generator=draws)
    for row in range(rows):
        kind = (step * 7 + row * 5) % 4
        if kind == 0:
            logits[row, stamps:] += 3
        elif kind == 1:
            logits[row, 500 + step] = 12
        elif kind == 2 and step > 10:
            logits[row, 50257] = 9
    return logits


def test_the_rules_choose_what_whisper_chooses(tokenizer: Tokenizer) -> None:
    rows = Rows(6, 40, vocabulary(tokenizer), CPU)
    rows.begin(6, 2)
    filters = [
        SuppressBlank(tokenizer, 3), SuppressTokens(SUPPRESSED),
        ApplyTimestampRules(tokenizer, 3, 50),
    ]  # fmt: skip
    greedy = GreedyDecoder(0.0, tokenizer.eot)
    tokens = torch.tensor([tokenizer.sot_sequence]).repeat(6, 1)
    sums = torch.zeros(6)
    for step in range(24):
        theirs = logits_of(step, tokenizer.timestamp_begin)
        ours = theirs.clone()
        for one in filters:
            one.apply(theirs, tokens)
        if step:
            rows.restrict(ours)
        else:
            rows.restrict_first(ours)
        assert torch.equal(torch.isinf(ours), torch.isinf(theirs))
        tokens, ended = greedy.update(tokens, theirs, sums)
        rows.choose(ours)
        assert torch.equal(rows.texts[:, : step + 1], tokens[:, 3:])
        assert torch.equal(rows.ended, tokens[:, -1] == tokenizer.eot)
    assert torch.allclose(rows.sums, sums, atol=1e-3)
    assert bool(rows.ended.any())
    assert int(rows.place) == 2 + 24


def test_rows_begin_anew_and_can_be_put_back(tokenizer: Tokenizer) -> None:
    rows = Rows(4, 8, vocabulary(tokenizer), CPU)
    rows.begin(3, 2)
    assert rows.ended.tolist() == [False, False, False, True]
    fresh = rows.copy()
    rows.restrict_first(first := logits_of(0, tokenizer.timestamp_begin, 4))
    rows.choose(first)
    assert rows.written.item() == 1
    rows.restore(fresh)
    assert all(torch.equal(now, then) for now, then in zip(rows.copy(), fresh, strict=True))


PHRASE: Final = [5, 9, 2, 8, 8, 3]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ([], False),
        ([7] * 29, False),
        ([7] * 30, True),
        ([*range(100), *PHRASE * 5], True),
        ([*PHRASE * 4], False),
        ([*PHRASE * 5, 1], False),
        ([*PHRASE * 5, *PHRASE[:3]], True),
        ([*range(24)] * 5, True),
        ([*range(25)] * 5, False),
        (list(range(200)), False),
    ],
)
def test_loops_are_phrases_again_and_again(text: list[int], found: bool) -> None:
    assert loops(text) is found


@pytest.fixture
def model() -> Whisper:
    torch.manual_seed(3)
    made = Whisper(ModelDimensions(80, 1500, 64, 2, 1, VOCABULARY, 96, 64, 2, 2)).eval()
    torch.nn.init.normal_(made.decoder.positional_embedding)
    return made


@torch.inference_mode()
def test_a_masked_step_is_a_step(model: Whisper) -> None:
    """What a CUDA graph records: all positions attended, those to come masked."""
    features = torch.randn(3, 1500, 64)
    task = BatchTask(model, Ask("no"))
    decoder = Decoder(model, torch.float32)
    texts = []
    for masked in (False, True):
        cache = Cache(model.dims, 4, torch.float32, CPU)
        rows = Rows(4, 48, task.vocabulary(CPU), CPU)
        decoder.listen(cache, features)
        start = torch.tensor([task.initial_tokens]).expand(3, -1)
        states = decoder.run(cache, start, torch.arange(3), 3)
        rows.begin(3, 2)
        rows.restrict_first(logits := decoder.logits(states[:, -1]))
        rows.choose(logits)
        graphs = Graphs(decoder, cache, rows)
        for written in range(1, 20):
            if masked:
                graphs.masked(3, 64)
            else:
                advance(decoder, cache, rows, 3, 3 + written)
        texts.append((rows.texts.clone(), rows.sums.clone()))
    assert torch.equal(texts[0][0], texts[1][0])
    assert torch.allclose(texts[0][1], texts[1][1], atol=1e-4)


class OnCpu:
    """Stands in for what torch.cuda records with, where there is no GPU."""

    def __init__(self, graphs: Graphs, rows: Rows) -> None:
        self.graphs, self.rows = graphs, rows
        self.recorded: list[tuple[int, int]] = []

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        pass

    def __call__(self) -> "OnCpu":
        return self

    def wait_stream(self, _: object) -> None:
        pass

    def capture_begin(self, **how: object) -> None:
        assert how["capture_error_mode"] == "thread_local"
        self.before = self.rows.copy()

    def capture_end(self) -> None:
        # A recording runs nothing.
        self.rows.restore(self.before)


def only_once(stream: OnCpu) -> Callable[[], OnCpu]:
    """Make one stream and no other: torch has few, and gives the same to whoever asks later."""
    streams = iter([stream])
    return lambda: next(streams)


def recording(graphs: Graphs, rows: Rows, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Have a replay do what was recorded; give the shapes that were."""
    shapes: list[tuple[int, int]] = []

    class Recording(OnCpu):
        def __init__(self) -> None:
            super().__init__(graphs, rows)
            self.shape = seen[-1]
            shapes.append(self.shape)

        def replay(self) -> None:
            graphs.masked(*self.shape)

        def pool(self) -> int:
            return 7

    seen: list[tuple[int, int]] = []
    record = graphs._record

    def told(width: int, span: int) -> object:
        seen.append((width, span))
        return record(width, span)

    stream = OnCpu(graphs, rows)
    monkeypatch.setattr(graphs, "_record", told)
    monkeypatch.setattr(torch.cuda, "CUDAGraph", Recording)
    monkeypatch.setattr(torch.cuda, "Stream", only_once(stream))
    monkeypatch.setattr(torch.cuda, "current_stream", stream)
    monkeypatch.setattr(torch.cuda, "stream", lambda _: stream)
    return shapes


@torch.inference_mode()
def test_a_batch_as_a_gpu_runs_it_says_the_same(
    model: Whisper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Recorded steps, few widths, looks now and then, rows without a window."""
    torch.nn.init.normal_(model.decoder.token_embedding.weight, std=0.3)
    model.decoder.token_embedding.weight.data[50257] *= 5.5
    for name, weights in model.named_parameters():
        if name.startswith("decoder.blocks") and weights.ndim == 2:
            torch.nn.init.normal_(weights, std=0.25)
    draws = torch.Generator().manual_seed(4)
    features = torch.randn(8, 1500, 64, generator=draws) * torch.linspace(0.2, 3, 8)[:, None, None]
    broken = features.clone()
    broken[6] = float("nan")
    task, decoder = BatchTask(model, Ask("no")), Decoder(model, torch.float32)
    said = []
    for gpu in (False, True):
        cache = Cache(model.dims, 8, torch.float32, CPU)
        cache.cross.fill_(float("nan"))  # what others left must harm nobody
        cache.own.fill_(float("nan"))
        rows = Rows(8, 48, task.vocabulary(CPU), CPU)
        graphs = Graphs(decoder, cache, rows) if gpu else None
        shapes = recording(graphs, rows, monkeypatch) if graphs else []
        room = Workspace(
            decoder, cache, rows, graphs, widths(8, torch.device("cuda" if gpu else "cpu")),
            look_every=8 if gpu else 1,
        )  # fmt: skip
        batches = (features[:5], broken, features, features[1:3], features)
        found = [task.decode(one, room) for one in batches]
        assert [math.isnan(one.avg_logprob) for one in found[1]] == [row == 6 for row in range(8)]
        assert not any(math.isnan(one.avg_logprob) for batch in found[2:] for one in batch)
        said.append([[one.tokens for one in batch] for batch in found])
        assert said[-1][2] == said[-1][4]
        assert said[-1][0] == said[-1][2][:5]
    assert said[0] == said[1]
    assert len({len(tokens) for tokens in said[0][0]}) > 2
    assert len(shapes) == len(set(shapes)) > 1
    assert {width for width, _ in shapes} <= {1, 2, 4, 8}
    assert {span for _, span in shapes} == {64}


@torch.inference_mode()
def test_where_nothing_can_be_recorded_steps_run_as_written(
    model: Whisper, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("operation not permitted when stream is capturing")

    monkeypatch.setattr(torch.cuda, "Stream", fail)
    decoder = Decoder(model, torch.float32)
    task = BatchTask(model, Ask("no"))
    cache = Cache(model.dims, 2, torch.float32, CPU)
    rows = Rows(2, 48, task.vocabulary(CPU), CPU)
    decoder.listen(cache, torch.randn(2, 1500, 64))
    rows.begin(2, 2)
    graphs = Graphs(decoder, cache, rows)
    graphs.advance(2, 3)
    assert graphs.failed
    assert rows.written.item() == 1


@torch.inference_mode()
@pytest.mark.parametrize(
    ("said", "memory"),
    [("CUDA out of memory. Tried to allocate 2 GiB", True), ("operation not permitted", False)],
)
def test_what_stops_a_recording_is_told_and_not_what_ending_it_says(
    model: Whisper, monkeypatch: pytest.MonkeyPatch, said: str, memory: bool
) -> None:
    decoder, task = Decoder(model, torch.float32), BatchTask(model, Ask("no"))
    cache = Cache(model.dims, 2, torch.float32, CPU)
    rows = Rows(2, 48, task.vocabulary(CPU), CPU)
    decoder.listen(cache, torch.randn(2, 1500, 64))
    rows.begin(2, 2)
    graphs = Graphs(decoder, cache, rows)
    shapes = recording(graphs, rows, monkeypatch)
    step, ended = graphs.masked, list[str]()

    def stopped(width: int, span: int) -> None:
        step(width, span)
        if capturing:
            raise RuntimeError(said)

    capturing = list[bool]()

    def begin(*_: object, **__: object) -> None:
        capturing.append(True)

    def end(*_: object) -> None:
        capturing.clear()
        ended.append(said)
        raise RuntimeError("operation failed due to a previous error during capture")

    monkeypatch.setattr(graphs, "masked", stopped)
    monkeypatch.setattr(torch.cuda.CUDAGraph, "capture_begin", begin)
    monkeypatch.setattr(torch.cuda.CUDAGraph, "capture_end", end)
    if memory:  # a smaller batch may be recorded
        with pytest.raises(RuntimeError, match=said):
            graphs.advance(2, 3)
    else:
        graphs.advance(2, 3)
    assert graphs.failed is not memory
    assert ended == [said] and len(shapes) == 1


@torch.inference_mode()
def test_only_the_asked_positions_are_weighed_and_they_are_whispers(model: Whisper) -> None:
    features = torch.randn(2, 1500, 64)
    tokens = torch.randint(0, 50000, (2, 9))
    theirs = model.decoder(tokens, features)
    decoder = Decoder(model, torch.float32)
    cache = Cache(model.dims, 2, torch.float32, CPU)
    decoder.listen(cache, features)
    ours = decoder.logits(decoder.run(cache, tokens, torch.arange(9), 9))
    assert torch.allclose(ours, theirs, atol=1e-4)
    # Shared memory: whisper's own module still says the same.
    assert torch.equal(model.decoder(tokens, features), theirs)
    cache.move(0, 1, 9)
    assert torch.equal(cache.own[:, :, 0], cache.own[:, :, 1])


def test_a_row_that_is_no_number_ends_and_the_others_are_drawn(tokenizer: Tokenizer) -> None:
    rows = Rows(2, 8, vocabulary(tokenizer), CPU)
    rows.begin(2, 0)
    logits = torch.zeros(2, tokenizer.encoding.n_vocab)
    logits[1] = float("nan")
    rows.choose(logits, 0.5, torch.Generator().manual_seed(0))
    assert rows.ended.tolist() == [False, True]
    assert math.isnan(float(rows.sums[1]))
    assert math.isfinite(float(rows.sums[0]))


def test_widths_of_a_batch() -> None:
    assert widths(5, CPU) == (1, 2, 3, 4, 5)
    assert widths(20, torch.device("cuda")) == (1, 2, 4, 8, 16, 32)
    assert widths(1, torch.device("cuda")) == (1,)


@pytest.mark.parametrize(
    ("state", "layers", "precision", "windows"),
    [
        (192, 2, torch.float32, 16),
        (512, 6, torch.float32, 12),
        (512, 6, torch.bfloat16, 16),
        (1280, 32, torch.float32, 1),
    ],
)
def test_a_cpu_gives_batches_a_gigabyte(
    state: int, layers: int, precision: torch.dtype, windows: int
) -> None:
    dims = ModelDimensions(80, 1500, state, 8, layers, VOCABULARY, 448, state, 8, layers)
    assert largest_batch(dims, precision, CPU) == windows
