"""Windows of sound to text with times: the only door to Whisper, whatever library runs it.

Light: what imports torch, whisper or another engine is loaded when it is used.
"""

from typing import Literal

from ..models import ModelFile
from ..options import TranscribeOptions
from .batch import (
    CUT_SHORT,
    DRAWN,
    DROPPED,
    HALF_HEARD,
    IMPROBABLE,
    NO_NUMBERS,
    REPETITIVE,
    UNTIMED,
    UNWRITTEN,
    Recognised,
    recognise,
)
from .engine import Ask, Engine, memory_ended
from .halving import TooLittleMemory
from .language import Language, find_language, given_language
from .phrases import known_invention
from .spectrogram import Spectrogram, spectrogram

__all__ = [
    "CUT_SHORT",
    "DRAWN",
    "DROPPED",
    "HALF_HEARD",
    "IMPROBABLE",
    "NO_NUMBERS",
    "REPETITIVE",
    "UNTIMED",
    "UNWRITTEN",
    "Ask",
    "Engine",
    "Language",
    "Recognised",
    "Spectrogram",
    "TooLittleMemory",
    "fastest_engine",
    "find_language",
    "given_language",
    "known_invention",
    "load_engine",
    "memory_ended",
    "recognise",
    "spectrogram",
]


def load_engine(file: ModelFile, options: TranscribeOptions) -> Engine:
    """Load a checkpoint into the engine that was asked for, ready to work.

    Left to itself it takes the fastest of this machine, and for the small demo model torch.
    Raises BadInput when the file is not a checkpoint, or not the one its name or the manifest
    of its folder promises.
    """
    file.verify()
    choice = options.engine
    if choice == "auto":
        choice = "torch" if file.demo else fastest_engine()
    if choice == "ctranslate2":
        from .ct2_engine import load_ct2

        return load_ct2(file)
    from .torch_engine import load_torch

    return load_torch(file)


def fastest_engine() -> Literal["torch", "ctranslate2"]:
    """Name the fastest engine here: torch on a GPU or a processor with AMX, else CTranslate2.

    With matrix units torch multiplies bfloat16 in less time than CTranslate2 its int8.
    """
    import torch

    fast = torch.cuda.is_available() or torch.cpu.get_capabilities().get("amx_bf16")
    return "torch" if fast else "ctranslate2"
