"""Changing the study's keys: a new root key, database and files sealed anew under it.

For when somebody who could have copied the root key or the old folder must not open what
comes later. The files are sealed again under new names and keys while everybody works;
then writing is held, the database is exported under the new key beside the old one
(``study.db.next``), and the new key file is put in place: that rename is the moment at
which the new keys count. After a crash before it, the old study opens and what was
prepared is dropped; after it, opening finishes what is left (``settle``).

Members keep their key pairs and passphrases, and the recovery kit stays good: the new
root is sealed to the same public keys. Backups from before open with the seals of then.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Final

from . import database, events, keys
from .change import Change
from .disk import replacing
from .errors import BadInput, DamagedFile
from .files import Files, Seal
from .keys import Header

if TYPE_CHECKING:
    from .study import Study

Progress = Callable[[int, int], object]
"""Told bytes of files sealed anew so far, and of all."""
NEXT: Final = "study.db.next"
_turn = threading.Lock()


def rotate_keys(study: "Study", tell: Progress = lambda done, total: None) -> None:
    """Change the keys of the study; takes about as long as copying its files."""
    study.require("members")
    if not _turn.acquire(blocking=False):
        raise BadInput("The keys are being changed already. Wait until that is done.")
    try:
        _Rotation(study, tell).run()
    finally:
        _turn.release()


def settle(home: Path, root: bytes) -> None:
    """Finish or drop what a crash left of a rotation; ``root`` is that of the key file."""
    path, key = home / "study.db", keys.derived(root, "database")
    following = home / NEXT
    if not following.exists() or _opens(path, key):
        _drop(following)
    elif _opens(following, key):
        database.take_over(following, path)


class _Rotation:
    """One run."""

    def __init__(self, study: "Study", tell: Progress) -> None:
        self._study, self._core, self._tell = study, study._core, tell
        self._root = keys.derived(os.urandom(32), "root")
        self._sealed: dict[str, Seal] = {}
        self._bytes = 0
        self._path = self._core.home / NEXT

    def run(self) -> None:
        core, over = self._core, False
        try:
            self._seal_files()
            _drop(self._path)
            with _no_backup(core.home), core._connections.still():
                self._study.require("members")
                self._seal_files()
                old = {file_id: seal.name for file_id, seal in core.files.seals(core.reader)}
                header = core.header.resealed(self._root)
                event = self._export(header)
                over = self._put_key_file(header)
                core.go_over(self._path, self._root, header, event)
        finally:
            if not over:
                _drop(self._path)
                core.files.drop(seal.name for seal in self._sealed.values())
        gone = [seal.name for file_id, seal in self._sealed.items() if file_id not in old]
        core.files.drop([*old.values(), *gone])
        core.after_commit()

    def _seal_files(self) -> None:
        """Seal anew what is there and not sealed anew yet."""
        files: Files = self._core.files
        sizes = files.sizes(self._core.reader)
        for file_id, seal in files.seals(self._core.reader):
            if file_id in self._sealed:
                continue
            try:
                self._study.check_usable()
                self._sealed[file_id] = files.reseal(seal)
            except FileNotFoundError:
                if file_id in files.sizes(self._core.reader):
                    raise DamagedFile(
                        "A stored file is missing, so the keys were not changed. Restore it "
                        "from a backup first."
                    ) from None
                continue
            self._bytes += sizes.get(file_id, 0)
            self._tell(self._bytes, sum(sizes.values()))

    def _export(self, header: Header) -> events.Event:
        key = keys.derived(self._root, "database")
        self._core._connections.export_to(self._path, key)
        with database.changing_copy(self._path, key) as db:
            present = {file_id for file_id, _ in self._core.files.seals(db)}
            renewed = {one: seal for one, seal in self._sealed.items() if one in present}
            self._core.files.renewed(db, renewed)
            database.set_meta(db, "header_revision", str(header.revision))
            change = Change(db, self._study.member)
            change.record("key.rotated", "study", after={"files": len(renewed)})
        _drop_journals(self._path)
        with self._path.open("rb") as written:
            os.fsync(written.fileno())
        return change.recorded[0]

    def _put_key_file(self, header: Header) -> bool:
        """Put the new key file in place; from then on the new keys count."""
        path, data = self._core.home / "study.json", keys.to_json(header, self._root)
        try:
            with replacing(path) as file:
                file.write(data)
        except BaseException:
            # Renamed, but its folder could not be synced: what others can read counts.
            if path.read_bytes() != data:
                raise
        return True


@contextmanager
def _no_backup(home: Path) -> Iterator[None]:
    """Wait for a backup that is being made: it copies files that rotation would remove."""
    # Here, for backups are built on opened studies, and those on this module.
    from .backup.shelf import shelf, shelf_held

    folder = shelf(home)
    with shelf_held(folder) if folder.is_dir() else nullcontext():
        yield


def _opens(path: Path, key: bytes) -> bool:
    try:
        with database.copy_opened(path, key):
            # An empty file opens with any key.
            return path.stat().st_size > 0
    except DamagedFile:
        return False


def _drop(path: Path) -> None:
    _drop_journals(path)
    path.unlink(missing_ok=True)


def _drop_journals(path: Path) -> None:
    for suffix in ("-journal", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
