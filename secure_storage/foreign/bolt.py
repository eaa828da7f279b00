"""Shutting a process in: no network, no new programs, no changed files, bounded memory.

Linux lets a process give up system calls for good (seccomp, ``man 2 seccomp``); needing
no rights for it, this works for every user and inside containers. The filter is a few
instructions of classic BPF: refuse the listed calls and opening for writing, allow the
rest, and kill what calls by another architecture's numbers, which would slip through.

What can be read stays readable, as the reader's libraries load parts of themselves late;
it has nowhere to send it. The memory of the process that holds the keys is not readable:
that process says so itself (``hide_memory``), and one that runs as root gives up the
capabilities by which root could read it all the same.
"""

import ctypes
import platform
import resource
import struct
from typing import Final

from ..errors import FokusError

_SECCOMP: Final = {"x86_64": 317, "aarch64": 277}
_ARCHITECTURE: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_REFUSED: Final = {
    "x86_64": (
        41, 42, 49, 50, 44, 46,  # socket, connect, bind, listen, sendto, sendmsg
        59, 322, 57, 58,  # execve, execveat, fork, vfork
        62, 200, 234, 129, 297, 424,  # kill, tkill, tgkill, and signals by queue or pidfd
        101, 310, 311, 434, 438,  # ptrace, reading and writing others' memory, pidfd
        76, 77, 82, 264, 316, 87, 263, 84,  # truncate, rename, unlink, rmdir, in all forms
        83, 258, 85, 86, 265, 88, 266, 133, 259,  # mkdir, creat, link, symlink, mknod
        90, 91, 268, 92, 93, 94, 260, 188, 189, 190,  # chmod, chown, setxattr
        321, 298, 425, 437,  # bpf, perf events, io_uring (which can do all these), openat2
    ),
    "aarch64": (
        198, 203, 200, 201, 206, 211, 221, 281, 129, 130, 131, 138, 240, 424, 117, 270, 271,
        434, 438, 45, 46, 38, 276, 35, 34, 37, 36, 33, 52, 53, 54, 55, 5, 6, 7, 280, 241, 425,
        437,
    ),
}  # fmt: skip
_OPEN: Final = {"x86_64": 2, "aarch64": 0xFFFF}
"""Only x86-64 has the old call beside openat."""
_OPENAT: Final = {"x86_64": 257, "aarch64": 56}
_TO_WRITE: Final = 0o1 | 0o2 | 0o100 | 0o1000
"""O_WRONLY, O_RDWR, O_CREAT, O_TRUNC: what opens a file for more than reading."""
_CLONE: Final = {"x86_64": 56, "aarch64": 220}
_CLONE3: Final = 435
_THREAD: Final = 0x00010000
"""The flag that makes a clone a thread; without it, it is a new process."""
_FOREIGN_NUMBERS: Final = 0x40000000
"""From here on x86-64 takes the numbers of another calling convention (x32)."""
_NO_NEW_PRIVILEGES: Final = 38
_DUMPABLE: Final = 4
_FILTER_MODE, _ALL_THREADS = 1, 1
_CAPABILITIES: Final = 0x20080522
"""The version of the interface of ``capset``."""
_ARGUMENTS: Final = 16
"""Where in what the filter is shown the call's arguments begin, eight bytes each."""
_LOAD, _EQUAL, _AT_LEAST, _HAS_BIT, _ANSWER = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL, _DENY, _UNKNOWN = 0x7FFF0000, 0x80000000, 0x00050000 | 13, 0x00050000 | 38


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


def shut_in(memory: int, seconds: int) -> None:
    """Give up what reading a file does not need; for every thread, for good.

    ``memory`` in bytes of address space, ``seconds`` of processor time.
    """
    for limit, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, seconds),
    ):
        resource.setrlimit(limit, (most, most))
    machine = platform.machine()
    if machine not in _SECCOMP:
        raise FokusError(f"Foreign files cannot be read safely on this machine ({machine}).")
    code = _filter(machine)
    held = ctypes.create_string_buffer(code, len(code))
    program = _Program(len(code) // 8, ctypes.addressof(held))
    libc = ctypes.CDLL(None, use_errno=True)
    nothing = (ctypes.c_uint32 * 6)()
    libc.capset((ctypes.c_uint32 * 2)(_CAPABILITIES, 0), nothing)
    libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    if libc.syscall(_SECCOMP[machine], _FILTER_MODE, _ALL_THREADS, ctypes.byref(program)) != 0:
        raise FokusError(
            "Foreign files cannot be read safely here: the system does not let Fokus shut "
            "their reader in (seccomp). Ask the administrator."
        )


def hide_memory() -> None:
    """Keep other processes of the same user from reading this one's memory, where keys are."""
    ctypes.CDLL(None).prctl(_DUMPABLE, 0, 0, 0, 0)


def _filter(machine: str) -> bytes:
    refused = _REFUSED[machine]
    steps = [
        (_LOAD, 0, 0, 4),  # the architecture of the call
        (_EQUAL, 1, 0, _ARCHITECTURE[machine]),
        (_ANSWER, 0, 0, _KILL),
        (_LOAD, 0, 0, 0),  # its number
        (_AT_LEAST, 0, 1, _FOREIGN_NUMBERS),
        (_ANSWER, 0, 0, _KILL),
        *((_EQUAL, len(refused) - at + 10, 0, call) for at, call in enumerate(refused)),
        # clone3 hides its flags behind a pointer; told there is none, callers take clone.
        (_EQUAL, 11, 0, _CLONE3),
        (_EQUAL, 0, 2, _CLONE[machine]),
        (_LOAD, 0, 0, _ARGUMENTS),
        (_HAS_BIT, 6, 7, _THREAD),
        (_EQUAL, 0, 2, _OPEN[machine]),
        (_LOAD, 0, 0, _ARGUMENTS + 8),
        (_HAS_BIT, 4, 3, _TO_WRITE),
        (_EQUAL, 0, 2, _OPENAT[machine]),
        (_LOAD, 0, 0, _ARGUMENTS + 16),
        (_HAS_BIT, 1, 0, _TO_WRITE),
        (_ANSWER, 0, 0, _ALLOW),
        (_ANSWER, 0, 0, _DENY),
        (_ANSWER, 0, 0, _UNKNOWN),
    ]
    return b"".join(struct.pack("HBBI", *step) for step in steps)
