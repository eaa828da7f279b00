"""Reading what a stranger made, in a process that can do nothing else.

``guarded`` starts a child, waits until it has loaded its libraries, and only then hands
it the file's bytes through a pipe. From that moment the child has no network, cannot
start programs or write files, its memory is bounded, and it is killed when it does not
get on for five seconds. It answers through a pipe in frames (kind, length, bytes): ready,
alive, an answer, or a message for the user. It is given no key of the study.
"""

import os
import select
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import IO, Final

from ..errors import BadInput, FokusError
from .bolt import shut_in

_READY, _ALIVE, _ANSWER, _REFUSAL = b"R", b"L", b"A", b"E"
_FRAME: Final = struct.Struct(">cQ")
_LOADING: Final = 120.0
"""Seconds for loading libraries, before any foreign byte is seen."""
_LONGEST_MESSAGE: Final = 1000
_TELL_EVERY: Final = 0.2
_out: IO[bytes] | None = None
"""In the child: where frames go."""
_told = 0.0
"""In the child: when it last said that it is getting on."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a reader may take."""

    seconds: float = 5.0
    """Without a sign of getting on, once the libraries are loaded."""
    processor: int = 60
    """Seconds of processor time in all, loading included."""
    memory: int = 4 << 30
    """Bytes of address space; libraries alone reserve a good part."""
    answer: int = 256 << 20
    """Bytes of the answer."""


LIMITS: Final = Limits()


def guarded(
    parser: str, chunks: Iterable[bytes], *, setting: str = "", limits: Limits = LIMITS
) -> bytes:
    """Have ``parser`` (``"module:function"``) read the bytes in a child; gives its answer.

    The function takes the stream and ``setting`` and gives bytes; its module may have a
    function ``prepare``, called before the child is shut in. What the parser refuses, and
    a child that breaks off or does not get on, is ``BadInput``.
    """
    command = "from secure_storage.foreign.child import main; main()"
    child = subprocess.Popen(
        [sys.executable, "-P", "-B", "-c", command, parser, setting, str(limits.memory),
         str(limits.processor)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd="/",
        env={name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ},
    )  # fmt: skip
    assert child.stdin is not None and child.stdout is not None
    try:
        _expect_ready(child.stdout)
        feeding = threading.Thread(target=_feed, args=(child.stdin, chunks), daemon=True)
        feeding.start()
        return _answer(child.stdout, limits)
    finally:
        child.kill()
        child.wait()
        child.stdout.close()
        with suppress(OSError):
            child.stdin.close()


def still_alive() -> None:
    """Say, from within a parser, that it is getting on; elsewhere it does nothing."""
    global _told
    if _out is not None and time.monotonic() > _told + _TELL_EVERY:
        _told = time.monotonic()
        _send(_out, _ALIVE)


def main() -> None:
    """Be the child."""
    global _out
    _out = os.fdopen(os.dup(1), "wb")
    # What a library prints must not get between the frames.
    os.dup2(2, 1)
    name, setting, memory, processor = sys.argv[1:]
    module, _, function = name.partition(":")
    try:
        loaded = import_module(module)
        getattr(loaded, "prepare", lambda: None)()
        shut_in(int(memory), int(processor))
        _send(_out, _READY)
        _send(_out, _ANSWER, getattr(loaded, function)(sys.stdin.buffer, setting))
    except FokusError as error:
        _send(_out, _REFUSAL, str(error).encode())


def _send(out: IO[bytes], kind: bytes, data: bytes = b"") -> None:
    out.write(_FRAME.pack(kind, len(data)) + data)
    out.flush()


def _feed(pipe: IO[bytes], chunks: Iterable[bytes]) -> None:
    # A child that stops reading (or was killed) closes its end; the answer tells why.
    with suppress(OSError, ValueError):
        for data in chunks:
            pipe.write(data)
        pipe.close()


def _expect_ready(out: IO[bytes]) -> None:
    kind, told = _frame(out, _LOADING, _LONGEST_MESSAGE)
    if kind == _REFUSAL:
        raise FokusError(_message(told))
    if kind != _READY:
        raise BadInput(BROKE_OFF)


def _answer(out: IO[bytes], limits: Limits) -> bytes:
    while True:
        kind, told = _frame(out, limits.seconds, limits.answer)
        if kind == _ANSWER:
            return told
        if kind == _REFUSAL:
            raise BadInput(_message(told))
        if kind != _ALIVE:
            raise BadInput(BROKE_OFF)


def _frame(out: IO[bytes], seconds: float, most: int) -> tuple[bytes, bytes]:
    until = time.monotonic() + seconds
    kind, size = _FRAME.unpack(_exactly(out, _FRAME.size, until))
    if size > most:
        raise BadInput(BROKE_OFF)
    return kind, _exactly(out, size, until)


def _exactly(out: IO[bytes], size: int, until: float) -> bytes:
    data = bytearray()
    while len(data) < size:
        left = until - time.monotonic()
        if left <= 0 or not select.select([out], [], [], left)[0]:
            raise BadInput(TOO_LONG)
        part = os.read(out.fileno(), min(size - len(data), 1 << 20))
        if not part:
            raise BadInput(BROKE_OFF)
        data += part
    return bytes(data)


def _message(told: bytes) -> str:
    said = told[:_LONGEST_MESSAGE].decode("utf-8", "replace")
    return "".join(mark if mark.isprintable() else " " for mark in said)


BROKE_OFF: Final = (
    "This file could not be read: its reader broke off. The file is damaged, or asks for more "
    "memory than a file of its kind needs. Save it again with the program it came from."
)
TOO_LONG: Final = (
    "Reading this file was stopped because it did not get on for several seconds. The file is "
    "damaged or made to do harm. Save it again with the program it came from."
)
