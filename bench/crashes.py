"""Disks that lost power: what may be left of a recorded run of system calls.

``record`` runs a function in a child process under ``strace`` and gives every write,
sync, truncation, renaming and removal below a folder, with what the child said
meanwhile. ``Disk`` takes these in order and makes the states in which a power cut may
leave the folder: of what was not synced, any part may be missing, torn at sectors of
512 bytes; names that were not synced (by their folder) fall back in order, as on a
journalling file system. Nothing is assumed of a file's sync about its name.
"""

import contextlib
import os
import random
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

SECTOR: Final = 512
TRACED: Final = (
    "openat,close,write,pwrite64,lseek,fsync,fdatasync,ftruncate,rename,renameat,renameat2,"
    "unlink,unlinkat,writev"
)
_LINE: Final = re.compile(r"^\d+ +(\w+)\((.*)\) += (-?\d+)")
_TEXT: Final = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that the process did; ``said`` when it was telling us something."""

    kind: str
    path: str = ""
    other: str = ""
    offset: int = 0
    data: bytes = b""


def record(work: Callable[[Callable[[str], None]], None], below: Path) -> list[Step]:
    """Run ``work`` in a child process; gives what it did below a folder, in order."""
    go_in, go_out = os.pipe()
    child = os.fork()
    if child == 0:
        _child(work, go_in, go_out)
    os.close(go_in)
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder) / "trace"
        tracer = subprocess.Popen(
            ["strace", "-f", "-qq", "-xx", "-s", "4000000", "-o", str(trace), "-e",
             f"trace={TRACED}", "-e", "signal=none", "-p", str(child)],
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        while "TracerPid:\t0" in Path(f"/proc/{child}/status").read_text():
            if tracer.poll() is not None:
                raise RuntimeError("strace cannot trace here")
        os.write(go_out, b"g")
        os.close(go_out)
        _, status = os.waitpid(child, 0)
        tracer.wait()
        if status:
            raise RuntimeError("the recorded work failed")
        with trace.open(encoding="ascii") as lines:
            return list(_steps(lines, str(below) + "/"))


def _child(work: Callable[[Callable[[str], None]], None], go_in: int, go_out: int) -> None:
    code = 1
    with contextlib.suppress(BaseException):
        os.close(go_out)
        nowhere = os.open("/dev/null", os.O_WRONLY)
        os.read(go_in, 1)

        def say(text: str) -> None:
            os.writev(nowhere, [text.encode()])

        work(say)
        code = 0
    os._exit(code)


def _steps(lines: Iterator[str], below: str) -> Iterator[Step]:
    """Read a trace; a file is followed by its descriptor."""
    files: dict[int, tuple[str, int]] = {}
    for line in lines:
        found = _LINE.match(line)
        if found is None or int(found[3]) < 0:
            continue
        call, given, result = found[1], found[2], int(found[3])
        texts = [_bytes(one) for one in _TEXT.findall(given)]
        if call == "writev":
            yield Step("said", data=texts[0])
        elif call == "openat":
            path = texts[0].decode()
            files[result] = (path, 0)
            if path.startswith(below) and "O_CREAT" in given:
                yield Step("made", path)
        elif call == "close":
            files.pop(int(given), None)
        elif call.startswith("rename"):
            yield Step("renamed", texts[0].decode(), texts[1].decode())
        elif call.startswith("unlink"):
            yield Step("removed", texts[0].decode())
        else:
            descriptor = int(given.split(",", 1)[0])
            path, at = files.get(descriptor, ("", 0))
            if path.startswith(below) or path + "/" == below:
                step, at = _on_file(call, path, at, given, texts, result)
                files[descriptor] = (path, at)
                if step is not None:
                    yield step


def _on_file(
    call: str, path: str, at: int, given: str, texts: list[bytes], result: int
) -> tuple[Step | None, int]:
    if call == "write":
        return Step("wrote", path, offset=at, data=texts[0][:result]), at + result
    if call == "pwrite64":
        return Step("wrote", path, offset=int(given.rsplit(",", 1)[1]), data=texts[0][:result]), at
    if call == "ftruncate":
        return Step("cut", path, offset=int(given.rsplit(",", 1)[1])), at
    if call == "lseek":
        return None, result
    return Step("synced", path), at


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


@dataclass(slots=True)
class _File:
    number: int
    synced: bytes
    version: int = 0
    waiting: list[Step] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class State:
    """What a power cut left: of each path a key of its content and how to make it."""

    files: dict[str, tuple[tuple[object, ...], Callable[[], bytes]]]

    @property
    def key(self) -> tuple[object, ...]:
        """Tells states apart."""
        return tuple(sorted((path, made[0]) for path, made in self.files.items()))


class Disk:
    """A folder whose disk may lose power at any moment."""

    def __init__(self, folder: Path) -> None:
        """Start with what lies there, all of it synced."""
        found = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        self._made = 0
        self._synced = {str(path): self._file(path.read_bytes()) for path in found}
        self._names = dict(self._synced)
        self._waiting: list[Step] = []
        self._by_step: dict[int, _File] = {}
        """Of each waiting step that made a file: the file."""

    def _file(self, data: bytes) -> _File:
        self._made += 1
        return _File(self._made, data)

    def take(self, step: Step) -> None:
        """Let the next step happen."""
        if step.kind in {"wrote", "cut"}:
            self._names[step.path].waiting.append(step)
        elif step.kind == "synced":
            self._sync(step.path)
        elif step.kind != "said" and not (step.kind == "made" and step.path in self._names):
            if step.kind == "made":
                self._names[step.path] = self._file(b"")
            elif step.kind == "renamed":
                self._names[step.other] = self._names.pop(step.path)
            elif self._names.pop(step.path, None) is None:
                return
            self._waiting.append(step)
            if step.kind == "made":
                self._by_step[id(step)] = self._names[step.path]

    def _sync(self, path: str) -> None:
        file = self._names.get(path)
        if file is not None:
            file.synced = bytes(_applied(file.synced, file.waiting))
            file.waiting.clear()
            file.version += 1
            return
        kept = []
        for step in self._waiting:
            if os.path.dirname(step.other or step.path) == path:  # noqa: PTH120
                self._rename(self._synced, step)
            else:
                kept.append(step)
        self._waiting = kept

    def _rename(self, names: dict[str, _File], step: Step) -> None:
        if step.kind == "made":
            names[step.path] = self._by_step[id(step)]
        elif step.kind == "removed":
            names.pop(step.path, None)
        elif step.path in names:
            names[step.other] = names.pop(step.path)

    def after_a_cut(self, chance: random.Random) -> State:
        """Make one of the states in which the power cut may leave the folder."""
        names = dict(self._synced)
        for step in self._waiting[: chance.randint(0, len(self._waiting))]:
            self._rename(names, step)
        how = chance.choice(("none", "all", "first", "some", "some", "torn", "torn", "torn"))
        return State({path: _left(file, how, chance) for path, file in names.items()})


def _left(
    file: _File, how: str, chance: random.Random
) -> tuple[tuple[object, ...], Callable[[], bytes]]:
    synced, steps = file.synced, tuple(file.waiting)
    if how == "none" or not steps:
        return (file.number, file.version), lambda: synced
    if how == "first":
        steps = steps[: chance.randint(0, len(steps))]
    elif how in {"some", "torn"}:
        share = chance.random()
        steps = tuple(step for step in steps if chance.random() < share)
    if how == "torn" and steps:
        steps = tuple(part for step in steps for part in _torn(step, chance))
    key = (file.number, file.version, *((one.offset, len(one.data), id(one)) for one in steps))
    if how == "torn":
        key = (*key[:2], *((one.offset, hash(one.data)) for one in steps))
    return key, lambda: bytes(_applied(synced, steps))


def _torn(step: Step, chance: random.Random) -> Iterator[Step]:
    """Keep some of a write's sectors."""
    if step.kind != "wrote" or chance.random() < 0.5:
        yield step
        return
    edges = [step.offset]
    edges += range((step.offset // SECTOR + 1) * SECTOR, step.offset + len(step.data), SECTOR)
    for first, last in zip(edges, [*edges[1:], step.offset + len(step.data)], strict=True):
        if chance.random() < 0.5:
            data = step.data[first - step.offset : last - step.offset]
            yield Step("wrote", step.path, offset=first, data=data)


def _applied(data: bytes, steps: list[Step] | tuple[Step, ...]) -> bytearray:
    made = bytearray(data)
    for step in steps:
        if len(made) < step.offset:
            made.extend(bytes(step.offset - len(made)))
        if step.kind == "cut":
            del made[step.offset :]
        else:
            made[step.offset : step.offset + len(step.data)] = step.data
    return made
