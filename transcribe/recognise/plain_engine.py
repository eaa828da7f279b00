"""openai-whisper's own functions behind the faces of an engine."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
import whisper

from secure_storage import BadInput

from ..models import ModelFile
from .attention import align
from .engine import Ask, Decoded, Features, Spectrograms, WordTiming


def load_plain(file: ModelFile) -> "PlainEngine":
    """Load a checkpoint onto the GPU if there is one, else the CPU."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        loaded = whisper.load_model(str(file.path), device=device)
    except (RuntimeError, KeyError, TypeError, EOFError, OSError, ValueError) as error:
        raise BadInput(_not_a_model(file)) from error
    except Exception as error:
        if type(error).__module__ not in {"_pickle", "pickle", "zipfile"}:
            raise
        raise BadInput(_not_a_model(file)) from error
    if file.name in whisper._ALIGNMENT_HEADS:
        loaded.set_alignment_heads(whisper._ALIGNMENT_HEADS[file.name])
    return PlainEngine(loaded.eval())


def _not_a_model(file: ModelFile) -> str:
    return (
        f"{file.path.name} is not a checkpoint in openai-whisper's format, or it is damaged. "
        "Compare its sha256 with the publisher's and copy it again."
    )


class PlainEngine:
    """Implements Engine."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self.tokenizer("en")

    @property
    def name(self) -> str:
        return f"openai-whisper {whisper.__version__}"

    @property
    def english_only(self) -> bool:
        return not self._model.is_multilingual

    @property
    def mel_bands(self) -> int:
        return int(self._model.dims.n_mels)

    @property
    def largest_batch(self) -> int:
        return 8

    def tokenizer(self, language: str, translate: bool = False) -> Any:
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            return whisper.tokenizer.get_tokenizer(
                self._model.is_multilingual,
                num_languages=self._model.num_languages,
                language=language,
                task="translate" if translate else "transcribe",
            )

    @torch.no_grad()
    def encode(self, spectrograms: Spectrograms) -> Features:
        return self._model.encoder(torch.from_numpy(spectrograms).to(self._model.device))

    def rows(self, features: Features, rows: Sequence[int]) -> Features:
        return features[list(rows)]

    def languages(self, features: Features) -> list[Mapping[str, float]]:
        _, votes = whisper.detect_language(self._model, features, self.tokenizer("en"))
        return list(votes)

    def decode(self, features: Features, ask: Ask) -> list[Decoded]:
        options = whisper.DecodingOptions(
            language=ask.language, task="translate" if ask.translate else "transcribe",
            prompt=ask.prompt or None, temperature=ask.temperature, fp16=False,
        )  # fmt: skip
        with torch.random.fork_rng():
            torch.manual_seed(ask.seed)
            found = whisper.decode(self._model, features, options)
        return [
            Decoded(
                tuple(one.tokens), one.text, one.avg_logprob,
                0.0 if math.isnan(one.no_speech_prob) else one.no_speech_prob,
                one.compression_ratio, ask.temperature,
            )
            for one in found
        ]  # fmt: skip

    def align(
        self, features: Features, texts: Sequence[Sequence[int]], seconds: Sequence[float], ask: Ask
    ) -> list[list[WordTiming] | None]:
        tokenizer = self.tokenizer(ask.language, ask.translate)
        return align(self._model, tokenizer, features, texts, seconds)
