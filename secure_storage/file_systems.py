"""Which file systems lie on a network, where SQLite's write-ahead log is not safe.

The log needs memory that all its users share, and locks that are kept; disks of other
machines give neither (sqlite.org/wal.html). The kernel's number of the file system
(``statfs(2)``) tells; where it says only FUSE, the name in the mount table does.
"""

import ctypes
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

NUMBERS: Final = {
    0x6969: "nfs",
    0x47504653: "gpfs",
    0x0BD00BD0: "lustre",
    0xFF534D42: "cifs",
    0xFE534D42: "smb3",
    0x517B: "smbfs",
    0x00C36400: "ceph",
    0x01021997: "9p",
    0x19830326: "beegfs",
    0x5346414F: "afs",
    0xAAD7AAEA: "panfs",
    0x7461636F: "ocfs2",
    0x01161970: "gfs2",
    0x786F4256: "vboxsf",
}
"""Of ``statfs(2)`` and the file systems' own documentation."""
FUSE: Final = 0x65735546
NAMES: Final = frozenset(NUMBERS.values()) | {"nfs4", "virtiofs", "wekafs", "glusterfs"}


def network_disk(path: Path) -> str:
    """Name the network file system that a path lies on; empty on a disk of this machine."""
    return on_network(number_of(path), name_of(path))


def on_network(number: int, name: str) -> str:
    """Judge by the kernel's number and the name in the mount table (either may be missing)."""
    if number in NUMBERS:
        return NUMBERS[number]
    # A program behind FUSE may reach anywhere; only fuseblk is known to be a local disk.
    if name in NAMES or name.startswith("fuse.") or (number == FUSE and name != "fuseblk"):
        return name or "fuse"
    return ""


def number_of(path: Path) -> int:
    """Ask the kernel for the number of the file system; 0 when it cannot be told."""
    room = ctypes.create_string_buffer(512)
    library = ctypes.CDLL(None, use_errno=True)
    if library.statfs(os.fsencode(path), room) != 0:
        return 0
    # Some are signed, in a field that may be wider than the number.
    return ctypes.c_long.from_buffer(room).value & 0xFFFFFFFF


def name_of(path: Path, table: Callable[[], str] | None = None) -> str:
    """Read the name of the file system from the mount table; empty when it is not there."""
    best, kind = "", ""
    wanted = str(path.resolve())
    try:
        mounts = (table or _mounts)()
    except OSError:
        return ""
    for line in mounts.splitlines():
        place, _, rest = line.partition(" - ")
        point = place.split()[4].replace("\\040", " ")
        inside = wanted == point or wanted.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, rest.split()[0]
    return kind


def _mounts() -> str:
    return Path("/proc/self/mountinfo").read_text(encoding="utf-8")
