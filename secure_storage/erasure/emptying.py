"""Taking words out of the journal that a study takes out of its texts for good."""

from collections.abc import Callable, Collection

from ..change import Change
from . import store
from .words import mentions


def empty_where_said(
    change: Change, words: Collection[str], about: Callable[[str, str], bool]
) -> None:
    """Empty the events that say one of some words, as words of their own.

    Only those are looked at of which ``about`` says so: it is given an event's object and
    its payloads.
    """

    def tells(seq: int, object: str, payload: str, strings: list[str]) -> bool:
        small = payload.lower()
        return about(object, payload) and any(
            mentions(word, one) for word in words if word.lower() in small for one in strings
        )

    seqs = store.telling(change.db, tells)
    if seqs:
        store.empty_events(change, seqs)
