"""Finding a place between two neighbours, for sentences and for turns."""

from typing import Final, Literal

from .acting import Act
from .stepping import ORDERS

ROOM: Final = 1 << 32
"""Between the places of neighbours, so that others can be put between them."""
_STEP: Final = 1 << 22
"""Of the room between two, what one that comes between takes: typing goes on behind it."""


def place_after(act: Act, table: Literal["sentences", "turns"], position: int) -> int:
    """Give a free place behind ``position`` (0: before all), making room where there is none."""
    following = act.db.execute(
        f"SELECT min(position) FROM {table} WHERE transcript_id = ? AND position > ?",
        [act.transcript_id, position],
    ).fetchone()[0]
    if following is None:
        return position + ROOM
    rest = following % ORDERS
    halves = (following - position) // (2 * ORDERS)
    if halves:
        return int(position - position % ORDERS + min(_STEP, halves * ORDERS) + rest)
    return place_after(act, table, _spread(act, table, position))


def _spread(act: Act, table: str, position: int) -> int:
    """Give all of a transcript places with room; returns the new one of who was at ``position``.

    Beyond the greatest place so far: so no place is another's, one by one, there and back.
    """
    rows = act.db.execute(
        f"SELECT id, position FROM {table} WHERE transcript_id = ? ORDER BY position",
        [act.transcript_id],
    ).fetchall()
    most = rows[-1][1]
    first = most - most % ORDERS + (most + 1) % ORDERS
    places = {number: first + place * ROOM for place, (number, _) in enumerate(rows, 1)}
    act.keep(table, *places)
    # From the last on, so that nobody's old place is taken while they still have it.
    for number, old in reversed(rows):
        act.db.execute(f"UPDATE {table} SET position = ? WHERE id = ?", [places[number], number])
        position = places[number] if old == position else position
    return int(position)
