"""Where somebody speaks: Silero VAD (weights inside its package), its only importer."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .audio import SAMPLE_RATE, Samples
from .windows import FRAME_SECONDS

VAD_NAME: Final = "Silero VAD 6 (bundled weights)"
_FRAME: Final = 512
"""Samples per probability, fixed by the model: 32 ms."""
assert round(FRAME_SECONDS * SAMPLE_RATE) == _FRAME


@lru_cache(maxsize=1)
def _model() -> Any:  # untyped TorchScript
    import warnings

    import torch

    threads = torch.get_num_threads()
    with warnings.catch_warnings():
        # torch announces that TorchScript will go; the bundled weights are TorchScript.
        warnings.simplefilter("ignore", DeprecationWarning)
        import silero_vad

        model = silero_vad.load_silero_vad()
    # Importing silero_vad sets one thread for the whole process, which slows everything else.
    torch.set_num_threads(threads)
    return model


@contextmanager
def one_thread() -> Iterator[None]:
    """Run small recurrent networks: their steps are too short for a second thread to help.

    With two threads on two busy cores the voice encoder took ten times as long.
    """
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def speech_probabilities(samples: Samples) -> NDArray[np.float32]:
    """Return the probability of speech for each 32 ms of ``samples``."""
    import torch

    if len(samples) == 0:
        return np.zeros(0, np.float32)
    model = _model()
    frames = -(-len(samples) // _FRAME)
    padded = np.zeros(frames * _FRAME, np.float32)
    padded[: len(samples)] = samples
    with one_thread(), torch.no_grad():
        model.reset_states()
        found = model.audio_forward(torch.from_numpy(padded)[None], SAMPLE_RATE)
    return np.asarray(found[0].numpy(), dtype=np.float32)
