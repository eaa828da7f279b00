"""Destroying a study: the keys first, so that what a crash leaves can be read by nobody.

The order: linking store, key file (overwritten), the same seals in every backup, then
database, files and all else, the backups, the folder. Before the first step a plan is
written into the folder, by which an interrupted closing can be finished; it holds numbers
and sums. Until the key file is gone the study still opens; from then on there is nothing
to open, and finishing needs nobody to sign in. Anchors stay: they hold no content, and show
that the study's journal ended where the certificate says.
"""

import json
import os
import re
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from .. import events, opened
from ..audit.words import anchor_words
from ..backup import backups
from ..backup.shelf import shelf
from ..disk import replacing, sync_folder
from ..errors import BadInput, FokusError, NotAllowed, StudyBusy, StudyMissing
from ..foreign import shred
from ..settings import read_settings
from ..study import Study
from . import store
from .archive import Archive
from .second import agreed

PLAN: Final = "closing.json"
GONE: Final = ".jobs"
"""The jobs' folder under another name: what still works there writes nothing more into it."""
PLAIN: Final = ("exports", "inbox", GONE)
KEYS_FIRST: Final = ("linking.json", "linking.db", "linking.db.next", "linking.db.old")
JOBS_KEY: Final = "array-key"
before_closing: Final[list[Callable[[Study], object]]] = []
"""What a later stage has to say against closing a study now: an error refuses it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the certificate says, and where the backups are."""

    home: str
    study_id: str
    title: str
    decided_at: str
    decided_by: str
    counts: dict[str, int]
    backups: int
    shelf: str
    seq: int
    words: str
    archive: str
    archive_sha256: str


def check_title(study: Study, title: str) -> None:
    """Refuse unless what was typed to confirm is the study's title."""
    if title != study.title:
        raise BadInput("This is not the title of the study. Nothing was destroyed.")


def close_study(
    study: Study, title: str, archive: Archive | None, second: Study | None = None
) -> Path:
    """Destroy the study whose title was typed to confirm; gives the certificate's path.

    ``second`` is another member signed in, where the study always asks for two people. Both
    are signed out. Raises ``BadInput`` before anything is destroyed.
    """
    study.require("erase")
    if study.member.role != "lead":
        raise NotAllowed("Only a lead can close a study.")
    agreed(study, second)
    check_title(study, title)
    for call in before_closing:
        call(study)
    home, core = study.home, study._core
    chosen = read_settings(home).backups
    if not chosen.is_dir() and study.db.table("backups").count:
        raise BadInput(
            f"The backup folder {chosen} is not there, and its backups could not be destroyed. "
            "Make it available again. Nothing was destroyed."
        )
    with study.change("erase") as change:
        told: dict[str, object] = {"archive": archive.sha256 if archive else ""}
        if second is not None:
            told["second"] = second.member.id
        change.record("study.closing", "study", after=told)
    seq, head = events.last(study.db)
    plan = Plan(
        str(home), core.header.study_id, study.title, events.now(), study.member.initials,
        store.counts(study.db), len(backups(home)), str(shelf(home)), seq, anchor_words(head),
        archive.path.name if archive else "", archive.sha256 if archive else "",
    )  # fmt: skip
    if second is not None:
        second.close()
    study.close()
    with opened.kept_shut(home) as shut:
        if not shut:
            raise StudyBusy(os.getpid())
        with replacing(home / PLAN) as file:
            file.write(json.dumps(asdict(plan), indent=1).encode())
        return _destroy(home, plan)


def finish_closing(home: Path) -> Path:
    """Finish a closing that was interrupted after the keys were gone."""
    home = home.resolve()
    try:
        plan = Plan(**json.loads((home / PLAN).read_bytes()))
    except (OSError, ValueError, TypeError):
        raise StudyMissing(f"There is no study in {home}, and none that is being closed.") from None
    if (home / "study.json").exists():
        raise FokusError("The study still has its keys. Sign in to close it.")
    if plan.home != str(home) or not _is_shelf(plan):
        raise BadInput(
            f"The closing that {PLAN} tells of was not begun in {home}, so nothing was removed. "
            "Put the folder back where the study was, or remove what is left yourself."
        )
    with opened.kept_shut(home):
        return _destroy(home, plan)


def _is_shelf(plan: Plan) -> bool:
    # Nobody signed the plan: it must not name any folder as one to be removed.
    return bool(re.fullmatch("[0-9a-f]{32}", plan.study_id)) and (
        Path(plan.shelf).name == plan.study_id
    )


def drop_plan(core: opened.OpenedStudy) -> None:
    """Forget a closing that was interrupted before the keys were gone: the study goes on."""
    (core.home / PLAN).unlink(missing_ok=True)


def _destroy(home: Path, plan: Plan) -> Path:
    for name in KEYS_FIRST:
        _overwritten(home / name)
    for path in _files_in(home / "jobs"):
        if path.name.endswith(JOBS_KEY):
            _overwritten(path)
    sync_folder(home)
    _overwritten(home / "study.json")
    with suppress(FileNotFoundError):
        (home / "jobs").rename(home / GONE)
    sync_folder(home)
    copies = Path(plan.shelf)
    for name in ("linking.json", "study.json"):
        for path in sorted(copies.glob(f"*/{name}")):
            if not path.parent.is_symlink():
                _overwritten(path)
    for path in sorted(home.glob("study.db*")):
        _overwritten(path)
    for name in PLAIN:
        for path in _files_in(home / name):
            _overwritten(path)
    if copies.exists():
        shutil.rmtree(copies)
        sync_folder(copies.parent)
    certificate = _certified(home, plan)
    for path in home.iterdir():
        # The plan last: without it nobody could finish this.
        if path.name != PLAN:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    sync_folder(home)
    shutil.rmtree(home)
    sync_folder(home.parent)
    return certificate


def _files_in(folder: Path) -> list[Path]:
    """List the files below a folder; what links point to is not the study's."""
    if folder.is_symlink():
        return []
    below = [Path(where) / name for where, _, names in os.walk(folder) for name in names]
    return [path for path in sorted(below) if path.is_file() and not path.is_symlink()]


def _overwritten(path: Path) -> None:
    with suppress(BadInput):
        # A file with a second name elsewhere is not overwritten, and is removed here.
        if not path.is_symlink():
            shred(path)
    path.unlink(missing_ok=True)


def _certified(home: Path, plan: Plan) -> Path:
    path = home.parent / f"{home.name}-destroyed-{plan.decided_at[:10]}.txt"
    with replacing(path) as file:
        file.write(certificate_of_destruction(home, plan).encode())
    return path


def certificate_of_destruction(home: Path, plan: Plan) -> str:
    """Say what was destroyed, when, by whom, and what is left where."""
    counted = "\n".join(f"  {name:<14}{number:>9,}" for name, number in plan.counts.items())
    archived = (
        f"An archive was made before, encrypted, and read back: {plan.archive}\n"
        f"  SHA-256 {plan.archive_sha256}"
        if plan.archive else "No archive was made."
    )  # fmt: skip
    return f"""Certificate of destruction

Study        {plan.title}
Study id     {plan.study_id}
Folder       {home}
Decided      {plan.decided_at} by {plan.decided_by} (lead)
Destroyed    {events.now()}

Destroyed were the linking store, the keys (overwritten), the database, all sealed files,
jobs, exports, inbox, and the {plan.backups} backups in {plan.shelf}:

{counted}

{archived}

The journal ended with event {plan.seq}. Its last words, to be compared with anchors and
receipts, which are kept:
  {plan.words}

What is not in our hands: exports that were given away, copies of the study folder that
others made (snapshots of disks, backups of the machine), and blocks that a disk keeps
after overwriting. Such copies stay sealed; who has an old copy of the key file and a
passphrase of that time can open them, so have those copies removed too.
"""
