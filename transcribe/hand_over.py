"""Handing capsules to a worker process: the app's end of the line, and the worker's.

The line is a pair of sockets, the worker's end being its standard input. One message is
one capsule: its path, its key, and its lock, held by the app until then (an open file
carries its flock with it). So at every moment it can be told whether somebody holds a
capsule, however either end stops: what a dead worker had not read is free again. The
worker ends when nothing waits; until then it may be handed more, and it goes on without
the app.
"""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from secure_storage import FokusError

from . import capsule

_LARGEST: Final = 1 << 16
"""Bytes of a message."""
_LOOK_EVERY: Final = 0.5
"""Seconds between two looks for capsules that are cancelled while they wait."""


@dataclass(frozen=True, slots=True)
class Handed:
    """A capsule to work on."""

    path: Path
    key: bytes
    held: BinaryIO
    """Its lock, from ``capsule.lock``; closed when it has been worked on."""


class Worker:
    """A worker process that outlives this one."""

    def __init__(self) -> None:
        """Start it; it waits for its first capsule. Raises FokusError where none can start."""
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._line.setblocking(False)
        with theirs:
            try:
                self._process = subprocess.Popen(
                    [sys.executable, "-P", "-m", "transcribe", "work"],
                    stdin=theirs.fileno(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                    start_new_session=True, cwd="/",
                )  # fmt: skip
            except OSError as error:
                self._line.close()
                raise FokusError(
                    "The machine can start no further process just now (too little memory, or "
                    "too many processes). Close other programs, then resume the transcription."
                ) from error

    @property
    def process(self) -> int:
        """The number of the process."""
        return self._process.pid

    def hand_over(self, path: Path, key: bytes) -> bool:
        """Give it one more capsule; False when it has ended, or cannot take one now.

        Raises WorkerAlive when somebody holds the capsule already.
        """
        message = json.dumps({"path": str(path.resolve()), "key": key.hex()}).encode()
        with capsule.lock(path) as held:
            capsule.clear_for_another_try(path)
            with suppress(OSError):
                socket.send_fds(self._line, [message], [held.fileno()])
                return True
        return False

    def ended(self) -> bool:
        """The process is gone (and its number free again)."""
        return self._process.poll() is not None

    def wait(self, seconds: float) -> int:
        """Wait for its end; gives its exit status."""
        return self._process.wait(seconds)

    def let_go(self) -> None:
        """Hand over nothing more; it finishes what it has."""
        self._line.close()


class Line:
    """The worker's end: capsules in the order they were handed over.

    Iteration waits for the first one and ends when none waits. One that is cancelled
    while it waits is let go at once, by the thread that also takes in new ones.
    """

    def __init__(self, stream: socket.socket) -> None:
        """Listen on ``stream``, which is closed when the app lets go of it."""
        self._stream: socket.socket | None = stream
        stream.settimeout(_LOOK_EVERY)
        self._waiting: deque[Handed] = deque()
        self._changed = threading.Condition()
        self._first = False
        threading.Thread(target=self._listen, name="fokus-line", daemon=True).start()

    def __iter__(self) -> Iterator[Handed]:
        """Give each capsule that is handed over."""
        while (one := self._next()) is not None:
            yield one

    def _next(self) -> Handed | None:
        with self._changed:
            self._changed.wait_for(lambda: self._first or self._stream is None)
            return self._waiting.popleft() if self._waiting else None

    def _listen(self) -> None:
        while True:
            if self._stream is None:
                time.sleep(_LOOK_EVERY)
            else:
                self._receive(self._stream)
            with self._changed:
                for one in [one for one in self._waiting if capsule.cancel_asked(one.path)]:
                    self._waiting.remove(one)
                    _let_go(one)

    def _receive(self, stream: socket.socket) -> None:
        try:
            message, files, _, _ = socket.recv_fds(stream, _LARGEST, 1, socket.MSG_CMSG_CLOEXEC)
        except TimeoutError:
            return
        except OSError:
            message, files = b"", []
        with self._changed:
            if message and files:
                values = json.loads(message)
                key = bytes.fromhex(values["key"])
                self._waiting.append(Handed(Path(values["path"]), key, os.fdopen(files[0], "rb")))
                self._first = True
            else:
                self._stream = None
                stream.close()
            self._changed.notify()


def _let_go(one: Handed) -> None:
    with one.held, suppress(FokusError):
        capsule.write_progress(one.path, "cancelled")
