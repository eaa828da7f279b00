"""The engine on CTranslate2: in float32 the same as openai-whisper, all that is asked of it."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from transcribe.models import ModelFile
from transcribe.recognise import Ask
from transcribe.recognise.engine import OutOfMemory

SHAPES = {
    # bands, vocabulary, context, heads, layers
    "many languages": (80, 51865, 64, 1, 2),
    "English only": (80, 51864, 40, 2, 1),
    "as large-v3": (128, 51866, 48, 4, 3),
}
PROMPTS = ("", "Åse Kristoffersen and Björk", "a talk about care at home " * 60)


def random_model(name: str, seed: int) -> Any:
    """Weights strong enough that rows of different sound say different things."""
    import torch
    from whisper.model import ModelDimensions, Whisper

    bands, vocabulary, context, heads, layers = SHAPES[name]
    torch.manual_seed(seed)
    model = Whisper(ModelDimensions(bands, 1500, 64, 2, 1, vocabulary, context, 64, heads, layers))
    torch.nn.init.normal_(model.decoder.positional_embedding)
    torch.nn.init.normal_(model.decoder.token_embedding.weight, std=0.3)
    for block in model.decoder.blocks:
        block.cross_attn.out.weight.data *= 20
    return model.eval()


def saved(model: Any, path: Path) -> ModelFile:
    import torch

    torch.save({"dims": vars(model.dims), "model_state_dict": model.state_dict()}, path)
    return ModelFile(path.stem, path)


def sound(rows: int, bands: int = 80) -> np.ndarray[Any, np.dtype[np.float32]]:
    drawn = np.random.default_rng(7).standard_normal((rows, bands, 3000)).astype(np.float32)
    return drawn * np.linspace(0.1, 3, rows, dtype=np.float32)[:, None, None]


@pytest.fixture(scope="module", params=SHAPES)
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The same weights in openai-whisper and in the engine, and what their encoders heard."""
    import torch

    from transcribe.recognise.ct2_engine import load_ct2

    model = random_model(request.param, seed=len(request.param))
    file = saved(model, tmp_path_factory.mktemp("random") / "random.pt")
    engine = load_ct2(file, "float32")
    spectrograms = sound(5, engine.mel_bands)
    with torch.no_grad():
        heard = model.encoder(torch.from_numpy(spectrograms))
    return SimpleNamespace(
        model=model, engine=engine, heard=heard, features=engine.encode(spectrograms)
    )


def test_the_encoder_hears_the_same(pair: Any) -> None:
    assert np.abs(pair.features - pair.heard.numpy()).max() < 1e-4
    assert pair.engine.mel_bands == pair.model.dims.n_mels
    assert pair.engine.english_only != pair.model.is_multilingual
    assert np.array_equal(pair.engine.rows(pair.features, [3, 1]), pair.features[[3, 1]])


@pytest.mark.parametrize("prompt", PROMPTS, ids=["none", "names", "too long"])
def test_greedy_text_is_that_of_whisper_token_for_token(pair: Any, prompt: str) -> None:
    import whisper

    options = whisper.DecodingOptions(language="en", fp16=False, prompt=prompt.strip() or None)
    expected = whisper.decode(pair.model, pair.heard, options)
    found = pair.engine.decode(pair.features, Ask("en", prompt=prompt, cut_loops=False))
    for ours, theirs in zip(found, expected, strict=True):
        assert list(ours.tokens) == theirs.tokens and ours.text == theirs.text
        assert ours.avg_logprob == pytest.approx(theirs.avg_logprob, abs=1e-4)
        assert ours.no_speech == pytest.approx(theirs.no_speech_prob, rel=1e-3)
        assert ours.compression == pytest.approx(theirs.compression_ratio)
        assert ours.temperature == 0 and not ours.looped
    assert len({one.tokens for one in found}) > 1, "rows that differ are not mixed up"


def test_rows_do_not_hear_each_other(pair: Any) -> None:
    together = pair.engine.decode(pair.features, Ask("en"))
    alone = [pair.engine.decode(pair.engine.rows(pair.features, [n]), Ask("en")) for n in range(5)]
    assert [one.tokens for one in together] == [one.tokens for (one,) in alone]


def test_a_batch_again_gives_the_same(pair: Any) -> None:
    ask = Ask("en", prompt="names")
    assert pair.engine.decode(pair.features, ask) == pair.engine.decode(pair.features, ask)


def test_every_language_has_the_probability_that_whisper_gives_it(pair: Any) -> None:
    found = pair.engine.languages(pair.features)
    if pair.engine.english_only:
        assert found == [{"en": 1.0}] * 5
        return
    _, expected = pair.model.detect_language(pair.heard)
    for ours, theirs in zip(found, expected, strict=True):
        assert ours == pytest.approx(theirs, abs=1e-5)


def test_translation_is_another_task(pair: Any) -> None:
    import whisper

    if pair.engine.english_only:
        return
    options = whisper.DecodingOptions(task="translate", language="no", fp16=False)
    expected = whisper.decode(pair.model, pair.heard, options)
    found = pair.engine.decode(pair.features, Ask("no", translate=True, cut_loops=False))
    assert [list(one.tokens) for one in found] == [one.tokens for one in expected]


def test_draws_depend_on_the_batch_and_its_first_seed_and_on_nothing_before(
    pair: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transcribe.recognise import ct2_engine

    loads: list[object] = []
    load = ct2_engine.Whisper

    def counted(*told: Any, **how: Any) -> Any:
        loads.append(how)
        return load(*told, **how)

    monkeypatch.setattr(ct2_engine, "Whisper", counted)
    spectrograms = sound(5, pair.engine.mel_bands)[2:3]

    def tries(seed: int) -> list[Any]:
        row = pair.engine.encode(spectrograms)
        some = []
        for temperature, own in ((0.4, seed), (0.8, 7), (0.8, 7)):
            some += pair.engine.decode(row, Ask("en", temperature=temperature, seed=own))
            pair.engine.decode(row, Ask("en"))  # draws nothing
        return some

    first, other, again = tries(11), tries(12), tries(11)
    assert again == first
    assert [one.tokens for one in other] != [one.tokens for one in first]
    assert first[1].tokens != first[2].tokens, "each try is drawn anew"
    assert [one.temperature for one in first] == [0.4, 0.8, 0.8]
    assert len(loads) == 3, "the weights are loaded once a batch, not for every try"


def test_a_drawn_text_has_the_log_probability_that_whisper_gives_it(pair: Any) -> None:
    import torch
    import whisper
    from whisper.decoding import DecodingTask, GreedyDecoder

    drawn = pair.engine.decode(
        pair.engine.rows(pair.features, [1]), Ask("en", temperature=0.6, seed=5, cut_loops=False)
    )[0]

    class Forced(GreedyDecoder):  # type: ignore[misc]
        def update(self, tokens: Any, logits: Any, sums: Any) -> Any:
            place = tokens.shape[1] - task.sample_begin
            forced = drawn.tokens[place] if place < len(drawn.tokens) else self.eot
            only = torch.full_like(logits, -torch.inf)
            only[:, forced] = 0
            chosen, _ = super().update(tokens, only, torch.zeros(1))
            sums += logits.log_softmax(-1)[:, forced] * (tokens[:, -1] != self.eot)
            return chosen, forced == self.eot

    options = whisper.DecodingOptions(language="en", temperature=0.6, fp16=False)
    task = DecodingTask(pair.model, options)
    task.decoder = Forced(0.0, task.tokenizer.eot)
    with torch.no_grad():
        result = task.run(pair.heard[1:2])[0]
    assert result.tokens == list(drawn.tokens), "every drawn token is one Whisper allows"
    assert drawn.avg_logprob == pytest.approx(result.avg_logprob, abs=1e-4)


def test_words_have_the_times_that_whisper_gives_them(
    pair: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from whisper import timing

    # Compiling them takes longer than these few words do.
    for name in ("dtw_cpu", "backtrace"):
        compiled = getattr(timing, name)
        monkeypatch.setattr(timing, name, getattr(compiled, "py_func", compiled))
    tokenizer = pair.engine.tokenizer("en")
    texts = [
        tokenizer.encode(text)
        for text in (" well, we met at the library", " Ærlig talt, nei", "", " a", " yes and no")
    ]
    seconds = [30.0, 4.0, 30.0, 0.2, 17.3]
    found = pair.engine.align(pair.features, texts, seconds, Ask("en"))
    assert found[2] is None
    for row, (text, words) in enumerate(zip(texts, found, strict=True)):
        if not text:
            continue
        spectrogram = _unheard(pair, row)
        frames = round(seconds[row] * 100)
        expected = timing.find_alignment(pair.model, tokenizer, text, spectrogram, frames)
        assert words is not None
        for ours, theirs in zip(words, expected, strict=False):
            assert ours.text == theirs.word
            assert ours.start == pytest.approx(theirs.start, abs=0.021)
            assert ours.end == pytest.approx(theirs.end, abs=0.021)
            assert ours.probability == pytest.approx(theirs.probability, abs=1e-4)


def _unheard(pair: Any, row: int) -> Any:
    """The spectrogram of a row, which ``find_alignment`` encodes anew."""
    import torch

    return torch.from_numpy(sound(5, pair.engine.mel_bands)[row])


def test_a_text_that_the_decoder_cannot_read_is_not_timed(pair: Any) -> None:
    tokenizer = pair.engine.tokenizer("en")
    endless = tokenizer.encode(" and so on") * 200
    short = tokenizer.encode(" yes")
    found = pair.engine.align(
        pair.engine.rows(pair.features, [0, 1]), [endless, short], [30, 30], Ask("en")
    )
    assert found[0] is None and found[1] is not None
    assert pair.engine.align(pair.features[:1], [[]], [30], Ask("en")) == [None]


def test_a_text_that_repeats_itself_is_cut_and_says_so(
    scripted_model: Callable[..., Path],
) -> None:
    from transcribe.recognise.ct2_engine import load_ct2

    path = scripted_model((0.0, "so so so so so so so so so so so so " * 9, 9.0), context=448)
    engine = load_ct2(ModelFile("scripted", path))
    features = engine.encode(sound(1))
    (cut,) = engine.decode(features, Ask("en"))
    (whole,) = engine.decode(features, Ask("en", cut_loops=False))
    assert cut.looped and not whole.looped
    assert whole.tokens[: len(cut.tokens)] == cut.tokens and len(cut.tokens) < 40
    assert cut.text.split() == ["so"] * len(cut.text.split())


def test_in_int8_a_clear_text_stays_what_it_is(scripted_model: Callable[..., Path]) -> None:
    from transcribe.recognise.ct2_engine import load_ct2

    path = scripted_model((0.0, "we met at the library", 4.0), (4.5, "and talked", 6.0))
    engine = load_ct2(ModelFile("scripted", path))
    for said in engine.decode(engine.encode(sound(3)), Ask("en")):
        assert said.text == "we met at the library and talked"
        assert said.avg_logprob > -0.1
    assert "CTranslate2" in engine.name and "int8" in engine.name
    assert 1 <= engine.largest_batch <= 16


@pytest.mark.parametrize("said", [MemoryError(), RuntimeError("failed to allocate memory")])
def test_too_little_memory_is_told_to_the_caller(
    pair: Any, monkeypatch: pytest.MonkeyPatch, said: Exception
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise said

    monkeypatch.setattr(pair.engine, "_model", SimpleNamespace(encode=full))
    with pytest.raises(OutOfMemory):
        pair.engine.encode(sound(1))


def test_other_faults_are_not_called_lack_of_memory(
    pair: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("wrong shape")

    monkeypatch.setattr(pair.engine, "_model", SimpleNamespace(encode=broken))
    with pytest.raises(RuntimeError, match="wrong shape"):
        pair.engine.encode(sound(1))
