"""The manifest: which files of a folder are vouched for, by their sha256.

A file ``SHA256SUMS`` in the folder, in the format of ``sha256sum``, so that
``sha256sum -c SHA256SUMS`` says the same as we do. It is written when a model is imported.
Weights in pickles can hold programs, which run when they are loaded: such a folder is
checked whole before anything in it is opened, and a file nobody vouched for refuses it.
"""

import hashlib
import re
import stat
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

from secure_storage import BadInput, open_foreign

MANIFEST: Final = "SHA256SUMS"
MOST_BYTES: Final = 1 << 20
_BLOCK: Final = 1 << 20
_LINE: Final = re.compile(r"([0-9a-f]{64}) [ *]([^\x00-\x1f\x7f\\]{1,200})")


def sha256_of(path: Path) -> str:
    """Digest of a file, computed once for as long as the file stays the same."""
    state = path.stat()
    return _digest(path, state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns)


@lru_cache(maxsize=64)
def _digest(path: Path, *_: int) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def read_sums(data: bytes) -> dict[str, str]:
    """Read the text of a manifest: names (with ``/`` between folders) and their sha256."""
    sums: dict[str, str] = {}
    try:
        lines = data.decode("utf-8").splitlines()
    except UnicodeDecodeError:
        raise BadInput(_UNREADABLE) from None
    for line in lines:
        found = _LINE.fullmatch(line)
        if found is None or not is_inside(found[2]) or found[2] in sums:
            raise BadInput(_UNREADABLE)
        sums[found[2]] = found[1]
    return sums


def sums_text(sums: Mapping[str, str]) -> bytes:
    """Write a manifest as ``read_sums`` and ``sha256sum -c`` read it."""
    return "".join(f"{sums[name]}  {name}\n" for name in sorted(sums)).encode()


def is_inside(name: str) -> bool:
    """Tell whether a name with ``/`` stays in its folder, and hides nothing."""
    return all(part and not part.startswith(".") for part in name.split("/"))


def manifest_of(folder: Path) -> dict[str, str] | None:
    """Read the manifest of a folder; None where there is none."""
    if not (folder / MANIFEST).exists():
        return None
    with open_foreign(folder / MANIFEST, max_bytes=MOST_BYTES) as stream:
        return read_sums(stream.read())


def verify_folder(folder: Path) -> None:
    """Raise ``BadInput`` unless the manifest vouches for every file in the folder.

    Every file it lists is there with its sha256, there is no file besides them, and no link.
    Call it before weights in pickles (pyannote's) are loaded from the folder.
    """
    sums = manifest_of(folder)
    if sums is None:
        raise BadInput(
            f"Nobody vouches for the files in {folder}: it has no {MANIFEST}. If you trust where "
            f"they come from, import them: fokus models import {folder}"
        )
    present = {path.relative_to(folder).as_posix() for path in _files(folder)} - {MANIFEST}
    if extra := sorted(present - set(sums)):
        raise BadInput(
            f"Nobody vouches for {extra[0]} in {folder}: {MANIFEST} does not list it. Remove it, "
            "or import the folder again with: fokus models import"
        )
    for name, expected in sums.items():
        check_sum(folder / name, expected)


def vouch_for(folder: Path) -> None:
    """Write the manifest of a folder as it is now, so that ``verify_folder`` accepts it."""
    files = {path.relative_to(folder).as_posix(): path for path in _files(folder)}
    files.pop(MANIFEST, None)
    sums = {name: sha256_of(path) for name, path in files.items()}
    (folder / MANIFEST).write_bytes(sums_text(sums))


def check_sum(path: Path, expected: str) -> None:
    """Raise ``BadInput`` unless a file is there and has the sha256 expected of it."""
    if not path.is_file():
        raise BadInput(f"{path} is missing. Import the model again with: fokus models import")
    if (found := sha256_of(path)) != expected:
        raise BadInput(
            f"{path} is not the file it should be: its sha256 begins with {found[:12]}, not with "
            f"{expected[:12]}. It is damaged or was replaced, and was not loaded. Import the model "
            "again with: fokus models import"
        )


def _files(folder: Path) -> list[Path]:
    """List the plain files in a folder and below; a link or device refuses it."""
    found = []
    for path in sorted(folder.rglob("*")):
        mode = path.lstat().st_mode
        if stat.S_ISREG(mode):
            found.append(path)
        elif not stat.S_ISDIR(mode):
            raise BadInput(f"{path} is a link or no plain file, so nothing there was loaded.")
    return found


_UNREADABLE: Final = (
    f"The list of checksums ({MANIFEST}) is damaged or of another kind. Import the model again "
    "with: fokus models import"
)
