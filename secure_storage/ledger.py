"""What came in and what went out: the ledgers, and the one door out."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from .change import Change
from .disk import private_folder, sync_folder, write_aside
from .errors import BadInput, FokusError
from .study import Study


@dataclass(frozen=True, slots=True)
class Released:
    """An export that left the study."""

    id: int
    path: Path
    sha256: str


def release_export(
    study: Study, *, data: bytes, form: str, file_name: str, purpose: str, recipient: str
) -> Released:
    """Write an export to the exports folder, once, and put it on the record.

    A sealed copy stays in the study, so that it can be shown later what was released.
    """
    study.require("release")
    name, digest = _plain_name(file_name), hashlib.sha256(data).hexdigest()
    with study.change() as change:
        path = _free(study.home / "exports", name, change)
        stored = study.files.add([data], "export", change)
        row = {
            "at": change.now, "member_id": study.member.id, "form": form, "purpose": purpose,
            "recipient": recipient, "file_id": stored.id, "file_name": path.name,
            "size": len(data), "sha256": digest, "names_checked": 0,
        }  # fmt: skip
        number = _inserted(change, "exports", row)
        told = {"form": form, "size": len(data), "sha256": digest, "recipient": recipient}
        change.record("read.exported", f"export:{number}", after=told)
        # The file takes its name only when its row is on the disk: nothing is out unrecorded.
        aside = write_aside(path, data)
        change.if_undone(lambda: aside.unlink(missing_ok=True))
    try:
        aside.replace(path)
    except OSError:
        aside.unlink(missing_ok=True)
        raise FokusError(
            f"The export is on record, but {path.name} could not be put into the exports "
            "folder. Fetch it from the list on the page Export, where a sealed copy is kept."
        ) from None
    sync_folder(path.parent)
    return Released(number, path, digest)


def record_import(change: Change, kind: str, size: int, sha256: str) -> int:
    """Put a file that came in on the record, within the change that takes it in."""
    row = {
        "at": change.now, "member_id": change.member.id,
        "kind": kind, "size": size, "sha256": sha256,
    }  # fmt: skip
    return _inserted(change, "imports", row)


def _inserted(change: Change, table: str, row: dict[str, object]) -> int:
    number = change.db.table(table).insert(row).last_pk
    assert isinstance(number, int)
    return number


def _plain_name(file_name: str) -> str:
    if (
        not file_name.isprintable()
        or not 1 <= len(os.fsencode(file_name)) <= 200
        or file_name.startswith(".")
        or any(mark in file_name for mark in '/\\:*?"<>|')
    ):
        raise BadInput("Give the export a plain file name, without folders or marks like / or :.")
    return file_name


def _free(folder: Path, name: str, change: Change) -> Path:
    private_folder(folder)
    used = {row["file_name"] for row in change.db.table("exports").rows}
    path, number = folder / name, 2
    while path.exists() or path.name in used:
        stem, dot, end = name.rpartition(".")
        path = folder / (f"{stem} ({number}).{end}" if dot else f"{name} ({number})")
        number += 1
    return path
