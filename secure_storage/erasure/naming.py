"""Telling in which columns something stands that a study looks for."""

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from . import store
from .eraser import erasers

if TYPE_CHECKING:
    from ..study import Study


def cells_with(
    study: "Study", holds: Callable[[str], bool], leave: Collection[str]
) -> tuple[tuple[str, int], ...]:
    """Count, by column, the texts of which ``holds`` is true; columns with none are left out.

    Looked at is every column (``table.column``) that an eraser answers for, but those in
    ``leave``. Gives counts alone, no text.
    """
    study.require("read")
    places = {place for one in erasers() for place in one.places} - set(leave)
    found = (
        (column, sum(1 for text in store.texts_of(study.db, column) if holds(text)))
        for column in store.columns(study.db)
        if column in places
    )
    return tuple((column, count) for column, count in found if count)
