"""Bringing models in: bundles, checkpoints, Hugging Face folders, pyannote folders.

Everything is looked through before it is given its place: published files by their sum,
other checkpoints tensor by tensor. Only a pyannote pipeline of unknown make cannot be
looked through, because its weights are pickles; somebody has to vouch for it in words.
"""

import hashlib
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from secure_storage import BadInput, open_foreign

from .bundle import Progress, is_bundle, read_bundle
from .checkpoint import check_checkpoint
from .convert import convert, is_hub_folder
from .installed import DEMO, NAME
from .manifest import sha256_of, sums_text
from .official import ALIASES, CHECKPOINTS, COMMUNITY_1, PYANNOTE
from .placing import incoming, need_room, put_checkpoint, put_pyannote

MOST_BYTES: Final = (8 << 30) - 1
"""Of a file of a model; a tar header can say no more."""
_SLICE: Final = 1 << 20
_POINTER: Final = b"version https://git-lfs"
_KINDS: Final = (".bin", ".npz", ".yaml", ".md")
"""Of files in a diarization pipeline; others are left out."""


@dataclass(frozen=True, slots=True)
class Imported:
    """A model that has come in."""

    name: str
    path: Path
    sha256: str
    published: bool
    """It is, bit by bit, what its makers publish."""


def import_models(
    source: Path, progress: Progress, *, name: str | None = None, trust: bool = False
) -> tuple[Imported, ...]:
    """Import a bundle, a checkpoint (``.pt``) or a folder; gives what came in.

    ``name`` is what a single checkpoint shall be called. ``trust`` vouches for the pickles
    of a pyannote pipeline that is not the published one. Raises ``BadInput``, ``DiskFull``.
    """
    if source.suffix == ".safetensors":
        source = source.parent
    if name and ((source / "config.yaml").is_file() or (source.is_file() and is_bundle(source))):
        raise BadInput("Only a single checkpoint can be given a name: leave --name out.")
    if source.is_dir():
        if (source / "config.yaml").is_file():
            return (_import_pyannote(source, progress, trust),)
        if is_hub_folder(source):
            return (_import_converted(source, name or source.resolve().name),)
        raise BadInput(
            f"{source} holds no model that Fokus knows: neither a pyannote pipeline (config.yaml) "
            "nor weights from Hugging Face (config.json and model.safetensors)."
        )
    if is_bundle(source):
        return _import_bundle(source, progress, trust)
    return (_import_checkpoint(source, name or source.stem, progress),)


def _import_checkpoint(source: Path, name: str, progress: Progress) -> Imported:
    with incoming() as folder:
        made = folder / "checkpoint.pt"
        _copy(source, made, progress)
        return placed(checked(made, name))


def _import_converted(source: Path, name: str) -> Imported:
    with incoming() as folder:
        return placed(converted(source, folder / "checkpoint.pt", name))


def converted(source: Path, made: Path, name: str) -> Imported:
    """Convert a folder from Hugging Face into the checkpoint ``made`` and look it through."""
    _no_pointers(source)
    need_room(made.parent, sum(path.stat().st_size for path in source.glob("*.safetensors")))
    convert(source, made)
    return checked(made, name)


def checked(made: Path, name: str) -> Imported:
    """Look a checkpoint through, which shall be called ``name``."""
    own = ALIASES.get(name, name)
    if not NAME.fullmatch(own) or own == DEMO:
        raise BadInput(
            f"«{name}» cannot be the name of a model. Give one of letters, digits, «.», «-» and "
            "«_» with --name."
        )
    found = sha256_of(made)
    if own in CHECKPOINTS and found != CHECKPOINTS[own]:
        raise BadInput(
            f"This is not the published {own} (its sha256 begins with {found[:12]}, not with "
            f"{CHECKPOINTS[own][:12]}): it is damaged, or another model. If you mean another, "
            "give it a name of its own with --name."
        )
    if own not in CHECKPOINTS:
        check_checkpoint(made)
    return Imported(own, made, found, own in CHECKPOINTS)


def placed(one: Imported) -> Imported:
    """Put what was looked through in its place."""
    if one.name == PYANNOTE:
        return replace(one, path=put_pyannote(one.path))
    return replace(one, path=put_checkpoint(one.path, one.name))


def _import_pyannote(source: Path, progress: Progress, trust: bool) -> Imported:
    with incoming() as folder:
        made = folder / PYANNOTE
        files = [
            path for path in sorted(source.rglob("*"))
            if path.is_file() and path.suffix in _KINDS
            and not any(part.startswith(".") for part in path.relative_to(source).parts)
        ]  # fmt: skip
        for path in files:
            target = made / path.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            _copy(path, target, progress)
        return placed(checked_pyannote(made, trust=trust))


def checked_pyannote(made: Path, *, trust: bool) -> Imported:
    """Look a pipeline through, as far as that goes."""
    _no_pointers(made)
    config = (made / "config.yaml").read_text("utf-8", "replace")
    for named in re.findall(r"\$model/([\w./-]+)", config):
        if not (made / named).exists():
            raise BadInput(
                f"The pipeline is not whole: its config.yaml names {named}, which is not there."
            )
    sums = {
        path.relative_to(made).as_posix(): sha256_of(path)
        for path in sorted(made.rglob("*"))
        if path.is_file() and path.suffix != ".md"
    }
    # The settings too: they say which files are loaded, and so run what these hold.
    published = sums == COMMUNITY_1
    if not (published or trust):
        raise BadInput(
            "These are not just the files that pyannote publishes as «community-1». Weights of "
            "this kind can hold programs, which run when they are loaded. If you know who made "
            "them and trust that, run the command again with --trust."
        )
    digest = hashlib.sha256(sums_text(sums)).hexdigest()
    return Imported(PYANNOTE, made, digest, published)


def _import_bundle(source: Path, progress: Progress, trust: bool) -> tuple[Imported, ...]:
    with incoming() as folder:
        need_room(folder, source.stat().st_size)
        unpacked = folder / "unpacked"
        unpacked.mkdir()
        sums = read_bundle(source, unpacked, progress)
        good = [checked(unpacked / name, name[:-3]) for name in sums if "/" not in name]
        if (unpacked / PYANNOTE).is_dir():
            good.append(checked_pyannote(unpacked / PYANNOTE, trust=trust))
        return tuple(placed(one) for one in good)


def _no_pointers(folder: Path) -> None:
    """Refuse what ``git clone`` leaves in place of large files without its LFS extension."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.stat().st_size < 1024 and path.read_bytes().startswith(_POINTER):
            raise BadInput(
                f"{path.name} is not the file itself but a note of git where it is. Run "
                "«git lfs pull» in the folder it came from, and import that again."
            )


def _copy(source: Path, target: Path, progress: Progress) -> None:
    with open_foreign(source, max_bytes=MOST_BYTES) as stream, target.open("wb") as out:
        done, total = 0, source.stat().st_size
        need_room(target.parent, total)
        while block := stream.read(_SLICE):
            done += out.write(block)
            progress(source.name, done, total)
