"""From the makers to a machine without internet: fetch, bundle, carry.

The only callers of ``fetch``. Both run on a connected machine, because somebody typed it.
"""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from secure_storage import BadInput

from .bundle import Progress, write_bundle
from .checkpoint import check_checkpoint
from .convert import CONFIG, INDEX, WHOLE, parts
from .download import NotThere, fetch
from .importing import Imported, checked, checked_pyannote, converted, placed
from .installed import (
    ModelMissing,
    find_model,
    how_to_install,
    installed_model,
    models_folder,
    pyannote_folder,
)
from .manifest import manifest_of, verify_folder
from .official import (
    ALIASES,
    CHECKPOINTS,
    NB_WHISPER,
    PYANNOTE,
    Published,
    checkpoint,
    community_1,
    nb_whisper,
)
from .placing import incoming

Bring = Callable[[Published, Path, Progress], Path]
"""How a published file comes into a folder: ``fetch``."""
PUBLISHED: Final = (*CHECKPOINTS, *NB_WHISPER, PYANNOTE)
"""Names of what can be fetched."""


def download_model(name: str, progress: Progress, bring: Bring = fetch) -> Imported:
    """Fetch a published model into the models folder of this machine, which is connected."""
    own = ALIASES.get(name, name)
    if own not in PUBLISHED:
        raise BadInput(
            f"Fokus does not know where «{name}» is published. «fokus models list» shows the "
            "names it knows; any other model is brought in with: fokus models import"
        )
    with incoming() as folder:
        begun = models_folder() / ".downloads" / own  # stays, so that a later call goes on
        begun.mkdir(parents=True, exist_ok=True)
        if own in CHECKPOINTS:
            good = checked(bring(checkpoint(own), begun, progress), own)
        elif own == PYANNOTE:
            for file in community_1():
                bring(file, begun, progress)
            good = checked_pyannote(begun.rename(folder / PYANNOTE), trust=False)
        else:
            _weights(own, begun, progress, bring)
            good = converted(begun, folder / "checkpoint.pt", own)
        done = placed(good)
        shutil.rmtree(begun, ignore_errors=True)
    return done


def _weights(name: str, begun: Path, progress: Progress, bring: Bring) -> None:
    """Fetch one model of NB-Whisper, whose large weights may be in parts."""
    bring(nb_whisper(name, CONFIG), begun, progress)
    try:
        bring(nb_whisper(name, WHOLE), begun, progress)
    except NotThere:
        for part in parts(bring(nb_whisper(name, INDEX), begun, progress)):
            bring(nb_whisper(name, part), begun, progress)


def bundle_models(
    names: Sequence[str], target: Path, progress: Progress, bring: Bring = fetch
) -> None:
    """Write models into one file to carry, fetching first those that are not here."""
    if target.exists():
        raise BadInput(f"{target} is there already. Name another file with --out.")
    files: dict[str, Path] = {}
    for name in names:
        if not (found := _files(name)):
            download_model(name, progress, bring)
            found = _files(name)
        files |= found
    write_bundle(target, files, progress)


def verified(name: str) -> str:
    """Compare an installed model with its sums; gives what was found, raises what is wrong."""
    if name == PYANNOTE:
        if (folder := pyannote_folder()) is None:
            raise ModelMissing(f"There is no pyannote pipeline here. {how_to_install(PYANNOTE)}")
        verify_folder(folder)
        return f"all files of {folder} are as they were imported"
    file = find_model(name)
    file.verify()
    if file.published():
        return "the published file"
    if file.listed():
        return f"as it was imported (sha256 {file.listed()[:12]})"
    check_checkpoint(file.path)
    return f"a whole checkpoint, for which no list vouches (sha256 {file.sha256()[:12]})"


def _files(name: str) -> dict[str, Path]:
    """List the files of an installed model, once they are sure to be right; empty if none."""
    if name == PYANNOTE:
        if (folder := pyannote_folder()) is None:
            return {}
        verify_folder(folder)
        return {f"{PYANNOTE}/{file}": folder / file for file in manifest_of(folder) or {}}
    if (file := installed_model(name)) is None:
        return {}
    file.verify()
    return {f"{ALIASES.get(name, name)}.pt": file.path}
