"""What runs a Whisper checkpoint, whatever library does it: the faces of an engine. Light.

An engine knows nothing of files, windows, retries or doubts; it turns spectrograms into
features, features into tokens, and tokens into word times. A batch depends on nothing but
its rows, their order and what is asked, so that a batch run again gives the same bytes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

Spectrograms = NDArray[np.float32]
"""Log-mel spectrograms, shape (windows, mel bands, 3000), as openai-whisper scales them."""
Features = Any
"""What the encoder heard, one row a window; only the engine that made it can read it."""


class OutOfMemory(Exception):  # noqa: N818 (a signal between engine and caller, never shown)
    """The batch was too large for the memory; a smaller one may fit."""


_FULL: Final = (
    "outofmemory", "out of memory", "can't allocate memory", "not enough memory",
    "failed to allocate", "bad_alloc", "alloc_failed", "allocation_failed",
    "cublas_status_not_initialized",
)  # fmt: skip


def memory_ended(error: BaseException | None) -> bool:
    """Tell whether an error, of whatever library, says that memory has ended.

    Few have a class of their own. CUDA's libraries name it in their codes; cuBLAS cannot be
    set up where its workspace finds no room.
    """
    told = f"{type(error).__name__}: {error}".lower()
    return isinstance(error, MemoryError) or any(said in told for said in _FULL)


@dataclass(frozen=True, slots=True)
class Ask:
    """What the decoder is told; the same for all rows of a batch."""

    language: str
    translate: bool = False
    prompt: str = ""
    """Text before the first window: names, jargon, style."""
    temperature: float = 0.0
    """0 is greedy; above it tokens are drawn."""
    seed: int = 0
    """Of the draws."""
    cut_loops: bool = True
    """End a row early when it repeats itself (then it is ``looped``)."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """One window as the decoder wrote it."""

    tokens: tuple[int, ...]
    """With time stamps, without the prompt and the end."""
    text: str
    avg_logprob: float
    no_speech: float
    """Probability that nobody speaks, read off the first position."""
    compression: float
    """Length of the text over its length compressed by zlib: high when it repeats itself."""
    temperature: float
    looped: bool = False
    """It was ended because it repeats itself."""
    cut_short: bool = False
    """It was ended because it reached the greatest length a text may have."""


@dataclass(frozen=True, slots=True)
class WordTiming:
    """A word and when it is said, in seconds from the window's start."""

    text: str
    """With its leading space, if it has one."""
    start: float
    end: float
    probability: float


class Engine(Protocol):
    """A loaded checkpoint, ready to work."""

    @property
    def name(self) -> str:
        """Library, version, precision and device, in words for a methods section."""

    @property
    def english_only(self) -> bool:
        """The checkpoint knows no other language."""

    @property
    def mel_bands(self) -> int:
        """80, or 128 for large-v3 and turbo."""

    @property
    def largest_batch(self) -> int:
        """Windows that fit into memory together (at most 32), asked once before packing."""

    def tokenizer(self, language: str, translate: bool = False) -> Any:
        """Give openai-whisper's tokenizer for the checkpoint."""

    def encode(self, spectrograms: Spectrograms) -> Features:
        """Run the encoder. Raises OutOfMemory."""

    def rows(self, features: Features, rows: Sequence[int]) -> Features:
        """Take some rows out of features."""

    def languages(self, features: Features) -> list[Mapping[str, float]]:
        """Give each row's probability of every language."""

    def decode(self, features: Features, ask: Ask) -> list[Decoded]:
        """Decode all rows together. Raises OutOfMemory."""

    def align(
        self, features: Features, texts: Sequence[Sequence[int]], seconds: Sequence[float], ask: Ask
    ) -> list[list[WordTiming] | None]:
        """Time the words of each row's text tokens (no time stamps among them).

        ``seconds`` is how much of each row is sound. None for a row whose attention cannot
        be followed. Raises OutOfMemory.
        """
