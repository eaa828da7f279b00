"""espeak-ng through its shared library, because only that tells when each word starts."""

import ctypes
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from demo.align import Phone, Span, Speech
from demo.dsp import SAMPLE_RATE, resample

_WORD_EVENT = 1
_END_OF_EVENTS = 0


class _Event(ctypes.Structure):
    """espeak_EVENT of speak_lib.h."""

    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_int64),
    ]


_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


class Espeak:
    """One synthesiser for the process (the library keeps global state)."""

    def __init__(self) -> None:
        """Open the library and register the callback."""
        self._lib = ctypes.CDLL("libespeak-ng.so.1")
        self._rate: int = self._lib.espeak_Initialize(2, 0, None, 0)
        self._chunks: list[NDArray[np.float32]] = []
        self._starts: dict[int, float] = {}
        self._callback = _CALLBACK(self._collect)
        self._lib.espeak_SetSynthCallback(self._callback)

    def _collect(self, wave: Any, count: int, events: Any) -> int:
        if count > 0:
            chunk = np.ctypeslib.as_array(wave, (count,)).astype(np.float32)
            self._chunks.append(chunk / np.float32(32768))
        i = 0
        while events[i].type != _END_OF_EVENTS:
            if events[i].type == _WORD_EVENT:
                self._starts[events[i].text_position] = events[i].audio_position / 1000
            i += 1
        return 0

    def __call__(
        self, text: str, voice: str, rate: int, pitch: int, lexicon: dict[str, list[str]]
    ) -> Speech | None:
        """Say ``text``; None where espeak merged words, so that times are missing."""
        self._chunks, self._starts = [], {}
        if self._lib.espeak_SetVoiceByName(voice.encode()):
            raise ValueError(f"espeak-ng has no voice {voice}")
        self._lib.espeak_SetParameter(1, rate, 0)
        self._lib.espeak_SetParameter(3, pitch, 0)
        raw = text.encode()
        self._lib.espeak_Synth(raw, len(raw) + 1, 0, 1, 0, 1, None, None)
        self._lib.espeak_Synchronize()
        if not self._chunks:
            return None
        samples = resample(np.concatenate(self._chunks), self._rate)
        found = [(m.start() + 1, m.group().lower()) for m in re.finditer(r"[A-Za-z']+", text)]
        words = tuple(w for _, w in found)
        spans = self._spans([self._starts.get(p) for p, _ in found], samples)
        if spans is None:
            return None
        return Speech(samples, words, spans, _even_phones(words, spans, lexicon))

    @staticmethod
    def _spans(starts: list[float | None], samples: NDArray[np.float32]) -> tuple[Span, ...] | None:
        """Word spans from word starts, with the silence at a comma cut off.

        espeak gives merged words ("of the") one event; the words without an
        event share the time up to the next one evenly.
        """
        if not starts or starts[0] is None:
            return None
        end = len(samples) / SAMPLE_RATE
        known = [i for i, s in enumerate(starts) if s is not None]
        edges: list[float] = []
        for i, j in zip(known, [*known[1:], len(starts)], strict=True):
            low = starts[i] or 0.0
            high = end if j == len(starts) else (starts[j] or 0.0)
            edges += [low + (high - low) * k / (j - i) for k in range(j - i)]
        loud = np.abs(samples) > 0.01 * np.abs(samples).max()
        spans: list[Span] = []
        for low, high in zip(edges, [*edges[1:], end], strict=True):
            inside = np.nonzero(loud[int(low * SAMPLE_RATE) : int(high * SAMPLE_RATE)])[0]
            if len(inside) == 0:
                return None
            spans.append((low + inside[0] / SAMPLE_RATE, low + (inside[-1] + 1) / SAMPLE_RATE))
        return tuple(spans)


def _even_phones(
    words: tuple[str, ...], spans: tuple[Span, ...], lexicon: dict[str, list[str]]
) -> tuple[Phone, ...]:
    """Phones of each word spread evenly over it: espeak does not tell their times."""
    phones: list[Phone] = []
    for word, (start, end) in zip(words, spans, strict=True):
        said = lexicon[word]
        step = (end - start) / len(said)
        phones += [(p, start + i * step, start + (i + 1) * step) for i, p in enumerate(said)]
    return tuple(phones)
