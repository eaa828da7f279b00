"""Synthesise training utterances into a shard: ``python -m demo.train.corpus N SEED OUT``.

Needs flite, festival with festvox-kdlpc16k and espeak-ng.
"""

import pickle
import random
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from demo.align import Phone, Span, Speech
from demo.dsp import SAMPLE_RATE, change_speed, level
from demo.engines import FestivalJob, festival, flite, lexicon
from demo.espeak import Espeak
from demo.train.close import CloseSource
from demo.train.texts import TextSource
from demo.voices import EXTRA_ESPEAK, SAMPLE_VOICES, Voice

BATCH = 60
_LEAD_S, _TAIL_S = 0.06, 0.10


@dataclass(frozen=True)
class Utterance:
    """One training utterance: 16-bit samples at 16 kHz, text, times in seconds."""

    samples: NDArray[np.int16]
    text: str
    voice: str
    words: tuple[str, ...]
    spans: tuple[Span, ...]
    phones: tuple[Phone, ...]


@dataclass(frozen=True)
class Draw:
    """What one utterance shall say and how."""

    text: str
    voice: Voice


def _varied(voice: Voice, rng: random.Random) -> Voice:
    """The voice as the sample uses it, or (60 %) slower, faster, higher or lower."""
    if rng.random() < 0.4:
        return voice
    return Voice(
        voice.key,
        voice.engine,
        voice.name,
        stretch=voice.stretch * rng.uniform(0.87, 1.15),
        speed=voice.speed * rng.uniform(0.95, 1.05),
        rate=round(voice.rate * rng.uniform(0.88, 1.15)),
        pitch=voice.pitch + rng.randint(-10, 10),
    )


def draw_voice(rng: random.Random, extra: float = 0.12) -> Voice:
    """One of the sample's voices, or with chance ``extra`` another espeak voice."""
    if rng.random() < extra:
        base = Voice("extra", "espeak", rng.choice(EXTRA_ESPEAK))
    else:
        base = rng.choice(list(SAMPLE_VOICES.values()))
    return _varied(base, rng)


def close_voice(rng: random.Random) -> Voice:
    """One of the sample's voices, mostly as it is there."""
    base = rng.choice(list(SAMPLE_VOICES.values()))
    return base if rng.random() < 0.75 else _varied(base, rng)


class Studio:
    """Says batches of texts with any engine."""

    def __init__(self, words: list[str]) -> None:
        """Look up the phones of ``words`` and open espeak-ng."""
        self.lexicon = lexicon(words)
        self.espeak = Espeak()

    def say(self, draws: list[Draw]) -> list[Speech | None]:
        """The speech of each draw, resampled to the voice's speed; None if unusable."""
        jobs = [d for d in draws if d.voice.engine == "festival"]
        spoken = iter(self._festival(jobs))
        out: list[Speech | None] = []
        for d in draws:
            raw = next(spoken) if d.voice.engine == "festival" else self._one(d)
            out.append(None if raw is None else faster(raw, d.voice.speed))
        return out

    def _festival(self, draws: list[Draw]) -> list[Speech | None]:
        jobs: list[FestivalJob] = [(d.text, d.voice.stretch, 105) for d in draws]
        return festival(jobs, self.lexicon) if jobs else []

    def _one(self, d: Draw) -> Speech | None:
        v = d.voice
        if v.engine == "flite":
            return flite(d.text, v.name, self.lexicon, v.stretch)
        return self.espeak(d.text, v.name, v.rate, v.pitch, self.lexicon)


def faster(speech: Speech, factor: float) -> Speech:
    """``speech`` played ``factor`` times as fast."""
    if factor == 1.0:
        return speech
    return Speech(
        change_speed(speech.samples, factor),
        speech.words,
        tuple((a / factor, b / factor) for a, b in speech.spans),
        tuple((p, a / factor, b / factor) for p, a, b in speech.phones),
    )


def trimmed(speech: Speech, text: str, voice: str) -> Utterance:
    """Cut the synthesiser's silence at both ends and set a common level."""
    low = max(0.0, speech.spans[0][0] - _LEAD_S)
    high = min(len(speech.samples) / SAMPLE_RATE, speech.spans[-1][1] + _TAIL_S)
    cut = speech.samples[int(low * SAMPLE_RATE) : int(high * SAMPLE_RATE)]
    samples = (level(cut) * 32767).astype(np.int16)
    spans = tuple((a - low, b - low) for a, b in speech.spans)
    phones = tuple((p, a - low, b - low) for p, a, b in speech.phones)
    return Utterance(samples, text, voice, speech.words, spans, phones)


def make(count: int, seed: int, close: bool = False) -> list[Utterance]:
    """``count`` utterances of random texts by random voices; ``close`` to the sample or wide."""
    source = CloseSource(seed) if close else TextSource(seed)
    studio = Studio(source.vocabulary())
    voice = close_voice if close else draw_voice
    done: list[Utterance] = []
    while len(done) < count:
        draws = [Draw(source.draw(), voice(source.rng)) for _ in range(BATCH)]
        for d, speech in zip(draws, studio.say(draws), strict=True):
            if speech is not None and np.abs(speech.samples).max() > 0.01:
                done.append(trimmed(speech, d.text, d.voice.key))
        print(len(done), "of", count, flush=True)
    return done


def main() -> None:
    """Command line: count, seed, output path and, for the last stage, the word close."""
    count, seed, out = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    shard = make(count, seed, close="close" in sys.argv[4:])
    out.write_bytes(pickle.dumps(shard))
    hours = sum(len(u.samples) for u in shard) / SAMPLE_RATE / 3600
    print(f"{len(shard)} utterances, {hours:.2f} h -> {out}")


if __name__ == "__main__":
    main()
