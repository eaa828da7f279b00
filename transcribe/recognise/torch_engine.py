"""The engine on torch: openai-whisper's own weights, encoded, decoded and aligned in batches.

Greedy text is what ``whisper.decode`` gives row by row (in float32, token for token). On a
GPU the weights are half precision; on a processor with matrix units (AMX) bfloat16; else
float32. LayerNorm and all that runs along the layers of the decoder stay float32.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
import whisper
from torch import Tensor, nn

from ..models import ModelFile
from .checkpoint import read_checkpoint
from .decoder import Cache, Decoder
from .engine import Ask, Decoded, Spectrograms, WordTiming
from .graphs import Graphs
from .memory import largest_batch, out_of_memory, widths
from .rules import Rows
from .task import BatchTask, Workspace


def load_torch(file: ModelFile) -> "TorchEngine":
    """Load a checkpoint onto the GPU if there is one, else the CPU.

    Raises BadInput for a file that is no checkpoint in openai-whisper's format.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return TorchEngine(read_checkpoint(file), device, best_precision(device))


def best_precision(device: torch.device) -> torch.dtype:
    """Give what the device multiplies fastest without harm to the text."""
    if device.type == "cuda":
        return torch.float16
    return torch.bfloat16 if torch.cpu.get_capabilities().get("amx_bf16") else torch.float32


class TorchEngine:
    """An Engine (see ``engine``) on torch. Features: (rows, 1500, state)."""

    def __init__(self, model: Any, device: torch.device, precision: torch.dtype) -> None:
        """Cast the weights once and put them on the device."""
        self._model = _cast(model, precision).to(device).eval()
        self._device, self._precision = device, precision
        self._decoder = Decoder(self._model, precision)
        self._workspace: Workspace | None = None
        self._unrecorded = False
        self._largest = largest_batch(self._model.dims, precision, device)

    @property
    def name(self) -> str:
        """Library, version, precision and device, in words for a methods section."""
        precision = str(self._precision).removeprefix("torch.")
        where = "CPU"
        if self._device.type == "cuda":
            where = torch.cuda.get_device_name(self._device)
            where += ", without CUDA graphs" if self._unrecorded else ""
        return f"openai-whisper {whisper.__version__}, batched, {precision} on {where}"

    @property
    def english_only(self) -> bool:
        """The checkpoint knows no other language."""
        return not self._model.is_multilingual

    @property
    def mel_bands(self) -> int:
        """80, or 128 for large-v3 and turbo."""
        return int(self._model.dims.n_mels)

    @property
    def largest_batch(self) -> int:
        """Windows that fitted into free memory together when the model was loaded."""
        return self._largest

    def tokenizer(self, language: str, translate: bool = False) -> Any:
        """Give openai-whisper's tokenizer for the checkpoint."""
        return whisper.tokenizer.get_tokenizer(
            self._model.is_multilingual, num_languages=self._model.num_languages,
            language=language, task="translate" if translate else "transcribe",
        )  # fmt: skip

    @torch.inference_mode()
    def encode(self, spectrograms: Spectrograms) -> Tensor:
        """Run the encoder. Spectrograms: (rows, bands, 3000). Raises OutOfMemory."""
        with out_of_memory(self._free):
            sound = torch.from_numpy(spectrograms).to(self._device, self._precision)
            heard: Tensor = self._model.encoder(sound)
            return heard

    def rows(self, features: Tensor, rows: Sequence[int]) -> Tensor:
        """Take some rows out of features."""
        return features[list(rows)]

    @torch.inference_mode()
    def languages(self, features: Tensor) -> list[Mapping[str, float]]:
        """Give each row's probability of every language."""
        if self.english_only:
            return [{"en": 1.0}] * features.shape[0]
        with out_of_memory(self._free):
            probabilities: list[Mapping[str, float]]
            _, probabilities = self._model.detect_language(features, self.tokenizer("en"))
            return probabilities

    @torch.inference_mode()
    def decode(self, features: Tensor, ask: Ask) -> list[Decoded]:
        """Decode all rows together. Raises OutOfMemory."""
        task = BatchTask(self._model, ask)
        with out_of_memory(self._free):
            workspace = self._room(task, features.shape[0])
            found = task.decode(features, workspace)
            self._unrecorded |= workspace.graphs is not None and workspace.graphs.failed
            return found

    def align(
        self, features: Tensor, texts: Sequence[Sequence[int]], seconds: Sequence[float], ask: Ask
    ) -> list[list[WordTiming] | None]:
        """Time the words of each row's text tokens. Raises OutOfMemory."""
        from .attention import align

        tokenizer = self.tokenizer(ask.language, ask.translate)
        with out_of_memory(self._free):
            return align(self._model, tokenizer, features, texts, seconds)

    def _room(self, task: BatchTask, rows: int) -> Workspace:
        """Give buffers for so many rows; those there are where they are large enough."""
        if self._workspace is None or self._workspace.cache.rows < rows:
            self._free()
            dims, device = self._model.dims, self._device
            gpu, fitting = device.type == "cuda", widths(rows, device)
            cache = Cache(dims, fitting[-1], self._precision, device)
            texts = Rows(fitting[-1], dims.n_text_ctx // 2, task.vocabulary(device), device)
            recorded = gpu and not self._unrecorded
            graphs = Graphs(self._decoder, cache, texts) if recorded else None
            self._workspace = Workspace(
                self._decoder, cache, texts, graphs, fitting, look_every=8 if gpu else 1
            )
        return self._workspace

    def _free(self) -> None:
        self._workspace = None


def _cast(model: Any, precision: torch.dtype) -> Any:
    """Cast what is multiplied, once; openai-whisper would cast it at every call."""
    for module in model.modules():
        if isinstance(module, nn.Linear | nn.Conv1d | nn.Embedding):
            module.to(precision)
    return model
