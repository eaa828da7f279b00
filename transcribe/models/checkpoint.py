"""What an openai-whisper checkpoint holds, tensor by tensor, under both of its names.

openai-whisper and Hugging Face's transformers write the same network under other names
(``encoder.blocks.0.attn.query`` is ``encoder.layers.0.self_attn.q_proj``). This table is the
one place that knows both; from it weights are converted, and checked before they are
believed. Loading is as numbers only (``weights_only``), so a foreign file runs nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from secure_storage import BadInput

if TYPE_CHECKING:
    from torch import Tensor

MOST: Final = 1 << 18
"""No dimension of a Whisper is larger."""
_MOST_LAYERS: Final = 64
"""Twice those of the largest Whisper."""


@dataclass(frozen=True, slots=True)
class Dims:
    """Sizes of a Whisper, named as openai-whisper's ``ModelDimensions`` names them."""

    n_mels: int
    n_audio_ctx: int
    n_audio_state: int
    n_audio_head: int
    n_audio_layer: int
    n_vocab: int
    n_text_ctx: int
    n_text_state: int
    n_text_head: int
    n_text_layer: int

    def __post_init__(self) -> None:
        """Refuse what is no size."""
        if not all(type(size) is int and 0 < size <= MOST for size in asdict(self).values()):
            raise BadInput(_NO_SIZES)
        if max(self.n_audio_layer, self.n_text_layer) > _MOST_LAYERS:
            raise BadInput(_NO_SIZES)


@dataclass(frozen=True, slots=True)
class Slot:
    """A tensor: its name here, its name at Hugging Face, its shape."""

    ours: str
    theirs: str
    shape: tuple[int, ...]


def layout(dims: Dims) -> Iterator[Slot]:
    """List every tensor of a Whisper of these sizes."""
    audio, text = dims.n_audio_state, dims.n_text_state
    yield from _pair("encoder.conv1", "encoder.conv1", (audio, dims.n_mels, 3))
    yield from _pair("encoder.conv2", "encoder.conv2", (audio, audio, 3))
    yield Slot("encoder.positional_embedding", "encoder.embed_positions.weight",
               (dims.n_audio_ctx, audio))  # fmt: skip
    for layer in range(dims.n_audio_layer):
        yield from _block("encoder", layer, audio)
    yield from _pair("encoder.ln_post", "encoder.layer_norm", (audio,))
    yield Slot("decoder.token_embedding.weight", "decoder.embed_tokens.weight",
               (dims.n_vocab, text))  # fmt: skip
    yield Slot("decoder.positional_embedding", "decoder.embed_positions.weight",
               (dims.n_text_ctx, text))  # fmt: skip
    for layer in range(dims.n_text_layer):
        yield from _block("decoder", layer, text)
    yield from _pair("decoder.ln", "decoder.layer_norm", (text,))


def _block(side: str, layer: int, width: int) -> Iterator[Slot]:
    ours, theirs = f"{side}.blocks.{layer}", f"{side}.layers.{layer}"
    yield from _attention(f"{ours}.attn", f"{theirs}.self_attn", width)
    if side == "decoder":
        yield from _attention(f"{ours}.cross_attn", f"{theirs}.encoder_attn", width)
    yield from _pair(f"{ours}.mlp.0", f"{theirs}.fc1", (4 * width, width))
    yield from _pair(f"{ours}.mlp.2", f"{theirs}.fc2", (width, 4 * width))
    yield from _pair(f"{ours}.mlp_ln", f"{theirs}.final_layer_norm", (width,))


def _attention(ours: str, theirs: str, width: int) -> Iterator[Slot]:
    square = (width, width)
    yield from _pair(f"{ours}.query", f"{theirs}.q_proj", square)
    yield Slot(f"{ours}.key.weight", f"{theirs}.k_proj.weight", square)  # keys have no bias
    yield from _pair(f"{ours}.value", f"{theirs}.v_proj", square)
    yield from _pair(f"{ours}.out", f"{theirs}.out_proj", square)
    yield from _pair(f"{ours}_ln", f"{theirs}_layer_norm", (width,))


def _pair(ours: str, theirs: str, weight: tuple[int, ...]) -> Iterator[Slot]:
    yield Slot(f"{ours}.weight", f"{theirs}.weight", weight)
    yield Slot(f"{ours}.bias", f"{theirs}.bias", weight[:1])


def check_tensors(tensors: "Mapping[str, Tensor]", shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Raise ``BadInput`` unless there are just these tensors, whole, of finite numbers."""
    import torch

    if strange := sorted(set(tensors) ^ set(shapes)):
        raise BadInput(
            f"These weights are not of a Whisper that Fokus knows: the tensor {strange[0][:80]} "
            f"is {'too much' if strange[0] in tensors else 'missing'}."
        )
    for name, shape in shapes.items():
        tensor = tensors[name]
        if tuple(tensor.shape) != shape or not tensor.is_floating_point():
            raise BadInput(f"The tensor {name} of these weights has another shape or kind.")
        if not bool(torch.isfinite(tensor).all()):
            raise BadInput(
                f"The tensor {name} of these weights holds what is no number: the file is damaged."
            )


def check_checkpoint(path: Path) -> None:
    """Raise ``BadInput`` unless a file is a whole checkpoint in openai-whisper's format."""
    try:
        held = _loaded(path)
        sizes, tensors = held["dims"], held["model_state_dict"]
        dims = Dims(**{field.name: sizes[field.name] for field in fields(Dims)})
    except BadInput:
        raise
    except Exception as error:
        # Unpickling refuses in as many ways as a file can be wrong.
        raise BadInput(
            "This file is not a checkpoint in openai-whisper's format, or it is damaged "
            f"({type(error).__name__}). Get it again."
        ) from None
    if not isinstance(tensors, Mapping):
        raise BadInput("This file is not a checkpoint in openai-whisper's format.")
    check_tensors(tensors, {slot.ours: slot.shape for slot in layout(dims)})


def _loaded(path: Path) -> Any:
    """Load numbers; where the file is of torch's older kind, which cannot be mapped, whole."""
    import torch

    try:
        return torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except RuntimeError:
        return torch.load(path, map_location="cpu", weights_only=True)


_NO_SIZES: Final = "These weights name sizes that no Whisper has."
