"""The erasers of this stage: the journal, and what was exported."""

from typing import Final

from ..change import Change
from ..foreign import shred
from . import store
from .eraser import Eraser, Found, Ground, Theirs, Withdrawal, register_eraser
from .search import LEAST, Needles, spellings
from .words import Words, mentions

EMPTIED: Final = (
    "What they tell is erased with its salt; that something happened, when and by whom stays."
)


def find_exports(ground: Ground, participant_id: int, so_far: Theirs) -> Theirs:
    """Find the exports, and the requests for some, that hold their words."""
    holding = _holding(ground, so_far.texts)
    left = tuple(
        f"no. {one.id}, {one.at[:10]}  {one.file_name}, for {one.recipient}"
        for one in holding
        if one.left
    )
    keys = {store.file_key(ground.db, one.file_id) for one in holding}
    found = (
        Found(
            "Exports that left", len(left),
            "The sealed copy and the file in the exports folder are destroyed. What was sent "
            "cannot be called back: write to those who have it.",
            left,
        ),
        Found(
            "Exports asked for", sum(not one.left for one in holding),
            "Those that wait are taken back; the sealed copy is destroyed.",
        ),
    )  # fmt: skip
    return Theirs(found, keys=frozenset(key for key in keys if key))


def erase_exports(change: Change, ground: Ground, withdrawal: Withdrawal) -> None:
    """Destroy the sealed copies of exports that hold their words."""
    reason = "A participant withdrew; ask for it anew."
    for file_id in sorted({one.file_id for one in _holding(ground, withdrawal.texts)}):
        store.drop_exports(change, file_id, reason)
        ground.files.destroy(file_id, change)


def tidy_exports(ground: Ground) -> None:
    """Shred what lies in the exports folder of exports whose sealed copy was destroyed."""
    for name in store.erased_export_names(ground.db):
        shred(ground.home / "exports" / name)


def find_events(ground: Ground, participant_id: int, so_far: Theirs) -> Theirs:
    """Count the events that tell of them."""
    told = store.telling(ground.db, _tells(so_far.texts, so_far.objects, so_far.events, ""))
    return Theirs((Found("Entries of the journal", len(told), EMPTIED),))


def erase_events(change: Change, ground: Ground, withdrawal: Withdrawal) -> None:
    """Empty every event that tells of them."""
    name = withdrawal.pseudonym if withdrawal.mentions else ""
    tells = _tells(withdrawal.texts, withdrawal.objects, withdrawal.events, name)
    store.empty_events(change, store.telling(change.db, tells))


def _tells(
    texts: frozenset[str], objects: frozenset[str], events: frozenset[int], name: str
) -> store.Tells:
    needles = Needles(
        spelling for text in texts if len(text) >= LEAST for spelling in spellings(text)
    )

    def tells(seq: int, about: str, payload: str, strings: list[str]) -> bool:
        return (
            seq in events
            or about in objects
            or bool(needles.found(payload.encode()))
            or any(mentions(name, one) for one in strings)
        )

    return tells


def _holding(ground: Ground, texts: frozenset[str]) -> list[store.SealedExport]:
    words = Words(texts)
    holding: dict[str, bool] = {}
    exports = store.sealed_exports(ground.db)
    for one in exports:
        if one.file_id not in holding:
            with ground.files.open(one.file_id) as sealed:
                holding[one.file_id] = words.in_file(sealed.read(0, sealed.size))
    return [one for one in exports if holding[one.file_id]]


register_eraser(Eraser(
    "exports", frozenset({"files/", "files:export", "exports/"}), find_exports, erase_exports,
    tidy=tidy_exports, again=erase_exports, own=True,
))  # fmt: skip
register_eraser(Eraser(
    "journal", frozenset({"events.before", "events.after", "events.salt"}), find_events,
    erase_events, again=erase_events, own=True,
))  # fmt: skip
