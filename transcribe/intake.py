"""How sound comes into the study: sealed as it arrives, looked at, then kept or refused.

A file is received in one change and joins a recording in another, because between the
two it is decoded whole (headers lie about length), and nobody's coding may wait for
that. What a crash leaves between the two is taken back at the next sign-in.
"""

import io
import shutil
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from typing_extensions import Buffer

from secure_storage import FileWriter, SealedReader, StoredFile, Study, open_foreign

from . import store
from .audio import Facts
from .look import look

MOST_BYTES: Final = 8 << 30
"""A day of uncompressed stereo sound; anything larger is not a recording of a group."""
_SLICE: Final = 1 << 20
one_look = threading.Lock()
"""Decoding takes a core and the sound's memory: one file at a time."""
_in_flight: Final[set[str]] = set()


@dataclass(frozen=True, slots=True)
class Target:
    """Where a file goes: into a recording that exists, or into a new one."""

    recording_id: int | None
    title: str = ""
    group: int = 1
    purpose: str = store.PURPOSE
    """What the file is for; it stands in the import ledger."""


class Unsealed(io.RawIOBase):
    """A sealed file as a seekable stream; its plaintext is never in one place."""

    def __init__(self, sealed: SealedReader) -> None:
        """Read from the start of ``sealed``."""
        self._sealed, self._place = sealed, 0

    def readable(self) -> bool:
        """It can be read."""
        return True

    def seekable(self) -> bool:
        """It can be read anywhere."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move the place that is read next."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._sealed.size}[whence]
        self._place = max(0, base + offset)
        return self._place

    def close(self) -> None:
        """Close the sealed file too."""
        if not self.closed:
            self._sealed.close()
        super().close()

    def readinto(self, buffer: Buffer, /) -> int:
        """Read the next bytes."""
        view = memoryview(buffer).cast("B")
        data = self._sealed.read(self._place, len(view))
        view[: len(data)] = data
        self._place += len(data)
        return len(data)


def slices(sealed: SealedReader) -> Iterator[bytes]:
    """All of a sealed file, piece by piece."""
    for offset in range(0, sealed.size, _SLICE):
        yield sealed.read(offset, _SLICE)


def add_recording(
    study: Study, title: str, group: int, parts: Sequence[Path], source: str = "file on the server"
) -> int:
    """Make a recording of one or more files, in their order; all of them or none."""
    target = Target(None, title, group)
    check_target(study, target)
    writers: list[FileWriter] = []
    try:
        for path in parts:
            with open_foreign(path, max_bytes=MOST_BYTES) as file:
                writers.append(start_file(study))
                while data := file.read(_SLICE):
                    writers[-1].write(data)
    except BaseException:
        for writer in writers:
            writer.abort()
        raise
    return finish_files(study, target, writers, source)


def check_target(study: Study, target: Target) -> None:
    """Refuse early what could only fail after a long upload."""
    study.require("transcribe")
    store.clean_purpose(target.purpose)
    if target.recording_id is not None:
        store.recording(study, target.recording_id)
    else:
        store.clean_title(target.title)
        store.check_group(target.group)


def start_file(study: Study) -> FileWriter:
    """Begin a file that arrives in slices."""
    study.require("transcribe")
    return study.files.writer(store.KIND)


def finish_files(
    study: Study, target: Target, writers: Sequence[FileWriter], source: str = ""
) -> int:
    """Look at complete files and keep them in a recording, whose id is returned.

    ``source`` says on the import ledger how they came.
    """
    received: list[StoredFile] = []
    try:
        for writer in writers:
            received.append(_receive(study, writer, source, target.purpose))
        facts = [_look(study, stored) for stored in received]
        return _keep(study, target, received, facts)
    except BaseException as error:
        for writer in writers[len(received) :]:
            writer.abort()
        _refuse(study, received, type(error).__name__)
        raise
    finally:
        _in_flight.difference_update(stored.id for stored in received)


def drop_loose_files(study: Study) -> None:
    """Take back what a crash left received but never kept."""
    study.require("transcribe")
    if one_look.acquire(blocking=False):
        try:
            shutil.rmtree(_looks(study), ignore_errors=True)
        finally:
            one_look.release()
    for file_id in store.loose_files(study):
        if file_id not in _in_flight:
            with study.change("transcribe") as change:
                store.refuse_file(study, change, file_id, "interrupted")


def _receive(study: Study, writer: FileWriter, source: str, purpose: str) -> StoredFile:
    with study.change("transcribe") as change:
        stored = store.receive_file(change, writer, source, purpose)
        _in_flight.add(stored.id)
    return stored


def _look(study: Study, stored: StoredFile) -> Facts:
    with one_look, study.files.open(stored.id) as sealed:
        return look(_looks(study), slices(sealed))


def _looks(study: Study) -> Path:
    return study.home / "looks"


def _keep(
    study: Study, target: Target, received: Sequence[StoredFile], facts: Sequence[Facts]
) -> int:
    study.require("transcribe")
    with study.change("transcribe") as change:
        recording_id = target.recording_id
        if recording_id is None:
            recording_id = store.insert_recording(change, target.title, target.group)
        for stored, fact in zip(received, facts, strict=True):
            part_id = store.insert_part(change, recording_id, stored, fact)
            store.insert_media(change, part_id, fact)
    return recording_id


def _refuse(study: Study, received: Sequence[StoredFile], reason: str) -> None:
    for stored in received:
        with study.change() as change:
            store.refuse_file(study, change, stored.id, reason)
