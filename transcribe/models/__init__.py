"""Models on this machine: finding, checking, importing and carrying them.

Nothing here reaches the network but ``download_model`` and ``bundle_models``, which only the
commands ``fokus models download`` and ``fokus models bundle`` call.
"""

from .carrying import PUBLISHED, bundle_models, download_model, verified
from .importing import Imported, import_models
from .installed import (
    DEMO,
    ModelFile,
    ModelMissing,
    best_model,
    demo_checkpoint,
    find_model,
    how_to_install,
    installed_model,
    installed_models,
    models_folder,
    pyannote_folder,
)
from .manifest import MANIFEST, verify_folder, vouch_for
from .official import ALIASES, OFFICIAL, PYANNOTE, Published

__all__ = [
    "ALIASES",
    "DEMO",
    "Imported",
    "ModelFile",
    "ModelMissing",
    "MANIFEST",
    "OFFICIAL",
    "PUBLISHED",
    "PYANNOTE",
    "Published",
    "best_model",
    "bundle_models",
    "demo_checkpoint",
    "download_model",
    "find_model",
    "how_to_install",
    "import_models",
    "installed_model",
    "installed_models",
    "models_folder",
    "pyannote_folder",
    "verified",
    "verify_folder",
    "vouch_for",
]
