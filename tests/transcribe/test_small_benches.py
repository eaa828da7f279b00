"""The programs that look for invented and lost words, and for memory, run and say what they say."""

import wave
from pathlib import Path

import pytest

import demo
from bench import memory, sample, silence
from transcribe.audio import SAMPLE_RATE, Samples, decode

SECONDS = 12


@pytest.fixture(scope="module")
def beginning() -> Samples:
    with demo.SAMPLE_AUDIO.open("rb") as stream:
        return decode(stream).samples[: SECONDS * SAMPLE_RATE]


@pytest.fixture
def short(tmp_path: Path, beginning: Samples, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sample that is soon done."""
    memory.write(beginning, SECONDS / 60, tmp_path / "sample.wav")
    lines = [line for line in demo.SAMPLE_STM.read_text("utf-8").splitlines(keepends=True)
             if float(line.split()[4]) <= SECONDS]  # fmt: skip
    (tmp_path / "sample.stm").write_text("".join(lines), "utf-8")
    monkeypatch.setattr(demo, "SAMPLE_AUDIO", tmp_path / "sample.wav")
    monkeypatch.setattr(demo, "SAMPLE_STM", tmp_path / "sample.stm")


def cells(printed: str) -> dict[str, list[str]]:
    """A table's rows by their first cell."""
    rows = [line.strip("|").split("|") for line in printed.splitlines() if line.startswith("|")]
    return {first.strip(): [one.strip() for one in others] for first, *others in rows}


def test_words_of_speech_stand_beside_words_of_none(
    short: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    few = list(silence.made(6.0))[:2]
    monkeypatch.setattr(silence, "made", lambda seconds: few)
    assert silence.main(["--minutes", "0.1"]) == 0
    rows = cells(capsys.readouterr().out)
    assert rows["silence"] == ["1 s", "0", "0", "0"]
    (name,) = (name for name in rows if name.startswith("speech of "))
    assert int(rows[name][1]) > 0 and int(name.split()[2]) > 0


def test_the_sample_is_decoded_both_ways(short: None, capsys: pytest.CaptureFixture[str]) -> None:
    sample.main([])
    rows = list(cells(capsys.readouterr().out).values())
    batched, single = ([float(rate) for rate in row] for row in rows[2:4])
    assert batched[0] < 50 > single[0]
    assert [float(rate) for rate in rows[4]] == pytest.approx(
        [ours - theirs for ours, theirs in zip(batched, single, strict=True)], abs=0.011
    )


def test_memory_is_told_for_every_step(short: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert memory.main(["--tiny", "--minutes", "0.2"]) == 0
    rows = cells(capsys.readouterr().out)
    assert all(row[0].endswith(" GB") for row in list(rows.values())[2:])
    assert float(rows["base: libraries and weights"][0].removesuffix(" GB")) > 0
    assert len(rows) > 4


def test_the_sound_is_as_long_as_asked(tmp_path: Path, beginning: Samples) -> None:
    memory.write(beginning, 1.0, tmp_path / "long.wav")
    with wave.open(str(tmp_path / "long.wav")) as written:
        assert written.getnframes() == 60 * SAMPLE_RATE
