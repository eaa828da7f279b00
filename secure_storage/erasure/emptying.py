"""Taking words out of the journal that a study takes out of its texts for good."""

from collections.abc import Callable, Collection

from ..change import Change
from . import store
from .words import mentions

Chosen = Callable[[str, str], bool]
"""Given an event's object and its payloads."""


def empty_where_said(change: Change, words: Collection[str], about: Chosen, anyway: Chosen) -> None:
    """Empty the events that say one of some words, as words of their own, large or small.

    Only those are looked at of which ``about`` says so; those of which ``anyway`` says so
    too are emptied whatever they say.
    """
    wanted = {word.lower() for word in words}

    def tells(seq: int, object: str, payload: str, strings: list[str]) -> bool:
        if not about(object, payload):
            return False
        small = [one.lower() for one in strings]
        return anyway(object, payload) or any(
            mentions(word, one) for word in wanted for one in small if word in one
        )

    seqs = store.telling(change.db, tells)
    if seqs:
        store.empty_events(change, seqs)
