"""An openai-whisper checkpoint as a CTranslate2 model folder, made here without a network.

The folder is kept beside the models, under the checkpoint's sha256, and made once. Its
layout is the one CTranslate2's own converter makes out of Hugging Face's copy of the same
weights.
"""

import fcntl
import json
import os
import shutil
import stat
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import asdict
from pathlib import Path
from tempfile import gettempdir, mkdtemp
from typing import Any, Final

import numpy as np
from ctranslate2.specs import WhisperSpec
from numpy.typing import NDArray
from whisper.tokenizer import get_tokenizer

from secure_storage import BadInput

from ..models import ModelFile, models_folder, verify_folder, vouch_for
from ..models.placing import disk_told, need_room
from .checkpoint import read_checkpoint

DIMS: Final = "dims.json"
"""The shape as openai-whisper gives it; CTranslate2 does not keep all of it."""
_FOLDER: Final = "ctranslate2"
_LAYOUT: Final = 1
"""Counts up whenever something else is written: what was made before is then not taken."""
_STAGING: Final = ".making-"

Weights = Mapping[str, NDArray[np.float32]]


class Converted:
    """A CTranslate2 model folder."""

    def __init__(self, file: ModelFile, precision: str) -> None:
        """Find the folder made of ``file`` before, or make it.

        ``precision`` is CTranslate2's name for how weights are kept: ``int8`` or ``float32``.
        Where the models folder cannot be written, the folder is made among the temporary
        ones, and found there the next time. Raises BadInput for a file that is no checkpoint,
        and DiskFull.
        """
        name = f"{file.sha256()}-{precision}-{_LAYOUT}"
        self.folder = models_folder() / _FOLDER / name
        if self.folder.is_dir():
            return
        with ExitStack() as held:
            if not _lock(self.folder.parent, held):
                self.folder = _aside() / name
                _lock(self.folder.parent, held)
            if not self.folder.is_dir():  # another process may have made it meanwhile
                _make(file, self.folder, precision)

    def verify(self) -> None:
        """Raise BadInput unless the folder is, file by file, what was made."""
        verify_folder(self.folder)

    def discard(self) -> None:
        """Throw the folder away: what is in it is not what was made."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _lock(shelf: Path, held: ExitStack) -> bool:
    """Wait until no other process makes anything here, and clear what dead ones left.

    False where nothing can be made: the folder is somebody else's, or read-only.
    """
    try:
        shelf.mkdir(parents=True, exist_ok=True)
        fcntl.flock(held.enter_context((shelf / ".lock").open("w")), fcntl.LOCK_EX)
    except OSError:
        return False
    for left in shelf.glob(f"{_STAGING}*"):
        shutil.rmtree(left, ignore_errors=True)
    return True


def _aside() -> Path:
    """Give a folder among the temporary ones that is ours alone, the same one each time."""
    shelf = Path(gettempdir()) / f"fokus-{os.getuid()}"
    with disk_told(shelf):
        with suppress(FileExistsError):
            shelf.mkdir(mode=0o700)
        found = shelf.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise BadInput(
            f"{shelf} belongs to somebody else or is open to others, so no model was put there. "
            "Remove it, or let FOKUS_MODELS name a folder of models that you can write."
        )
    return shelf


def _make(file: ModelFile, target: Path, precision: str) -> None:
    """Make the folder beside its place and rename it when it is whole and on the disk."""
    model = read_checkpoint(file)
    with disk_told(target.parent):
        need_room(target.parent, file.path.stat().st_size)
        made = Path(mkdtemp(prefix=_STAGING, dir=target.parent))
        try:
            write(model, made, precision)
            vouch_for(made)
            for path in made.iterdir():
                with path.open("rb") as written:
                    os.fsync(written.fileno())
            made.replace(target)
        finally:
            shutil.rmtree(made, ignore_errors=True)


def write(model: Any, folder: Path, precision: str) -> None:
    """Write an openai-whisper ``model`` into an empty ``folder``. Raises OSError."""
    dims = model.dims
    tokenizer = get_tokenizer(
        model.is_multilingual, num_languages=model.num_languages, language="en"
    )
    spec = WhisperSpec(dims.n_audio_layer, dims.n_audio_head, dims.n_text_layer, dims.n_text_head)
    weights = {name: tensor.float().numpy() for name, tensor in model.state_dict().items()}
    _encoder(spec.encoder, weights)
    _decoder(spec.decoder, weights)
    spec.register_vocabulary(_vocabulary(tokenizer, dims.n_vocab))
    spec.config.suppress_ids = []  # told at every call
    spec.config.suppress_ids_begin = [*tokenizer.encode(" "), tokenizer.eot]
    spec.config.lang_ids = sorted(tokenizer.all_language_tokens)
    spec.config.alignment_heads = model.alignment_heads.indices().T.tolist()
    spec.validate()
    spec.optimize(quantization=precision)
    spec.save(str(folder))
    (folder / DIMS).write_text(json.dumps(asdict(dims)))


def _vocabulary(tokenizer: Any, size: int) -> list[str]:
    """Name every token.

    CTranslate2 looks up the special ones, and the empty one, which only vocabularies of many
    languages have.
    """
    encoding = tokenizer.encoding
    return [encoding.decode_single_token_bytes(token).decode("latin-1") for token in range(size)]


def _encoder(spec: Any, weights: Weights) -> None:
    for name in ("conv1", "conv2"):
        _linear(getattr(spec, name), weights, f"encoder.{name}")
    spec.position_encodings.encodings = weights["encoder.positional_embedding"]
    _norm(spec.layer_norm, weights, "encoder.ln_post")
    for index, layer in enumerate(spec.layer):
        _block(layer, weights, f"encoder.blocks.{index}")


def _decoder(spec: Any, weights: Weights) -> None:
    spec.embeddings.weight = weights["decoder.token_embedding.weight"]
    spec.projection.weight = weights["decoder.token_embedding.weight"]
    spec.position_encodings.encodings = weights["decoder.positional_embedding"]
    _norm(spec.layer_norm, weights, "decoder.ln")
    for index, layer in enumerate(spec.layer):
        name = f"decoder.blocks.{index}"
        _block(layer, weights, name)
        _linear(layer.attention.linear[0], weights, f"{name}.cross_attn.query")
        _stacked(layer.attention.linear[1], weights, f"{name}.cross_attn", "key", "value")
        _linear(layer.attention.linear[2], weights, f"{name}.cross_attn.out")
        _norm(layer.attention.layer_norm, weights, f"{name}.cross_attn_ln")


def _block(layer: Any, weights: Weights, name: str) -> None:
    _stacked(layer.self_attention.linear[0], weights, f"{name}.attn", "query", "key", "value")
    _linear(layer.self_attention.linear[1], weights, f"{name}.attn.out")
    _norm(layer.self_attention.layer_norm, weights, f"{name}.attn_ln")
    _linear(layer.ffn.linear_0, weights, f"{name}.mlp.0")
    _linear(layer.ffn.linear_1, weights, f"{name}.mlp.2")
    _norm(layer.ffn.layer_norm, weights, f"{name}.mlp_ln")


def _norm(spec: Any, weights: Weights, name: str) -> None:
    spec.gamma, spec.beta = weights[f"{name}.weight"], weights[f"{name}.bias"]


def _linear(spec: Any, weights: Weights, name: str) -> None:
    spec.weight, spec.bias = weights[f"{name}.weight"], weights[f"{name}.bias"]


def _stacked(spec: Any, weights: Weights, name: str, *parts: str) -> None:
    """Stack projections of the same input; Whisper's keys have no bias."""
    matrices = [weights[f"{name}.{part}.weight"] for part in parts]
    none = np.zeros(len(matrices[0]), np.float32)
    spec.weight = np.concatenate(matrices)
    spec.bias = np.concatenate([weights.get(f"{name}.{part}.bias", none) for part in parts])
