"""Training windows: several utterances with pauses, as the product cuts them.

The product finds speech with Silero VAD and cuts in silence, so a window holds whole
utterances, starts and ends close to speech, and is padded with zeros to 30 s.
"""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from demo.dsp import SAMPLE_RATE, Wave
from demo.train import noise
from demo.train.corpus import Utterance
from demo.train.tokens import Vocabulary, pieces, tokenizer

FRAME_RATE = 50
"""Encoder frames a second."""

PAUSE = 0.1
"""Seconds of silence in which the product may cut."""

FULL = 1500
"""Encoder frames of a 30-s window."""


@dataclass
class Placed:
    """An utterance in a window: start (s), speed factor, and length (s)."""

    utterance: Utterance
    start: float
    speed: float

    @property
    def end(self) -> float:
        """End in seconds."""
        return self.start + len(self.utterance.samples) / SAMPLE_RATE / self.speed

    def at(self, seconds: float) -> float:
        """Window time of a time in the utterance."""
        return self.start + seconds / self.speed

    @property
    def speech(self) -> tuple[float, float]:
        """Start and end of the words."""
        return self.at(self.utterance.spans[0][0]), self.at(self.utterance.spans[-1][1])


@dataclass
class Target:
    """Token ids to predict, each with the frames (s) where it is heard, if known."""

    tokens: list[int] = field(default_factory=list)
    heard: list[tuple[float, float] | None] = field(default_factory=list)

    def add(self, token: int, heard: tuple[float, float] | None = None) -> None:
        """Append one token."""
        self.tokens.append(token)
        self.heard.append(heard)


@dataclass
class Window:
    """One example: sound, prompt, target, frame labels and the first frame's position."""

    samples: Wave
    prompt: list[int]
    target: Target
    phones: NDArray[np.int64]
    words: NDArray[np.int64]
    offset: int
    speech: bool


def _seconds(u: Utterance) -> float:
    return len(u.samples) / SAMPLE_RATE


def pauses(u: Utterance) -> list[int]:
    """Words of ``u`` that follow a pause long enough for a cut."""
    gaps = zip(u.spans, u.spans[1:], strict=False)
    return [i + 1 for i, (a, b) in enumerate(gaps) if b[0] - a[1] >= PAUSE]


def clip(u: Utterance, first: int, end: int) -> Utterance:
    """The words from ``first`` up to ``end`` alone, cut in the middle of the pauses."""
    low = (u.spans[first - 1][1] + u.spans[first][0]) / 2 if first else 0.0
    high = (u.spans[end - 1][1] + u.spans[end][0]) / 2 if end < len(u.spans) else _seconds(u)
    inside = [p for p in u.phones if low <= p[1] < high]
    return Utterance(
        u.samples[int(low * SAMPLE_RATE) : int(high * SAMPLE_RATE)],
        _clip_text(u.text, first, end),
        u.voice,
        u.words[first:end],
        tuple((a - low, b - low) for a, b in u.spans[first:end]),
        tuple((p, a - low, b - low) for p, a, b in inside),
    )


def _clip_text(text: str, first: int, end: int) -> str:
    """The words from ``first`` up to ``end`` with the marks that follow them."""
    starts = [m.start() for m in re.finditer(r"[A-Za-z']+", text)]
    return text[starts[first] : starts[end] if end < len(starts) else len(text)].strip()


BRIEF = 9.0
"""Seconds after which nobody begins to speak in a short window."""


class WindowMaker:
    """Draws windows of ``frames`` encoder frames from a pool of utterances."""

    def __init__(
        self, pool: Sequence[Utterance], vocabulary: Vocabulary, rng: random.Random
    ) -> None:
        """Index ``pool`` by voice; all draws come from ``rng``."""
        self.pool = pool
        self.vocabulary = vocabulary
        self.rng = rng
        self.wild = 1.0
        self.by_voice: dict[str, list[Utterance]] = {}
        for u in pool:
            self.by_voice.setdefault(u.voice, []).append(u)
        self.broken = [u for u in pool if pauses(u)]
        self.short = [u for u in pool if len(u.words) <= 2]

    def draw(self, frames: int) -> Window:
        """One random window."""
        full = frames == FULL
        count = frames * SAMPLE_RATE // FRAME_RATE
        speech = self.rng.random() > (0.09 if full else 0.04)
        placed = self._place(frames / FRAME_RATE, full) if speech else []
        if full and placed:
            self._cut(placed)
        offset = 0 if full else self.rng.randint(0, FULL - frames)
        samples = self._mix(placed, count) if placed else noise.not_speech(count, self.rng)
        target = self._target(placed, offset)
        prompt = self._prompt() if full and self.rng.random() < 0.15 else []
        phones, words = self._labels(placed, frames)
        return Window(samples, prompt, target, phones, words, offset, bool(placed))

    def _next(self, last: str | None) -> Utterance:
        """A back-channel, the same speaker again, or anyone."""
        r = self.rng.random()
        if r < 0.08:
            return self.rng.choice(self.short)
        if r < 0.12 and self.broken:
            return self.rng.choice(self.broken)
        if last is not None and r < 0.50:
            return self.rng.choice(self.by_voice[last])
        return self.rng.choice(self.pool)

    def _cut(self, placed: list[Placed]) -> None:
        """Sometimes begin or end in the middle of an utterance, at one of its pauses."""
        first, last = placed[0], placed[-1]
        inner = pauses(first.utterance)
        if inner and self.rng.random() < 0.6:
            piece = clip(first.utterance, self.rng.choice(inner), len(first.utterance.words))
            placed[0] = Placed(piece, first.end - _seconds(piece) / first.speed, first.speed)
            shift = max(0.0, placed[0].start - self.rng.uniform(0.0, 0.4))
            for p in placed:
                p.start -= shift
        inner = pauses(last.utterance)
        if len(placed) > 1 and inner and self.rng.random() < 0.6:
            piece = clip(last.utterance, 0, self.rng.choice(inner))
            placed[-1] = Placed(piece, placed[-1].start, last.speed)

    def _gap(self, full: bool) -> float:
        """Seconds between two utterances; below zero where they overlap."""
        if full and self.rng.random() < 0.05:
            return -self.rng.uniform(0.15, 0.75)
        return self.rng.choice(
            (
                self.rng.uniform(0.02, 0.4),
                self.rng.uniform(0.1, 1.0),
                self.rng.uniform(0.3, 2.0),
            )
        )

    def _place(self, length: float, full: bool) -> list[Placed]:
        # The product gives the demo model short windows: the last stage is mostly of them.
        near = 1 - self.wild
        stop = length
        if full and self.rng.random() < max(0.35, near):
            stop = self.rng.uniform(1, BRIEF if near else length)
        at = self.rng.choice((0.0, self.rng.uniform(0, 0.4), self.rng.uniform(0, 0.9)))
        placed: list[Placed] = []
        last: str | None = None
        for _ in range(60):
            changed = self.rng.random() < 0.5 * self.wild
            speed = self.rng.uniform(0.93, 1.08) if changed else 1.0
            new = Placed(self._next(last), max(0.0, at), speed)
            if new.end > length or (placed and at > stop):
                if placed:
                    break
                at = 0.0
                continue
            placed.append(new)
            last = new.utterance.voice
            at = new.end + self._gap(full)
            if full and len(placed) > 1 and at < placed[-2].end:
                at = new.end + 0.1
        return placed

    def _mix(self, placed: list[Placed], count: int) -> Wave:
        out = np.zeros(count, np.float32)
        wet = self.rng.random() < 0.25 * self.wild
        for p in placed:
            wave: Wave = p.utterance.samples.astype(np.float32) / np.float32(32768)
            if p.speed != 1.0:
                steps = np.arange(int(len(wave) / p.speed)) * p.speed
                wave = np.interp(steps, np.arange(len(wave)), wave).astype(np.float32)
            if wet:
                wave = noise.room(wave, self.rng)
            wave = wave * np.float32(10 ** (self.rng.uniform(-9, 5) / 20))
            low = int(p.start * SAMPLE_RATE)
            n = min(len(wave), count - low)
            out[low : low + n] += wave[:n]
        return self._background(out, placed)

    def _background(self, out: Wave, placed: list[Placed]) -> Wave:
        """Add a noise floor, sometimes a sound in a long gap, and zeros at the end."""
        r = self.rng.random()
        if r < 0.55:
            out += noise.white(len(out), self.rng) * np.float32(0.3)
        if r < 0.08:
            out += noise.hum(len(out), self.rng) * np.float32(0.3)
        end = placed[-1].end
        room_left = len(out) / SAMPLE_RATE - end
        if room_left > 3 and self.rng.random() < 0.12:
            low = int((end + 0.5) * SAMPLE_RATE)
            out[low:] += noise.not_speech(len(out) - low, self.rng)
        elif self.rng.random() < 0.65:
            out[int((end + self.rng.uniform(-0.02, 0.6)) * SAMPLE_RATE) :] = 0
        return out

    def _target(self, placed: list[Placed], offset: int) -> Target:
        t = tokenizer()
        target = Target()
        stamped = self.rng.random() > 0.12
        if not stamped:
            target.add(t.no_timestamps)

        def stamp(seconds: float) -> int:
            first: int = t.timestamp_begin
            return first + min(1500, max(0, round(seconds * FRAME_RATE) + offset))

        for i, p in enumerate(placed):
            start, end = p.speech
            if i + 1 < len(placed):
                # Whisper's timestamps never decrease: an overlap ends where the next starts.
                end = min(end, max(placed[i + 1].speech[0], start + 0.1))
            if i > 0:
                start = max(start, min(placed[i - 1].speech[1], start))
            if stamped:
                target.add(stamp(start), (start - 0.1, start + 0.15))
            self._say(target, p)
            if stamped:
                target.add(stamp(end), (end - 0.2, end + 0.1))
        if not placed and stamped:
            target.add(t.timestamp_begin)
        target.add(t.eot)
        return target

    @staticmethod
    def _say(target: Target, p: Placed) -> None:
        """Tokens of one utterance with the time of their word."""
        word = -1
        for is_word, tokens in pieces(p.utterance.text):
            word += is_word
            low, high = p.utterance.spans[word]
            heard = (p.at(low), p.at(high)) if is_word else (p.at(high) - 0.1, p.at(high) + 0.15)
            for token in tokens:
                target.add(token, heard)

    def _labels(
        self, placed: list[Placed], frames: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Phone and word numbers of each frame (0: none)."""
        phones = np.zeros(frames, np.int64)
        words = np.zeros(frames, np.int64)
        for p in placed:
            for name, low, high in p.utterance.phones:
                cells = slice(round(p.at(low) * FRAME_RATE), round(p.at(high) * FRAME_RATE))
                phones[cells] = self.vocabulary.phones.get(name, 0)
            for word, (low, high) in zip(p.utterance.words, p.utterance.spans, strict=True):
                cells = slice(round(p.at(low) * FRAME_RATE), round(p.at(high) * FRAME_RATE))
                words[cells] = self.vocabulary.words.get(word, 0)
        return phones, words

    def _prompt(self) -> list[int]:
        """Previous text as Whisper gives it: other utterances with timestamps."""
        t = tokenizer()
        tokens: list[int] = []
        at = 0
        for _ in range(self.rng.randint(1, 14)):
            u = self.rng.choice(self.pool)
            end = at + len(u.samples) * FRAME_RATE // SAMPLE_RATE
            if end > 1500:
                at, end = 0, end - at
            tokens.append(t.timestamp_begin + at)
            tokens += [k for _, ks in pieces(u.text) for k in ks]
            tokens.append(t.timestamp_begin + min(1500, end))
            at = end
        return [t.sot_prev, *tokens[-223:]]
