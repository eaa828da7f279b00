"""Everything that can go wrong for a user, as one tree.

    FokusError
    ├── StudyExists        a study is already in this folder
    ├── StudyMissing       no study in this folder
    ├── StudyBusy          another process (a server) holds the study
    ├── WrongPassphrase    name and passphrase do not open this study
    ├── NotSignedIn        the request or page belongs to no session
    ├── NotAllowed         the member's role does not give this right
    ├── BadInput           a file or value from outside cannot be used
    ├── DamagedFile        something of ours was altered, cut or swapped
    ├── DiskFull           no room; nothing was half-written
    ├── StorageAway        the disk does not answer; what was confirmed is safe
    ├── BackupFailed       a backup could not be made; the study is untouched
    ├── StaleWrite         somebody else changed the text meanwhile
    ├── Repeated           this client action was already done
    └── UnrecordedChange   a change without its event (a fault of ours)

A message says what happened and what to do, and is meant for the user: it never
carries a participant's words, a key or a passphrase.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager


class FokusError(Exception):
    """An error whose message is shown to the user."""


class StudyExists(FokusError):
    """A study is already in the folder."""


class StudyMissing(FokusError):
    """The folder holds no study."""


class StudyBusy(FokusError):
    """Another process holds the study."""

    def __init__(self, pid: int | None) -> None:
        """Name the process that holds the study, when it said who it is."""
        self.pid = pid
        who = f"process {pid}" if pid else "another process"
        super().__init__(
            f"The study is in use by {who} (a running Fokus server). "
            "Do this in the workbench instead, or stop the server first."
        )


class WrongPassphrase(FokusError):
    """Name and passphrase do not open the study."""


class NotSignedIn(FokusError):
    """The request belongs to no session."""


class NotAllowed(FokusError):
    """The member's role does not give the right."""


class BadInput(FokusError):
    """A file or value from outside cannot be used."""


class DamagedFile(FokusError):
    """One of our files was altered, cut short or swapped."""


class DiskFull(FokusError):
    """There is no room left; nothing was half-written."""


class BackupFailed(FokusError):
    """A backup could not be made; nothing half-made is left, and the study is untouched."""


class StorageAway(FokusError):
    """The disk does not answer; what was confirmed is safe, the rest can be repeated."""


class StaleWrite(FokusError):
    """Somebody else changed the text since it was read."""


class BuiltOn(FokusError):
    """An act cannot be taken back, for what it changed was changed again since."""


class Repeated(FokusError):
    """A client action that was already done; nothing was changed."""

    def __init__(self, seq: int) -> None:
        """Name the event of the first time."""
        self.seq = seq
        super().__init__(f"This was already saved (event {seq}); nothing was changed.")


class UnrecordedChange(FokusError):
    """A change that wrote to the study without recording an event."""


NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
TICKET = frozenset({errno.EACCES, errno.EPERM, errno.EKEYEXPIRED, errno.EKEYREVOKED, errno.ENOKEY})
AWAY = TICKET | {
    errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.EROFS, errno.ETIMEDOUT, errno.EHOSTDOWN,
    errno.EHOSTUNREACH, errno.EREMOTEIO, errno.ENODEV, errno.ENXIO, errno.ENOLCK,
    errno.EKEYREJECTED, errno.ESHUTDOWN,
}  # fmt: skip
"""What a disk says that is broken, read-only, unplugged or behind a network that is down."""


def storage_fault(error: OSError) -> FokusError | None:
    """Say in our words what a disk said; None when it is about something else."""
    if error.errno in NO_ROOM:
        return DiskFull(NO_ROOM_MESSAGE)
    if error.errno in TICKET:
        return StorageAway(NO_TICKET_MESSAGE)
    return StorageAway(AWAY_MESSAGE) if error.errno in AWAY else None


@contextmanager
def storage_told() -> Iterator[None]:
    """Turn the faults of a disk into ``DiskFull`` and ``StorageAway``."""
    try:
        yield
    except OSError as error:
        told = storage_fault(error)
        if told is None:
            raise
        raise told from error


NO_ROOM_MESSAGE = (
    "The disk is full, or your quota is used up, so nothing was saved. Free some space on "
    "the disk of the study and do it again."
)
AWAY_MESSAGE = (
    "The disk of the study does not answer, so nothing more is saved until it is back. What "
    "was confirmed as saved is safe. Do your last step again in a moment."
)
NO_TICKET_MESSAGE = (
    "The disk of the study refuses this server. On a network disk the login ticket (Kerberos) "
    "may have run out: whoever runs the server renews it with kinit. What was confirmed as "
    "saved is safe. Do your last step again then."
)
