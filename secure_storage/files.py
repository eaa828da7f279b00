"""The study's files: sealed as they arrive, named by a random id, listed in the database.

A file gets its row in the same change that uses it. If the change is undone, so is the
file; what a crash leaves behind is swept when the study is next opened.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import sqlite_utils

from .change import Change
from .container import SealedReader, SealWriter, new_file_id
from .disk import create_private, discard, private_folder, put_in_place
from .errors import DamagedFile


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A sealed file of the study."""

    id: str
    kind: str
    size: int
    sha256: str


class FileWriter:
    """Seals a file slice by slice; its plaintext never reaches the disk."""

    def __init__(self, folder: Path, key: bytes, kind: str) -> None:
        """Start the file under a temporary name."""
        identity = new_file_id()
        self._id, self._kind, self._path = identity.hex(), kind, folder / identity.hex()
        self._temporary = folder / f".{identity.hex()}.part"
        self._target = create_private(self._temporary)
        try:
            self._sealer = SealWriter(self._target, key, identity)
        except BaseException:
            self.abort()
            raise
        self._sum = hashlib.sha256()

    @property
    def size(self) -> int:
        """How many bytes were written so far."""
        return self._sealer.size

    def write(self, data: bytes) -> None:
        """Seal the next bytes; a failure (a full disk) removes what was written."""
        try:
            self._sealer.write(data)
        except BaseException:
            self.abort()
            raise
        self._sum.update(data)

    def finish(self, change: Change) -> StoredFile:
        """Complete the file and enter it in the database with the change."""
        try:
            self._sealer.finish()
            put_in_place(self._target, self._temporary, self._path)
        except BaseException:
            self.abort()
            raise
        change.if_undone(lambda: self._path.unlink(missing_ok=True))
        stored = StoredFile(self._id, self._kind, self._sealer.size, self._sum.hexdigest())
        change.db.table("files").insert(
            {
                "id": stored.id, "kind": stored.kind, "size": stored.size,
                "sha256": stored.sha256, "created_at": change.now,
            }
        )  # fmt: skip
        return stored

    def abort(self) -> None:
        """Give up: nothing of the file is left."""
        discard(self._target, self._temporary)


class Files:
    """The sealed files of one study."""

    def __init__(self, folder: Path, key: bytes) -> None:
        """Use a folder, making it if missing."""
        self._folder, self._key = folder, key
        private_folder(folder)

    def add(self, chunks: Iterable[bytes], kind: str, change: Change) -> StoredFile:
        """Seal a whole file."""
        writer = self.writer(kind)
        try:
            for data in chunks:
                writer.write(data)
        except BaseException:
            writer.abort()
            raise
        return writer.finish(change)

    def writer(self, kind: str) -> FileWriter:
        """Start a file that arrives in slices."""
        return FileWriter(self._folder, self._key, kind)

    def open(self, file_id: str) -> SealedReader:
        """Open a file for reading anywhere in it."""
        try:
            identity = bytes.fromhex(file_id)
            stream = (self._folder / identity.hex()).open("rb")
        except (FileNotFoundError, IsADirectoryError, ValueError):
            raise DamagedFile(MISSING) from None
        try:
            return SealedReader(stream, self._key, identity)
        except BaseException:
            stream.close()
            raise

    def remove(self, file_id: str, change: Change) -> None:
        """Remove a file: its row with the change, its bytes once that is committed."""
        path = self._folder / bytes.fromhex(file_id).hex()
        change.db.table("files").delete(file_id)
        change.when_done(lambda: path.unlink(missing_ok=True))

    def sweep(self, db: sqlite_utils.Database) -> None:
        """Remove what a crash left: unfinished files and those no row knows."""
        known = {row[0] for row in db.conn.execute("SELECT id FROM files").fetchall()}
        for path in self._folder.iterdir():
            if path.name not in known:
                path.unlink()


MISSING: Final = "A stored file is missing. Restore it from a backup."
