"""Reading a transcript that was made elsewhere, in a process of its own.

The file is a stranger's, and cutting sentences needs spaCy: neither belongs in the
process that serves pages and holds the study's keys. A guarded child is given the bytes
and answers in JSON; nothing touches the disk.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import BinaryIO, Final

from secure_storage import BadInput, expect, guarded, still_alive

from .formats import import_vtt, read_json, write_json
from .transcript import Sentence, Transcription, Turn, Word

MOST_BYTES: Final = 20 << 20
_ENDS: Final = tuple(".!?…»”\"'")


def read_vtt(data: bytes, language: str = "en") -> Transcription:
    """Read WebVTT with voices into turns and sentences, or say what is wrong with it."""
    if len(data) > MOST_BYTES:
        raise BadInput("This is too large to be a transcript (more than 20 MB).")
    expect(data[:64], "text")
    return read_json(guarded("transcribe.foreign_text:parse_vtt", [data], setting=language))


def prepare() -> None:
    """In the child: load what cuts sentences, before it is shut in."""
    # spaCy takes torch along wherever it is installed; its rules have no use for it.
    sys.modules["torch"] = None  # type: ignore[assignment]
    from .sentences import split_sentences

    split_sentences([Word("Ready.", 0.0, 1.0, 1.0)], "en")


def parse_vtt(stream: BinaryIO, language: str) -> bytes:
    """In the child: read WebVTT and give the transcription as JSON."""
    cues = import_vtt(_text(stream.read()), language)
    return write_json(in_sentences(cues)).encode()


def in_sentences(cues: Transcription) -> Transcription:
    """Cut cues, which are made to fit a screen, into sentences, which are made to be coded."""
    from .sentences import split_sentences

    def sentences(turn: Turn) -> Iterator[Sentence]:
        still_alive()
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
