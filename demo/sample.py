"""Make the sample recording and its truth: ``python -m demo.sample [FOLDER]``.

Reads ``script.txt`` and writes ``sample.opus``, ``sample.rttm`` and ``sample.stm``.
Needs flite, festival with festvox-kdlpc16k and espeak-ng (Debian packages); the
product itself needs none of them, because the files are shipped.
"""

import random
import sys
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from demo.align import words_of
from demo.dsp import SAMPLE_RATE, Wave
from demo.script import Line, read_script
from demo.train.corpus import Draw, Studio, Utterance, trimmed
from demo.voices import SAMPLE_VOICES

SEED = 7
BIT_RATE = 48_000
FIRST_S, LAST_S = 0.8, 1.2
"""Quiet before the first and after the last word."""

NOISE = 10 ** (-66 / 20)
"""A quiet room: root mean square of the noise floor."""

GAIN_DB = {"Moderator": 0.0, "P1": -2.0, "P2": 1.0, "P3": -1.0, "P4": 0.5, "P5": -2.5}
"""Nobody sits at the same distance from the microphone."""


@dataclass(frozen=True)
class Turn:
    """An utterance on the recording's time axis; times (s) of the real speech."""

    line: Line
    start: float
    end: float
    utterance: Utterance


def speak(lines: tuple[Line, ...]) -> list[Utterance]:
    """Every line in its speaker's voice."""
    studio = Studio(sorted({w for line in lines for w in words_of(line.text)}))
    spoken = studio.say([Draw(line.text, SAMPLE_VOICES[line.speaker]) for line in lines])
    out: list[Utterance] = []
    for line, speech in zip(lines, spoken, strict=True):
        if speech is None:
            raise ValueError(f"no word times for: {line.text}")
        out.append(trimmed(speech, line.text, line.speaker))
    return out


def arrange(lines: tuple[Line, ...], spoken: list[Utterance], rng: random.Random) -> list[Turn]:
    """Put the utterances one after the other with the script's gaps."""
    turns: list[Turn] = []
    for line, utterance in zip(lines, spoken, strict=True):
        same = bool(turns) and turns[-1].line.speaker == line.speaker
        gap = rng.uniform(0.35, 0.6) if same else rng.uniform(0.3, 0.75)
        if line.pause is not None:
            gap = line.pause
        if line.overlap is not None:
            gap = -line.overlap
        start = round(turns[-1].end + gap if turns else FIRST_S, 3)
        length = utterance.spans[-1][1] - utterance.spans[0][0]
        turns.append(Turn(line, start, round(start + length, 3), utterance))
    return turns


def mix(turns: list[Turn]) -> Wave:
    """The recording: all turns over a quiet room's noise."""
    count = int((max(t.end for t in turns) + LAST_S) * SAMPLE_RATE)
    noise = np.random.default_rng(SEED).standard_normal(count) * NOISE
    out: Wave = noise.astype(np.float32)
    for t in turns:
        wave = t.utterance.samples.astype(np.float32) / 32768
        low = round((t.start - t.utterance.spans[0][0]) * SAMPLE_RATE)
        out[low : low + len(wave)] += wave * np.float32(10 ** (GAIN_DB[t.line.speaker] / 20))
    return out


def write_opus(samples: Wave, path: Path) -> None:
    """Encode as Ogg Opus, mono."""
    with av.open(str(path), "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=SAMPLE_RATE)
        stream.layout = "mono"
        stream.bit_rate = BIT_RATE
        whole = np.clip(samples * 32767, -32768, 32767).astype(np.int16)[None, :]
        for at in range(0, whole.shape[1], SAMPLE_RATE):
            piece = np.ascontiguousarray(whole[:, at : at + SAMPLE_RATE])
            frame = av.AudioFrame.from_ndarray(piece, format="s16", layout="mono")
            frame.sample_rate = SAMPLE_RATE
            frame.pts = at
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def rttm(turns: list[Turn]) -> str:
    """The truth about who speaks when (NIST RTTM)."""
    return "".join(
        f"SPEAKER sample 1 {t.start:.3f} {t.end - t.start:.3f} <NA> <NA> "
        f"{t.line.speaker} <NA> <NA>\n"
        for t in turns
    )


def stm(turns: list[Turn]) -> str:
    """The truth about what is said when (NIST STM, one line an utterance)."""
    return "".join(
        f"sample 1 {t.line.speaker} {t.start:.3f} {t.end:.3f} {t.line.text}\n" for t in turns
    )


def main() -> None:
    """Write the three files into the folder given, by default beside this program."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    lines = read_script()
    turns = arrange(lines, speak(lines), random.Random(SEED))
    samples = mix(turns)
    write_opus(samples, folder / "sample.opus")
    (folder / "sample.rttm").write_text(rttm(turns), "utf-8")
    (folder / "sample.stm").write_text(stm(turns), "utf-8")
    print(f"{len(turns)} utterances, {len(samples) / SAMPLE_RATE:.1f} s -> {folder}")


if __name__ == "__main__":
    main()
