"""Does the recogniser write words where nobody speaks?

    python -m bench.silence [FOLDER] [--minutes 10] [--model MODEL]

Transcribes silence, noises, tones and music made here, and every sound file below FOLDER (a
folder of sounds without speech). Counts the words that are kept, and what the reviewer is
shown as dropped. The first row is speech, so that a recogniser which invents nothing can be
told from one which hears nothing. The last column is without speech detection: every half
minute (six seconds for the demo model) goes to the recogniser, so that only its own tests
stand between noise and text. Prints a Markdown table; 1 when the product kept a word where
nobody speaks, or none of the speech.
"""

import argparse
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

import demo
from bench.diarization import SOUND
from transcribe import TranscribeOptions, read_stm
from transcribe.audio import SAMPLE_RATE, Samples, decode
from transcribe.checkpoints import NoCheckpoints
from transcribe.hearing import hear
from transcribe.loaded import Loaded
from transcribe.models import find_model
from transcribe.pipeline import DEMO_WINDOW, transcribe_audio
from transcribe.windows import LONGEST, Window

LANGUAGE = "en"
SCALE = (0, 2, 4, 5, 7, 9, 11, 12)
"""Half tones of a major scale."""
SPEECH = 10.0
"""Seconds of speech that are heard at least."""


def made(seconds: float) -> Iterator[tuple[str, Samples]]:
    """Sounds that nobody makes by speaking, together about so long."""
    count = int(seconds / 10 * SAMPLE_RATE)
    chance = np.random.default_rng(1)
    time = np.arange(count) / SAMPLE_RATE
    white = chance.standard_normal(count)
    brown = np.cumsum(white) - np.convolve(np.cumsum(white), np.ones(800) / 800, "same")
    brown /= np.abs(brown).max()
    breaths = white * np.maximum(0.0, np.sin(2 * np.pi * time / 3)) ** 4
    sweep = np.sin(2 * np.pi * (80 + 1500 * (time % 4)) * (time % 4))
    sounds = {
        "silence": np.zeros(count),
        "white noise, -60 dB": white * 1e-3,
        "white noise, -20 dB": white * 0.1,
        "rumble": brown * 0.5,
        "noise that comes and goes": breaths * 0.1,
        "tone, 440 Hz": np.sin(2 * np.pi * 440 * time) * 0.3,
        "rising tones": sweep * 0.2,
        "dialling tone": (np.sin(2 * np.pi * 425 * time) > 0) * (time % 1 < 0.5) * 0.1,
        "melody": melody(time),
        "chords over a drum": chords(time) + (time % 0.5 < 0.03) * white * 0.2,
    }
    yield from ((name, sound.astype(np.float32)) for name, sound in sounds.items())


def spoken(seconds: float) -> tuple[str, Samples]:
    """The sample's beginning, named by how many words are said in it."""
    lines = read_stm(demo.SAMPLE_STM.read_text("utf-8"))
    said = sum(len(line.text.split()) for line in lines if line.end <= seconds)
    with demo.SAMPLE_AUDIO.open("rb") as stream:
        samples = decode(stream).samples[: int(seconds * SAMPLE_RATE)]
    return f"speech of {said} words", samples


def melody(time: np.ndarray) -> np.ndarray:
    """A plucked tune that wanders up and down a scale, with overtones."""
    note = np.array(SCALE)[(time / 0.4).astype(int) * 5 % len(SCALE)]
    pitch = 262 * 2 ** (note / 12)
    wave = sum(np.sin(2 * np.pi * pitch * k * time) / k for k in (1, 2, 3))
    return np.asarray(wave * np.exp(-(time % 0.4) * 6) * 0.2)


def chords(time: np.ndarray) -> np.ndarray:
    """Three notes at once, another three each two seconds."""
    root = np.array((0, 5, 7, 0))[(time / 2).astype(int) % 4]
    wave = sum(np.sin(2 * np.pi * 131 * 2 ** ((root + step) / 12) * time) for step in (0, 4, 7))
    return np.asarray(wave * np.exp(-(time % 2)) * 0.1)


def found_in(folder: Path | None) -> Iterator[tuple[str, Samples]]:
    """The sound files of a folder."""
    paths = sorted(folder.rglob("*")) if folder else []
    for path in (path for path in paths if path.suffix.lower() in SOUND):
        with path.open("rb") as stream:
            yield path.name, decode(stream).samples


def row(name: str, samples: Samples, model: str, loaded: Loaded) -> tuple[str, int]:
    """One line of the table, and the words that were kept."""
    options = TranscribeOptions(model=model, language=LANGUAGE)
    file = find_model(model)
    result = transcribe_audio(samples, options, lambda *step: None, loaded=loaded)
    kept = sum(len(one.words) for turn in result.turns for one in turn.sentences)
    shown = sum(bool(doubt.text) for doubt in result.doubts)
    total, longest = len(samples) / SAMPLE_RATE, DEMO_WINDOW if file.demo else LONGEST
    windows = [Window(start, min(start + longest, total)) for start in np.arange(0, total, longest)]
    heard = hear(
        samples, windows, partial(loaded.engine, file, options, file.sha256()), file.sha256(),
        options, lambda *step: None, NoCheckpoints(),
    )  # fmt: skip
    bare = sum(len(one.words) for one in heard.utterances)
    return f"| {name} | {total:.0f} s | {kept} | {shown} | {bare} |", kept


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.silence")
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--model", default="demo")
    args = parser.parse_args(arguments)
    loaded, words = Loaded(), 0
    print("| sound | length | words kept | dropped and shown | kept without speech detection |")
    print("|---|--:|--:|--:|--:|")
    line, heard = row(*spoken(max(6 * args.minutes, SPEECH)), args.model, loaded)
    print(line, flush=True)
    for sounds in (made(60 * args.minutes), found_in(args.folder)):
        for name, samples in sounds:
            line, kept = row(name, samples, args.model, loaded)
            print(line, flush=True)
            words += kept
    return int(words > 0 or heard == 0)


if __name__ == "__main__":
    raise SystemExit(main())
