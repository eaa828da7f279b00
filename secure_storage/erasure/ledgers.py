"""The eraser of what members typed into the ledgers: purposes, recipients, reasons, file names.

Nobody can edit a ledger, so what quotes only a part of a sentence goes too. A file of the
exports folder that is called something else in the ledger is renamed, and its receipt is
written anew.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from ..change import Change
from ..foreign import shred
from ..ledger.release import RECEIPT, written_again
from ..study import Study
from . import store
from .eraser import MARK, Eraser, Found, Ground, Theirs, Withdrawal, register_eraser
from .words import Words, mentions, rewritten, unquoted

PLACES: Final = frozenset(
    f"{table}.{column}" for table, columns in store.LEDGERS.items() for column in columns
)
_NAMED: Final = {"exports": "export", "export_requests": "request", "imports": "import"}
_LONGEST: Final = 200
"""Bytes of a file's name, as for a new export."""


def find(ground: Ground, participant_id: int, so_far: Theirs) -> Theirs:
    """List what was typed into the ledgers that mentions or quotes them."""
    name, words = store.person(ground.db, participant_id).pseudonym, Words(so_far.texts)
    lines = store.lines(ground.db)
    named = [one for one in lines if mentions(name, one.text)]
    quoting = [
        one
        for one in lines
        if words.stand_in(one.text) or unquoted(so_far.texts, one.text) != one.text
    ]
    return Theirs((
        Found("Lines of the ledgers that mention the pseudonym", len(named),
              "It is replaced there, in names of files and receipts too, if you choose so.",
              _told(named)),
        Found("Lines of the ledgers that quote them", len(quoting),
              "The quotation is replaced; where only a part is quoted, the whole line.",
              _told(quoting)),
    ))  # fmt: skip


def erase(change: Change, ground: Ground, withdrawal: Withdrawal) -> None:
    """Rewrite these; the exports folder follows, see ``settle``."""
    words = Words(withdrawal.texts)
    taken = {one[0] for one in store.export_lines(change.db).values()}
    for one in store.lines(change.db):
        put = rewritten(withdrawal, one.text)
        if words.stand_in(put):
            put = MARK + (Path(one.text).suffix if one.column == "file_name" else "")
        if put == one.text:
            continue
        if (one.table, one.column) == ("exports", "file_name"):
            put = _free(put, one.id, taken)
            taken.add(put)
        store.rewrite(change, one, put)


def settle(study: Study, moved: Iterable[tuple[int, str]]) -> None:
    """Let the exports folder follow its ledger; may be repeated.

    ``moved`` are exports whose line was rewritten, each with the name its file had.
    """
    folder = study.home / "exports"
    for export_id, name in sorted(moved):
        shred(folder / (name + RECEIPT))
        made = store.export_lines(study.db)[export_id]
        if name != made[0] and (folder / name).exists():
            (folder / name).replace(folder / made[0])
        written_again(study, export_id)


def _free(name: str, export_id: int, taken: set[str]) -> str:
    stem, suffix = Path(name).stem, Path(name).suffix
    if len(name.encode()) > _LONGEST:
        name = stem = MARK
        name += suffix
    return f"{stem} ({export_id}){suffix}" if name in taken else name


def _told(lines: list[store.Line]) -> tuple[str, ...]:
    return tuple(
        f"{_NAMED[one.table]} {one.id}, {one.column.replace('_', ' ')}: {one.text}" for one in lines
    )


register_eraser(Eraser("ledgers", PLACES, find, erase, again=erase, own=True))
