"""The archive of a study: one age file (age-encryption.org/v1) holding a tar.

Each stage registers what it puts in. The tar goes through a pipe into the age file, so no
plaintext reaches the disk, and the finished file is read back and compared sum by sum. To
read back what is encrypted to others' keys, a key that lives only for this moment is added
to the recipients.

The whole study leaves by it, so it is asked for and recorded as an export: before the first
byte is written, and anchored, so that stopping afterwards takes nothing off the record.
"""

import hashlib
import io
import os
import tarfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Protocol

import pyrage  # type: ignore[import-untyped]

from ..audit.anchors import anchor_now
from ..disk import discard, put_in_place
from ..errors import BadInput, DamagedFile, StudyExists
from ..keys import check_passphrase
from ..study import Study
from . import store
from .second import agreed

Archiver = Callable[[Study], Iterable[tuple[str, bytes]]]
SUMS: Final = "SHA256SUMS"
README: Final = "README.txt"
STEP: Final = 1 << 20
MOST_UNDER_PASSPHRASE: Final = 500_000_000
"""Under a passphrase all of it has to fit into memory, twice."""
_archivers: Final[dict[str, Archiver]] = {}


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive that was written and read back."""

    path: Path
    size: int
    sha256: str
    files: int


class _Readable(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


def register_archiver(name: str, archiver: Archiver) -> None:
    """Have a stage put its files into archives, as (path, content)."""
    _archivers[name] = archiver


def make_archive(
    study: Study, path: Path, *, recipients: tuple[str, ...] = (), passphrase: str = "",
    with_recordings: bool = False, second: Study | None = None,
) -> Archive:  # fmt: skip
    """Write the study's archive to a new file, and read it back; ``DamagedFile`` if it differs.

    ``second`` is another member signed in, where the study always asks for two people.
    """
    study.require("erase")
    study.require("release")
    agreed(study, second)
    if bool(recipients) == bool(passphrase):
        raise BadInput("Name either recipients (age1…) or a passphrase for the archive.")
    if passphrase:
        check_passphrase(passphrase)
    path = path.absolute()
    if path.exists():
        raise StudyExists(f"{path} is there already. Name a new file for the archive.")
    if path.resolve().is_relative_to(study.home):
        raise BadInput("The archive has to lie outside the study folder, which is destroyed.")
    keys = [_recipient(one) for one in recipients]
    passing = pyrage.x25519.Identity.generate()
    sums: dict[str, str] = {}
    partial = path.with_name(f".{path.name}.{os.urandom(4).hex()}.part")
    _announced(study, second, {
        "archive": True, "recipients": len(keys), "passphrase": bool(passphrase),
        "recordings": with_recordings,
    })  # fmt: skip
    try:
        # Not after the parts of the study: the folder is the user's own.
        target = os.fdopen(os.open(partial, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b")
    except OSError as error:
        raise BadInput(f"{path} cannot be written ({error.strerror}).") from None
    try:
        with _piped(lambda sink: _write(study, sink, sums, with_recordings)) as tar:
            if passphrase:
                target.write(pyrage.passphrase.encrypt(_whole(tar), passphrase))
            else:
                pyrage.encrypt_io(tar, target, [*keys, passing.to_public()])
        target.flush()
        _read_back(target, passing, passphrase, sums)
        target.seek(0)
        size, digest = _sum(target)
        put_in_place(target, partial, path)
    except BaseException:
        discard(target, partial)
        raise
    with study.change() as change:
        change.record("study.archived", "study", after={"size": size, "sha256": digest})
    return Archive(path, size, digest, len(sums))


def _announced(study: Study, second: Study | None, what: dict[str, object]) -> None:
    if second is not None:
        with second.change() as change:
            change.record("export.approved", "study")
    study.note("read.exported", "study", what, "release")
    anchor_now(study, "export")


def _recipient(text: str) -> "pyrage.x25519.Recipient":
    try:
        return pyrage.x25519.Recipient.from_str(text.strip())
    except pyrage.RecipientError:
        raise BadInput(
            "A recipient is a public key of age, which begins with age1. Have it sent again."
        ) from None


def _write(study: Study, sink: BinaryIO, sums: dict[str, str], with_recordings: bool) -> None:
    with tarfile.open(fileobj=sink, mode="w|", format=tarfile.PAX_FORMAT) as tar:
        _put(tar, sums, README, _readme(study, with_recordings).encode())
        for archiver in _archivers.values():
            for name, data in archiver(study):
                _put(tar, sums, name, data)
        for number, one in enumerate(store.recordings(study.db) if with_recordings else (), 1):
            with study.files.open(one.file_id) as sealed:
                reading = _Reading(sealed.read)
                _add(tar, sums, f"recordings/{number:03}", reading, one.size)
        lines = "".join(f"{digest}  {name}\n" for name, digest in sums.items())
        _put(tar, sums, SUMS, lines.encode())


def _put(tar: tarfile.TarFile, sums: dict[str, str], name: str, data: bytes) -> None:
    _add(tar, sums, name, io.BytesIO(data), len(data))


def _add(
    tar: tarfile.TarFile, sums: dict[str, str], name: str, source: _Readable, size: int
) -> None:
    if name in sums:
        raise ValueError(f"two archivers name the same file: {name}")
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = size, 0o600, int(time.time())
    reading = _Summing(source)
    tar.addfile(entry, reading)
    sums[name] = reading.digest.hexdigest()


class _Summing:
    """Reads on and computes the sum."""

    def __init__(self, source: _Readable) -> None:
        self._source, self.digest = source, hashlib.sha256()

    def read(self, size: int = -1, /) -> bytes:
        data = self._source.read(size)
        self.digest.update(data)
        return data


class _Reading:
    """A sealed file as something to read on from its start."""

    def __init__(self, read_at: Callable[[int, int], bytes]) -> None:
        self._read_at, self._offset = read_at, 0

    def read(self, size: int = -1, /) -> bytes:
        data = self._read_at(self._offset, STEP if size < 0 else size)
        self._offset += len(data)
        return data


@contextmanager
def _piped(write: Callable[[BinaryIO], object]) -> Iterator[BinaryIO]:
    """Read what another thread writes; its error is raised here."""
    reading, writing = os.pipe()
    failed: list[BaseException] = []

    def run() -> None:
        with os.fdopen(writing, "wb") as sink:
            try:
                write(sink)
            except BaseException as error:
                failed.append(error)

    thread = threading.Thread(target=_quietly, args=(run,))
    thread.start()
    try:
        with os.fdopen(reading, "rb") as source:
            yield source
    finally:
        thread.join()
        if failed and not isinstance(failed[0], BrokenPipeError):
            raise failed[0]


def _quietly(run: Callable[[], object]) -> None:
    try:
        run()
    except BrokenPipeError:
        # The reader gave up, and says why itself.
        return


def _whole(tar: BinaryIO) -> bytes:
    data = tar.read(MOST_UNDER_PASSPHRASE + 1)
    if len(data) > MOST_UNDER_PASSPHRASE:
        raise BadInput(
            "The archive is too large for a passphrase. Encrypt it to a key of age "
            "(--recipient), or leave the recordings out."
        )
    return data


def _read_back(
    file: BinaryIO, identity: "pyrage.x25519.Identity", passphrase: str, sums: dict[str, str]
) -> None:
    file.seek(0)
    found: dict[str, str] = {}

    def decrypt(sink: BinaryIO) -> None:
        if passphrase:
            sink.write(pyrage.passphrase.decrypt(file.read(), passphrase))
        else:
            pyrage.decrypt_io(file, sink, [identity])

    try:
        with _piped(decrypt) as plain:
            with tarfile.open(fileobj=plain, mode="r|") as tar:
                for entry in tar:
                    part = tar.extractfile(entry)
                    if part is not None:
                        found[entry.name] = _sum(part)[1]
            while plain.read(STEP):
                pass
    except (pyrage.DecryptError, tarfile.TarError, OSError) as error:
        raise DamagedFile(UNLIKE) from error
    if found != sums:
        raise DamagedFile(UNLIKE)


def _sum(file: _Readable) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    while data := file.read(STEP):
        digest.update(data)
        size += len(data)
    return size, digest.hexdigest()


def _readme(study: Study, with_recordings: bool) -> str:
    return (
        f"Archive of the study «{study.title}», made by Fokus when it was closed.\n\n"
        "records/      audit log (who did what and when, without any words), what came in and\n"
        "              what went out, members by initials and role, certificates of erasures\n"
        "other folders what each stage of the work left: transcripts, codebook, themes\n"
        + ("recordings/   the sound, as it came in\n" if with_recordings else "")
        + f"{SUMS}    SHA-256 of every other file: sha256sum -c {SUMS}\n\n"
        "Speakers are named by pseudonym. Who is who is not in here"
        + (".\n" if with_recordings else ", and neither is any recording.\n")
    )


UNLIKE: Final = (
    "The archive does not read back as it was written, so it was removed and nothing was "
    "destroyed. Try another disk."
)
