"""Looking at sound from outside, in a process of its own.

Decoding takes a core and the sound's memory, and its libraries parse whatever a stranger
made: neither belongs in the process that serves pages and holds the study's keys. So the
bytes are sealed once more, under a key for this look alone, and a child that has nothing
else decodes them and answers in numbers.
"""

import json
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Final

from secure_storage import Limits, expect, guarded, new_key

from . import capsule
from .audio import Facts, load_decoder, probe
from .options import TranscribeOptions

_KEY_SIZE: Final = 32
_LIMITS: Final = Limits(seconds=30, processor=3600, memory=24 << 30)
"""A day of sound is 5.5 GB decoded, and takes minutes; going over all of it at once takes
seconds, on a machine at work several."""


def look(folder: Path, chunks: Iterable[bytes]) -> Facts:
    """Describe a sound file, or say what is wrong with it; works in ``folder``."""
    key = new_key()
    path = capsule.create(folder, [(_sound(chunks), 0.0)], TranscribeOptions(), key)
    try:
        told = guarded("transcribe.look:describe", [key], setting=str(path), limits=_LIMITS)
    finally:
        shutil.rmtree(path, ignore_errors=True)
    said, peaks = told.split(b"\n", 1)
    return Facts(**json.loads(said), peaks=peaks)


def prepare() -> None:
    """In the child: load the decoder, before it is shut in."""
    load_decoder()


def describe(stream: BinaryIO, setting: str) -> bytes:
    """In the child: the capsule is named by the setting, its key comes in the stream."""
    key = stream.read(_KEY_SIZE)
    with capsule.open_part(Path(setting), 0, key) as part:
        facts = asdict(probe(part))
        peaks: bytes = facts.pop("peaks")
        return json.dumps(facts).encode() + b"\n" + peaks


def _sound(chunks: Iterable[bytes]) -> Iterator[bytes]:
    pieces = iter(chunks)
    first = next(pieces, b"")
    expect(first[:64], "sound")
    return chain([first], pieces)
