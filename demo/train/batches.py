"""Batches of windows as tensors, made by a second process while the network learns."""

import pickle
import random
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.queues import Queue
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from whisper.audio import mel_filters

from demo.train.corpus import Utterance
from demo.train.tokens import Vocabulary, tokenizer
from demo.train.windows import FRAME_RATE, Window, WindowMaker

CONTEXT = 448
IGNORED = -100

RELOAD = 250
"""Batches between two looks for new shards."""


@dataclass(frozen=True)
class Stage:
    """Part of the training: window length (encoder frames), batch size, minutes.

    ``close`` is the share of utterances in which the voices are as in the sample;
    rooms, equalisers and speeds become rarer by it.
    """

    frames: int
    batch: int
    minutes: float
    close: float = 0.0


@dataclass
class Batch:
    """Arrays of one training step."""

    mel: NDArray[np.float32]
    offsets: list[int]
    inputs: NDArray[np.int64]
    labels: NDArray[np.int64]
    spans: NDArray[np.int64]
    phones: NDArray[np.int64]
    words: NDArray[np.int64]


_FILTERS: list[Tensor] = []


def log_mel(samples: NDArray[np.float32], rng: random.Random, coloured: float = 0.5) -> Tensor:
    """openai-whisper's log-mel with, at chance ``coloured``, a random equaliser curve.

    The floor lies 8 below the loudest value of the window or, as when the mel is
    taken over a whole file, below a still louder one elsewhere.
    """
    if not _FILTERS:
        _FILTERS.extend((mel_filters("cpu", 80), torch.hann_window(400)))
    filters, hann = _FILTERS
    spectrum = torch.stft(torch.from_numpy(samples), 400, 160, window=hann, return_complex=True)
    mel = torch.clamp(filters @ (spectrum[..., :-1].abs() ** 2), min=1e-10).log10()
    if rng.random() < coloured:
        knots = [rng.uniform(-0.5, 0.5) for _ in range(6)]
        curve = np.interp(np.linspace(0, 5, 80), np.arange(6), knots)
        mel = torch.clamp(mel + torch.from_numpy(curve).float()[:, None], min=-10.0)
    top = float(mel.max()) + (rng.uniform(0, 1.0) if rng.random() < 0.3 else 0.0)
    return (torch.clamp(mel, min=top - 8.0) + 4) / 4


def collate(
    windows: Sequence[Window], rows: dict[int, int], rng: random.Random, coloured: float = 0.5
) -> Batch:
    """Arrays of ``windows``; ``spans`` holds the frames where each label is heard."""
    t = tokenizer()
    size = min(CONTEXT, max(len(w.prompt) + len(w.target.tokens) for w in windows))
    frames = len(windows[0].phones)
    inputs = np.full((len(windows), size), rows[t.eot])
    labels = np.full((len(windows), size), IGNORED)
    spans = np.zeros((len(windows), size, 2), np.int64)
    for b, w in enumerate(windows):
        sequence = [rows[k] for k in (*w.prompt, t.sot, *w.target.tokens)][: size + 1]
        inputs[b, : len(sequence) - 1] = sequence[:-1]
        first = len(w.prompt)
        labels[b, first : len(sequence) - 1] = sequence[first + 1 :]
        for i, heard in enumerate(w.target.heard):
            if heard and first + i < size:
                low = max(0, int(heard[0] * FRAME_RATE) - 1)
                spans[b, first + i] = low, min(frames, int(heard[1] * FRAME_RATE) + 2)
        if not w.speech:
            labels[b, first] = rows[t.no_speech]
    mel = torch.stack([log_mel(w.samples, rng, coloured) for w in windows])
    return Batch(
        mel.numpy(),
        [w.offset for w in windows],
        inputs,
        labels,
        spans,
        np.stack([w.phones for w in windows]),
        np.stack([w.words for w in windows]),
    )


class _Reader(pickle.Unpickler):
    """Reads shards whichever way their program was started (as a module or a script)."""

    def find_class(self, module: str, name: str) -> Any:
        """Utterance is the shards' only class of ours."""
        return Utterance if name == "Utterance" else super().find_class(module, name)


def read_shard(path: Path) -> list[Utterance]:
    """The utterances of one shard."""
    with path.open("rb") as file:
        shard: list[Utterance] = _Reader(file).load()
    return shard


def load_pool(folder: Path, known: set[str], names: str) -> list[Utterance]:
    """The utterances of the shards ``names`` in ``folder`` with only words of ``known``."""
    pool: list[Utterance] = []
    for path in sorted(folder.glob(names)):
        pool += read_shard(path)
    return [u for u in pool if set(u.words) <= known]


def produce(
    queue: "Queue[tuple[int, Batch]]",
    stage_now: Any,
    stages: Sequence[Stage],
    folder: Path,
    vocabulary: Vocabulary,
    seed: int,
) -> None:
    """Worker: put batches of the current stage on ``queue`` for ever.

    New shards in the folder are taken up now and then.
    """
    torch.set_num_threads(1)
    rng = random.Random(seed)
    rows = vocabulary.rows
    made = 0
    while True:
        if made % RELOAD == 0:
            known = set(vocabulary.words)
            wide, near = (load_pool(folder, known, n) for n in ("s*.pkl", "c*.pkl"))
            makers = [WindowMaker(p, vocabulary, rng) for p in (wide, near or wide)]
            print(f"pools of {len(wide)} and {len(near)} utterances", flush=True)
        index = int(stage_now.value)
        stage = stages[index]
        maker = makers[rng.random() < stage.close]
        maker.wild = 1 - stage.close
        windows = [maker.draw(stage.frames) for _ in range(stage.batch)]
        queue.put((index, collate(windows, rows, rng, 0.5 * (1 - stage.close))))
        made += 1
