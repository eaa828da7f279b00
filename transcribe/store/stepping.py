"""What a step back or forth does to the run of sentences, for who follows the words.

Pure, but for reading the sentences.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from secure_storage import Step

if TYPE_CHECKING:
    from sqlite_utils import Database

Line = tuple[int, str]
_END: Final = 2**62
Runs = Iterator[tuple[tuple[Line, ...], tuple[Line, ...]]]


ORDERS: Final = 16
"""Whenever all sentences (or turns) get new places these have another rest by this: places of
before and after are told apart where a step brings back one that only knew the others."""


def watched(db: "Database", transcript_id: int, step: Step, *, again: bool) -> Callable[[], Runs]:
    """Look at a transcript before a step; called when new rows are there, gives its runs.

    Only the stretch is read in which the step's sentences are, with its neighbours.
    """
    left, wanted = (step.before, step.after) if again else (step.after, step.before)
    mine = (wanted or {}).get("sentences", {})
    if not mine:
        return lambda: iter(())
    stretch = _stretch(db, transcript_id, mine, (left or {}).get("sentences", {}))
    was = _lines(db, transcript_id, stretch)
    gone = {int(key) for key, rows in mine.items() if rows == []}
    return lambda: runs(
        was, [one for one in _lines(db, transcript_id, stretch) if one[0] not in gone]
    )


def is_torn(db: "Database", transcript_id: int) -> bool:
    """Whether a turn is in pieces, or sentences or turns stand where others were meanwhile."""
    (torn,) = db.execute(
        "SELECT count(*) - count(DISTINCT turn_id) FROM (SELECT turn_id,"
        " lag(turn_id) OVER (ORDER BY position) AS before FROM sentences WHERE transcript_id = ?)"
        " WHERE before IS NOT turn_id",
        [transcript_id],
    ).fetchone()
    return bool(torn) or any(
        db.execute(
            f"SELECT min(position % {ORDERS}) <> max(position % {ORDERS}) FROM {table}"
            " WHERE transcript_id = ?",
            [transcript_id],
        ).fetchone()[0]
        for table in ("sentences", "turns")
    )


def runs(was: Sequence[Line], now: Sequence[Line]) -> Runs:
    """Give the runs in which two states of a transcript differ, as they were and are.

    One that is gone is given with its neighbours, which tell where it was.
    """
    same = set(was) & set(now)
    for (before, after), (old, new) in zip(
        pairwise([None, *(one for one in was if one in same), None]),
        zip(_between(was, same), _between(now, same), strict=True),
        strict=True,
    ):
        if old and not new:
            around = tuple(one for one in (before, after) if one)
            yield (*around[: before is not None], *old, *around[before is not None :]), around
        elif old:
            yield tuple(old), tuple(new)


def _between(lines: Sequence[Line], same: set[Line]) -> list[list[Line]]:
    pieces: list[list[Line]] = [[]]
    for one in lines:
        if one in same:
            pieces.append([])
        else:
            pieces[-1].append(one)
    return pieces


def _stretch(
    db: "Database", transcript_id: int, *told: Mapping[str, Any]
) -> tuple[int, int]:  # fmt: skip
    """Give the places from the neighbour before all that a step tells of to the one behind."""
    rows = [one for rows in told for row in rows.values() for one in _listed(row)]
    if any("position" in row for rows in told for row in rows.values() if isinstance(row, dict)):
        return 0, _END  # all got new places
    ids = "[" + ",".join(told[0]) + "]"
    least, most = db.execute(
        "SELECT min(position), max(position) FROM sentences"
        " WHERE transcript_id = ? AND id IN (SELECT value FROM json_each(?))",
        [transcript_id, ids],
    ).fetchone()
    places = [one["position"] for one in rows] + [one for one in (least, most) if one is not None]
    if not places:
        return 0, _END
    before, behind = db.execute(
        "SELECT (SELECT max(position) FROM sentences WHERE transcript_id = ? AND position < ?),"
        " (SELECT min(position) FROM sentences WHERE transcript_id = ? AND position > ?)",
        [transcript_id, min(places), transcript_id, max(places)],
    ).fetchone()
    return before or 0, _END if behind is None else behind


def _listed(row: Any) -> list[Any]:
    return row if isinstance(row, list) else []


def _lines(db: "Database", transcript_id: int, stretch: tuple[int, int]) -> list[Line]:
    rows = db.execute(
        "SELECT id, text FROM sentences WHERE transcript_id = ? AND position BETWEEN ? AND ?"
        " ORDER BY position",
        [transcript_id, *stretch],
    )
    return [(int(number), str(text)) for number, text in rows.fetchall()]
