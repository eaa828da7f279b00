"""Reading a checkpoint in openai-whisper's format, and which of its heads follow the words."""

import warnings
from pathlib import Path
from typing import Any, Final

import whisper
from whisper.tokenizer import get_tokenizer

from secure_storage import BadInput

from ..models import ModelFile

_SHAPES: Final = {
    # mel bands, vocabulary, state, decoder layers, decoder heads
    (80, 51865, 384, 4, 6): ("tiny",),
    (80, 51864, 384, 4, 6): ("tiny.en",),
    (80, 51865, 512, 6, 8): ("base",),
    (80, 51864, 512, 6, 8): ("base.en",),
    (80, 51865, 768, 12, 12): ("small",),
    (80, 51864, 768, 12, 12): ("small.en",),
    (80, 51865, 1024, 24, 16): ("medium",),
    (80, 51864, 1024, 24, 16): ("medium.en",),
    (80, 51865, 1280, 32, 20): ("large-v2", "large-v1"),
    (128, 51866, 1280, 32, 20): ("large-v3", "large"),
    (128, 51866, 1280, 4, 20): ("large-v3-turbo", "turbo"),
}
"""Official models by shape; models trained further (NB-Whisper) have the heads of theirs."""


def read_checkpoint(file: ModelFile) -> Any:
    """Read a model onto the CPU, with the alignment heads of the official one of its shape.

    Raises BadInput for a file that is no checkpoint in openai-whisper's format.
    """
    try:
        model = whisper.load_model(str(file.path), device="cpu")
    except Exception as error:
        strange = (
            RuntimeError,
            LookupError,
            TypeError,
            AttributeError,
            EOFError,
            OSError,
            ValueError,
        )
        # What torch reads the file with has errors of its own, and is not for us to import.
        own = type(error).__module__ in {"_pickle", "pickle", "zipfile"}
        if not own and not isinstance(error, strange):
            raise
        raise BadInput(
            f"{file.path.name} is not a checkpoint in openai-whisper's format, or it is damaged. "
            "Compare its sha256 with the publisher's and copy it again."
        ) from error
    keep_vocabulary(model)
    if name := official_shape(file, model.dims):
        # By path, whisper does not know which heads follow the words.
        model.set_alignment_heads(whisper._ALIGNMENT_HEADS[name])
    return model


def official_shape(file: ModelFile, dims: Any) -> str | None:
    """Name the official model whose alignment heads a checkpoint has, if there is one.

    The file's name decides where several have the shape (large-v1 and large-v2), else its
    sha256, else the better one is taken.
    """
    shape = (
        dims.n_mels, dims.n_vocab, dims.n_text_state, dims.n_text_layer, dims.n_text_head,
    )  # fmt: skip
    names = _SHAPES.get(shape, ())
    for name in names:
        if name == Path(file.name).stem or name == file.path.stem:
            return name
    if names == ("large-v2", "large-v1") and _is_official(file, "large-v1"):
        return "large-v1"
    return names[0] if names else None


def _is_official(file: ModelFile, name: str) -> bool:
    address: str = whisper._MODELS[name]
    return file.sha256() == address.split("/")[-2]


def keep_vocabulary(model: Any) -> None:
    """Have openai-whisper keep its vocabulary; it leaves the file to the garbage collector."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        get_tokenizer(model.is_multilingual, num_languages=model.num_languages, language="en")
