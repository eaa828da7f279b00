"""Rooms, noises and sounds that are not speech."""

import random
from collections.abc import Callable

import numpy as np

from demo.dsp import SAMPLE_RATE, Wave


def _generator(rng: random.Random) -> np.random.Generator:
    return np.random.default_rng(rng.getrandbits(32))


def room(samples: Wave, rng: random.Random) -> Wave:
    """``samples`` in a small made-up room: a decaying noise tail behind the direct sound."""
    count = int(rng.uniform(0.08, 0.35) * SAMPLE_RATE)
    tail = _generator(rng).standard_normal(count) * np.exp(-6.9 * np.arange(count) / count)
    tail[: int(0.003 * SAMPLE_RATE)] = 0
    tail *= 10 ** (-rng.uniform(4, 16) / 20) / (np.linalg.norm(tail) + 1e-9)
    tail[0] = 1.0
    size = len(samples) + count
    wet = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(tail, size), size)
    out: Wave = wet[: len(samples)].astype(np.float32)
    return out


def white(count: int, rng: random.Random) -> Wave:
    """White noise between -100 and -35 dB."""
    gain = 10 ** rng.uniform(-5, -1.8)
    return (_generator(rng).standard_normal(count) * gain).astype(np.float32)


def hum(count: int, rng: random.Random) -> Wave:
    """Low rumble (brown noise) or mains hum."""
    gain = 10 ** rng.uniform(-3.5, -1.5)
    if rng.random() < 0.5:
        walk = np.cumsum(_generator(rng).standard_normal(count))
        walk -= np.linspace(walk[0], walk[-1], count)
        rumble: Wave = (walk / (np.abs(walk).max() + 1e-9) * gain).astype(np.float32)
        return rumble
    base = rng.choice((50, 60))
    t = np.arange(count) / SAMPLE_RATE
    wave = sum(np.sin(2 * np.pi * base * k * t) / k for k in (1, 2, 3, 4, 6))
    return (np.asarray(wave) * gain).astype(np.float32)


def tone(count: int, rng: random.Random) -> Wave:
    """A steady, beeping or sliding tone."""
    t = np.arange(count) / SAMPLE_RATE
    start = 2 ** rng.uniform(6.3, 12)
    slide = rng.choice((0.0, 0.0, rng.uniform(-0.05, 0.05)))
    wave = np.sin(2 * np.pi * start * t * (1 + slide * t / 2))
    if rng.random() < 0.4:
        wave *= np.sin(2 * np.pi * rng.uniform(0.3, 3) * t) > 0
    return (wave * 10 ** rng.uniform(-2.5, -0.4)).astype(np.float32)


def music(count: int, rng: random.Random) -> Wave:
    """Chords that change: a few decaying harmonics a note."""
    out = np.zeros(count, np.float32)
    at, beat = 0, rng.uniform(0.25, 1.2)
    gain = 10 ** rng.uniform(-2.2, -0.9)
    while at < count:
        n = min(count - at, int(beat * SAMPLE_RATE * rng.choice((1, 1, 2))))
        t = np.arange(n) / SAMPLE_RATE
        root = 110 * 2 ** (rng.randint(0, 24) / 12)
        for step in rng.choice(((0,), (0, 4, 7), (0, 3, 7), (0, 7, 12))):
            pitch = root * 2 ** (step / 12)
            for k in range(1, rng.randint(2, 6)):
                note = np.sin(2 * np.pi * pitch * k * t) * np.exp(-t * rng.uniform(0.3, 4))
                out[at : at + n] += (note * gain / k).astype(np.float32)
        at += n
    return out


def bursts(count: int, rng: random.Random) -> Wave:
    """Knocks and rustles: short pieces of noise."""
    out = np.zeros(count, np.float32)
    for _ in range(rng.randint(1, 25)):
        n = min(count, int(rng.uniform(0.01, 0.6) * SAMPLE_RATE))
        at = rng.randrange(max(1, count - n))
        piece = _generator(rng).standard_normal(n) * np.exp(-4 * np.arange(n) / n)
        out[at : at + n] += (piece * 10 ** rng.uniform(-2.5, -0.7)).astype(np.float32)
    return out


SOUNDS: tuple[Callable[[int, random.Random], Wave], ...] = (
    white,
    hum,
    tone,
    tone,
    music,
    music,
    bursts,
)


def not_speech(count: int, rng: random.Random) -> Wave:
    """Silence, or one or two of the sounds above."""
    out = np.zeros(count, np.float32)
    for _ in range(rng.choice((0, 1, 1, 1, 2))):
        out += rng.choice(SOUNDS)(count, rng)
    return out
