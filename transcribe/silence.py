"""Sound with stretches of silence: made anew as FLAC, by a process of its own.

As in ``look``, the sound reaches the child sealed under a key for this once, and the
child has nothing else and is shut in before it decodes. It is not ``guarded``, whose
answer comes in one piece: what this one makes comes back through a pipe and is sealed as
it arrives, so no plaintext touches the disk. The sound is decoded twice: FLAC says at its very
start how long it is and what the sum of its samples is (RFC 9639, 8.2), and a pipe does
not go back.
"""

import json
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Final

from secure_storage import BadInput, new_key, shut_in

from . import capsule
from .audio import Measure, load_decoder, measure_silenced, write_silenced
from .options import TranscribeOptions

_KEY_SIZE: Final = 32
_MEMORY: Final = 4 << 30
"""Bytes of address space: the sound is never held whole."""
_SECONDS: Final = 3600
"""Of processor time; a day of sound takes minutes."""
_FRAME: Final = struct.Struct(">cI")
_SOUND, _DONE = b"S", b"D"
_STREAMINFO: Final = 8
"""Where in a FLAC file the description of the stream begins."""
_COUNT: Final = _STREAMINFO + 10
"""Where, in eight bytes, rate, channels, width and (the last 36 bits) the length stand."""
_SUM: Final = _COUNT + 8
_END: Final = _SUM + 16


class FlacHead:
    """Completes the head of a FLAC stream with what its encoder cannot know yet."""

    def __init__(self, write: Callable[[bytes], object], measure: Measure) -> None:
        """Pass everything on to ``write``."""
        self._write, self._measure = write, measure
        self._head: bytearray | None = bytearray()

    def write(self, data: bytes) -> int:
        """Take what the encoder writes."""
        if self._head is None:
            self._write(bytes(data))
            return len(data)
        self._head += data
        if len(self._head) >= _END:
            known = int.from_bytes(self._head[_COUNT:_SUM], "big") | self._measure.samples
            self._head[_COUNT:_SUM] = known.to_bytes(8, "big")
            self._head[_SUM:_END] = self._measure.md5
            self._write(bytes(self._head))
            self._head = None
        return len(data)


def silenced(
    folder: Path,
    chunks: Iterable[bytes],
    spans: Sequence[tuple[float, float]],
    told: Callable[[int], object],
    *,
    mixed: bool = False,
    beep: bool = False,
) -> Iterator[bytes]:
    """Give a sound file as FLAC with silence in ``spans`` (seconds); works in ``folder``.

    ``mixed`` makes one channel of all; ``beep`` puts a tone where silence would be.
    ``told`` hears how many samples are done; by raising it ends the work.
    """
    key = new_key()
    path = capsule.create(folder, [(chunks, 0.0)], TranscribeOptions(), key)
    child = None
    try:
        child = subprocess.Popen(
            [sys.executable, "-P", "-c", "from transcribe.silence import main; main()", str(path)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd="/",
        )  # fmt: skip
        assert child.stdin is not None and child.stdout is not None
        try:
            child.stdin.write(key + json.dumps([mixed, beep, *spans]).encode())
            child.stdin.close()
        except BrokenPipeError:
            raise BadInput(_BROKE) from None
        yield from _pieces(child.stdout, told)
        if child.wait() != 0:
            raise BadInput(_BROKE)
    finally:
        if child is not None:
            child.kill()
            child.wait()
            for pipe in (child.stdin, child.stdout):
                if pipe is not None and not pipe.closed:
                    pipe.close()
        shutil.rmtree(path, ignore_errors=True)


def main() -> None:
    """Be the child: key and spans come on standard input, frames go to standard output."""
    load_decoder()
    shut_in(_MEMORY, _SECONDS)
    key = sys.stdin.buffer.read(_KEY_SIZE)
    mixed, beep, *asked = json.loads(sys.stdin.buffer.read())
    spans = [(float(start), float(end)) for start, end in asked]
    out = sys.stdout.buffer

    def done(samples: int) -> None:
        out.write(_FRAME.pack(_DONE, min(samples, 0xFFFFFFFF)))
        out.flush()

    def sound(data: bytes) -> None:
        out.write(_FRAME.pack(_SOUND, len(data)) + data)

    with capsule.open_part(Path(sys.argv[1]), 0, key) as stream:
        measure = measure_silenced(stream, spans, done, mixed=mixed, beep=beep)
        stream.seek(0)
        write_silenced(stream, spans, FlacHead(sound, measure), done, mixed=mixed, beep=beep)
    out.flush()


def _pieces(out: IO[bytes], told: Callable[[int], object]) -> Iterator[bytes]:
    while head := out.read(_FRAME.size):
        if len(head) < _FRAME.size:
            raise BadInput(_BROKE)
        kind, number = _FRAME.unpack(head)
        if kind == _DONE:
            told(number)
            continue
        data = out.read(number)
        if len(data) < number:
            raise BadInput(_BROKE)
        yield data


_BROKE: Final = (
    "A recording could not be made anew (silenced, or copied to be played): its sound could not "
    "be decoded again, or memory ran out. Nothing was changed. Free some memory and try again."
)
