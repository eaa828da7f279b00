"""One file that carries models to a machine without internet: a tar archive.

Its first member is the manifest of the rest. The archive is plain ``ustar``, which any tar
can list. It is read strictly, header by header: only the members the manifest names, in
places we know, as plain files, each with its sha256; there are no links, no extended
headers and no compression to fear. Only importer of tarfile here, for its headers.
"""

import hashlib
import os
import re
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO, Final

from secure_storage import BadInput, open_foreign

from .manifest import MANIFEST, MOST_BYTES, read_sums, sha256_of, sums_text
from .official import PYANNOTE
from .placing import disk_told, need_room

MOST: Final = 64 << 30
"""Bytes of a bundle."""
_MOST_MEMBERS: Final = 200
_BLOCK: Final = tarfile.BLOCKSIZE
_SLICE: Final = 1 << 20
_PLACES: Final = re.compile(
    rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,60}}\.pt|{PYANNOTE}(/[A-Za-z0-9][A-Za-z0-9._-]{{0,60}}){{1,3}}"
)
"""Where members may lie: checkpoints at the top, the diarization pipeline in its folder."""

Progress = Callable[[str, int, int], None]
"""Called with (file, bytes done, bytes in all)."""


def write_bundle(target: Path, files: Mapping[str, Path], progress: Progress) -> None:
    """Write a bundle of files, by their place in the models folder; whole or not at all."""
    sums = {name: sha256_of(path) for name, path in sorted(files.items())}
    if strange := [name for name in sums if not _PLACES.fullmatch(name)]:
        raise BadInput(f"«{strange[0]}» cannot be carried in a bundle.")
    if not target.parent.is_dir():
        raise BadInput(f"There is no folder {target.parent} to write to. Name another with --out.")
    need_room(target.parent, sum(path.stat().st_size for path in files.values()))
    made = target.with_name(f".{target.name}.part")
    try:
        with disk_told(target.parent), made.open("wb") as stream:
            text = sums_text(sums)
            _put(stream, MANIFEST, len(text))
            _pad(stream, stream.write(text))
            for name in sums:
                _copy_in(stream, name, files[name], sums[name], progress)
            stream.write(bytes(2 * _BLOCK))
            stream.flush()
            os.fsync(stream.fileno())
            made.replace(target)
    finally:
        made.unlink(missing_ok=True)


def _copy_in(stream: BinaryIO, name: str, path: Path, expected: str, progress: Progress) -> None:
    size, done, digest = path.stat().st_size, 0, hashlib.sha256()
    _put(stream, name, size)
    with path.open("rb") as source:
        while block := source.read(_SLICE):
            stream.write(block)
            digest.update(block)
            done += len(block)
            progress(name, done, size)
    if digest.hexdigest() != expected or done != size:
        raise BadInput(f"{path} changed while it was read. Do it again.")
    _pad(stream, size)


def _put(stream: BinaryIO, name: str, size: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o644
    stream.write(entry.tobuf(tarfile.USTAR_FORMAT))


def _pad(stream: BinaryIO, size: int) -> None:
    stream.write(bytes(-size % _BLOCK))


def is_bundle(path: Path) -> bool:
    """Tell whether a file begins as a bundle does."""
    with open_foreign(path, max_bytes=MOST) as stream:
        try:
            return _header(stream)[0] == MANIFEST
        except BadInput:
            return False


def read_bundle(path: Path, into: Path, progress: Progress) -> dict[str, str]:
    """Unpack a bundle into the empty folder ``into``; gives the names and sums of its files.

    Raises ``BadInput`` unless every file of its manifest is there, once, with its sum, and
    nothing else; what was unpacked before the fault lies in ``into``, to be thrown away.
    """
    with open_foreign(path, max_bytes=MOST) as stream:
        sums = _read_manifest(stream)
        total, done = path.stat().st_size, 0
        for _ in sums:
            name, size = _header(stream)
            target = into / name
            if name not in sums or target.exists():
                raise BadInput(_STRANGE)
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as out:
                if _copy_out(stream, size, out.write) != sums[name]:
                    raise BadInput(
                        f"{name} in this bundle is damaged: its sha256 is not the one in the "
                        "bundle's list. Copy the bundle again, or make it anew."
                    )
            done += size
            progress(name, done, total)
        if any(_exactly(stream, 2 * _BLOCK)):
            raise BadInput(_STRANGE)
    return sums


def _read_manifest(stream: BinaryIO) -> dict[str, str]:
    name, size = _header(stream)
    if name != MANIFEST or not 0 < size <= MOST_BYTES:
        raise BadInput("This file is no bundle of models. Make one with: fokus models bundle")
    sums = read_sums(_exactly(stream, size))
    _exactly(stream, -size % _BLOCK)
    if not 0 < len(sums) <= _MOST_MEMBERS or not all(map(_PLACES.fullmatch, sums)):
        raise BadInput(_STRANGE)
    return sums


def _header(stream: BinaryIO) -> tuple[str, int]:
    """Read one header; anything but a plain file of a stated size refuses the bundle."""
    try:
        entry = tarfile.TarInfo.frombuf(_exactly(stream, _BLOCK), "utf-8", "strict")
    except (tarfile.HeaderError, ValueError):
        raise BadInput(_CUT) from None
    if entry.type != tarfile.REGTYPE or not 0 <= entry.size <= MOST:
        raise BadInput(_STRANGE)
    return entry.name, entry.size


def _copy_out(stream: BinaryIO, size: int, write: Callable[[bytes], int]) -> str:
    digest, left = hashlib.sha256(), size
    while left:
        block = _exactly(stream, min(left, _SLICE))
        digest.update(block)
        write(block)
        left -= len(block)
    _exactly(stream, -size % _BLOCK)
    return digest.hexdigest()


def _exactly(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size)
    if len(data) != size:
        raise BadInput(_CUT)
    return data


_CUT: Final = (
    "This bundle is cut short or damaged, so nothing was imported. Compare its size with the one "
    "on the machine it was made on, and copy it again."
)
_STRANGE: Final = (
    "This bundle holds what has no place in a bundle of models, so nothing was imported. Make it "
    "anew with: fokus models bundle"
)
