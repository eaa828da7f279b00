"""Acts on the sentences of a transcript: correct, split, merge. All can be taken back.

A sentence is named with the version in which it was read. Where somebody else changed it
meanwhile ``StaleWrite`` is raised, and both texts are the person's to compare.
"""

import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import reduce
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from secure_storage import BadInput, Repeated, StaleWrite, Study

from ..editing import Spoken, join, part
from ..transcript import Word
from .acting import Act, acting
from .placing import place_after
from .rows import SentenceRow
from .transcripts import read_sentence

if TYPE_CHECKING:
    from sqlite_utils import Database

LONGEST: Final = 20_000
"""Characters of a sentence."""
_STALE: Final = (
    "Somebody else has corrected this sentence meanwhile. Compare both versions and save again."
)
_GONE: Final = "This sentence does not exist (any more). Reload the transcript."


@dataclass(frozen=True, slots=True)
class Kept:
    """A sentence as the database keeps it."""

    id: int
    turn_id: int
    position: int
    said: Spoken


def edit_sentence(
    study: Study, sentence_id: int, text: str, version: int, client_id: str | None,
    *, written: bool = False,
) -> SentenceRow:  # fmt: skip
    """Correct a sentence that was read as ``version``; what was heard stays beside it.

    A repeated ``client_id`` changes nothing and gives the sentence as it stands. An old
    ``version`` raises StaleWrite. See ``correct`` for ``written``.
    """
    study.require("transcribe")
    transcript_id = transcript_of(study, sentence_id)
    with suppress(Repeated):
        correct(study, transcript_id, sentence_id, text, version, client_id, written=written)
    return read_sentence(study.db, sentence_id)


def correct(
    study: Study, transcript_id: int, sentence_id: int, text: str, version: int,
    client_id: str | None, *, written: bool = False,
) -> None:  # fmt: skip
    """Correct a sentence of a transcript.

    ``written``: the text is put into written language, and the one before is kept beside it
    as what was said.
    """
    text = tidied(text)
    with acting(
        study, transcript_id, "sentence.edited", client_id,
        about=f"sentence:{sentence_id}", said="a corrected sentence",
    ) as act:  # fmt: skip
        kept = keep(act, sentence_id, version)
        verbatim = kept.said.verbatim
        if written and verbatim is None and text != kept.said.text:
            verbatim = kept.said.text
        rewrite(act, kept, replace(kept.said, text=text, verbatim=verbatim))


def split_sentence(
    study: Study, transcript_id: int, sentence_id: int, version: int, at: int,
    client_id: str | None,
) -> None:  # fmt: skip
    """Split a sentence at offset ``at`` of its text (code points); the first part keeps the id."""
    with acting(
        study, transcript_id, "sentence.split", client_id,
        about=f"sentence:{sentence_id}", said="a split sentence",
    ) as act:  # fmt: skip
        split(act, sentence_id, version, at)


def merge_sentences(
    study: Study, transcript_id: int, named: Iterable[tuple[int, int]], client_id: str | None
) -> None:
    """Put sentences that follow each other into the first; each is named with its version."""
    with acting(study, transcript_id, "sentence.merged", client_id, said="merged sentences") as act:
        kept = [keep(act, number, version) for number, version in named]
        if len(kept) < 2:
            raise BadInput("There is nothing to merge with.")
        for one, behind in pairwise(kept):
            _check_neighbours(act, one, behind)
        first, merged = kept[0], reduce(join, (one.said for one in kept))
        _check_length(merged.text)
        put(act, first, merged)
        act.recast([(one.id, one.said.text) for one in kept], [(first.id, merged.text)])
        for one in kept[1:]:
            drop(act, one)


def split(act: Act, sentence_id: int, version: int, at: int) -> int:
    """Split within an act; gives the id of the second part."""
    kept = keep(act, sentence_id, version)
    if not kept.said.text[:at].strip() or not kept.said.text[at:].strip():
        raise BadInput("There is nothing to split off here. Put the cursor between two words.")
    first, second = part(kept.said, at)
    put(act, kept, first)
    number = insert(act, kept.turn_id, place_after(act, "sentences", kept.position), second)
    act.recast([(sentence_id, kept.said.text)], [(sentence_id, first.text), (number, second.text)])
    return number


def keep(act: Act, sentence_id: int, version: int) -> Kept:
    """Keep a sentence with its words before it is touched; ``StaleWrite`` if it is another."""
    row = act.db.execute(
        "SELECT id, turn_id, position, text, heard, verbatim, start, end, version FROM sentences"
        " WHERE id = ? AND transcript_id = ?",
        [sentence_id, act.transcript_id],
    ).fetchone()
    if row is None:
        raise StaleWrite(_GONE)
    if row[8] != version:
        raise StaleWrite(_STALE)
    act.keep("sentences", sentence_id)
    act.keep("words", sentence_id)
    _, turn_id, position, text, heard, verbatim, start, end, _ = row
    said = Spoken(text, heard, verbatim, start, end, words_of(act.db, sentence_id))
    return Kept(sentence_id, turn_id, position, said)


def put(act: Act, kept: Kept, said: Spoken) -> None:
    """Write a kept sentence anew, its words too, unless it is what it was."""
    if said == kept.said:
        return
    act.db.execute(
        "UPDATE sentences SET text = ?, heard = ?, verbatim = ?, start = ?, end = ?,"
        " version = version + 1 WHERE id = ?",
        [said.text, said.heard, said.verbatim, said.start, said.end, kept.id],
    )
    if said.words != kept.said.words:
        _put_words(act, kept.id, said.words)


def rewrite(act: Act, kept: Kept, said: Spoken) -> None:
    """Write a kept sentence with another text."""
    put(act, kept, said)
    if said.text != kept.said.text:
        act.recast([(kept.id, kept.said.text)], [(kept.id, said.text)])


def insert(act: Act, turn_id: int, position: int, said: Spoken) -> int:
    """Put a new sentence; gives its id."""
    number = act.insert(
        "sentences", transcript_id=act.transcript_id, turn_id=turn_id, position=position,
        text=said.text, heard=said.heard, verbatim=said.verbatim, start=said.start,
        end=said.end, version=1,
    )  # fmt: skip
    act.keep("words", number)
    _put_words(act, number, said.words)
    return number


def drop(act: Act, kept: Kept) -> None:
    """Take a kept sentence out, and its turn when nothing is said in it any more."""
    act.db.execute("DELETE FROM words WHERE sentence_id = ?", [kept.id])
    act.db.execute("DELETE FROM sentences WHERE id = ?", [kept.id])
    drop_if_empty(act, kept.turn_id)


def drop_if_empty(act: Act, turn_id: int) -> None:
    """Take out a turn in which nothing is said."""
    if not act.db.execute("SELECT 1 FROM sentences WHERE turn_id = ?", [turn_id]).fetchone():
        act.keep("turns", turn_id)
        act.db.execute("DELETE FROM turns WHERE id = ?", [turn_id])


def words_of(db: "Database", sentence_id: int) -> tuple[Word, ...]:
    """The words that were heard in a sentence."""
    rows = db.execute(
        "SELECT text, start, end, confidence, margin, overlap FROM words WHERE sentence_id = ?"
        " ORDER BY position",
        [sentence_id],
    ).fetchall()
    return tuple(
        Word(text, start, end, sure, margin=margin, overlap=bool(overlap))
        for text, start, end, sure, margin, overlap in rows
    )


def transcript_of(study: Study, sentence_id: int) -> int:
    """In which transcript a sentence is."""
    study.require("read")
    row = study.db.execute(
        "SELECT transcript_id FROM sentences WHERE id = ?", [sentence_id]
    ).fetchone()
    if row is None:
        raise BadInput(_GONE)
    return int(row[0])


def tidied(text: str) -> str:
    """Put one space between words, without control characters, as pasting brings them.

    ``BadInput`` when nothing is left, or it is endless.
    """
    said = (sign for sign in text if sign.isspace() or unicodedata.category(sign) != "Cc")
    text = " ".join("".join(said).split())
    _check_length(text)
    return text


def _check_length(text: str) -> None:
    if not text or len(text) > LONGEST:
        raise BadInput(f"A sentence needs between 1 and {LONGEST} characters; nothing was changed.")


def _check_neighbours(act: Act, first: Kept, second: Kept) -> None:
    between = act.db.execute(
        "SELECT count(*) FROM sentences WHERE transcript_id = ? AND position > ? AND position <= ?",
        [act.transcript_id, first.position, second.position],
    ).fetchone()[0]
    if between != 1:
        raise StaleWrite("These sentences do not follow each other (any more).")
    speakers = {
        act.db.execute("SELECT speaker_id FROM turns WHERE id = ?", [one.turn_id]).fetchone()[0]
        for one in (first, second)
    }
    if len(speakers) > 1:
        raise BadInput(
            "Two speakers say these sentences, so they stay apart. Give both the same speaker "
            "first."
        )


def _put_words(act: Act, sentence_id: int, words: tuple[Word, ...]) -> None:
    act.db.execute("DELETE FROM words WHERE sentence_id = ?", [sentence_id])
    act.db.conn.executemany(
        "INSERT INTO words (sentence_id, position, text, start, end, confidence, margin, overlap)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [(sentence_id, place, word.text, word.start, word.end, word.confidence, word.margin,
          int(word.overlap)) for place, word in enumerate(words)],
    )  # fmt: skip
