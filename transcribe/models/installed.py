"""Where recognition models live. Nothing here ever downloads anything.

A model is named ``demo`` (shipped with Fokus), by a path to a checkpoint in
openai-whisper's format, or by an official Whisper name, looked for in the models folder
(``$FOKUS_MODELS``, else ``~/.local/share/fokus/models``) and in openai-whisper's own
cache. pyannote's diarization pipeline lives in the models folder as ``pyannote/``.
"""

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from secure_storage import FokusError

from .manifest import sha256_of
from .official import OFFICIAL

DEMO: Final = "demo"


class ModelMissing(FokusError):
    """The model that was asked for is not on this machine."""


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A checkpoint on this machine."""

    name: str
    path: Path
    demo: bool = False

    def sha256(self) -> str:
        """Digest of the file, which names it beyond doubt in a methods section."""
        return sha256_of(self.path)


def models_folder() -> Path:
    """Where installed models are looked for."""
    if chosen := os.environ.get("FOKUS_MODELS"):
        return Path(chosen)
    data = os.environ.get("XDG_DATA_HOME")
    return (Path(data) if data else Path.home() / ".local" / "share") / "fokus" / "models"


def demo_checkpoint() -> Path:
    """Path of the checkpoint shipped with Fokus, whether or not it is there."""
    return Path(__file__).resolve().parent.parent.parent / "demo" / "checkpoint.pt"


def find_model(name: str) -> ModelFile:
    """Find the model called ``name``, or say how to install it."""
    if name == DEMO:
        path = demo_checkpoint()
        if not path.is_file():
            raise ModelMissing(
                f"The demo model is missing from this installation ({path}). Install Fokus again."
            )
        return ModelFile(DEMO, path, demo=True)
    if name in OFFICIAL:
        for folder in _folders():
            if (path := folder / f"{name}.pt").is_file():
                return _marked(ModelFile(name, path))
        raise ModelMissing(
            f"The model «{name}» is not installed on this machine. Copy {name}.pt, in "
            f"openai-whisper's format, into {models_folder()}, or choose another model. "
            "Fokus downloads nothing by itself."
        )
    path = Path(name).expanduser()
    if path.is_file():
        return _marked(ModelFile(path.name, path))
    raise ModelMissing(
        f"There is no model «{name}»: it is neither «demo», nor an official Whisper name "
        f"({', '.join(OFFICIAL[:3])} …), nor a checkpoint file."
    )


def _marked(file: ModelFile) -> ModelFile:
    """Mark the demo model, also where it was copied or renamed: its texts must say so."""
    demo = ModelFile(DEMO, demo_checkpoint(), demo=True)
    same = (
        demo.path.is_file()
        and file.path.stat().st_size == demo.path.stat().st_size
        and (file.path.samefile(demo.path) or file.sha256() == demo.sha256())
    )
    return replace(file, demo=same)


def installed_models() -> tuple[ModelFile, ...]:
    """Official models on this machine, best first, without the demo model."""
    found = {
        name: _marked(ModelFile(name, folder / f"{name}.pt"))
        for name in OFFICIAL
        for folder in reversed(_folders())
        if (folder / f"{name}.pt").is_file()
    }
    return tuple(found[name] for name in OFFICIAL if name in found)


def best_model() -> ModelFile:
    """Give the best installed model, or say that none is there."""
    if installed := installed_models():
        return installed[0]
    raise ModelMissing(
        "No recognition model is installed on this machine. Copy a checkpoint in "
        f"openai-whisper's format (for example large-v3.pt) into {models_folder()}, or give its "
        "path with --model PATH. To try Fokus out on its own sample, use --model demo."
    )


def pyannote_folder() -> Path | None:
    """Give the folder of an installed pyannote pipeline, if there is one."""
    folder = models_folder() / "pyannote"
    return folder if (folder / "config.yaml").is_file() else None


def _folders() -> tuple[Path, ...]:
    cache = os.environ.get("XDG_CACHE_HOME")
    return (models_folder(), (Path(cache) if cache else Path.home() / ".cache") / "whisper")
