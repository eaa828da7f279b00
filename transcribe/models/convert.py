"""Hugging Face's Whisper weights (safetensors) into openai-whisper's format.

NB-Whisper is published so. The numbers are carried over as they are, in their own
precision; names come from ``checkpoint.layout``, sizes from ``config.json``. Only
importer of safetensors.
"""

import json
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from secure_storage import BadInput, open_foreign

from .checkpoint import Dims, check_tensors, layout

if TYPE_CHECKING:
    from torch import Tensor

CONFIG: Final = "config.json"
WHOLE: Final = "model.safetensors"
INDEX: Final = "model.safetensors.index.json"
"""Names of files in a folder from Hugging Face; the index lists the parts of large weights."""
_MOST_TEXT: Final = 4 << 20
_PREFIX: Final = "model."
_OUTPUT: Final = "proj_out.weight"
_TOKENS: Final = "decoder.embed_tokens.weight"


def is_hub_folder(folder: Path) -> bool:
    """Tell whether a folder is laid out as Hugging Face publishes weights."""
    return (folder / CONFIG).is_file() and bool(
        (folder / WHOLE).is_file() or (folder / INDEX).is_file()
    )


def convert(folder: Path, target: Path) -> None:
    """Write the weights of a folder from Hugging Face as the checkpoint ``target``.

    Raises ``BadInput`` for weights of another network, incomplete or damaged ones.
    """
    import torch

    dims = _dims(_read_json(folder / CONFIG))
    slots = tuple(layout(dims))
    with ExitStack() as opened:
        tensors = _tensors(folder, opened)
        output = tensors.pop(_OUTPUT, None)
        if output is not None and not torch.equal(output, tensors.get(_TOKENS, output[:0])):
            raise BadInput("These weights have an output layer of their own, as no Whisper has.")
        check_tensors(tensors, {slot.theirs: slot.shape for slot in slots})
        with target.open("wb") as stream:
            torch.save(
                {
                    "dims": asdict(dims),
                    "model_state_dict": {slot.ours: tensors[slot.theirs] for slot in slots},
                },
                stream,
            )


def parts(index: Path) -> tuple[str, ...]:
    """Names of the files that an index (``model.safetensors.index.json``) lists."""
    try:
        names = {str(name) for name in _read_json(index)["weight_map"].values()}
    except (KeyError, AttributeError):
        raise BadInput(f"The list of parts, {INDEX}, is damaged. Get the model again.") from None
    if not names or not all(
        Path(name).name == name and name.endswith(".safetensors") and name.isprintable()
        for name in names
    ):
        raise BadInput(f"The list of parts, {INDEX}, names files that have no place there.")
    return tuple(sorted(names))


def _tensors(folder: Path, opened: ExitStack) -> "dict[str, Tensor]":
    """Map the tensors of all parts into memory, under their names without ``model.``."""
    from safetensors import SafetensorError, safe_open

    names = (WHOLE,) if (folder / WHOLE).is_file() else parts(folder / INDEX)
    found: dict[str, Tensor] = {}
    for name in names:
        if not (folder / name).is_file():
            raise BadInput(f"The part {name} of these weights is missing. Get the model again.")
        try:
            file = opened.enter_context(safe_open(folder / name, framework="pt"))
            for key in file.keys():  # noqa: SIM118 (it is no mapping)
                found[str(key).removeprefix(_PREFIX)] = file.get_tensor(key)
        except (SafetensorError, OSError, ValueError):
            raise BadInput(
                f"{name} is cut short, damaged or no safetensors file. Get the model again."
            ) from None
    return found


def _read_json(path: Path) -> Mapping[str, Any]:
    with open_foreign(path, max_bytes=_MOST_TEXT) as stream:
        data = stream.read()
    try:
        values = json.loads(data)
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise BadInput(f"{path.name} of these weights is damaged. Get the model again.")
    return values


def _dims(config: Mapping[str, Any]) -> Dims:
    if config.get("model_type") != "whisper":
        raise BadInput(
            "These weights are not of a Whisper (config.json says so), and Fokus knows no other "
            "recogniser."
        )
    try:
        dims = Dims(
            n_mels=config["num_mel_bins"],
            n_audio_ctx=config["max_source_positions"],
            n_audio_state=config["d_model"],
            n_audio_head=config["encoder_attention_heads"],
            n_audio_layer=config["encoder_layers"],
            n_vocab=config["vocab_size"],
            n_text_ctx=config["max_target_positions"],
            n_text_state=config["d_model"],
            n_text_head=config["decoder_attention_heads"],
            n_text_layer=config["decoder_layers"],
        )
    except KeyError as error:
        raise BadInput(f"config.json of these weights does not say {error}.") from None
    if dims.n_text_state % dims.n_text_head or dims.n_audio_state % dims.n_audio_head:
        raise BadInput("config.json of these weights names sizes that no Whisper has.")
    return dims
