"""The engine on CTranslate2, for processors: the same checkpoints, weights kept in int8.

Measured on two cores with the base shape it takes about a fifth of openai-whisper's time.
CTranslate2 applies Whisper's own rules for time stamps; in float32 its greedy text is that
of ``whisper.decode``, token for token. It cannot stop a row that repeats itself, so such a
row is cut afterwards. Alignment follows Whisper's method too.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final

import ctranslate2
import numpy as np
from ctranslate2.models import Whisper
from numpy.typing import NDArray
from whisper.model import ModelDimensions
from whisper.tokenizer import get_tokenizer
from whisper.utils import compression_ratio

from secure_storage import BadInput

from ..models import ModelFile
from .checkpoint import keep_vocabulary
from .ct2_convert import DIMS, Converted
from .engine import Ask, Decoded, OutOfMemory, Spectrograms, WordTiming, memory_ended
from .pieces import words_on_path
from .rules import loops

_PLACES: Final = 50
"""Places of the features a second."""
_MOST_WORKERS: Final = 4
"""Each reads all the weights at every step, so many would wait for the memory."""
_MOST: Final = 16
"""Windows in a batch."""
_SHARE: Final = 1 << 30
"""Bytes a batch may take: the rest of the machine is somebody's."""

Heard = NDArray[np.float32]
"""Shape (rows, 1500, state)."""


def load_ct2(file: ModelFile, precision: str = "int8") -> "Ct2Engine":
    """Load a checkpoint onto the CPU, converted once and kept.

    Raises BadInput for a file that is no checkpoint in openai-whisper's format, and DiskFull
    where the converted weights do not fit.
    """
    converted = Converted(file, precision)
    try:
        converted.verify()
        return Ct2Engine(converted, precision)
    except (BadInput, RuntimeError, OSError, ValueError):  # what was kept is damaged
        converted.discard()
        return Ct2Engine(Converted(file, precision), precision)


class Ct2Engine:
    """An Engine (see ``engine``) on CTranslate2."""

    def __init__(self, converted: Converted, precision: str) -> None:
        """Load the weights; raises RuntimeError, OSError or ValueError when they are damaged."""
        self._converted, self._precision = converted, precision
        self._dims = ModelDimensions(**json.loads((converted.folder / DIMS).read_text()))
        cores = len(os.sched_getaffinity(0))
        self._workers = min(cores, _MOST_WORKERS)
        self._threads = cores // self._workers
        self._model = self._load(self._workers, self._threads)
        self._drawing: Whisper | None = None
        keep_vocabulary(self._model)
        self._pool = ThreadPoolExecutor(self._workers)

    def _load(self, workers: int, threads: int) -> Whisper:
        return Whisper(
            str(self._converted.folder), inter_threads=workers, intra_threads=threads,
            compute_type=self._precision,
        )  # fmt: skip

    @property
    def name(self) -> str:
        """Library, version, precision and device, in words for a methods section."""
        version = ctranslate2.__version__
        return f"CTranslate2 {version}, batched, {self._model.compute_type} on CPU"

    @property
    def english_only(self) -> bool:
        """The checkpoint knows no other language."""
        return not self._model.is_multilingual

    @property
    def mel_bands(self) -> int:
        """80, or 128 for large-v3 and turbo."""
        return int(self._dims.n_mels)

    @property
    def largest_batch(self) -> int:
        """Windows of which the keys and values take a gigabyte together; at most 16."""
        dims = self._dims
        places = dims.n_audio_ctx + dims.n_text_ctx
        window = 2 * dims.n_text_layer * places * dims.n_text_state * 4
        return max(self._workers, min(_MOST, int(_SHARE // window)))

    def tokenizer(self, language: str, translate: bool = False) -> Any:
        """Give openai-whisper's tokenizer for the checkpoint."""
        return get_tokenizer(
            self._model.is_multilingual, num_languages=self._model.num_languages,
            language=language, task="translate" if translate else "transcribe",
        )  # fmt: skip

    def encode(self, spectrograms: Spectrograms) -> Heard:
        """Run the encoder. Spectrograms: (rows, bands, 3000). Raises OutOfMemory."""
        self._drawing = None  # a batch begins
        # One by one: together they would only take more memory.
        with _out_of_memory():
            heard = list(self._pool.map(self._encode, spectrograms))
        return np.concatenate(heard)

    def _encode(self, spectrogram: NDArray[np.float32]) -> Heard:
        return np.array(self._model.encode(_view(spectrogram[None]), to_cpu=True))

    def rows(self, features: Heard, rows: Sequence[int]) -> Heard:
        """Take some rows out of features."""
        return features[list(rows)]

    def languages(self, features: Heard) -> list[Mapping[str, float]]:
        """Give each row's probability of every language."""
        if self.english_only:
            return [{"en": 1.0}] * len(features)
        with _out_of_memory():
            found = self._model.detect_language(_view(features))
        return [{token[2:-2]: share for token, share in row} for row in found]

    def decode(self, features: Heard, ask: Ask) -> list[Decoded]:
        """Decode all rows together. Raises OutOfMemory.

        Draws depend on the first seed since ``encode`` and on what has been drawn since then.
        """
        tokenizer = self.tokenizer(ask.language, ask.translate)
        prompt = _prompt(tokenizer, ask.prompt, self._dims.n_text_ctx)
        drawn = ask.temperature > 0
        with _out_of_memory():
            model = self._drawn(ask.seed) if drawn else self._model
            pending = [
                model.generate(
                    _view(part), [prompt] * len(part), beam_size=1, asynchronous=True,
                    max_length=self._dims.n_text_ctx, suppress_tokens=_never(tokenizer),
                    sampling_topk=0 if drawn else 1,
                    sampling_temperature=ask.temperature if drawn else 1.0,
                    return_scores=True, return_no_speech_prob=True,
                )
                for part in ([features] if drawn else self._parts(features))
            ]  # fmt: skip
            results = [result.result() for part in pending for result in part]
        limit = min(self._dims.n_text_ctx // 2, self._dims.n_text_ctx - len(prompt))
        return [_decoded(result, tokenizer, ask, limit) for result in results]

    def _drawn(self, seed: int) -> Whisper:
        """Give the model that draws for this batch, of one thread that ``seed`` was new to.

        CTranslate2 seeds a thread once, at its first draw, and new threads need the weights
        loaded anew, which takes seconds: so it is done once a batch, not for every try. A
        batch that is done again still draws the same.
        """
        if self._drawing is None:
            ctranslate2.set_random_seed(seed % 2**32)
            self._drawing = self._load(1, self._workers * self._threads)
        return self._drawing

    def align(
        self, features: Heard, texts: Sequence[Sequence[int]], seconds: Sequence[float], ask: Ask
    ) -> list[list[WordTiming] | None]:
        """Time the words of each row's text tokens. Raises OutOfMemory."""
        self._drawing = None  # nothing is drawn any more: its memory is free
        tokenizer = self.tokenizer(ask.language, ask.translate)
        longest = self._dims.n_text_ctx - len(tokenizer.sot_sequence) - 2
        rows = [row for row, text in enumerate(texts) if 0 < len(text) <= longest]
        timings: list[list[WordTiming] | None] = [None] * len(texts)

        def follow(part: NDArray[np.intp]) -> Any:
            frames = [2 * round(min(max(seconds[row] * _PLACES, 1), 1500)) for row in part]
            return self._model.align(
                _view(features[part]), list(tokenizer.sot_sequence),
                [list(texts[row]) for row in part], frames,
            )  # fmt: skip

        with _out_of_memory():
            found = [one for part in self._pool.map(follow, self._parts(rows)) for one in part]
        for row, path in zip(rows, found, strict=True):
            tokens, places = np.array(path.alignments).T
            timings[row] = words_on_path(
                tokenizer, texts[row], tokens, places, path.text_token_probs
            )
        return timings

    def _parts(self, rows: Any) -> list[NDArray[Any]]:
        """Cut rows into one part for each worker."""
        return [part for part in np.array_split(rows, self._workers) if len(part)]


@contextmanager
def _out_of_memory() -> Iterator[None]:
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not memory_ended(error):
            raise
        raise OutOfMemory from None


def _view(values: NDArray[np.float32]) -> ctranslate2.StorageView:
    return ctranslate2.StorageView.from_array(np.ascontiguousarray(values))


def _prompt(tokenizer: Any, text: str, context: int) -> list[int]:
    """Give what the decoder reads first; of a long prompt the end, as openai-whisper does."""
    told = list(tokenizer.sot_sequence)
    if not text.strip():
        return told
    before = tokenizer.encode(" " + text.strip())[-(context // 2 - 1) :]
    return [tokenizer.sot_prev, *before, *told]


def _never(tokenizer: Any) -> list[int]:
    """Give the tokens that are never written, openai-whisper's own choice."""
    return sorted({
        *tokenizer.non_speech_tokens, tokenizer.transcribe, tokenizer.translate, tokenizer.sot,
        tokenizer.sot_prev, tokenizer.sot_lm, tokenizer.no_speech,
    })  # fmt: skip


def _decoded(result: Any, tokenizer: Any, ask: Ask, limit: int) -> Decoded:
    """Read a row; what comes after it began to repeat itself is left out."""
    tokens: list[int] = result.sequences_ids[0]
    # CTranslate2 shares the sum among the tokens, Whisper counts the end as well.
    average = result.scores[0] * len(tokens) / (len(tokens) + 1)
    end = _loop(tokens, tokenizer.eot) if ask.cut_loops else None
    text = tokenizer.decode(tokens[:end]).strip()
    return Decoded(
        tuple(tokens[:end]), text, average, result.no_speech_prob, compression_ratio(text),
        ask.temperature, looped=end is not None,
        cut_short=len(tokens) >= limit and end is None,
    )  # fmt: skip


def _loop(tokens: Sequence[int], text_end: int) -> int | None:
    """Tell after how many tokens a row repeats itself, if it does."""
    text: list[int] = []
    for place, token in enumerate(tokens, start=1):
        if token < text_end:
            text.append(token)
            if loops(text):
                return place
    return None
