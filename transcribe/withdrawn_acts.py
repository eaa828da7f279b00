"""What the journal's acts on transcripts keep of a participant's words. Pure but for reading.

Sentences were perhaps split, merged, removed or given to somebody else since; what they were
before stands in the events of these acts, so that they can be taken back.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from .store.told import ToldAct, living, speakers_of_turns, told_acts

if TYPE_CHECKING:
    from sqlite_utils import Database

_WORDS: Final = ("text", "heard", "verbatim")


@dataclass(frozen=True, slots=True)
class ToldWords:
    """What acts tell of a participant."""

    sentences: frozenset[int] = frozenset()
    """Theirs, also those that are gone."""
    events: frozenset[int] = frozenset()
    """Of these, and of others' sentences that once shared words with them."""
    texts: frozenset[str] = frozenset()


def told_words(
    db: "Database", transcripts: Iterable[int], mine: frozenset[int], speakers: frozenset[int]
) -> ToldWords:
    """Find the acts that tell what somebody said, whose sentences and speakers these are."""
    found = [
        _in_transcript(db, one, told_acts(db, one), mine, speakers) for one in set(transcripts)
    ]
    return ToldWords(
        mine.union(*(one.sentences for one in found)),
        frozenset().union(*(one.events for one in found)),
        frozenset().union(*(one.texts for one in found)),
    )


def _in_transcript(
    db: "Database", transcript_id: int, acts: Sequence[ToldAct], mine: frozenset[int],
    speakers: frozenset[int],
) -> ToldWords:  # fmt: skip
    own = mine | _gone(db, transcript_id, acts, speakers)
    theirs = set(own)
    shared = [_shared(act) for act in acts]
    while more := {one for some in shared if some & theirs for one in some} - theirs:
        theirs |= more
    said = [(act.seq, _words(act)) for act in acts]
    return ToldWords(
        frozenset(own),
        frozenset(seq for seq, words in said if words.keys() & theirs)
        | _naming(db, transcript_id, acts, speakers),
        frozenset(text for _, words in said for one in words.keys() & own for text in words[one]),
    )


def _naming(
    db: "Database", transcript_id: int, acts: Sequence[ToldAct], speakers: frozenset[int]
) -> frozenset[int]:
    """Acts that tell a label of theirs, or of speakers there are no more: merged into theirs."""
    alive = living(db, "speakers", [transcript_id])
    names = set(speakers)
    merges = [
        (int(act.object.partition(":")[2]), act.touched("speakers") - alive)
        for act in acts
        if act.action == "speaker.merged"
    ]
    while more := {one for into, gone in merges if into in names for one in gone} - names:
        names |= more
    return frozenset(act.seq for act in acts if act.touched("speakers") & names)


def _gone(
    db: "Database", transcript_id: int, acts: Sequence[ToldAct], speakers: frozenset[int]
) -> set[int]:
    """Sentences there are no more, in a turn that was once one of the speakers'."""
    alive = living(db, "sentences", [transcript_id])
    turns = {turn for turn, speaker in speakers_of_turns(db, transcript_id) if speaker in speakers}
    for act in acts:
        for number, row in _changes(act, "turns"):
            if row.get("speaker_id") in speakers:
                turns.add(number)
    return {
        number
        for act in acts
        for number, row in _changes(act, "sentences")
        if number not in alive and row.get("turn_id") in turns
    }


def _shared(act: ToldAct) -> set[int]:
    """The sentences between which an act moved words: split, merged, or that taken back."""
    rows = dict(act.before.get("sentences", {}))
    came = {int(key) for key, row in rows.items() if isinstance(row, list)}
    changed = {int(key) for key, row in rows.items() if isinstance(row, dict) and "text" in row}
    return came | changed if came and changed else set()


def _words(act: ToldAct) -> dict[int, list[str]]:
    """Of each sentence, what the act tells of its words."""
    found: dict[int, list[str]] = {}
    for number, row in _changes(act, "sentences"):
        texts = [text for name in _WORDS if (text := row.get(name))]
        if texts:
            found.setdefault(number, []).extend(texts)
    for rows in (act.before, act.after):
        for key, heard in rows.get("words", {}).items():
            if heard:
                text = " ".join(str(word["text"]) for word in heard)
                found.setdefault(int(key), []).append(text)
    return found


def _changes(act: ToldAct, table: str) -> Iterable[tuple[int, dict[str, Any]]]:
    for rows in (act.before, act.after):
        for key, row in rows.get(table, {}).items():
            for one in row if isinstance(row, list) else [row]:
                yield int(key), one
