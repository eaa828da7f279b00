"""The shipped checkpoint is openai-whisper's own format, small, and hears the sample."""

import math
from typing import Any

import jiwer
import numpy as np
import pytest
import torch
import whisper

import demo
from demo.evaluate import decode_window, hear, plain, read_truth
from transcribe.audio import decode

SAMPLE_RATE = 16_000

# openai-whisper leaves its vocabulary file open; the collector says so at any time.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def model() -> Any:
    return whisper.load_model(str(demo.CHECKPOINT), device="cpu").eval()


def test_it_is_small_and_holds_only_tensors() -> None:
    assert demo.CHECKPOINT.stat().st_size <= 12_000_000
    read = torch.load(demo.CHECKPOINT, weights_only=True)
    assert set(read) == {"dims", "model_state_dict"}


def test_it_has_the_english_only_vocabulary(model: Any) -> None:
    assert model.dims.n_vocab == 51_864
    assert not model.is_multilingual
    assert all(torch.isfinite(p).all() for p in model.parameters())


def test_it_hears_the_first_utterances(model: Any) -> None:
    said = [t for t in read_truth() if t.end < 12]
    with demo.SAMPLE_AUDIO.open("rb") as file:
        samples = decode(file).samples[: 12 * SAMPLE_RATE]
    _, heard = decode_window(model, samples)
    text = plain(" ".join(h.text for h in heard))
    assert jiwer.wer(plain(" ".join(t.text for t in said)), text) <= 0.2
    assert abs(heard[0].start - said[0].start) < 0.3


def test_it_invents_nothing_in_a_tone(model: Any) -> None:
    t = np.arange(5 * SAMPLE_RATE) / SAMPLE_RATE
    tone = (0.3 * np.sin(2 * math.pi * 440 * t)).astype(np.float32)
    assert hear(model, tone) == []
