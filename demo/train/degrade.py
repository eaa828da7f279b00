"""Copy a shard through Opus: ``python -m demo.train.degrade SHARD OUT``.

The sample is an Opus file, and Opus shapes the quietest parts of the spectrum anew.
"""

import dataclasses
import io
import pickle
import random
import sys
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from demo.dsp import SAMPLE_RATE
from demo.train.batches import read_shard
from demo.train.corpus import Utterance

BATCH = 200
_GAP = SAMPLE_RATE // 4
"""Samples of silence between two utterances in one Opus stream."""

Pcm = NDArray[np.int16]


def round_trip(samples: Pcm, bit_rate: int) -> Pcm:
    """Encode and decode as Ogg Opus."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=SAMPLE_RATE)
        stream.layout = "mono"
        stream.bit_rate = bit_rate
        frame = av.AudioFrame.from_ndarray(samples[None, :], format="s16", layout="mono")
        frame.sample_rate = SAMPLE_RATE
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    buffer.seek(0)
    resampler = av.AudioResampler("s16", "mono", SAMPLE_RATE)
    pieces: list[Pcm] = []
    with av.open(buffer, "r") as source:
        for decoded in source.decode(audio=0):
            pieces += [f.to_ndarray()[0] for f in resampler.resample(decoded)]
    pieces += [f.to_ndarray()[0] for f in resampler.resample(None)]
    return np.concatenate(pieces)


def degraded(shard: list[Utterance], bit_rate: int) -> list[Utterance]:
    """The utterances of one Opus stream, cut out again."""
    gap = np.zeros(_GAP, np.int16)
    joined = np.concatenate([p for u in shard for p in (u.samples, gap)])
    heard = round_trip(joined, bit_rate)
    out: list[Utterance] = []
    at = 0
    for u in shard:
        out.append(dataclasses.replace(u, samples=heard[at : at + len(u.samples)].copy()))
        at += len(u.samples) + _GAP
    return out


def main() -> None:
    """Command line: input and output shard."""
    shard = read_shard(Path(sys.argv[1]))
    rng = random.Random(len(shard))
    out: list[Utterance] = []
    for low in range(0, len(shard), BATCH):
        out += degraded(shard[low : low + BATCH], rng.choice((16_000, 24_000, 32_000, 48_000)))
    Path(sys.argv[2]).write_bytes(pickle.dumps(out))


if __name__ == "__main__":
    main()
