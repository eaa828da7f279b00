"""Recognition with a real Whisper checkpoint whose words are known, and with told ones."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from secure_storage import BadInput
from transcribe import recognise as recognising
from transcribe.models import ModelFile
from transcribe.options import TranscribeOptions
from transcribe.recognise import (
    Ask,
    Engine,
    Recognised,
    Spectrogram,
    TooLittleMemory,
    load_engine,
    recognise,
    spectrogram,
)
from transcribe.recognise.engine import Decoded
from transcribe.windows import Window

MakeModel = Callable[..., Path]
SOUND = spectrogram(np.random.default_rng(0).normal(0, 0.1, 16_000 * 40).astype(np.float32), 80)
WINDOWS = (Window(1.0, 9.0), Window(20.0, 26.0))
ENGLISH = Ask("en")
STAMP = 50363  # of <|0.00|>, without other languages


def loaded(path: Path) -> Engine:
    return load_engine(ModelFile("scripted", path), TranscribeOptions(engine="torch"))


def decoded(text: str = " Yes.", **values: Any) -> Decoded:
    told: dict[str, Any] = {
        "tokens": (STAMP, 3363, 13, STAMP + 100), "text": text, "avg_logprob": -0.2,
        "no_speech": 0.1, "compression": 1.0, "temperature": 0.0,
    }  # fmt: skip
    return Decoded(**{**told, **values})


def flat(found: list[Recognised]) -> tuple[list[Any], list[Any]]:
    return [u for one in found for u in one.utterances], [d for one in found for d in one.doubts]


def test_pieces_get_their_times_and_words_from_the_window(scripted_model: MakeModel) -> None:
    engine = loaded(scripted_model((0.0, "Hello there, Ada's home-care.", 2.0), (2.5, "Yes.", 3.0)))
    steps: list[None] = []
    found, doubts = flat(recognise(engine, SOUND, WINDOWS, ENGLISH, lambda: steps.append(None)))
    assert doubts == []
    assert [(u.start, u.end, u.text) for u in found] == [
        (1.0, 3.0, "Hello there, Ada's home-care."), (3.5, 4.0, "Yes."),
        (20.0, 22.0, "Hello there, Ada's home-care."), (22.5, 23.0, "Yes."),
    ]  # fmt: skip
    assert [w.text for w in found[0].words] == ["Hello", "there,", "Ada's", "home-care."]
    for one in found:
        assert all(one.start <= w.start <= w.end <= one.end for w in one.words)
        assert all(0 <= w.confidence <= 1 for w in one.words)
    assert len(steps) >= 3


def test_a_batch_gives_what_its_windows_give_alone(scripted_model: MakeModel) -> None:
    engine = loaded(scripted_model((0.0, "One two three.", 2.0)))
    together, _ = flat(recognise(engine, SOUND, WINDOWS, ENGLISH))
    alone = [flat(recognise(engine, SOUND, [w], ENGLISH))[0][0] for w in WINDOWS]
    assert [(u.start, u.text) for u in together] == [(u.start, u.text) for u in alone]
    assert together == flat(recognise(engine, SOUND, WINDOWS, ENGLISH))[0]


def test_text_that_repeats_itself_is_tried_again_then_kept_with_doubt(
    scripted_model: MakeModel,
) -> None:
    engine = loaded(scripted_model((0.0, "and so on " * 6, 6.0)))
    found, doubts = flat(recognise(engine, SOUND, WINDOWS[:1], ENGLISH))
    assert found
    assert [doubt.reason for doubt in doubts] == [recognising.REPETITIVE]


def test_unsure_text_is_doubted_and_the_same_each_time(scripted_model: MakeModel) -> None:
    # With small embeddings the scripted token hardly wins over the other 51,863.
    engine = loaded(scripted_model((0.0, "Perhaps so.", 2.0), size=0.5, context=16))
    found = recognise(engine, SOUND, WINDOWS, ENGLISH)
    assert {doubt.reason for doubt in flat(found)[1]} & {
        recognising.IMPROBABLE, recognising.DROPPED,
    }  # fmt: skip
    assert found == recognise(engine, SOUND, WINDOWS, ENGLISH)


def test_no_windows_no_text(told_engine: Any) -> None:
    assert recognise(told_engine(lambda ask, row: decoded()), SOUND, (), ENGLISH) == []


def test_words_share_the_time_where_attention_cannot_follow(
    scripted_model: MakeModel, tmp_path: Path
) -> None:
    import torch

    checkpoint = torch.load(scripted_model((0.0, "One three.", 3.0)), weights_only=True)
    for name, weights in checkpoint["model_state_dict"].items():
        if "cross_attn.query" in name:  # every place is as good as any other
            weights.zero_()
    path = tmp_path / "blind.pt"
    torch.save(checkpoint, path)
    found, doubts = flat(recognise(loaded(path), SOUND, WINDOWS[:1], ENGLISH))
    assert [(w.text, w.start, w.end) for w in found[0].words] == [
        ("One", 1.0, 2.091), ("three.", 2.091, 4.0),
    ]  # fmt: skip
    assert [doubt.reason for doubt in doubts] == [recognising.UNTIMED]


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04broken"])
def test_a_file_that_is_no_checkpoint_is_named_as_such(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "large-v3.pt"
    path.write_bytes(content)
    with pytest.raises(BadInput, match="not a checkpoint"):
        loaded(path)


def test_only_failing_windows_are_retried_alone_until_one_try_passes(told_engine: Any) -> None:
    weak = SOUND.of(WINDOWS)[1]

    def says(ask: Ask, sound: Any) -> Decoded:
        good = not np.array_equal(sound, weak) or ask.temperature >= 0.4
        return decoded(avg_logprob=-0.2 if good else -1.5, temperature=ask.temperature)

    engine = told_engine(says)
    found, doubts = flat(recognise(engine, SOUND, WINDOWS, ENGLISH))
    assert [one.text for one in found] == ["Yes.", "Yes."]
    assert doubts == []
    assert [ask.temperature for ask in engine.asked] == [0.0, 0.2, 0.4]
    assert engine.encoded == [2]  # the features are there


def test_seeds_differ_by_window_recording_and_temperature_and_come_back(told_engine: Any) -> None:
    def seeds(sound: Spectrogram) -> list[int]:
        engine = told_engine(lambda ask, row: decoded(avg_logprob=-2.0))
        recognise(engine, sound, WINDOWS, ENGLISH)
        return [ask.seed for ask in engine.asked if ask.temperature]

    other = spectrogram(np.random.default_rng(1).normal(0, 0.1, 640_000).astype(np.float32), 80)
    assert seeds(SOUND) == seeds(SOUND)
    assert len({*seeds(SOUND), *seeds(other)}) == 2 * 2 * 5


def test_the_best_try_is_kept_and_its_weakness_told(told_engine: Any) -> None:
    tries = {
        0.0: decoded(" no no no", compression=9.0, avg_logprob=-0.1),
        0.2: decoded(" loop", looped=True, avg_logprob=-0.1),
        0.6: decoded(" Best.", avg_logprob=-1.2),
    }
    rest = decoded(" worse", avg_logprob=-1.9)
    engine = told_engine(lambda ask, row: tries.get(ask.temperature, rest))
    _, doubts = flat(recognise(engine, SOUND, WINDOWS[:1], ENGLISH))
    assert (doubts[0].text, doubts[0].reason) == ("Best.", recognising.IMPROBABLE)
    assert (doubts[0].start, doubts[0].end) == (1.0, 9.0)


def test_a_silent_window_is_tried_again_then_dropped_and_recorded(told_engine: Any) -> None:
    engine = told_engine(lambda ask, row: decoded(" Thank you.", no_speech=0.9, avg_logprob=-1.4))
    found, doubts = flat(recognise(engine, SOUND, WINDOWS[:1], ENGLISH))
    assert found == []
    assert [(doubt.text, doubt.reason) for doubt in doubts] == [("Thank you.", recognising.DROPPED)]
    assert len(engine.asked) == 6


@pytest.mark.parametrize(("no_speech", "avg_logprob"), [(0.1, -0.2), (0.9, -1.4), (0.2, -1.4)])
def test_speech_that_gives_no_text_is_shown(
    told_engine: Any, no_speech: float, avg_logprob: float
) -> None:
    empty = decoded("", tokens=(STAMP,), no_speech=no_speech, avg_logprob=avg_logprob)
    found, doubts = flat(recognise(told_engine(lambda ask, row: empty), SOUND, WINDOWS, ENGLISH))
    assert found == []
    assert [(doubt.start, doubt.end, doubt.text, doubt.reason) for doubt in doubts] == [
        (1.0, 9.0, "", recognising.UNWRITTEN), (20.0, 26.0, "", recognising.UNWRITTEN),
    ]  # fmt: skip


def test_a_try_without_text_is_no_answer_to_text_in_doubt(told_engine: Any) -> None:
    empty = decoded("", tokens=(STAMP,))
    engine = told_engine(
        lambda ask, row: empty if ask.temperature else decoded(" Perhaps.", avg_logprob=-1.4)
    )
    found, doubts = flat(recognise(engine, SOUND, WINDOWS[:1], ENGLISH))
    assert len(found) == 1
    assert [(d.text, d.reason) for d in doubts] == [("Perhaps.", recognising.IMPROBABLE)]


@pytest.mark.parametrize(("temperature", "reasons"), [(0.4, []), (0.6, [recognising.DRAWN])])
def test_text_that_was_drawn_freely_is_doubted(
    told_engine: Any, temperature: float, reasons: list[str]
) -> None:
    engine = told_engine(
        lambda ask, row: decoded(
            avg_logprob=-0.2 if ask.temperature >= temperature else -1.4,
            temperature=ask.temperature,
        )
    )
    found, doubts = flat(recognise(engine, SOUND, WINDOWS[:1], ENGLISH))
    assert found and [doubt.reason for doubt in doubts] == reasons


def test_text_that_ends_at_the_limit_is_doubted(told_engine: Any) -> None:
    engine = told_engine(lambda ask, row: decoded(cut_short=True))
    found, doubts = flat(recognise(engine, SOUND, WINDOWS[:1], ENGLISH))
    assert found and [doubt.reason for doubt in doubts] == [recognising.CUT_SHORT]


@pytest.mark.parametrize("name", ["torch", "ctranslate2"])
def test_both_engines_tell_that_a_text_reached_the_limit(
    scripted_model: MakeModel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: Any
) -> None:
    monkeypatch.setenv("FOKUS_MODELS", str(tmp_path))
    told = []
    for words, context in ((20, 40), (2, 40)):
        path = scripted_model((0.0, " ".join("abcdefghijklmnopqrstuvwxyz"[:words]), 9.0),
                              context=context)  # fmt: skip
        engine = load_engine(ModelFile("scripted", path), TranscribeOptions(engine=name))
        (one,) = engine.decode(engine.encode(SOUND.of(WINDOWS[:1])), ENGLISH)
        told.append((one.cut_short, len(one.tokens)))
    assert told == [(True, 20), (False, 4)]


def test_speech_that_only_a_retry_hears_is_doubted(told_engine: Any) -> None:
    engine = told_engine(
        lambda ask, row: decoded(no_speech=0.9, avg_logprob=-0.4 if ask.temperature else -1.4)
    )
    found, doubts = flat(recognise(engine, SOUND, WINDOWS[:1], ENGLISH))
    assert found
    assert [doubt.reason for doubt in doubts] == [recognising.HALF_HEARD]


@pytest.mark.parametrize("name", ["torch", "ctranslate2"])
def test_sound_that_cannot_be_computed_costs_its_own_window_only(
    scripted_model: MakeModel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: Any
) -> None:
    monkeypatch.setenv("FOKUS_MODELS", str(tmp_path))
    values = SOUND.values.copy()
    values[:, 2000:2600] = math.nan
    file = ModelFile("scripted", scripted_model((0.0, "Yes we do.", 2.0)))
    engine = load_engine(file, TranscribeOptions(engine=name))
    found, doubts = flat(recognise(engine, Spectrogram(values, SOUND.silence), WINDOWS, ENGLISH))
    assert [one.start for one in found] == [1.0]
    assert [(d.start, d.end, d.text, d.reason) for d in doubts] == [
        (20.0, 26.0, "", recognising.NO_NUMBERS)
    ]  # fmt: skip


def test_a_probability_that_is_no_number_is_drawn_from_once_only(told_engine: Any) -> None:
    engine = told_engine(lambda ask, row: decoded(avg_logprob=math.nan))
    found, doubts = flat(recognise(engine, SOUND, WINDOWS[:1], ENGLISH))
    assert found == [] and len(engine.asked) == 1
    assert [(doubt.text, doubt.reason) for doubt in doubts] == [("", recognising.NO_NUMBERS)]


def test_a_try_that_is_no_number_is_the_worst(told_engine: Any) -> None:
    tries = {0.2: decoded(" Nothing.", avg_logprob=math.nan)}
    rest = decoded(" Real.", avg_logprob=-1.4)
    engine = told_engine(lambda ask, row: tries.get(ask.temperature, rest))
    _, doubts = flat(recognise(engine, SOUND, WINDOWS[:1], ENGLISH))
    assert [doubt.text for doubt in doubts] == ["Real."]


@pytest.mark.parametrize("fits", [1, 2, 3, 5])
def test_a_batch_that_does_not_fit_is_done_in_halves(told_engine: Any, fits: int) -> None:
    windows = [Window(float(n), n + 2.0) for n in range(0, 30, 3)]
    engine = told_engine(lambda ask, row: decoded(), fits=fits)
    whole = told_engine(lambda ask, row: decoded())
    assert recognise(engine, SOUND, windows, ENGLISH) == recognise(whole, SOUND, windows, ENGLISH)
    assert sum(engine.encoded) == 10 and max(engine.encoded) <= fits


def test_one_window_that_does_not_fit_is_told_in_words(told_engine: Any) -> None:
    engine = told_engine(lambda ask, row: decoded(), fits=0)
    with pytest.raises(TooLittleMemory, match="smaller model"):
        recognise(engine, SOUND, WINDOWS, ENGLISH)


def test_memory_that_runs_out_in_a_retry_or_alignment_halves_too(told_engine: Any) -> None:
    from transcribe.recognise.engine import OutOfMemory

    class Tight(told_engine):  # type: ignore[misc]
        def align(self, features: Any, texts: Any, seconds: Any, ask: Ask) -> list[Any]:
            if len(texts) > 1:
                raise OutOfMemory
            return super().align(features, texts, seconds, ask)  # type: ignore[no-any-return]

    engine = Tight(lambda ask, row: decoded())
    found, _ = flat(recognise(engine, SOUND, WINDOWS, ENGLISH))
    assert [one.start for one in found] == [1.0, 20.0]
    assert engine.encoded == [2, 1, 1]


def test_work_that_is_stopped_stops_between_steps(told_engine: Any) -> None:
    class Stopped(Exception):  # noqa: N818
        pass

    def stop() -> None:
        if engine.encoded:
            raise Stopped

    engine = told_engine(lambda ask, row: decoded())
    with pytest.raises(Stopped):
        recognise(engine, SOUND, WINDOWS, ENGLISH, stop)
    assert engine.asked == []
