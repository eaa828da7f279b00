"""Looking at sound from outside, in a process of its own.

Decoding takes a core and the sound's memory, and its libraries parse whatever a stranger
made: neither belongs in the process that serves pages and holds the study's keys. So the
bytes are sealed once more, under a key for this look alone, and a child that has nothing
else decodes them and answers in numbers.
"""

import json
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Final

from secure_storage import BadInput, FokusError, new_key

from . import capsule
from .audio import Facts, probe
from .options import TranscribeOptions

_KEY_SIZE: Final = 32
_LONGEST: Final = 3600.0
"""Seconds; decoding a day of sound takes minutes, so what takes longer is a trap."""


def look(folder: Path, chunks: Iterable[bytes]) -> Facts:
    """Describe a sound file, or say what is wrong with it; works in ``folder``."""
    key = new_key()
    path = capsule.create(folder, [(chunks, 0.0)], TranscribeOptions(), key)
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", "from transcribe.look import main; main()", str(path)],
            input=key, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd="/",
            timeout=_LONGEST, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise BadInput(_BROKE) from None
    finally:
        shutil.rmtree(path, ignore_errors=True)
    return _facts(done.stdout if done.returncode == 0 else b"")


def main() -> None:
    """Be the child: the capsule is named in the arguments, its key comes on standard input."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    key = sys.stdin.buffer.read(_KEY_SIZE)
    try:
        with capsule.open_part(Path(sys.argv[1]), 0, key) as stream:
            told: dict[str, object] = {"facts": asdict(probe(stream))}
    except FokusError as error:
        told = {"error": str(error)}
    sys.stdout.write(json.dumps(told))


def _facts(answer: bytes) -> Facts:
    try:
        told = json.loads(answer)
    except ValueError:
        raise BadInput(_BROKE) from None
    if "error" in told:
        raise BadInput(told["error"])
    return Facts(**told["facts"])


_BROKE: Final = (
    "This file could not be decoded: the decoder broke off. Save it again as WAV or FLAC with any "
    "audio program, then add that."
)
