"""The act of assigning the speakers of a transcript again."""

from itertools import groupby

from secure_storage import BadInput, Study

from ..reassign import Voiced, assigned_again
from ..transcript import UNKNOWN, Word
from .acting import Act, acting
from .spans import has_spans, kept_spans
from .turns import give


def can_assign_again(study: Study, transcript_id: int) -> bool:
    """Whether it is known when whom was heard: not of typed and imported transcripts."""
    study.require("read")
    return has_spans(study.db, transcript_id)


def assign_again(study: Study, transcript_id: int, client_id: str | None = None) -> int:
    """Assign speakers anew, from the diarization and the labels as they are merged now.

    What people gave stays. Gives how many sentences have another speaker.
    """
    study.require("transcribe")
    with acting(
        study, transcript_id, "turn.assigned", client_id, said="speakers assigned again"
    ) as act:
        spans = kept_spans(act.db, transcript_id)
        if not spans.exclusive:
            raise BadInput(
                "It is not known when whom was heard here, so speakers cannot be assigned again. "
                "Transcribe the recording anew for that."
            )
        voiced = _voiced(act)
        found = assigned_again(voiced, spans.exclusive, spans.overlapping)
        before = {one.id: one.speaker for one in voiced}
        others = {one.id: one.speaker for one in found if one.speaker != before[one.id]}
        for one in found:
            _put_words(act, one)
        give(
            act,
            {number: None if name == UNKNOWN else int(name) for number, name in others.items()},
            by_hand=False,
        )
        return len(others)


def _voiced(act: Act) -> list[Voiced]:
    """Give the sentences that nobody gave a speaker by hand, with their words."""
    rows = act.db.execute(
        "SELECT s.id, t.speaker_id, w.text, w.start, w.end, w.confidence, w.margin, w.overlap"
        " FROM sentences s JOIN turns t ON t.id = s.turn_id JOIN words w ON w.sentence_id = s.id"
        " WHERE s.transcript_id = ? AND NOT t.by_hand ORDER BY s.position, w.position",
        [act.transcript_id],
    ).fetchall()
    found = []
    for (number, speaker), same in groupby(rows, key=lambda row: row[:2]):
        name = UNKNOWN if speaker is None else str(speaker)
        heard = tuple(
            Word(text, start, end, confidence, name, margin, bool(overlap))
            for _, _, text, start, end, confidence, margin, overlap in same
        )
        found.append(Voiced(number, name, heard))
    return found


def _put_words(act: Act, one: Voiced) -> None:
    act.keep("words", one.id)
    places = act.db.execute(
        "SELECT position FROM words WHERE sentence_id = ? ORDER BY position", [one.id]
    ).fetchall()
    act.db.conn.executemany(
        "UPDATE words SET margin = ?, overlap = ? WHERE sentence_id = ? AND position = ?",
        [
            (word.margin, int(word.overlap), one.id, place)
            for (place,), word in zip(places, one.words, strict=True)
        ],
    )
