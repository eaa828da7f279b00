"""The programs that measure recognition measure what they say."""

from pathlib import Path

import pytest

from bench.floor import Rates, cost, floor
from bench.recognition import Entry, Timed, main, measured, missed, noise
from bench.shaped import SHAPES, shaped_checkpoint


@pytest.mark.parametrize("shape", ["toy", "toy-v3"])
def test_a_shaped_checkpoint_says_so_many_words_and_is_sure_of_them(
    shape: str, tmp_path: Path
) -> None:
    import torch
    import whisper

    model = whisper.load_model(str(shaped_checkpoint(shape, 30, tmp_path / "shaped.pt")))
    bands, vocabulary, width, *_ = SHAPES[shape]
    assert (model.dims.n_mels, model.dims.n_vocab) == (bands, vocabulary)
    assert model.dims.n_text_state == width
    said = whisper.decode(
        model,
        torch.stack([torch.zeros(bands, 3000), torch.randn(bands, 3000)]),
        whisper.DecodingOptions(language="en", fp16=False),
    )
    for one in said:
        begin = one.tokens[0]
        assert one.tokens[-1] - begin == 1500, "from <|0.00|> to <|30.00|>"
        assert len(one.tokens) == 32 and len(one.text.split()) == 30
        assert one.avg_logprob > -0.1 and one.no_speech_prob < 0.1 and one.compression_ratio < 2.4


def test_the_floor_is_the_arithmetic_of_the_shape() -> None:
    large, turbo = cost("large-v3"), cost("turbo")
    assert large.encoder == turbo.encoder == pytest.approx(2.27e12, rel=0.02)
    assert large.listening == pytest.approx(0.31e12, rel=0.02)
    assert turbo.listening == pytest.approx(0.04e12, rel=0.05)
    assert large.weights == pytest.approx(1.60e9, rel=0.02)
    assert turbo.weights == pytest.approx(0.32e9, rel=0.2)
    assert large.heard == pytest.approx(246e6, rel=0.01)
    assert cost("base").encoder == pytest.approx(0.087e12, rel=0.02)


def test_the_floor_reads_the_weights_once_for_each_batch() -> None:
    rates = Rates(operations=1e12, bytes=1e9)
    alone = floor("turbo", windows=8, tokens=100, batch=1, rates=rates)
    together = floor("turbo", windows=8, tokens=100, batch=8, rates=rates)
    saved = 7 * 100 * cost("turbo").weights / rates.bytes
    assert alone.encode == together.encode
    assert alone.decode - together.decode == pytest.approx(saved)


def test_who_writes_other_words_is_not_compared() -> None:
    sound = noise(1.0)
    assert [one.entry.name for one in measured([Entry("even", lambda _: 24, sound)], 12, 1)]
    with pytest.raises(SystemExit, match="odd wrote 23 words, not 24"):
        measured([Entry("odd", lambda _: 23, sound)], 12, 1)


def test_a_limit_that_is_missed_is_named() -> None:
    def took(seconds: float, minutes: float) -> Timed:
        return Timed(Entry("one", lambda _: 0, noise(minutes)), seconds)

    assert missed(took(30.0, 1), took(12.0, 1), 0.0, gpu=False) == []
    assert missed(took(30.0, 1), took(12.1, 1), 0.0, gpu=False) == ["2.48x openai-whisper"]
    assert missed(took(20.0, 1), took(2.0, 10), 24.0, gpu=True) == []
    assert missed(took(20.0, 1), took(3.0, 10), 24.1, gpu=True) == ["200x real time", "24.1 GB"]
    assert missed(took(3.0, 1), took(2.0, 10), 1.0, gpu=True) == ["15.00x openai-whisper"]


def test_the_whole_program_runs_on_toy_shapes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--tiny"]) == 0
    told = capsys.readouterr().out
    rows = [line.split(" | ") for line in told.splitlines() if line.startswith("| toy")]
    compared = [row for row in rows if len(row) == 7 and "faster" not in row[1]]
    floors = [row for row in rows if len(row) == 6]
    assert [row[1].split()[0] for row in compared] == ["openai-whisper", "Fokus:", "Fokus:"] * 2
    assert all(float(row[3]) > 0 and float(row[4]) > 0 for row in compared)
    assert told.count("| faster-whisper") == 2, "measured, or said not to be installed"
    assert {row[2] for row in floors} == {"encode", "decode", "whole"}
    assert "| large-v3 | not measured |" in told and "| turbo | not measured |" in told
