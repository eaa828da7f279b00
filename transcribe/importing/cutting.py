"""Pieces to turns and sentences: cues are made to fit a screen, sentences to be coded."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Final

from secure_storage import still_alive

from ..sentences import split_sentences
from ..transcript import Sentence, Transcription, Turn, Word
from .parsed import Kind, Note, Parsed, Piece

LONGEST: Final = 1000
"""Characters of a sentence; what is longer has no full stops and is cut between words."""
_MOST_WORDS: Final = 1000
"""Words that are cut into sentences at once; from here on the next full stop ends a stretch."""
_LONGEST_WORD: Final = 80
"""Characters of a word that the sentence rules are shown: some take quadratic time."""
_ENDS: Final = tuple(".!?…»”\"'")


def transcription(parsed: Parsed, language: str) -> tuple[Transcription, tuple[Note, ...]]:
    """Give the turns of cleaned pieces in sentences, and notes on what was cut."""
    notes: list[Note] = []
    turns = tuple(
        Turn(group[0].speaker, tuple(_sentences(group, parsed, language, notes)))
        for group in _turns(parsed.pieces, parsed.kind)
    )
    made = Transcription(
        language, turns, parsed.spans, parsed.doubts,
        parsed.provenance or (("Source", f"{parsed.form} file"),), parsed.demo,
    )  # fmt: skip
    return made, tuple(notes)


def _turns(pieces: Sequence[Piece], kind: Kind) -> Iterator[list[Piece]]:
    """What one speaker says on end is a turn; in a document each paragraph is one."""
    if kind == "document":
        yield from ([piece] for piece in pieces)
        return
    for _, group in groupby(pieces, key=lambda piece: piece.speaker):
        yield list(group)


def _sentences(
    pieces: Sequence[Piece], parsed: Parsed, language: str, notes: list[Note]
) -> Iterator[Sentence]:
    if parsed.cut:
        every = [Sentence(one.text, one.start, one.end, one.words) for one in pieces]
    else:
        every = [one for stretch in _stretches(pieces) for one in _cut(stretch, language)]
    for sentence in every:
        still_alive()
        if len(sentence.text) <= LONGEST:
            yield sentence
            continue
        notes.append(
            Note(pieces[0].place,
                 f"{len(sentence.text):,} characters without the end of a sentence were cut.",
                 f"{sentence.text[:80]}…")
        )  # fmt: skip
        yield from _shortened(sentence)


def _stretches(pieces: Sequence[Piece]) -> Iterator[Sequence[Piece]]:
    """Cues that belong together: a cue goes on in the next if it visibly has no end.

    Where a whole turn is written without any end of a sentence, each cue stands alone.
    """
    punctuated = any(piece.text.endswith(_ENDS) for piece in pieces)
    number, numbered = 0, []
    for before, piece in zip([None, *pieces], pieces, strict=False):
        goes_on = (
            punctuated and before is not None
            and not before.text.endswith(_ENDS) and piece.text[:1].islower()
            and (before.start is None) == (piece.start is None)
        )  # fmt: skip
        number += not goes_on
        numbered.append((number, piece))
    for _, group in groupby(numbered, key=lambda pair: pair[0]):
        yield [piece for _, piece in group]


def _cut(stretch: Sequence[Piece], language: str) -> Iterator[Sentence]:
    words = [word for piece in stretch for word in piece.words or _guessed(piece)]
    heard = all(piece.words for piece in stretch)
    timed = stretch[0].start is not None
    for some in _portions(words):
        still_alive()
        at = 0
        for one in split_sentences([_shown(word) for word in some], language):
            own = some[at : at + len(one.words)]
            at += len(own)
            made = replace(one, text=" ".join(word.text for word in own), words=tuple(own))
            # Times within a cue are a guess by length: good to find a place, not to keep.
            made = made if heard else replace(made, words=())
            yield made if timed else replace(made, start=None, end=None)


def _guessed(piece: Piece) -> Iterator[Word]:
    start, end = piece.start or 0.0, piece.end or 0.0
    pace = (end - start) / max(1, len(piece.text))
    offset = 0
    for text in piece.text.split():
        yield Word(text, start + offset * pace, start + (offset + len(text)) * pace, 1.0)
        offset += len(text) + 1


def _portions(words: Sequence[Word]) -> Iterator[Sequence[Word]]:
    """Give stretches that can be cut at once, each up to a full stop where there is one."""
    first = 0
    for at, word in enumerate(words, 1):
        long = at - first
        if (long >= _MOST_WORDS and word.text.endswith(_ENDS)) or long >= 4 * _MOST_WORDS:
            yield words[first:at]
            first = at
    if first < len(words):
        yield words[first:]


def _shown(word: Word) -> Word:
    if len(word.text) <= _LONGEST_WORD:
        return word
    return replace(word, text="x" * (_LONGEST_WORD - 1) + word.text[-1])


def _shortened(sentence: Sentence) -> Iterator[Sentence]:
    """Cut a sentence between words, or within a word that is longer than a sentence may be."""
    text, start = sentence.text, sentence.start
    pace = ((sentence.end or 0.0) - (start or 0.0)) / len(text)
    at = 0
    while at < len(text):
        stop = len(text)
        if stop - at > LONGEST:
            space = text.rfind(" ", at + 1, at + LONGEST + 1)
            stop = space if space > at else at + LONGEST
        times = (None, None) if start is None else (start + at * pace, start + stop * pace)
        yield Sentence(text[at:stop].strip(), *times)
        at = stop + (text[stop : stop + 1] == " ")
