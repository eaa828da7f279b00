"""Shutting a process in: no network, no new programs, no written files, bounded memory.

Linux lets a process give up system calls for good (seccomp, ``man 2 seccomp``); needing
no rights for it, this works for every user and inside containers. The filter is a few
instructions of classic BPF: refuse the listed calls, allow the rest, and kill what calls
by another architecture's numbers, which would slip through.
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
    # socket, connect, bind, listen, sendto, sendmsg, execve, execveat, fork, vfork, kill,
    # ptrace, process_vm_readv, process_vm_writev, io_uring_setup (which can do all these)
    "x86_64": (41, 42, 49, 50, 44, 46, 59, 322, 57, 58, 62, 101, 310, 311, 425),
    "aarch64": (198, 203, 200, 201, 206, 211, 221, 281, 129, 117, 270, 271, 425),
}
_CLONE: Final = {"x86_64": 56, "aarch64": 220}
_CLONE3: Final = 435
_THREAD: Final = 0x00010000
"""The flag that makes a clone a thread; without it, it is a new process."""
_FOREIGN_NUMBERS: Final = 0x40000000
"""From here on x86-64 takes the numbers of another calling convention (x32)."""
_NO_NEW_PRIVILEGES: Final = 38
_FILTER_MODE, _ALL_THREADS = 1, 1
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
    libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    if libc.syscall(_SECCOMP[machine], _FILTER_MODE, _ALL_THREADS, ctypes.byref(program)) != 0:
        raise FokusError(
            "Foreign files cannot be read safely here: the system does not let Fokus shut "
            "their reader in (seccomp). Ask the administrator."
        )


def _filter(machine: str) -> bytes:
    refused = _REFUSED[machine]
    steps = [
        (_LOAD, 0, 0, 4),  # the architecture of the call
        (_EQUAL, 1, 0, _ARCHITECTURE[machine]),
        (_ANSWER, 0, 0, _KILL),
        (_LOAD, 0, 0, 0),  # its number
        (_AT_LEAST, 0, 1, _FOREIGN_NUMBERS),
        (_ANSWER, 0, 0, _KILL),
        *((_EQUAL, len(refused) - at + 4, 0, call) for at, call in enumerate(refused)),
        # clone3 hides its flags behind a pointer; told there is none, callers take clone.
        (_EQUAL, 5, 0, _CLONE3),
        (_EQUAL, 0, 2, _CLONE[machine]),
        (_LOAD, 0, 0, 16),  # its flags
        (_HAS_BIT, 0, 1, _THREAD),
        (_ANSWER, 0, 0, _ALLOW),
        (_ANSWER, 0, 0, _DENY),
        (_ANSWER, 0, 0, _UNKNOWN),
    ]
    return b"".join(struct.pack("HBBI", *step) for step in steps)
