"""What a step back or forth does to the run of sentences, for who follows the words.

Pure, but for reading the sentences.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from secure_storage import Step

if TYPE_CHECKING:
    from sqlite_utils import Database

Line = tuple[int, str]
Runs = Iterator[tuple[tuple[Line, ...], tuple[Line, ...]]]


def watched(db: "Database", transcript_id: int, step: Step, *, again: bool) -> Callable[[], Runs]:
    """Look at a transcript before a step; called when new rows are there, gives its runs."""
    was = _lines(db, transcript_id)
    wanted = (step.after if again else step.before) or {}
    gone = {int(key) for key, rows in wanted.get("sentences", {}).items() if rows == []}
    return lambda: runs(was, [one for one in _lines(db, transcript_id) if one[0] not in gone])


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


def _lines(db: "Database", transcript_id: int) -> list[Line]:
    rows = db.execute(
        "SELECT id, text FROM sentences WHERE transcript_id = ? ORDER BY position", [transcript_id]
    )
    return [(int(number), str(text)) for number, text in rows.fetchall()]
