"""Places that hold no participant's words or sound, each with the reason, and the check.

Whoever adds a column, a folder or a kind of sealed file names it in an eraser, or here with
a reason.
"""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from types import MappingProxyType
from typing import Final

import sqlite_utils

from . import store
from .eraser import erasers

_TIME, _WORD, _HASH = "a time", "one of a few fixed words", "a hash"

COLUMNS: Final[Mapping[str, str]] = MappingProxyType({
    "meta.key": _WORD,
    "meta.value": "the study's own facts: ids, dates, settings, its title, its signing key",
    "members.name": "who works on the study, not who is studied",
    "members.initials": "who works on the study, not who is studied",
    "members.role": _WORD,
    "members.created_at": _TIME,
    "members.disabled_at": _TIME,
    "members.removed_at": _TIME,
    "members.code_secret": "a member's secret of one-time codes",
    "events.at": _TIME,
    "events.action": _WORD,
    "events.object": "a kind and a number",
    "events.digest": "a salted hash; erasing empties the salt",
    "events.prev": _HASH,
    "events.hash": _HASH,
    "events.client_id": "a random number that a browser made",
    "files.id": "a random number",
    "files.name": "a random number",
    "files.key": "a random key; the file's row goes when the file is erased",
    "files.kind": _WORD,
    "files.sha256": "a hash of a whole file; goes with the file's row",
    "files.created_at": _TIME,
    "imports.at": _TIME,
    "imports.kind": _WORD,
    "imports.sha256": "a hash of a whole file: nothing of it can be had from it",
    "exports.at": _TIME,
    "exports.form": _WORD,
    "exports.file_id": "points to the file, and is emptied with it",
    "exports.sha256": "a hash of a whole file: nothing of it can be had from it",
    "exports.erased_at": _TIME,
    "export_requests.at": _TIME,
    "export_requests.form": _WORD,
    "export_requests.file_id": "points to the file, and is emptied with it",
    "export_requests.sha256": "a hash of a whole file: nothing of it can be had from it",
    "export_requests.state": _WORD,
    "export_requests.decided_at": _TIME,
    "replacements.kind": _WORD,
    "replacements.label": "what stands instead of somebody's name; chosen to identify nobody",
    "replacement_forms.hash": "a keyed hash, to put the same in the same place again",
    "sealed_originals.sealed": "sealed to the linking store; the study cannot open it",
    "identifiers.kind": _WORD,
    "identifiers.why": "one of a few fixed phrases",
    "identifiers.state": _WORD,
    "replaced_places.at": _TIME,
    "pseudonym_samples.at": _TIME,
    "name_forms.hash": "a keyed hash, kept by the custodian; the key is not in the study",
    "acts.scope": "a kind and a number",
    "repairs.state": _WORD,
    "repairs.closed_at": _TIME,
    "last_ids.name": "the name of a table",
    "backups.name": "a day and a random number",
    "backups.made_at": _TIME,
    "backups.kind": _WORD,
    "backups.verified_at": _TIME,
    "backups.problem": "a message of ours",
    "erasures.mode": _WORD,
    "erasures.asked_at": _TIME,
    "erasures.state": _WORD,
    "erasures.decided_at": _TIME,
    "erasures.certificate": "counts, dates and who did it; a test reads it for their words",
    "recordings.created_at": _TIME,
    "recordings.deleted_at": _TIME,
    "recording_parts.media_type": _WORD,
    "recording_parts.sha256": "a hash of the sound as it is now; replaced with the file",
    "passes.at": _TIME,
    "jobs.capsule": "a random number",
    "jobs.options": "how to transcribe: a model's name, a language, numbers; not the prompt",
    "jobs.state": _WORD,
    "jobs.message": "a message of ours",
    "jobs.created_at": _TIME,
    "jobs.finished_at": _TIME,
    "participants.role": _WORD,
    "recordings.consent": _WORD,
    "recordings.lawful_basis": _WORD,
    "groups.held_on": "a day",
    "attributes.name": "what the team asks of everybody",
    "attributes.kind": _WORD,
    "participants.withdrawn_at": "the fact, which stays",
    "transcription_defaults.allowed": "codes of languages",
    "transcripts.language": _WORD,
    "transcripts.source": _WORD,
    "transcripts.provenance": "what made the transcript: models, versions, the file's hash",
    "transcripts.created_at": _TIME,
    "transcripts.deleted_at": _TIME,
    "transcripts.approved_at": _TIME,
    "doubts.reason": _WORD,
    "codes.kind": _WORD,
    "codes.color": "a colour",
    "codes.created_at": _TIME,
    "codes.deleted_at": _TIME,
    "codings.created_at": _TIME,
    "codings.deleted_at": _TIME,
    "themes.created_at": _TIME,
    "themes.deleted_at": _TIME,
    "quotes.status": _WORD,
    "quotes.created_at": _TIME,
    "quotes.deleted_at": _TIME,
    "questions.deleted_at": _TIME,
})  # fmt: skip

FOLDER: Final[Mapping[str, str]] = MappingProxyType({
    "study.db": "the database: its columns are named one by one",
    "study.db-wal": "the database's log; folded in and cut to nothing by every erasure",
    "study.db-shm": "an index of the log: page numbers",
    "study.db-journal": "the database's, where a disk bears no log; cut to nothing by each change",
    "study.db.next": "the database while keys are changed; taken over or removed at the unlock",
    "study.json": "sealed keys of the members",
    "lists/": "a team's own lists of names, places and words in general, of nobody's in particular",
    "server.lock": "the number of a process",
    "fokus.toml": "how the study is served",
    "wrong-tries.json": "when and how often a passphrase was wrong",
    "demo-sign-ins.json": "how to sign in to the sample study, where everybody is made up",
    "linking.db": "who is who: the custodian's, under a key that is not the study's",
    "linking.db.next": "the custodian's, while keys are changed",
    "linking.db.old": "the custodian's, while keys are changed",
    "linking.json": "sealed keys of the linking store",
    "failed-sign-ins": "when somebody failed to sign in, and a member's number",
    "study-dates.json": "end date and deletion date of the study",
    "closing.json": "what is being destroyed: counts and sums",
})  # fmt: skip


PATTERNS: Final[Mapping[str, str]] = MappingProxyType({
    ".*.part": "a file in the making; without its own name by the next unlock, it goes",
    ".new-*/": "a study in the making, in which nobody has said anything",
    "linking.db*-wal": "of the custodian's database, which is not the study's",
    "linking.db*-shm": "of the custodian's database, which is not the study's",
    "linking.db*-journal": "of the custodian's database, which is not the study's",
    "study.db.next-*": "of the database while keys are changed",
    ".nfs*": "how a network disk calls a removed file until the last who has it open closes it",
    "lost+found/": "of a disk of its own: what its file system found, root's alone",
})  # fmt: skip
"""Patterns of further names; one that ends with a slash is of folders."""

KINDS: Final[Mapping[str, str]] = MappingProxyType({
    "files:erasure": "what an erasure looks for; destroyed before the last backup is made",
})  # fmt: skip


def unnamed_columns(db: sqlite_utils.Database) -> list[str]:
    """Columns that can hold words and that neither an eraser nor an exemption names."""
    known = COLUMNS.keys() | {place for one in erasers() for place in one.places}
    return [column for column in store.columns(db) if column not in known]


def unnamed_folders(home: Path) -> list[str]:
    """Files and folders of the study that neither an eraser nor an exemption names."""
    known = FOLDER.keys() | {place for one in erasers() for place in one.places}
    names = (f"{path.name}/" if path.is_dir() else path.name for path in sorted(home.iterdir()))
    return [
        name
        for name in names
        if name not in known and not any(_like(name, pattern) for pattern in PATTERNS)
    ]


def _like(name: str, pattern: str) -> bool:
    return fnmatchcase(name, pattern) and name.endswith("/") == pattern.endswith("/")


def unnamed_kinds(db: sqlite_utils.Database) -> list[str]:
    """Kinds of sealed files that neither an eraser nor an exemption names."""
    known = KINDS.keys() | {place for one in erasers() for place in one.places}
    return [name for one in store.kinds(db) if (name := f"files:{one}") not in known]
