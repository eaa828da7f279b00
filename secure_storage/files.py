"""The study's files: sealed as they arrive, under a random name, listed in the database.

A file gets its row in the same change that uses it. If the change is undone, so is the
file; what a crash leaves behind is swept when the study is next opened.

Every file has a random key of its own, which stands in its row and nowhere else: with
the row the key is gone, and so is the file, wherever a copy of it lies. (Files of the
first version have a key that comes from the study's root key.) Rotation gives a file a
new name and key; its id stays.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import sqlite_utils

from .change import Change
from .container import SealedReader, SealWriter, new_file_id, new_key
from .disk import create_private, discard, private_folder, put_in_place
from .errors import BadInput, DamagedFile, storage_told
from .foreign import shred


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A sealed file of the study."""

    id: str
    kind: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Seal:
    """Under which name and key a file is sealed at present."""

    name: str
    key: bytes


class FileWriter:
    """Seals a file slice by slice; its plaintext never reaches the disk."""

    def __init__(self, folder: Path, kind: str) -> None:
        """Start the file under a temporary name and a key of its own."""
        identity, self._key = new_file_id(), new_key()
        self._id, self._kind, self._path = identity.hex(), kind, folder / identity.hex()
        self._temporary = folder / f".{identity.hex()}.part"
        self._target = create_private(self._temporary)
        try:
            self._sealer = SealWriter(self._target, self._key, identity)
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

    def complete(self) -> Seal:
        """Complete the file on the disk, without a row."""
        try:
            self._sealer.finish()
            put_in_place(self._target, self._temporary, self._path)
        except BaseException:
            self.abort()
            raise
        return Seal(self._id, self._key)

    def finish(self, change: Change) -> StoredFile:
        """Complete the file and enter it in the database with the change."""
        seal = self.complete()
        change.if_undone(lambda: self._path.unlink(missing_ok=True))
        stored = StoredFile(self._id, self._kind, self._sealer.size, self._sum.hexdigest())
        change.db.table("files").insert(
            {
                "id": stored.id, "kind": stored.kind, "size": stored.size,
                "sha256": stored.sha256, "created_at": change.now,
                "name": seal.name, "key": seal.key,
            }
        )  # fmt: skip
        return stored

    def abort(self) -> None:
        """Give up: nothing of the file is left."""
        discard(self._target, self._temporary)


class Files:
    """The sealed files of one study."""

    def __init__(
        self, folder: Path, old_key: bytes, reader: Callable[[], sqlite_utils.Database]
    ) -> None:
        """Use a folder, making it if missing; ``old_key`` opens files without an own key."""
        self._folder, self._old_key, self._reader = folder, old_key, reader
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
        return FileWriter(self._folder, kind)

    def open(self, file_id: str) -> SealedReader:
        """Open a file for reading anywhere in it."""
        seal = self._seal(self._reader(), file_id)
        try:
            return self.opened(seal)
        except FileNotFoundError:
            # Rotation may have given it another name since the row was read.
            renewed = self._seal(self._reader(), file_id)
            if renewed.name == seal.name:
                raise DamagedFile(MISSING) from None
        try:
            return self.opened(renewed)
        except FileNotFoundError:
            raise DamagedFile(MISSING) from None

    def opened(self, seal: Seal) -> SealedReader:
        """Open what is sealed under a name and a key; ``FileNotFoundError`` if it is not there."""
        with storage_told():
            stream = (self._folder / seal.name).open("rb")
        try:
            return SealedReader(stream, seal.key, bytes.fromhex(seal.name))
        except BaseException:
            stream.close()
            raise

    def remove(self, file_id: str, change: Change) -> None:
        """Remove a file: row and key with the change, its bytes once that is committed."""
        path = self._path(change, file_id)
        change.db.table("files").delete(file_id)
        change.when_done(lambda: path.unlink(missing_ok=True))

    def destroy(self, file_id: str, change: Change) -> None:
        """Remove a file for erasure: row and key as in ``remove``, its bytes overwritten first.

        What overwriting misses (``shred`` says where) is sealed under a key that is gone.
        """
        path = self._path(change, file_id)
        change.db.table("files").delete(file_id)

        def destroyed() -> None:
            with suppress(BadInput):
                shred(path)
            path.unlink(missing_ok=True)

        change.when_done(destroyed)

    def sweep_unfinished(self) -> None:
        """Remove what a crash left half written."""
        for path in self._folder.glob(".*.part"):
            _unlinked(path)

    def unknown(self, db: sqlite_utils.Database) -> list[Path]:
        """List the complete files that no row knows; folders and others' files are left alone."""
        known = {seal.name for _, seal in self.seals(db)}
        return [
            path
            for path in self._folder.iterdir()
            if _NAME.fullmatch(path.name) and path.name not in known and path.is_file()
        ]

    def sweep(self, db: sqlite_utils.Database) -> None:
        """Remove files that no row knows: of a crash before the commit, if ``db`` is the newest."""
        for path in self.unknown(db):
            _unlinked(path)

    def seals(self, db: sqlite_utils.Database) -> list[tuple[str, Seal]]:
        """List every file's id with its present name and key."""
        rows = db.conn.execute("SELECT id, name, key FROM files").fetchall()
        return [(row[0], self._read(row)) for row in rows]

    def sizes(self, db: sqlite_utils.Database) -> dict[str, int]:
        """Give every file's size in bytes."""
        return dict(db.conn.execute("SELECT id, size FROM files").fetchall())

    def reseal(self, present: Seal) -> Seal:
        """Seal a file's content again under another name and key, without a row."""
        writer = self.writer("")
        try:
            with self.opened(present) as reader:
                for start in range(0, reader.size, SLICE):
                    writer.write(reader.read(start, SLICE))
        except BaseException:
            writer.abort()
            raise
        return writer.complete()

    def renewed(self, db: sqlite_utils.Database, seals: Mapping[str, Seal]) -> None:
        """Enter under which name and key files are sealed from now on."""
        db.conn.executemany(
            "UPDATE files SET name = ?, key = ? WHERE id = ?",
            [(seal.name, seal.key, file_id) for file_id, seal in seals.items()],
        )

    def drop(self, names: Iterable[str]) -> None:
        """Remove sealed files that no row knows any more."""
        for name in names:
            with suppress(OSError):
                # What cannot be removed now is swept when the study is next opened.
                (self._folder / name).unlink(missing_ok=True)

    def _path(self, change: Change, file_id: str) -> Path:
        return self._folder / self._seal(change.db, file_id).name

    def _seal(self, db: sqlite_utils.Database, file_id: str) -> Seal:
        query = "SELECT id, name, key FROM files WHERE id = ?"
        row = db.conn.execute(query, (file_id,)).fetchone()
        if row is None:
            raise DamagedFile(MISSING)
        return self._read(row)

    def _read(self, row: tuple[str, str | None, bytes | None]) -> Seal:
        file_id, name, key = row
        return Seal(name or file_id, key or self._old_key)


def _unlinked(path: Path) -> None:
    with suppress(OSError):
        # What cannot be removed now is tried again when the study is next opened.
        path.unlink(missing_ok=True)


SLICE: Final = 1 << 20
_NAME: Final = re.compile("[0-9a-f]{32}")
MISSING: Final = "A stored file is missing. Restore it from a backup."
