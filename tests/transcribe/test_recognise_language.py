"""The language of a recording: given, or voted within what is allowed."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from secure_storage import BadInput
from transcribe.models import ModelFile
from transcribe.options import TranscribeOptions
from transcribe.recognise import TooLittleMemory, find_language, load_engine, spectrogram
from transcribe.windows import Window

SOUND = spectrogram(np.random.default_rng(0).normal(0, 0.1, 16_000 * 20).astype(np.float32), 80)
WINDOWS = tuple(Window(n / 2, n / 2 + 0.5) for n in range(40))
LONG = (Window(0.0, 10.0), Window(10.0, 11.0), Window(11.0, 12.0))


def voting(told_engine: Any, *votes: Mapping[str, float], **values: Any) -> Any:
    return told_engine(lambda ask, row: None, votes=lambda row: votes[row % len(votes)], **values)


def test_a_given_language_asks_no_model(told_engine: Any) -> None:
    engine = voting(told_engine, {"en": 1.0})
    found = find_language(engine, SOUND, WINDOWS, TranscribeOptions(language="nb"))
    assert (found.code, found.how) == ("no", "given")
    only = find_language(engine, SOUND, WINDOWS, TranscribeOptions(allowed=("sv",)))
    assert (only.code, only.how) == ("sv", "the only one allowed")
    assert engine.encoded == []


def test_many_windows_vote_within_the_allowed_set(told_engine: Any) -> None:
    engine = voting(told_engine, {"ja": 0.9, "no": 0.06, "da": 0.02}, largest_batch=5)
    found = find_language(engine, SOUND, WINDOWS, TranscribeOptions(allowed=("no", "da")))
    assert found.code == "no"
    assert found.how == "voted by 16 windows among no, da (75%)"
    assert engine.encoded == [5, 5, 5, 1]


def test_a_window_has_as_much_say_as_it_has_sound(told_engine: Any) -> None:
    engine = voting(told_engine, {"no": 0.9}, {"en": 0.9}, {"en": 0.9})
    assert find_language(engine, SOUND, LONG, TranscribeOptions()).code == "no"


def test_a_vote_that_is_not_clear_says_so(told_engine: Any) -> None:
    engine = voting(told_engine, {"no": 0.5, "sv": 0.45})
    assert "check it" in find_language(engine, SOUND, WINDOWS, TranscribeOptions()).how


def test_voters_that_do_not_fit_together_vote_in_turn(told_engine: Any) -> None:
    engine = voting(told_engine, {"da": 1.0}, largest_batch=16, fits=3)
    assert find_language(engine, SOUND, WINDOWS, TranscribeOptions()).code == "da"
    with pytest.raises(TooLittleMemory):
        find_language(voting(told_engine, {}, fits=0), SOUND, WINDOWS, TranscribeOptions())


def test_an_english_model_refuses_another_language(
    scripted_model: Callable[..., Path],
) -> None:
    file = ModelFile("scripted", scripted_model((0.0, "Hm.", 1.0)))
    engine = load_engine(file, TranscribeOptions(engine="torch"))
    assert find_language(engine, SOUND, WINDOWS, TranscribeOptions()).code == "en"
    with pytest.raises(BadInput, match="English only"):
        find_language(engine, SOUND, WINDOWS, TranscribeOptions(language="no"))


def test_a_real_multilingual_model_votes(tmp_path: Path) -> None:
    import torch
    from whisper.model import ModelDimensions, Whisper

    torch.manual_seed(0)
    dims = ModelDimensions(80, 1500, 32, 1, 1, 51865, 16, 32, 1, 1)
    path = tmp_path / "tiny.pt"
    torch.save({"dims": vars(dims), "model_state_dict": Whisper(dims).state_dict()}, path)
    engine = load_engine(ModelFile("tiny", path), TranscribeOptions(engine="torch"))
    found = find_language(engine, SOUND, LONG, TranscribeOptions())
    assert found.code in TranscribeOptions().allowed and "voted by 3 windows" in found.how
    for options in (TranscribeOptions(language="yue"), TranscribeOptions(allowed=("yue",))):
        with pytest.raises(BadInput, match="does not know"):
            find_language(engine, SOUND, LONG, options)
