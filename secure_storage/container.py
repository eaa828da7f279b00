"""The encrypted file container: authenticated, streamed, with random access.

``header | chunk 0 | chunk 1 | … | last chunk``, each chunk 64 KiB of plaintext sealed
with AES-256-GCM (the STREAM construction). The header (magic, version, chunk size,
file id, salt) is the associated data of every chunk; the nonce is the chunk's number
and a flag for the last one. So a chunk that is altered, moved, dropped, doubled or
taken from another file does not open, and neither does a file cut at a chunk boundary:
the last chunk is verified when the file is opened. Every file has a key of its own
(HKDF over the file key, a random salt and the file id).
"""

import io
import os
import struct
import threading
from collections.abc import Iterable
from types import TracebackType
from typing import BinaryIO, Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .errors import DamagedFile, storage_told

MAGIC: Final = b"FOKUSF\x01"
CHUNK_LOG2: Final = 16
CHUNK: Final = 1 << CHUNK_LOG2
TAG: Final = 16
ID_SIZE: Final = 16
SALT_SIZE: Final = 16
HEADER_SIZE: Final = len(MAGIC) + 1 + ID_SIZE + SALT_SIZE
MOST_CHUNKS: Final = 1 << 32


def new_key() -> bytes:
    """Make a random 256-bit key."""
    return os.urandom(32)


def new_file_id() -> bytes:
    """Make a random file id."""
    return os.urandom(ID_SIZE)


def _cipher(key: bytes, header: bytes) -> AESGCM:
    file_id, salt = header[-SALT_SIZE - ID_SIZE : -SALT_SIZE], header[-SALT_SIZE:]
    kdf = HKDF(SHA256(), 32, salt, b"fokus file v1" + file_id)
    return AESGCM(kdf.derive(key))


def _nonce(number: int, last: bool) -> bytes:
    return bytes(7) + struct.pack(">I?", number, last)


class SealWriter:
    """Seals what is written to it; holds at most one chunk of plaintext, in memory."""

    def __init__(self, target: BinaryIO, key: bytes, file_id: bytes) -> None:
        """Write the header to ``target``."""
        if len(key) != 32 or len(file_id) != ID_SIZE:
            raise ValueError("a key has 32 bytes and a file id 16")
        self._target = target
        self._header = MAGIC + bytes([CHUNK_LOG2]) + file_id + os.urandom(SALT_SIZE)
        self._cipher = _cipher(key, self._header)
        self._buffer = bytearray()
        self._number = 0
        self.size = 0
        with storage_told():
            target.write(self._header)

    def write(self, data: bytes) -> None:
        """Seal ``data``, as soon as a chunk is full and known not to be the last."""
        left = memoryview(data)
        self.size += len(left)
        while len(self._buffer) + len(left) > CHUNK:
            if self._buffer:
                taken = CHUNK - len(self._buffer)
                self._buffer += left[:taken]
                self._put(bytes(self._buffer), last=False)
                self._buffer.clear()
            else:
                # Straight from what was given: copying would cost more than sealing.
                taken = CHUNK
                self._put(left[:taken], last=False)
            left = left[taken:]
        self._buffer += left

    def finish(self) -> None:
        """Seal the last chunk (an empty file has one empty chunk)."""
        self._put(bytes(self._buffer), last=True)
        self._buffer.clear()

    def _put(self, chunk: bytes | memoryview, *, last: bool) -> None:
        if self._number >= MOST_CHUNKS:
            raise ValueError("too long for one container")
        sealed = self._cipher.encrypt(_nonce(self._number, last), chunk, self._header)
        self._number += 1
        with storage_told():
            self._target.write(sealed)


def seal(source: Iterable[bytes], target: BinaryIO, key: bytes, file_id: bytes) -> None:
    """Seal all of ``source`` into ``target`` (which the caller syncs and renames)."""
    writer = SealWriter(target, key, file_id)
    for data in source:
        writer.write(data)
    writer.finish()


class SealedReader:
    """Reads anywhere in a sealed file; usable from several threads."""

    def __init__(self, stream: BinaryIO, key: bytes, file_id: bytes) -> None:
        """Check the header and the last chunk, which authenticates the length."""
        self._stream = stream
        self._lock = threading.Lock()
        with storage_told():
            stream.seek(0)
            self._header = stream.read(HEADER_SIZE)
        expected = MAGIC + bytes([CHUNK_LOG2]) + file_id
        if len(self._header) != HEADER_SIZE or not self._header.startswith(expected):
            raise DamagedFile(DAMAGED)
        self._cipher = _cipher(key, self._header)
        body = stream.seek(0, io.SEEK_END) - HEADER_SIZE
        self._chunks = -(-body // (CHUNK + TAG))
        self.size = body - TAG * self._chunks
        if self._chunks < 1 or self.size < 0:
            raise DamagedFile(DAMAGED)
        self._kept: tuple[int, bytes] = (-1, b"")
        self._chunk(self._chunks - 1)

    def read(self, offset: int, length: int) -> bytes:
        """Read and verify up to ``length`` bytes from ``offset``; fewer only at the end."""
        if offset < 0 or length < 0:
            raise ValueError("offset and length cannot be negative")
        length = min(length, self.size - offset)
        if length <= 0:
            return b""
        first, last = offset // CHUNK, (offset + length - 1) // CHUNK
        with self._lock:
            data = b"".join(self._chunk(number) for number in range(first, last + 1))
        start = offset - first * CHUNK
        return data[start : start + length]

    def _chunk(self, number: int) -> bytes:
        if self._kept[0] == number:
            return self._kept[1]
        with storage_told():
            self._stream.seek(HEADER_SIZE + number * (CHUNK + TAG))
            sealed = self._stream.read(CHUNK + TAG)
        nonce = _nonce(number, number == self._chunks - 1)
        try:
            chunk = self._cipher.decrypt(nonce, sealed, self._header)
        except InvalidTag:
            raise DamagedFile(DAMAGED) from None
        self._kept = (number, chunk)
        return chunk

    def close(self) -> None:
        """Close the sealed file."""
        self._stream.close()

    def __enter__(self) -> Self:
        """Close the file at the end of the block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        """Close the file."""
        self.close()


DAMAGED: Final = (
    "A stored file is damaged: it was altered, cut short or swapped, or belongs to "
    "another study. Nothing of it was used. Restore it from a backup."
)
