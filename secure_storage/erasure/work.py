"""Carrying out an erasure, so that a crash at any point is made good by doing it again.

``confirmed``: sound without them is made ready beside the old, then one change of the
database switches the files, erases the words and moves the erasure to ``erased``. What
must still be looked for is kept, sealed, in a file of its own.
``erased``: folders are cleared, the database is written anew without its free pages and
its log is cut, the study is searched byte by byte; once nothing is found the sealed list
is destroyed; a fresh backup is made and searched; the certificate is written and the
erasure is ``done``. While something is found (a member wrote it anew) it stays ``erased``,
and continuing it takes that out first.

Every step may be repeated, so ``carry_out_erasure`` simply goes on from where it stands.
"""

import json
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from .. import members
from ..change import Change
from ..errors import BadInput, FokusError
from ..study import Study
from . import backups, ledgers, looking, store
from .asking import gather, ground_of, require_part
from .certificate import Certificate, Searched, from_json, to_json
from .eraser import (
    Ground,
    Outdated,
    Prepared,
    Theirs,
    Withdrawal,
    eraser_order,
    erasers,
)
from .exempt import unnamed_columns, unnamed_folders, unnamed_kinds
from .looking import LIST
from .search import LEAST, Needles, spellings
from .store import Erasure

SILENCING: Final = "Silencing the sound"
"""Name of the one step that can be stopped: nothing is erased yet."""
_TRIES: Final = 5
_one: Final[dict[Path, threading.Lock]] = {}
_guard: Final = threading.Lock()

Telling = Callable[[str, int, int], None]
"""Called with a step's name and how far it is (done, total); may raise to stop."""


@dataclass(frozen=True, slots=True)
class _Sought:
    """What must not be found anywhere any more."""

    texts: frozenset[str]
    keys: frozenset[bytes]
    files: frozenset[str] = frozenset()
    """Names on the disk of sealed files that were destroyed."""
    moved: frozenset[tuple[int, str]] = frozenset()
    """Exports with a rewritten line, and the name each file had."""

    def sealed(self) -> bytes:
        return json.dumps([
            sorted(self.texts), sorted(key.hex() for key in self.keys), sorted(self.files),
            sorted(self.moved),
        ]).encode()  # fmt: skip

    @classmethod
    def opened(cls, data: bytes) -> "_Sought":
        texts, keys, files, moved = json.loads(data)
        return cls(
            frozenset(texts), frozenset(map(bytes.fromhex, keys)), frozenset(files),
            frozenset((number, name) for number, name in moved),
        )  # fmt: skip

    def needles(self) -> Needles:
        return Needles({one for text in self.texts for one in spellings(text)} | self.keys)


def carry_out_erasure(
    study: Study, erasure_id: int, told: Telling = lambda step, done, total: None
) -> Certificate:
    """Carry out a confirmed erasure, or go on with one that was interrupted."""
    require_part(study)
    with _guard:
        one = _one.setdefault(study.home, threading.Lock())
    if not one.acquire(blocking=False):
        raise BadInput("An erasure is being carried out already. Wait until it is done.")
    try:
        row = store.erasure(study.db, erasure_id)
        if row.state == "confirmed":
            _erase(study, row, told)
            row = store.erasure(study.db, erasure_id)
        if row.state == "erased":
            _certify(study, row, told)
            row = store.erasure(study.db, erasure_id)
        if row.state != "done":
            raise BadInput("This erasure was not confirmed, or was cancelled.")
        return from_json(row.certificate)
    finally:
        one.release()


def _erase(study: Study, row: Erasure, told: Telling) -> None:
    if strange := unnamed_folders(study.home):
        raise BadInput(
            "Nothing was erased: in the folder of the study lies what Fokus does not know "
            f"({', '.join(strange)}). See whether it holds anything of the participant's, move "
            "it elsewhere, then continue the erasure."
        )
    if unnamed := unnamed_columns(study.db) + unnamed_kinds(study.db):
        raise FokusError(
            "Nothing was erased: this version of Fokus has places of which it does not know what "
            f"to erase ({', '.join(unnamed)}). Please report this fault."
        )
    for _ in range(_TRIES):
        try:
            return _erase_once(study, row, told)
        except Outdated:
            continue
    raise BadInput(
        "Others went on changing what is to be erased, so nothing was erased yet. Let them "
        "pause for a moment and continue."
    )


def _erase_once(study: Study, row: Erasure, told: Telling) -> None:
    ground = ground_of(study)
    withdrawal = _withdrawal(ground, row, gather(ground, row.participant_id))
    prepared: list[Prepared] = []
    with ExitStack() as stack:
        for eraser in erasers():
            if eraser.prepare is not None:
                made = eraser.prepare(
                    ground, withdrawal, lambda done, total: told(SILENCING, done, total)
                )
                stack.callback(made.abort)
                prepared.append(made)
        told("Erasing", 0, 1)
        with study.change() as change:
            require_part(study)
            if store.erasure(change.db, row.id).state != "confirmed":
                return
            _change(change, study, row, prepared)
        stack.pop_all()


def _change(change: Change, study: Study, row: Erasure, prepared: Sequence[Prepared]) -> None:
    ground = ground_of(study, change.db)
    theirs = gather(ground, row.participant_id)
    withdrawal = _withdrawal(ground, row, theirs)
    texts = frozenset(text for text in theirs.texts if len(text) >= LEAST)

    def erase() -> None:
        for made in prepared:
            made.switch(change)
        for eraser in eraser_order():
            eraser.erase(change, ground, withdrawal)
        store.entomb(change, row.participant_id, withdrawal.name)

    sought = _after(erase, change, _Sought(texts, theirs.keys))
    kept = study.files.add([sought.sealed()], LIST, change)
    draft = {
        "list": kept.id, "erased_at": change.now, "texts": len(texts), "keys": len(theirs.keys),
        "counts": [
            [one.what, one.count] for one in theirs.found if one.count and not one.stays
        ],
        "exports_left": store.exports_erased(change.db, change.now),
    }  # fmt: skip
    store.advance(change, row.id, "erased", json.dumps(draft, ensure_ascii=False))
    change.record(
        "participant.erased", f"participant:{row.participant_id}",
        after={"erasure": row.id, "mode": row.mode, "counts": draft["counts"]},
    )  # fmt: skip


def _after(erase: Callable[[], None], change: Change, sought: _Sought) -> _Sought:
    """Erase, and add what is to be gone from the folders because of it."""
    files, lines = set(store.file_names(change.db)), store.export_lines(change.db)
    erase()
    now = store.export_lines(change.db)
    moved = {(number, line[0]) for number, line in lines.items() if now[number] != line}
    return replace(
        sought, files=sought.files | (files - set(store.file_names(change.db))),
        moved=sought.moved | moved,
    )  # fmt: skip


def _withdrawal(ground: Ground, row: Erasure, theirs: Theirs) -> Withdrawal:
    one = store.person(ground.db, row.participant_id)
    return Withdrawal(
        one.id, row.mode, row.mentions, one.pseudonym, theirs.texts,
        theirs.objects | {f"participant:{one.id}"}, theirs.events,
    )  # fmt: skip


def _certify(study: Study, row: Erasure, told: Telling) -> None:
    core = study._core
    draft: dict[str, Any] = json.loads(row.certificate)
    sought: _Sought | None = None
    if "searched" not in draft:
        sought = _cleared(study, row, draft, told)
        found = looking.look_in_study(
            core, sought.needles(), sought.files, lambda step: told(step, 0, 1)
        )
        _conclude(study, row, draft, sought, found)
    searched = [Searched(**one) for one in draft["searched"]]
    # Once more: now without the list and its key.
    store.compact(core)
    told("Making a fresh backup", 0, 1)
    backup = backups.fresh(core)
    if sought is not None:
        told("Searching the backup", 0, 1)
        found = looking.look_in_backup(core, sought.needles(), backup)
        if any(one.found for one in found):
            _conclude(study, row, draft, sought, found)
        searched += found
    else:
        # Interrupted between the two searches: the list is gone, as it has to be.
        searched.append(Searched(f"fresh backup {backup.name}: a copy of the searched study", 0, 0))
    _write(study, row, draft, searched, backup.name)


def _cleared(study: Study, row: Erasure, draft: dict[str, Any], told: Telling) -> _Sought:
    """Open the list; clear the folders, and what was written anew if the last search found it."""
    with study.files.open(draft["list"]) as sealed:
        sought = _Sought.opened(sealed.read(0, sealed.size))
    told("Clearing up", 0, 1)
    if draft.get("found"):
        sought = _again(study, row, draft, sought)
    ledgers.settle(study, sought.moved)
    for eraser in erasers():
        if eraser.tidy is not None:
            eraser.tidy(ground_of(study))
    store.compact(study._core)
    return sought


def _again(study: Study, row: Erasure, draft: dict[str, Any], sought: _Sought) -> _Sought:
    """Erase what members wrote anew of what is looked for."""
    with study.change() as change:
        ground = ground_of(study, change.db)
        withdrawal = Withdrawal(row.participant_id, row.mode, False, "", sought.texts, frozenset())

        def erase() -> None:
            for eraser in eraser_order():
                if eraser.again is not None:
                    eraser.again(change, ground, withdrawal)

        sought = _after(erase, change, sought)
        study.files.destroy(draft["list"], change)
        draft["list"] = study.files.add([sought.sealed()], LIST, change).id
        draft["exports_left"] += store.exports_erased(change.db, change.now)
        store.advance(change, row.id, "erased", json.dumps(draft, ensure_ascii=False))
    return sought


def _conclude(
    study: Study, row: Erasure, draft: dict[str, Any], sought: _Sought, searched: Sequence[Searched]
) -> None:
    """Destroy the list if nothing was found; else keep it, or put it back, and say where."""
    found = [one.where for one in searched if one.found]
    draft["found"] = bool(found)
    with study.change() as change:
        if found:
            draft.pop("searched", None)
            if "list" not in draft:
                draft["list"] = study.files.add([sought.sealed()], LIST, change).id
        else:
            draft["searched"] = [asdict(one) for one in searched]
            study.files.destroy(draft.pop("list"), change)
        store.advance(change, row.id, "erased", json.dumps(draft, ensure_ascii=False))
        change.record("erasure.searched", f"erasure:{row.id}", after={"found": len(found)})
    if found:
        raise FokusError(
            f"It is erased, but something of theirs was found again: in {'; '.join(found)}. "
            "Continue: what members wrote anew is taken out, and all is searched once more. If "
            "it is found again, take it out there yourself, or report this."
        )


def _write(
    study: Study, row: Erasure, draft: dict[str, Any], searched: Sequence[Searched], backup: str
) -> None:
    names = {one.id: one.name for one in members.listed(study.db)}
    person = store.person(study.db, row.participant_id)
    with study.change() as change:
        certificate = Certificate(
            study=study.title, erasure=row.id, participant=person.pseudonym, group=person.group,
            mode=row.mode, asked_by=names[row.asked_by], asked_at=row.asked_at,
            confirmed_by=names.get(row.decided_by or 0, ""), confirmed_at=row.decided_at or "",
            erased_at=draft["erased_at"],
            counts=tuple((what, count) for what, count in draft["counts"]),
            texts=draft["texts"], keys=draft["keys"], searched=tuple(searched),
            exports_left=tuple(draft["exports_left"]),
            backups=backups.older(study._core, backup), certified_at=change.now,
        )  # fmt: skip
        store.advance(change, row.id, "done", to_json(certificate))
        change.record("erasure.certified", f"erasure:{row.id}", after={"clean": certificate.clean})
