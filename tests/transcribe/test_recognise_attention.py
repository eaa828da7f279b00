"""Word times in batches against openai-whisper's own, one window at a time."""

import warnings
from typing import Any

import numpy as np
import pytest
import torch
from whisper.model import ModelDimensions, Whisper
from whisper.timing import dtw_cpu, find_alignment
from whisper.tokenizer import get_tokenizer

from transcribe.recognise.attention import align
from transcribe.recognise.warping import cheapest_paths

FRAME = 0.02
TEXTS = (
    " Hello there, my friend. I am (well) here",
    " One two",
    "",
    " Blåbær-øl – ikke sant? Blåbær-øl – ikke sant?",
)
SECONDS = (30.0, 3.33, 2.0, 12.017)


def tokenizer_of(model: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # it leaves its file open
        return get_tokenizer(
            model.is_multilingual, num_languages=model.num_languages, language="en"
        )


@pytest.mark.parametrize(
    ("vocabulary", "bands", "layers", "heads"),
    [(51864, 80, 1, 2), (51866, 128, 2, 3)],
)
def test_times_and_probabilities_are_whispers(
    vocabulary: int, bands: int, layers: int, heads: int
) -> None:
    torch.manual_seed(layers)
    state = 16 * heads
    dims = ModelDimensions(bands, 1500, state, heads, 1, vocabulary, 64, state, heads, layers)
    model = Whisper(dims).eval()
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if "positional" in name:
                weights.copy_(torch.randn_like(weights))
            elif "cross_attn.query" in name or "cross_attn.key" in name:
                weights.mul_(4)  # attention that differs from place to place
        sound = torch.randn(len(TEXTS), bands, 3000)
        features = model.encoder(sound)
    tokenizer = tokenizer_of(model)
    texts = [tokenizer.encode(text) for text in TEXTS]
    found = align(model, tokenizer, features, texts, SECONDS)
    assert found[2] is None
    for row, text in enumerate(texts):
        if not text:
            continue
        frames = min(round(SECONDS[row] * 100), 3000)
        own = find_alignment(model, tokenizer, text, sound[row], frames)
        mine = found[row]
        assert mine is not None and [one.text for one in mine] == [one.word for one in own]
        for one, other in zip(mine, own, strict=True):
            assert abs(one.start - other.start) <= FRAME + 1e-9
            assert abs(one.end - other.end) <= FRAME + 1e-9
            assert one.probability == pytest.approx(other.probability, abs=1e-4)
    # Another batch, other neighbours, the same times.
    (again,) = align(model, tokenizer, features[1:2], texts[1:2], SECONDS[1:2])
    assert again is not None and found[1] is not None
    assert [(w.text, w.start, w.end) for w in again] == [(w.text, w.start, w.end) for w in found[1]]


def test_what_cannot_be_followed_is_said_so() -> None:
    model = Whisper(ModelDimensions(80, 1500, 32, 1, 1, 51864, 8, 32, 1, 1)).eval()
    tokenizer = tokenizer_of(model)
    features = torch.zeros(2, 1500, 32)
    long = tokenizer.encode(" more words than the decoder can read at once")
    # Of silence every place is like every other: nothing to follow either.
    assert align(model, tokenizer, features, [long, tokenizer.encode(" Hm")], [9.0, 9.0]) == [
        None, None,
    ]  # fmt: skip
    assert align(model, tokenizer, features, [[], []], [9.0, 9.0]) == [None, None]


def test_paths_are_those_of_one_matrix_at_a_time() -> None:
    chance = np.random.default_rng(3)
    matrices = [
        chance.normal(size=(int(chance.integers(1, 60)), int(chance.integers(1, 300))))
        for _ in range(12)
    ]
    matrices += [np.zeros((5, 9)), np.round(chance.normal(size=(30, 80)))]  # many ties
    for matrix, (rows, columns) in zip(matrices, cheapest_paths(matrices), strict=True):
        own = dtw_cpu(matrix)
        assert np.array_equal(own[0], rows) and np.array_equal(own[1], columns)
    assert cheapest_paths([]) == []
