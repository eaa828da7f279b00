"""Acts on what stands in a transcript: insert, remove, replace, times, verbatim, turns."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Final

from secure_storage import BadInput, StaleWrite, Study

from ..editing import Replacement, Spoken, replaced
from . import editing
from .acting import Act, acting
from .editing import Kept, keep, put, rewrite, tidied
from .placing import place_after
from .turns import HeldTurn, turns_of

_NO_TIME: Final = "A sentence starts at 0 s or later, and does not end before it starts."
_NO_TURN: Final = "This sentence does not exist (any more). Reload the transcript."
SAME: Final = -1
"""Instead of a speaker: whoever speaks there."""


def insert_sentence(
    study: Study, transcript_id: int, after_id: int | None, text: str, start: float | None,
    end: float | None, speaker_id: int | None, client_id: str | None,
) -> None:  # fmt: skip
    """Put a sentence behind another (None: before all), said by a speaker.

    ``SAME`` as speaker is the one of the turn there. Another speaker gets a turn of their own.
    """
    text = tidied(text)
    _check_time(start, end)
    with acting(study, transcript_id, "sentence.inserted", client_id, said="a new sentence") as act:
        turn, position = _place(act, after_id, speaker_id)
        number = editing.insert(act, turn, position, Spoken(text, "", None, start, end))
        act.recast([], [(number, text)])


def remove_sentences(
    study: Study, transcript_id: int, named: Iterable[tuple[int, int]], client_id: str | None
) -> None:
    """Take sentences out, each named with its version."""
    with acting(
        study, transcript_id, "sentence.removed", client_id, said="what was removed"
    ) as act:
        kept = [keep(act, number, version) for number, version in named]
        for run in _runs(act, kept):
            act.recast([(one.id, one.said.text) for one in run], [])
        for one in kept:
            editing.drop(act, one)


def replace_words(
    study: Study, transcript_id: int, places: Iterable[Replacement], client_id: str | None
) -> None:
    """Put other words in many places at once."""
    with acting(study, transcript_id, "sentence.replaced", client_id, said="replaced words") as act:
        by_sentence = groupby(
            sorted(places, key=lambda one: one.sentence), lambda one: (one.sentence, one.version)
        )
        for (number, version), there in by_sentence:
            kept = keep(act, number, version)
            text = tidied(replaced(kept.said.text, there))
            rewrite(act, kept, replace(kept.said, text=text))


def set_times(
    study: Study, transcript_id: int, sentence_id: int, version: int, start: float | None,
    end: float | None, client_id: str | None,
) -> None:  # fmt: skip
    """Say when a sentence is said, in seconds; None where that is not known."""
    _check_time(start, end)
    with acting(
        study, transcript_id, "sentence.timed", client_id,
        about=f"sentence:{sentence_id}", said="the time of a sentence",
    ) as act:  # fmt: skip
        kept = keep(act, sentence_id, version)
        put(act, kept, replace(kept.said, start=start, end=end))


def set_verbatim(
    study: Study, transcript_id: int, sentence_id: int, version: int, text: str,
    client_id: str | None,
) -> None:  # fmt: skip
    """Correct what was said, beside the text in written language; nothing takes it out."""
    text = tidied(text) if text.strip() else ""
    with acting(
        study, transcript_id, "sentence.verbatim_set", client_id,
        about=f"sentence:{sentence_id}", said="the verbatim text of a sentence",
    ) as act:  # fmt: skip
        kept = keep(act, sentence_id, version)
        put(act, kept, replace(kept.said, verbatim=text or None))


def split_turn(
    study: Study, transcript_id: int, sentence_id: int, at: int, version: int,
    client_id: str | None,
) -> None:  # fmt: skip
    """Begin a turn of the same speaker with a sentence, or inside it at offset ``at``."""
    with acting(study, transcript_id, "turn.split", client_id, said="a split turn") as act:
        if at:
            sentence_id = editing.split(act, sentence_id, version, at)
        turn = _turn_of(turns_of(act), sentence_id)
        if turn.sentences[0] == sentence_id:
            raise BadInput("A turn begins here already.")
        _cut(act, turn, sentence_id)


def merge_turn(study: Study, transcript_id: int, sentence_id: int, client_id: str | None) -> None:
    """Join the turn of a sentence to the one before it, whose speaker it gets."""
    with acting(study, transcript_id, "turn.merged", client_id, said="two merged turns") as act:
        turns = turns_of(act)
        turn = _turn_of(turns, sentence_id)
        place = turns.index(turn)
        if place == 0:
            raise BadInput("There is no turn before this one.")
        before = turns[place - 1]
        if before.speaker_id != turn.speaker_id:
            act.keep("turns", before.id)
            act.db.execute("UPDATE turns SET by_hand = 1 WHERE id = ?", [before.id])
        _move(act, turn.sentences, before.id)
        editing.drop_if_empty(act, turn.id)


def _place(act: Act, after_id: int | None, speaker_id: int | None) -> tuple[int, int]:
    """Find or make the turn of a new sentence; gives it with the sentence's place."""
    turns = turns_of(act)
    if after_id is None:
        first = turns[0] if turns else None
        if first and speaker_id in (SAME, first.speaker_id):
            return first.id, place_after(act, "sentences", 0)
        return _new_turn(act, 0, speaker_id), place_after(act, "sentences", 0)
    turn = _turn_of(turns, after_id)
    if speaker_id not in (SAME, turn.speaker_id):
        rest = turn.sentences[turn.sentences.index(after_id) + 1 :]
        following = turns[turns.index(turn) + 1 :][:1]
        if rest:
            _cut(act, turn, rest[0])
        if following and not rest and following[0].speaker_id == speaker_id:
            return following[0].id, place_after(act, "sentences", _position(act, after_id))
        turn_id = _new_turn(act, _turn_position(act, turn.id), speaker_id)
        return turn_id, place_after(act, "sentences", _position(act, after_id))
    return turn.id, place_after(act, "sentences", _position(act, after_id))


def _new_turn(act: Act, position: int, speaker_id: int | None) -> int:
    speaker = None if speaker_id == SAME else speaker_id
    if (
        speaker is not None
        and not act.db.execute(
            "SELECT 1 FROM speakers WHERE id = ? AND transcript_id = ?",
            [speaker, act.transcript_id],
        ).fetchone()
    ):
        raise BadInput("This speaker is not in this transcript (any more). Reload it.")
    return act.insert(
        "turns", transcript_id=act.transcript_id, position=place_after(act, "turns", position),
        speaker_id=speaker, by_hand=int(speaker is not None),
    )  # fmt: skip


def _cut(act: Act, turn: HeldTurn, sentence_id: int) -> None:
    """Let a turn of the same speaker begin with a sentence."""
    number = act.insert(
        "turns", transcript_id=act.transcript_id,
        position=place_after(act, "turns", turn.position), speaker_id=turn.speaker_id,
        by_hand=int(turn.by_hand),
    )  # fmt: skip
    _move(act, turn.sentences[turn.sentences.index(sentence_id) :], number)


def _move(act: Act, sentences: Sequence[int], turn_id: int) -> None:
    act.keep("sentences", *sentences)
    for one in sentences:
        act.db.execute("UPDATE sentences SET turn_id = ? WHERE id = ?", [turn_id, one])


def _turn_of(turns: Iterable[HeldTurn], sentence_id: int) -> HeldTurn:
    for turn in turns:
        if sentence_id in turn.sentences:
            return turn
    raise StaleWrite(_NO_TURN)


def _position(act: Act, sentence_id: int) -> int:
    row = act.db.execute("SELECT position FROM sentences WHERE id = ?", [sentence_id]).fetchone()
    return int(row[0])


def _turn_position(act: Act, turn_id: int) -> int:
    row = act.db.execute("SELECT position FROM turns WHERE id = ?", [turn_id]).fetchone()
    return int(row[0])


def _runs(act: Act, kept: Sequence[Kept]) -> list[list[Kept]]:
    """Put sentences that follow each other together."""
    rows = act.db.execute(
        "SELECT id FROM sentences WHERE transcript_id = ? ORDER BY position", [act.transcript_id]
    ).fetchall()
    place = {row[0]: number for number, row in enumerate(rows)}
    ordered = sorted(kept, key=lambda one: one.position)
    numbered = groupby(enumerate(ordered), lambda pair: place[pair[1].id] - pair[0])
    return [[one for _, one in run] for _, run in numbered]


def _check_time(start: float | None, end: float | None) -> None:
    times = [one for one in (start, end) if one is not None]
    if any(not 0 <= one < 1e7 for one in times) or times != sorted(times):
        raise BadInput(_NO_TIME)
