"""Reading a transcript that was made elsewhere, in a process of its own.

The file is a stranger's, and cutting sentences needs spaCy: neither belongs in the
process that serves pages and holds the study's keys. A child with limits is given the
bytes through a pipe and answers in JSON; nothing touches the disk.
"""

import resource
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Final

from secure_storage import BadInput, FokusError

from .formats import import_vtt, read_json, write_json
from .transcript import Sentence, Transcription, Turn, Word

MOST_BYTES: Final = 20 << 20
_MEMORY: Final = 4 << 30
_SECONDS: Final = 60
_LANGUAGE_SIZE: Final = 8
_ENDS: Final = tuple(".!?…»”\"'")
_REFUSED: Final = 3
"""Exit status of a child that says what is wrong with the file."""


def read_vtt(data: bytes, language: str = "en") -> Transcription:
    """Read WebVTT with voices into turns and sentences, or say what is wrong with it."""
    if len(data) > MOST_BYTES:
        raise BadInput("This is too large to be a transcript (more than 20 MB).")
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", "from transcribe.foreign_text import main; main()"],
            input=language.encode().ljust(_LANGUAGE_SIZE) + data, capture_output=True, cwd="/",
            timeout=_SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise BadInput(_BROKE) from None
    if done.returncode == _REFUSED:
        raise BadInput(done.stdout.decode("utf-8"))
    if done.returncode != 0:
        raise BadInput(_BROKE)
    return read_json(done.stdout)


def main() -> None:
    """Be the child."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    # spaCy takes torch along wherever it is installed; its rules have no use for it.
    sys.modules["torch"] = None  # type: ignore[assignment]
    language = sys.stdin.buffer.read(_LANGUAGE_SIZE).decode().strip()
    try:
        answer = write_json(in_sentences(import_vtt(_text(sys.stdin.buffer.read()), language)))
    except FokusError as error:
        sys.stdout.buffer.write(str(error).encode("utf-8"))
        sys.exit(_REFUSED)
    sys.stdout.buffer.write(answer.encode("utf-8"))


def in_sentences(cues: Transcription) -> Transcription:
    """Cut cues, which are made to fit a screen, into sentences, which are made to be coded."""
    from .sentences import split_sentences

    def sentences(turn: Turn) -> Iterator[Sentence]:
        for stretch in _stretches(turn.sentences):
            words = [word for cue in stretch for word in _words(cue)]
            # Times within a cue are a guess by length: good to find a place, not to keep.
            yield from (replace(one, words=()) for one in split_sentences(words, cues.language))

    return replace(
        cues, turns=tuple(replace(turn, sentences=tuple(sentences(turn))) for turn in cues.turns)
    )


def _stretches(cues: Sequence[Sentence]) -> Iterator[Sequence[Sentence]]:
    """Cues that belong together: a cue goes on in the next if it visibly has no end.

    Where a whole turn is written without any end of a sentence, each cue stands alone.
    """
    punctuated = any(cue.text.endswith(_ENDS) for cue in cues)
    number, numbered = 0, []
    for before, cue in zip([None, *cues], cues, strict=False):
        goes_on = (
            punctuated and before is not None
            and not before.text.endswith(_ENDS) and cue.text[:1].islower()
        )  # fmt: skip
        number += not goes_on
        numbered.append((number, cue))
    for _, group in groupby(numbered, key=lambda pair: pair[0]):
        yield [cue for _, cue in group]


def _words(cue: Sentence) -> Iterator[Word]:
    start, end = cue.start or 0.0, cue.end or 0.0
    pace = (end - start) / max(1, len(cue.text))
    offset = 0
    for text in cue.text.split():
        yield Word(text, start + offset * pace, start + (offset + len(text)) * pace, 1.0)
        offset += len(text) + 1


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput(
            "This file is not UTF-8 text, which WebVTT must be. Save it again as UTF-8."
        ) from None


_BROKE: Final = (
    "This file could not be read as a transcript. Save it again as WebVTT and try again."
)
