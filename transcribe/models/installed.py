"""Which models are on this machine. Nothing here downloads anything.

A model is named ``demo`` (shipped with Fokus), by an official Whisper name or the name it
was imported under (``NAME.pt`` in the models folder: ``$FOKUS_MODELS``, else
``~/.local/share/fokus/models``; official names also in openai-whisper's own cache), or by a
path to a checkpoint in openai-whisper's format. pyannote's diarization pipeline lives in
the models folder as ``pyannote/``.
"""

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from secure_storage import FokusError

from .manifest import check_sum, manifest_of, sha256_of
from .official import ALIASES, CHECKPOINTS, NB_WHISPER, OFFICIAL, PYANNOTE

DEMO: Final = "demo"
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,60}")
"""What a model can be called."""


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

    def verify(self) -> None:
        """Raise ``BadInput`` where the manifest, or the official name, promises another file.

        Asked before a model is loaded. A checkpoint given by its path, of which no manifest
        speaks, passes: such files are only ever loaded as numbers, never as programs.
        """
        if self.path.is_file() and (expected := self.listed() or self.published()):
            check_sum(self.path, expected)

    def listed(self) -> str:
        """Sum in the manifest beside the file; empty where it speaks of no such file."""
        return (manifest_of(self.path.parent) or {}).get(self.path.name, "")

    def published(self) -> str:
        """Sum published for a file that goes by an official name; empty for any other."""
        if self.demo or self.path.parent not in _folders():
            return ""
        return CHECKPOINTS.get(ALIASES.get(self.name, self.name), "")


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
    if found := installed_model(name):
        return found
    if name in (*OFFICIAL, *NB_WHISPER):
        raise ModelMissing(f"The model «{name}» is not installed here. {how_to_install(name)}")
    path = Path(name).expanduser()
    if path.is_file():
        ours = path.resolve().parent == models_folder().resolve()
        return _marked(ModelFile(path.stem if ours else path.name, path))
    raise ModelMissing(
        f"There is no model «{name}»: it is neither «demo», nor installed here, nor a "
        f"checkpoint file, nor a name that is known ({', '.join(OFFICIAL[:3])}, "
        f"{NB_WHISPER[0]} …). «fokus models list» shows them all."
    )


def how_to_install(name: str) -> str:
    """Give the two commands that bring a model to a machine without internet."""
    return (
        f"On a connected machine run: fokus models bundle {name} --out {name}.tar\n"
        f"Carry the file here and run: fokus models import {name}.tar\n"
        "Fokus downloads nothing by itself."
    )


def installed_model(name: str) -> ModelFile | None:
    """Find a model in the models folder by its name, or another name of the same file."""
    if not NAME.fullmatch(name):
        return None
    own = ALIASES.get(name, name)
    stems = (name, own, *(alias for alias, of in ALIASES.items() if of == own))
    for folder in _folders() if name in OFFICIAL else _folders()[:1]:
        for stem in stems:
            if (path := folder / f"{stem}.pt").is_file():
                return _marked(ModelFile(name, path))
    return None


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
    """Models on this machine without the demo model: official ones, best first, then others."""
    stems = {path.stem for path in models_folder().glob("*.pt")} - {*OFFICIAL, DEMO}
    others = sorted(filter(NAME.fullmatch, stems), key=_rank)
    found: dict[Path, ModelFile] = {}
    for name in (*OFFICIAL, *others):
        if file := installed_model(name):
            found.setdefault(file.path, file)
    return tuple(found.values())


def _rank(name: str) -> tuple[int, str]:
    known = NB_WHISPER.index(name) if name in NB_WHISPER else len(NB_WHISPER)
    return known, name


def best_model() -> ModelFile:
    """Give the best installed model, or say that none is there."""
    if installed := installed_models():
        return installed[0]
    raise ModelMissing(
        f"No recognition model is installed on this machine (looked in {models_folder()}). "
        f"{how_to_install(OFFICIAL[0])}\nYou can also give a checkpoint's path with "
        "--model PATH. To try Fokus out on its own sample, use --model demo."
    )


def pyannote_folder() -> Path | None:
    """Give the folder of an installed pyannote pipeline, if there is one."""
    folder = models_folder() / PYANNOTE
    return folder if (folder / "config.yaml").is_file() else None


def _folders() -> tuple[Path, ...]:
    cache = os.environ.get("XDG_CACHE_HOME")
    return (models_folder(), (Path(cache) if cache else Path.home() / ".cache") / "whisper")
