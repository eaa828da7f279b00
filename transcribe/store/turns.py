"""Turns while an act goes on: who speaks in them, cutting them and joining them."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from .acting import Act
from .placing import place_after


@dataclass(frozen=True, slots=True)
class HeldTurn:
    """A turn with the ids of its sentences, in order."""

    id: int
    position: int
    speaker_id: int | None
    by_hand: bool
    sentences: tuple[int, ...]


def turns_of(act: Act) -> list[HeldTurn]:
    """Give the turns of the act's transcript in which something is said, in order."""
    rows = act.db.execute(
        "SELECT t.id, t.position, t.speaker_id, t.by_hand, s.id FROM sentences s"
        " CROSS JOIN turns t ON t.id = s.turn_id WHERE s.transcript_id = ? ORDER BY s.position",
        [act.transcript_id],
    ).fetchall()
    return [
        HeldTurn(number, position, speaker, bool(by_hand), tuple(row[4] for row in same))
        for (number, position, speaker, by_hand), same in groupby(rows, key=lambda row: row[:4])
    ]


def give(act: Act, wanted: Mapping[int, int | None], *, by_hand: bool) -> None:
    """Give sentences (by id) their speakers; turns are cut where need be, and joined."""
    touched: set[int] = set()
    for turn in turns_of(act):
        if any(one in wanted for one in turn.sentences):
            touched.update(_give(act, turn, wanted, by_hand))
    join_turns(act, touched)


def _give(
    act: Act, turn: HeldTurn, wanted: Mapping[int, int | None], by_hand: bool
) -> Iterator[int]:
    """Cut one turn into runs of a speaker; gives the turns that come of it."""

    def voice(sentence: int) -> tuple[int | None, bool]:
        if sentence in wanted:
            return wanted[sentence], by_hand
        return turn.speaker_id, turn.by_hand

    act.keep("turns", turn.id)
    number = turn.id
    for place, ((speaker, hand), run) in enumerate(groupby(turn.sentences, key=voice)):
        if place:
            position = place_after(act, "turns", _place(act, number))
            number = act.insert(
                "turns", transcript_id=act.transcript_id, position=position,
                speaker_id=speaker, by_hand=int(hand),
            )  # fmt: skip
            _move(act, run, number)
        else:
            act.db.execute(
                "UPDATE turns SET speaker_id = ?, by_hand = ? WHERE id = ?",
                [speaker, int(hand), number],
            )
        yield number


def _place(act: Act, turn_id: int) -> int:
    # Read anew: making room gives all turns other places.
    row = act.db.execute("SELECT position FROM turns WHERE id = ?", [turn_id]).fetchone()
    return int(row[0])


def join_turns(act: Act, touched: Collection[int]) -> None:
    """Join neighbours of one known speaker, of which at least one was touched.

    What a person gave stays given: the joined turn is by hand if either was.
    """
    before: HeldTurn | None = None
    known = set(touched)
    for turn in turns_of(act):
        same = (
            before is not None and before.speaker_id is not None
            and before.speaker_id == turn.speaker_id and {before.id, turn.id} & known
        )  # fmt: skip
        if before is None or not same:
            before = turn
            continue
        act.keep("turns", before.id, turn.id)
        _move(act, turn.sentences, before.id)
        by_hand = before.by_hand or turn.by_hand
        act.db.execute("UPDATE turns SET by_hand = ? WHERE id = ?", [int(by_hand), before.id])
        act.db.execute("DELETE FROM turns WHERE id = ?", [turn.id])
        known.add(before.id)
        before = HeldTurn(
            before.id, before.position, before.speaker_id, by_hand,
            (*before.sentences, *turn.sentences),
        )  # fmt: skip


def _move(act: Act, sentences: Iterable[int], turn_id: int) -> None:
    for one in sentences:
        act.keep("sentences", one)
        act.db.execute("UPDATE sentences SET turn_id = ? WHERE id = ?", [turn_id, one])
