"""What the player needs, made where it is missing: waveforms, and copies browsers can play.

Recordings of before know no waveform, and some recorders write what no browser plays. Both
are made on a thread of this process that only waits: a process of its own decodes
(``look``, ``silence``), and what it gives is sealed as it arrives. One recording of a study
at a time; whatever is interrupted is begun again when somebody next wants to play it.
"""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from secure_storage import FokusError, NotSignedIn, Study

from . import store
from .intake import one_look, slices
from .look import look
from .silence import silenced
from .store import PLAYBACK, MediaRow

_STEREO: Final = 2
_REST: Final = 300.0
"""Seconds after which what could not be made is tried again: a full disk has room by then."""


@dataclass(slots=True)
class _Work:
    """What is made for the parts of one recording, and how far that is."""

    recording_id: int
    done: float = 0.0
    problem: str = ""
    ended: float = 0.0
    """When the problem came."""

    def give_up(self, problem: str) -> None:
        self.ended, self.problem = time.monotonic(), problem


_one: Final = threading.Lock()
_works: Final[dict[tuple[Path, tuple[str, ...]], _Work]] = {}
"""By home and files: under way, or given up with a message; forgotten when all is there."""


@dataclass(frozen=True, slots=True)
class Playing:
    """How far what the player needs of a recording is."""

    peaks: tuple[bytes, ...]
    """Of each part (``waveform``); empty where nobody has looked yet."""
    ready: bool
    done: float
    """Share of what is being made, 0 to 1."""
    problem: str
    """Why it cannot be made."""


def playing(study: Study, recording_id: int) -> Playing:
    """Tell how far it is, and have made what is missing."""
    study.require("read")
    rows = store.media(study, recording_id)
    ready = all(row.ready for row in rows)
    work = _Work(recording_id) if ready else _made(study, recording_id, rows)
    return Playing(tuple(row.peaks or b"" for row in rows), ready, work.done, work.problem)


def _made(study: Study, recording_id: int, rows: Sequence[MediaRow]) -> _Work:
    """Give the work on a recording, begun unless somebody is at it."""
    key = (study.home, tuple(row.file_id for row in rows))
    with _one:
        work = _works.get(key)
        if work is None or (work.problem and time.monotonic() >= work.ended + _REST):
            busy = any(home == study.home and not one.problem for (home, _), one in _works.items())
            work = _Work(recording_id)
            if not busy:
                _works[key] = work
                threading.Thread(
                    target=_make, args=(study, work, key), name="playing", daemon=True
                ).start()
    return work


def _make(study: Study, work: _Work, key: tuple[Path, tuple[str, ...]]) -> None:
    try:
        for row in store.media(study, work.recording_id):
            if row.peaks is None:
                _look(study, work.recording_id, row)
        rows = [row for row in store.media(study, work.recording_id) if not row.ready]
        for number, row in enumerate(rows):
            _copy(study, work.recording_id, row, _Told(work, number, len(rows), row))
    except NotSignedIn:
        pass  # they signed out: whoever comes next goes on
    except FokusError as error:
        work.give_up(str(error))
    except Exception as error:
        if not study.closed:  # else signing out surfaced anywhere
            fault = type(error).__name__
            work.give_up(f"The sound cannot be prepared because of a fault ({fault}).")
    finally:
        if not work.problem:
            with _one:
                del _works[key]


class _Told:
    """Hears how many samples of a part are done; they are gone through twice."""

    def __init__(self, work: _Work, number: int, parts: int, row: MediaRow) -> None:
        self._work, self._number, self._parts = work, number, parts
        self._whole = max(1.0, 2 * row.duration * row.sample_rate)
        self._last = self._before = 0

    def __call__(self, samples: int) -> None:
        if samples < self._last:
            self._before = self._last
        self._last = samples
        share = min(1.0, (self._before + samples) / self._whole)
        self._work.done = (self._number + share) / self._parts


def _look(study: Study, recording_id: int, row: MediaRow) -> None:
    with one_look, study.files.open(row.file_id) as sealed:
        facts = look(study.home / "looks", slices(sealed))
    with study.change("read") as change:
        store.insert_media(change, row.part_id, facts)
        change.record("recording.looked_at", f"recording:{recording_id}")


def _copy(study: Study, recording_id: int, row: MediaRow, told: _Told) -> None:
    writer = study.files.writer(PLAYBACK)
    try:
        with one_look, study.files.open(row.file_id) as sealed:
            mixed = row.channels > _STEREO
            for data in silenced(study.home / "looks", slices(sealed), (), told, mixed=mixed):
                study.check_usable()
                writer.write(data)
        with study.change("read") as change:
            stored = writer.finish(change)
            if store.set_copy(change, row, stored):
                change.record("recording.copied", f"recording:{recording_id}")
            else:  # somebody withdrew meanwhile: this is the sound as it was
                study.files.destroy(stored.id, change)
                change.record("recording.copy_dropped", f"recording:{recording_id}")
    except BaseException:
        writer.abort()
        raise
