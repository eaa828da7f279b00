"""Uploads in slices: each is sealed as it arrives, so a recording is never plaintext here.

A slice that is sent again after a lost answer changes nothing, and so does a second
«finish»: the browser may repeat whatever it got no answer to.
"""

import secrets
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Final

from secure_storage import BadInput, DiskFull, FileWriter, FokusError, Study

from .intake import MOST_BYTES, Target, check_target, finish_files, start_file

MOST_SLICE: Final = 16 << 20
SUFFIXES: Final = frozenset({
    "3ga", "3gp", "3gpp", "aac", "ac3", "aif", "aifc", "aiff", "amr", "au", "avi", "awb",
    "caf", "dss", "flac", "flv", "m2a", "m4a", "m4b", "m4v", "mka", "mkv", "mov", "mp1",
    "mp2", "mp3", "mp4", "mpeg", "mpg", "oga", "ogg", "ogv", "opus", "ra", "rm", "snd",
    "spx", "ts", "tta", "w64", "wav", "wave", "weba", "webm", "wma", "wmv", "wv",
})  # fmt: skip
"""What a sound or video file is called; what it is, the decoder judges."""
_MOST_AT_ONCE: Final = 4
_IDLE: Final = 3600.0
"""Seconds after which an upload that nobody continues is dropped."""
_RESERVE: Final = 256 << 20
"""Bytes that stay free, so that an upload cannot keep the study from saving."""


class WrongPlace(FokusError):
    """A slice that does not continue what has arrived."""

    def __init__(self, have: int) -> None:
        """Say how much has arrived."""
        self.have = have
        super().__init__("The upload went out of step. It goes on from where it was.")


class NoUpload(FokusError):
    """The upload is not known (any more)."""


@dataclass(slots=True, eq=False)
class _Upload:
    study: Study
    target: Target
    size: int
    writer: FileWriter
    touched: float
    lock: threading.Lock = field(default_factory=threading.Lock)
    recording_id: int | None = None


class Uploads:
    """The uploads under way in this process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Nothing is under way yet."""
        self._clock = clock
        self._lock = threading.Lock()
        self._under_way: dict[str, _Upload] = {}

    def start(self, study: Study, name: str, size: int, target: Target) -> str:
        """Begin an upload and give its id; refuse at once what could only fail later."""
        _check_name(name)
        _check_size(study, size)
        check_target(study, target)
        with self._lock:
            self._drop_idle()
            mine = [one for one in self._under_way.values() if _same_member(one.study, study)]
            if sum(one.recording_id is None for one in mine) >= _MOST_AT_ONCE:
                raise BadInput(
                    f"{_MOST_AT_ONCE} uploads are under way already. Wait until one is done."
                )
            upload_id = secrets.token_urlsafe(18)
            writer = start_file(study)
            self._under_way[upload_id] = _Upload(study, target, size, writer, self._clock())
        return upload_id

    def write(self, study: Study, upload_id: str, offset: int, data: bytes) -> int:
        """Seal the next slice; gives how many bytes have arrived."""
        upload = self._find(study, upload_id)
        with upload.lock:
            have = upload.writer.size
            if offset + len(data) <= have:
                return have
            if offset != have:
                raise WrongPlace(have)
            if have + len(data) > upload.size or len(data) > MOST_SLICE:
                self._drop(upload_id)
                raise BadInput("More arrived than was announced. Choose the file again.")
            try:
                upload.writer.write(data)
            except BaseException:
                self._drop(upload_id)
                raise
            return upload.writer.size

    def finish(self, study: Study, upload_id: str) -> int:
        """Look at the complete file and keep it; gives the id of its recording."""
        upload = self._find(study, upload_id)
        with upload.lock:
            if upload.recording_id is None:
                if upload.writer.size != upload.size:
                    raise WrongPlace(upload.writer.size)
                try:
                    upload.recording_id = finish_files(
                        study, upload.target, [upload.writer], "upload in the browser"
                    )
                except BaseException:
                    self._drop(upload_id)
                    raise
            return upload.recording_id

    def cancel(self, study: Study, upload_id: str) -> None:
        """Give an upload up; nothing of it is left."""
        upload = self._find(study, upload_id)
        with upload.lock:
            self._drop(upload_id)

    def close(self) -> None:
        """Give all uploads up."""
        for upload_id in list(self._under_way):
            self._drop(upload_id)

    def _find(self, study: Study, upload_id: str) -> _Upload:
        with self._lock:
            upload = self._under_way.get(upload_id)
            if upload is None or not _same_member(upload.study, study):
                raise NoUpload(
                    "This upload is not known (any more): the workbench was restarted, or the "
                    "upload rested for an hour. Choose the file again."
                )
            if upload.recording_id is None and upload.study.closed:
                # While the study was locked the half-made file may have been swept away.
                self._drop(upload_id)
                raise NoUpload(
                    "You were signed out while this file was being sent, so nothing of it was "
                    "kept. Choose the file again."
                )
            upload.touched = self._clock()
            return upload

    def _drop(self, upload_id: str) -> None:
        upload = self._under_way.pop(upload_id, None)
        if upload and upload.recording_id is None:
            upload.writer.abort()

    def _drop_idle(self) -> None:
        oldest = self._clock() - _IDLE
        for upload_id, upload in list(self._under_way.items()):
            if upload.study.closed or upload.touched < oldest:
                self._drop(upload_id)


def _same_member(one: Study, other: Study) -> bool:
    return one.home == other.home and one.member.id == other.member.id


def _check_name(name: str) -> None:
    suffix = PurePath(name).suffix.lower().removeprefix(".")
    if not name.isprintable() or len(name) > 255 or suffix not in SUFFIXES:
        raise BadInput(
            "This is not called like a sound or video file (wav, mp3, m4a, flac, ogg, mp4 …). "
            "Choose the recording itself; a transcript is imported on its own tab."
        )


def _check_size(study: Study, size: int) -> None:
    if size <= 0:
        raise BadInput("This file is empty (0 bytes). Copy it again from the recorder.")
    if size > MOST_BYTES:
        raise BadInput(
            f"This file is too large ({size / 1e9:.1f} GB; at most {MOST_BYTES / 1e9:.1f} GB). "
            "Save it in a compressed form, or in parts."
        )
    if shutil.disk_usage(study.home).free < size + _RESERVE:
        raise DiskFull(
            "The disk of the study has no room for this file. Free some space and try again."
        )
