"""Models on this machine: finding, checking, importing and carrying them.

Nothing here reaches the network except ``fetch`` and what calls it, which only the commands
``fokus models download`` and ``fokus models bundle`` do.
"""

from .installed import (
    DEMO,
    ModelFile,
    ModelMissing,
    best_model,
    demo_checkpoint,
    find_model,
    installed_models,
    models_folder,
    pyannote_folder,
)
from .manifest import verify_folder
from .official import OFFICIAL

__all__ = [
    "DEMO",
    "OFFICIAL",
    "ModelFile",
    "ModelMissing",
    "best_model",
    "demo_checkpoint",
    "find_model",
    "installed_models",
    "models_folder",
    "pyannote_folder",
    "verify_folder",
]
