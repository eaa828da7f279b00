"""The inbox folder: the way in for files that are on the server already (USB, network).

An imported file's plaintext is overwritten and removed, which the page says beforehand;
but only after the recording is kept, and only if the file still is what was kept.
"""

import hashlib
import os
import time
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Final

from secure_storage import BadInput, Study, open_foreign, shred

from .intake import MOST_BYTES, Target, check_target, finish_files, start_file
from .upload import SUFFIXES

_SLICE: Final = 1 << 20
_SETTLED: Final = 5.0
"""Seconds without a change after which a file counts as copied completely."""


@dataclass(frozen=True, slots=True)
class InboxFile:
    """A file that waits in the inbox."""

    name: str
    size: int
    settled: bool
    """Nobody is still copying it, as far as its time of change tells."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of files of the inbox."""

    recording_id: int
    left_behind: tuple[str, ...]
    """Names of files that were imported but could not be removed from the inbox."""


def inbox_folder(study: Study) -> Path:
    """Where files are put to be imported."""
    return study.home / "inbox"


def inbox(study: Study) -> list[InboxFile]:
    """Files that wait in the inbox and are called like recordings."""
    study.require("transcribe")
    found = []
    for path in sorted(inbox_folder(study).iterdir()):
        suffix = path.suffix.lower().removeprefix(".")
        if suffix not in SUFFIXES or path.is_symlink() or not path.is_file():
            continue
        state = path.stat()
        settled = time.time() - state.st_mtime > _SETTLED
        found.append(InboxFile(path.name, state.st_size, settled))
    return found


def import_inbox(study: Study, names: list[str], target: Target) -> Imported:
    """Take files of the inbox into one recording, in the order given, then shred them."""
    check_target(study, target)
    paths = [_path(study, name) for name in names]
    if not paths:
        raise BadInput("Choose at least one file of the inbox.")
    writers = []
    sums: list[str] = []
    try:
        for path in paths:
            before = _state(path)
            digest = hashlib.sha256()
            with open_foreign(path, max_bytes=MOST_BYTES) as source:
                writers.append(start_file(study))
                while data := source.read(_SLICE):
                    digest.update(data)
                    writers[-1].write(data)
            if _state(path) != before:
                raise BadInput(
                    f"The file {path.name} changed while it was read: it is still being copied. "
                    "Nothing was imported; wait until it is complete."
                )
            sums.append(digest.hexdigest())
    except BaseException:
        for writer in writers:
            writer.abort()
        raise
    recording_id = finish_files(study, target, writers, "inbox folder")
    kept = [path.name for path, known in zip(paths, sums, strict=True) if not _shred(path, known)]
    with study.change() as change:
        change.record(
            "recording.inbox_shredded",
            f"recording:{recording_id}",
            after={"files": len(paths) - len(kept), "left": len(kept)},
        )
    return Imported(recording_id, tuple(kept))


def _path(study: Study, name: str) -> Path:
    if PurePath(name).name != name or name in ("", ".", ".."):
        raise BadInput("Choose a file of the inbox by its plain name.")
    return inbox_folder(study) / name


def _state(path: Path) -> tuple[int, int, int]:
    try:
        state = os.lstat(path)
    except FileNotFoundError:
        raise BadInput(
            f"The file {path.name} is no longer in the inbox. Put it back and try again."
        ) from None
    return state.st_ino, state.st_size, state.st_mtime_ns


def _shred(path: Path, known: str) -> bool:
    """Remove the plaintext if it is what was kept; False leaves it to the person."""
    try:
        with open_foreign(path, max_bytes=MOST_BYTES) as source:
            digest = hashlib.sha256()
            while data := source.read(_SLICE):
                digest.update(data)
        same = digest.hexdigest() == known
        if same:
            shred(path)
    except (OSError, BadInput):
        return not path.exists()
    return same
