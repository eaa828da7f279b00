"""Signed anchors: the journal's head, written where the study folder's owner is not alone.

A hash chain shows every change within it, but whoever holds the keys can cut its end or
compute it anew. So its head is signed and appended to a file outside the study folder:
every 100 events, every 10 minutes with new ones, at each sign-out, and at each export.
Verification compares the chain with every line. What is not shown: a rewrite of the
events after the last anchor, and whatever is done by somebody who can write to both
places. Who holds the keys can compute journal and anchors anew. Without any keys, whoever
puts an old copy of the study folder *and* the anchors of that moment back leaves a study
that verifies: all of it is genuine, and old. Beside the study (the default) both lie within
reach of one account. So put the folder of anchors where lines can only be appended, by
others or on another machine, or keep receipts on paper (``anchor_words``).

Lines are numbered without a gap and the database remembers the last number, so that a
lost or cut file is noticed. The signing key (Ed25519, RFC 8032) is random and lives in
the encrypted database, so it survives a change of the study's keys.
"""

import json
import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final
from weakref import WeakKeyDictionary

import sqlite_utils
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256, Hash
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from .. import database, events, moments
from ..connection import Fault
from ..disk import private_folder, replacing, sync_folder
from ..errors import FokusError
from ..opened import OpenedStudy, borrowed
from ..settings import read_settings
from ..study import Study
from .words import anchor_words

EVERY_EVENTS: Final = 100
EVERY_SECONDS: Final = 600.0
RETRY_SECONDS: Final = 60.0
RESTART: Final = "restart"
clock: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True)
class Anchor:
    """One signed line: at ``at`` the journal's event ``seq`` had the hash ``head``."""

    study: str
    number: int
    seq: int
    head: str
    at: str
    why: str
    key: str
    """Short digest of the public key that verifies ``signature``."""
    signature: str = ""

    @property
    def words(self) -> str:
        """The head as twelve words, to be compared with paper."""
        return anchor_words(bytes.fromhex(self.head))

    def signed_bytes(self) -> bytes:
        """Give what the signature covers."""
        facts = asdict(self)
        del facts["signature"]
        return b"fokus anchor v1\0" + json.dumps(facts, sort_keys=True).encode()

    def verifies(self, public: Ed25519PublicKey) -> bool:
        """Tell whether the study's key signed this line."""
        try:
            public.verify(bytes.fromhex(self.signature), self.signed_bytes())
        except (InvalidSignature, ValueError):
            return False
        return self.key == key_id(public)


def key_id(public: Ed25519PublicKey) -> str:
    """Name a public key by the start of its SHA-256."""
    digest = Hash(SHA256())
    digest.update(public.public_bytes_raw())
    return digest.finalize().hex()[:16]


def signing_key(db: sqlite_utils.Database) -> Ed25519PrivateKey | None:
    """Read the study's signing key, once it has one."""
    text = database.meta(db, "anchor_key")
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(text)) if text else None


def anchor_file(folder: Path, study_id: str) -> Path:
    """Give the path of a study's anchors in the folder of anchors."""
    return folder / f"{study_id}.jsonl"


def read_anchors(path: Path) -> list[Anchor]:
    """Read all lines; what is not one is left out, and its number will be missing."""
    try:
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [one for line in data.splitlines() if (one := _parsed(line)) is not None]


def last_anchor(path: Path) -> Anchor | None:
    """Read the last line without reading all."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 4096))
            lines = file.read().splitlines()
    except FileNotFoundError:
        return None
    return next((one for line in reversed(lines) if (one := _parsed(line)) is not None), None)


def _parsed(line: bytes) -> Anchor | None:
    try:
        anchor = Anchor(**json.loads(line))
        whole = isinstance(anchor.seq, int) and isinstance(anchor.number, int)
        texts = (anchor.study, anchor.head, anchor.at, anchor.why, anchor.key, anchor.signature)
        return anchor if whole and all(isinstance(text, str) for text in texts) else None
    except (ValueError, TypeError):
        return None


class Anchors:
    """The anchors of one open study: when the next is due, and whether the last succeeded."""

    def __init__(self, core: OpenedStudy) -> None:
        """Read where the last anchor stands; make the signing key of a new study."""
        self._core = core
        self._guard = threading.Lock()
        self.problem = ""
        """Why the last anchor could not be written, in words; empty when it could."""
        with core._connections.writing() as db:
            key = signing_key(db)
            if key is None:
                key = Ed25519PrivateKey.generate()
                database.set_meta(db, "anchor_key", key.private_bytes_raw().hex())
            self._key = key
            self._number = int(database.meta(db, "anchor_number") or 0)
            self._seq = int(database.meta(db, "anchor_seq") or 0)
            core.newest = events.last(db)[0]
        self._tried = clock()

    def due(self) -> bool:
        """Tell whether it is time; asks no database, for it is called at every commit."""
        waited = clock() - self._tried
        if self.problem:
            return waited >= RETRY_SECONDS
        new = self._core.newest - self._seq
        return new >= EVERY_EVENTS or (new > 0 and waited >= EVERY_SECONDS)

    def write(self, why: str) -> Anchor:
        """Anchor the head; a folder that cannot be written is remembered, not raised."""
        with self._guard:
            self._tried = clock()
            seq, head = events.last(self._core.reader)
            try:
                folder = read_settings(self._core.home).anchors
                path = anchor_file(folder, self._core.header.study_id)
                last = last_anchor(path)
                anchor = self._signed(last, seq, head, why)
                if last is not None and self._stands(last, anchor):
                    return last
                _append(path, anchor)
                self._write_public(folder)
                self._remember(anchor)
                self.problem = ""
            except (OSError, FokusError) as error:
                anchor = self._signed(None, seq, head, why)
                self._told(error)
            return anchor

    def _signed(self, last: Anchor | None, seq: int, head: bytes, why: str) -> Anchor:
        number = max(self._number, last.number if last else 0) + 1
        public = self._key.public_key()
        study, at = self._core.header.study_id, events.now()
        facts = Anchor(study, number, seq, head.hex(), at, why, key_id(public))
        return Anchor(**{**asdict(facts), "signature": self._key.sign(facts.signed_bytes()).hex()})

    def _stands(self, last: Anchor, anchor: Anchor) -> bool:
        """Tell whether the last line already says it."""
        same = (last.seq, last.head) == (anchor.seq, anchor.head)
        return same and self._seq == anchor.seq and anchor.why != RESTART

    def _remember(self, anchor: Anchor) -> None:
        with self._core._connections.writing() as db:
            database.set_meta(db, "anchor_number", str(anchor.number))
            database.set_meta(db, "anchor_seq", str(anchor.seq))
        self._number, self._seq = anchor.number, anchor.seq

    def _write_public(self, folder: Path) -> None:
        """Put the public key beside the anchors, for those who check without the study."""
        path = folder / f"{self._core.header.study_id}.pub"
        if not path.exists():
            with replacing(path) as file:
                public = self._key.public_key()
                file.write(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))

    def _told(self, error: OSError | FokusError) -> None:
        reason = error.strerror or type(error).__name__ if isinstance(error, OSError) else error
        self.problem = (
            f"The last anchor of the journal could not be written ({reason}). Nothing of the "
            "study is lost. Make the folder of anchors writable; it is tried again by itself."
        )
        _log(error)


_anchors: Final[WeakKeyDictionary[OpenedStudy, Anchors]] = WeakKeyDictionary()


def anchors_of(of: Study | OpenedStudy) -> Anchors:
    """Give the anchors of an open study."""
    return _anchors[of._core if isinstance(of, Study) else of]


def anchor_now(of: Study | OpenedStudy, why: str) -> Anchor:
    """Anchor the journal's head, unless the last anchor says it already.

    Gives the anchor of the head even when it could not be written: ``anchors_of(…)``
    says so in ``problem``, the page Audit shows it, and it is tried again.
    """
    return anchors_of(of).write(why)


def latest_anchor(study: Study) -> Anchor | None:
    """Give the last line of the anchor file."""
    study.require("audit")
    core = study._core
    return last_anchor(anchor_file(read_settings(core.home).anchors, core.header.study_id))


def _begin(core: OpenedStudy) -> None:
    _anchors[core] = Anchors(core)


def _committed(core: OpenedStudy) -> None:
    anchors = _anchors.get(core)
    if anchors is not None and anchors.due():
        _try(anchors, "events")


def _leaving(core: OpenedStudy) -> None:
    anchors = _anchors.get(core)
    if anchors is not None:
        _try(anchors, "sign-out")


def _now_and_then(home: Path) -> None:
    with borrowed(home) as core:
        if core is not None and (anchors := _anchors.get(core)) is not None and anchors.due():
            _try(anchors, "time")


def _try(anchors: Anchors, why: str) -> None:
    """Anchor at a moment of its own: what fails must not undo what the user did."""
    try:
        anchors.write(why)
    except (FokusError, Fault) as error:
        _log(error)


def _log(error: Exception) -> None:
    logging.getLogger("fokus").error(
        "The journal could not be anchored (%s). Nothing of the study is lost; is the folder of "
        "anchors there and writable? «fokus doctor» says where it is.", type(error).__name__,
    )  # fmt: skip


def _append(path: Path, anchor: Anchor) -> None:
    """Add a line and sync it; a line cut short by a full disk is taken back."""
    private_folder(path.parent)
    new = not path.exists()
    fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        size = os.fstat(fd).st_size
        whole = size == 0 or os.pread(fd, 1, size - 1) == b"\n"
        line = (b"" if whole else b"\n") + json.dumps(asdict(anchor)).encode() + b"\n"
        if os.write(fd, line) != len(line):
            os.ftruncate(fd, size)
            raise OSError("the disk is full")
        os.fsync(fd)
    finally:
        os.close(fd)
    if new:
        sync_folder(path.parent)


moments.when_unlocked.append(_begin)
moments.when_committed.append(_committed)
moments.when_leaving.append(_leaving)
moments.before_locking.append(_leaving)
moments.now_and_then.append(_now_and_then)
