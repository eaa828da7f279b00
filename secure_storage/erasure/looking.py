"""The byte search of an erasure: in the study as it lies on the disk, and in a fresh backup."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Final

from .. import keys
from ..backup import Backup
from ..container import SealedReader
from ..errors import BadInput, DamagedFile
from ..opened import OpenedStudy
from . import store
from .backups import opened_copy
from .certificate import Searched
from .search import UNREADABLE, Needles, decrypted_pages, file_pieces
from .words import PACKED, texts_in

_COPY: Final = "import shutil, sys; shutil.copyfileobj(open(sys.argv[1], 'rb'), sys.stdout.buffer)"
_DATABASE: Final = "study.db"
_SLICE: Final = 1 << 20
LIST: Final = "erasure"
"""Kind of the sealed file that lists what is looked for; destroyed when nothing is found."""
_HELD: Final = ("study.db", "linking.db", "server.lock")
"""Closing one of these in this process would drop its locks."""


@dataclass(slots=True)
class Counted:
    """Counts what passes."""

    size: int = 0

    def through(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """Pass the pieces on."""
        for piece in pieces:
            self.size += len(piece)
            yield piece


def look_in_study(
    core: OpenedStudy, needles: Needles, gone: frozenset[str], told: Callable[[str], None]
) -> tuple[Searched, ...]:
    """Search the study; ``gone`` are names of files that must not be there any more."""
    told("Searching the database")
    control = core.header.study_id.encode()
    key = keys.derived(core.root, "database")
    with _read_elsewhere(core.home / _DATABASE) as opened:
        pages = _searched(
            "database decrypted, page by page", needles, decrypted_pages(opened, key), control
        )
    cells = _searched("database, cell by cell", needles, store.cells(core.reader), control)
    if cells.found:
        holding = store.columns_where(core.reader, lambda cell: bool(needles.found(cell)))
        cells = replace(cells, where=f"{cells.where}: {', '.join(holding)}")
    told("Searching the files")
    places = [
        _searched(
            f"files as they lie on the disk: {name or 'the folder itself'}",
            needles,
            _files(core.home, name),
        )
        for name in _folders(core.home)
    ]
    sealed = [_opened(core, needles, kind) for kind in store.kinds(core.reader) if kind != LIST]
    names = {path.name for path in core.home.rglob("*")}
    return pages, cells, *places, *sealed, Searched("names of files", len(names), len(names & gone))


def look_in_backup(core: OpenedStudy, needles: Needles, backup: Backup) -> tuple[Searched, ...]:
    """Search a fresh backup: its database decrypted, and its files as they lie."""
    key, control = keys.derived(core.root, "database"), core.header.study_id.encode()
    with (backup.folder / _DATABASE).open("rb") as opened:
        pages = _searched(
            f"fresh backup {backup.name}, database decrypted",
            needles,
            decrypted_pages(opened, key),
            control,
        )
    with opened_copy(core, backup) as db:
        cells = _searched(
            f"fresh backup {backup.name}, cell by cell", needles, store.cells(db), control
        )
    rest = _searched(
        f"fresh backup {backup.name}, files as they lie", needles, _files(backup.folder, ".")
    )
    return pages, cells, rest


def _searched(
    where: str, needles: Needles, pieces: Iterator[bytes], control: bytes | None = None
) -> Searched:
    """Search one place; a search that does not even find ``control`` proves nothing."""
    counted = Counted()
    found = needles.with_control(control).found_in(counted.through(pieces))
    if control is not None and control not in found:
        raise DamagedFile(UNREADABLE)
    return Searched(where, counted.size, len(found - {control}))


def _opened(core: OpenedStudy, needles: Needles, kind: str) -> Searched:
    """Search the content of the sealed files of a kind, unpacked if it is packed."""
    damaged = 0

    def pieces() -> Iterator[bytes]:
        nonlocal damaged
        for file_id in store.files_of(core.reader, kind):
            try:
                with core.files.open(file_id) as sealed:
                    yield from _content(sealed)
            except DamagedFile:
                damaged += 1
            yield b"\0"

    searched = _searched(f"sealed files, opened ({kind})", needles, pieces())
    if not damaged:
        return searched
    return replace(searched, where=f"{searched.where}; {damaged} missing or damaged")


def _content(sealed: SealedReader) -> Iterator[bytes]:
    if sealed.read(0, len(PACKED)) == PACKED:
        with suppress(BadInput):
            yield from (text.encode() for text in texts_in(sealed.read(0, sealed.size)))
    for place in range(0, sealed.size, _SLICE):
        yield sealed.read(place, _SLICE)


def _folders(home: Path) -> list[str]:
    return ["", *sorted(path.name for path in home.iterdir() if path.is_dir())]


def _files(home: Path, name: str) -> Iterator[bytes]:
    folder = home / name
    for path in sorted(folder.rglob("*") if name else folder.glob("*")):
        if path.is_file() and not path.name.startswith(_HELD):
            yield path.name.encode() + b"\0"
            try:
                yield from file_pieces(path)
            except FileNotFoundError:
                continue  # a job's progress was written anew
            yield b"\0"


class _read_elsewhere:  # noqa: N801
    """Read a file by another process: closing it here would drop SQLite's locks on it."""

    def __init__(self, path: Path) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _COPY, str(path)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd="/",
        )  # fmt: skip

    def __enter__(self) -> IO[bytes]:
        assert self._child.stdout is not None
        return self._child.stdout

    def __exit__(self, *_: object) -> None:
        assert self._child.stdout is not None
        self._child.stdout.close()
        self._child.wait()
