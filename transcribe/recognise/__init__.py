"""Windows of sound to text with times: the only door to Whisper, whatever library runs it.

Light: what imports torch, whisper or another engine is loaded when it is used.
"""

from ..models import ModelFile
from ..options import TranscribeOptions
from .batch import (
    DROPPED,
    HALF_HEARD,
    IMPROBABLE,
    REPETITIVE,
    UNTIMED,
    Recognised,
    recognise,
)
from .engine import Ask, Engine
from .halving import TooLittleMemory
from .language import Language, find_language
from .phrases import known_invention
from .spectrogram import Spectrogram, spectrogram

__all__ = [
    "DROPPED",
    "HALF_HEARD",
    "IMPROBABLE",
    "REPETITIVE",
    "UNTIMED",
    "Ask",
    "Engine",
    "Language",
    "Recognised",
    "Spectrogram",
    "TooLittleMemory",
    "find_language",
    "known_invention",
    "load_engine",
    "recognise",
    "spectrogram",
]


def load_engine(file: ModelFile, options: TranscribeOptions) -> Engine:
    """Load a checkpoint into the engine that was asked for, ready to work.

    Left to itself it takes torch on a GPU and CTranslate2, which is several times faster
    there, on a processor; for the small demo model torch, which does not round its weights.
    Raises BadInput when the file is not a checkpoint, or not the one its name or the manifest
    of its folder promises.
    """
    file.verify()
    if options.engine == "ctranslate2" or (options.engine == "auto" and _on_processor(file)):
        from .ct2_engine import load_ct2

        return load_ct2(file)
    from .torch_engine import load_torch

    return load_torch(file)


def _on_processor(file: ModelFile) -> bool:
    import torch

    return not file.demo and not torch.cuda.is_available()
