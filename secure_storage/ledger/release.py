"""Letting a file out: agreed, on record, anchored, and only then in the exports folder.

The file is copied from its sealed copy to a temporary name in the exports folder, synced,
and takes its own name after the commit. Whatever a crash leaves there under a temporary
name is put right at the next unlock: from the sealed copy if the commit was reached, else
removed. So nothing is out unrecorded, and nothing that is on record is lost.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import sqlite_utils

from .. import members, moments
from ..audit.anchors import anchor_now
from ..audit.receipt import Receipt, receipt_text
from ..audit.words import anchor_words
from ..container import SealedReader
from ..disk import MARK, create_private, discard, private_folder, replacing, sync_folder
from ..disk import aside as aside_of
from ..errors import DamagedFile, FokusError, NotAllowed, StaleWrite, storage_told
from ..members import Member
from ..study import Study
from . import store
from .decision import Verdict, decide, voice, why_second
from .entries import Export, Request

if TYPE_CHECKING:
    from ..opened import OpenedStudy

RECEIPT: Final = ".receipt.txt"
SLICE: Final = 1 << 20


def release(study: Study, request_id: int) -> Export:
    """Release a request with the agreement of this member; raises if that is not enough."""
    asked = store.request(study.db, request_id)
    _check(study.db, asked, study.member)
    assert asked.file_id is not None
    folder = study.home / "exports"
    private_folder(folder)
    with told_if_decided(study.db, request_id), study.files.open(asked.file_id) as sealed:
        # Before the change: nobody's coding waits for a long file.
        aside = _copied(sealed, folder / "new")
    try:
        with study.change() as change:
            asked = store.request(change.db, request_id)
            _check(change.db, asked, study.member)
            second = study.member.id if study.member.id != asked.asked_by else None
            path = _free(folder, asked.file_name, store.names_used(change.db))
            export_id = store.insert_export(change, asked, path.name, second)
            store.settle(change, request_id, "released", export_id=export_id)
            if second is not None:
                change.record("export.approved", f"export_request:{request_id}")
            change.record("read.exported", f"export:{export_id}", after={
                "form": asked.form, "size": asked.size, "sha256": asked.sha256,
                "recipient": asked.recipient, "names_checked": asked.names_checked,
                "names_found": asked.names_found,
            })  # fmt: skip
            # The name tells a later unlock which file this was to become.
            aside = aside.replace(aside_of(path))
            sync_folder(folder)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    anchor_now(study, "export")
    made = store.export(study.db, export_id)
    try:
        _put_in_place(folder, made, _people(study.db), aside)
    except (OSError, FokusError):
        raise FokusError(
            f"The export is on record, but {path.name} could not be put into the exports "
            "folder. Fetch it from the list on the page Exports, where a sealed copy is kept."
        ) from None
    return made


def verdict_on(db: sqlite_utils.Database, asked: Request, second: int | None = None) -> Verdict:
    """Tell what would come of a request if member ``second`` agreed to it, or nobody did."""
    people = {one.id: one for one in members.listed(db)}
    why = why_second(store.rules(db), checked=asked.names_checked, found=asked.names_found)
    other = voice(people[second]) if second is not None else None
    return decide(why is not None, voice(people[asked.asked_by]), other)


def still_waiting(db: sqlite_utils.Database, asked: Request) -> None:
    """Refuse unless nobody has decided on the request."""
    if asked.state != "waiting":
        who = next((one.name for one in members.listed(db) if one.id == asked.decided_by), "?")
        raise StaleWrite(
            f"This export is not waiting any more: {who} has {asked.state} it. Reload the page."
        )


@contextmanager
def told_if_decided(db: sqlite_utils.Database, request_id: int) -> Iterator[None]:
    """Say that somebody decided, if that is why the sealed file is suddenly gone."""
    try:
        yield
    except DamagedFile:
        still_waiting(db, store.request(db, request_id))
        raise


def _check(db: sqlite_utils.Database, asked: Request, member: Member) -> None:
    still_waiting(db, asked)
    own = member.id == asked.asked_by
    verdict = verdict_on(db, asked, None if own else member.id)
    if verdict is not Verdict.RELEASE:
        raise NotAllowed(REFUSALS[verdict])


def _copied(sealed: SealedReader, path: Path) -> Path:
    """Write and sync a file's plaintext under a temporary name; gives that name."""
    aside = aside_of(path)
    target = create_private(aside)
    try:
        with storage_told():
            for offset in range(0, sealed.size, SLICE):
                target.write(sealed.read(offset, SLICE))
            target.flush()
            os.fsync(target.fileno())
            target.close()
    except BaseException:
        discard(target, aside)
        raise
    return aside


def _put_in_place(folder: Path, made: Export, people: dict[int, str], aside: Path) -> None:
    """Write the receipt, then give the file its name: a file in place has its receipt."""
    try:
        with replacing(folder / (made.file_name + RECEIPT)) as target:
            target.write(receipt_text(receipt(made, people)).encode())
        aside.replace(folder / made.file_name)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    sync_folder(folder)


def receipt(made: Export, people: dict[int, str]) -> Receipt:
    """Gather what the receipt of an export says; ``people`` are members' initials."""
    return Receipt(
        export_id=made.id,
        file_name=made.file_name,
        size=made.size,
        sha256=made.sha256,
        released_at=made.at,
        released_by=people[made.member_id],
        asked_by=people[made.asked_by],
        approved_by=people[made.approved_by] if made.approved_by is not None else "",
        purpose=made.purpose,
        recipient=made.recipient,
        names_checked=made.names_checked,
        event=made.event,
        words=anchor_words(made.head),
    )


def written_again(study: Study, export_id: int) -> None:
    """Write the receipt of an export whose line in the ledger an erasure has changed."""
    made = store.export(study.db, export_id)
    with replacing(study.home / "exports" / (made.file_name + RECEIPT)) as target:
        target.write(receipt_text(receipt(made, _people(study.db))).encode())


def _people(db: sqlite_utils.Database) -> dict[int, str]:
    return {one.id: one.initials for one in members.listed(db)}


def _free(folder: Path, name: str, used: dict[str, int]) -> Path:
    """Give the first name that no file has or ever had, for the receipt too."""
    path, number = folder / name, 2
    while path.exists() or path.name in used or (folder / (path.name + RECEIPT)).exists():
        stem, dot, end = name.rpartition(".")
        path = folder / (f"{stem} ({number}).{end}" if dot else f"{name} ({number})")
        number += 1
    return path


def put_right(core: "OpenedStudy") -> None:
    """Complete what a crash left of exports on record; remove what no record knows."""
    folder = core.home / "exports"
    used = store.names_used(core.reader)
    for left in sorted(folder.glob(".*.part")):
        number = used.get(left.name[1 : -len(".part") - 2 * MARK - 1])
        # A full or absent disk keeps nobody out: what is left over is tried again next time.
        with suppress(OSError, FokusError):
            if number is not None:
                _put_again(core, folder, number)
            left.unlink(missing_ok=True)


def _put_again(core: "OpenedStudy", folder: Path, number: int) -> None:
    made = store.export(core.reader, number)
    if made.file_id is not None and not (folder / made.file_name).exists():
        with core.files.open(made.file_id) as sealed:
            aside = _copied(sealed, folder / made.file_name)
        _put_in_place(folder, made, _people(core.reader), aside)


moments.when_unlocked.append(put_right)

REFUSALS: Final = {
    Verdict.SECOND: "A second person has to agree to this export. It waits on the page Exports.",
    Verdict.SAME_PERSON: "You asked for this export yourself. A second person has to agree to it.",
    Verdict.RELEASER: (
        "Neither who asked nor you may release exports. A member with the permission to release "
        "has to agree; a lead of the study gives it."
    ),
    Verdict.NO_SAY: "Your role has no say in exports. Ask a lead or a coder of the study.",
    Verdict.ASKER_GONE: (
        "Who asked for this export has no right to ask for one any more. Refuse it; whoever needs "
        "the file asks anew."
    ),
}
"""What a member is told who cannot release a request."""
