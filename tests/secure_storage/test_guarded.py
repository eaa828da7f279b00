"""A reader of foreign bytes can read them, and nothing else."""

import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from secure_storage import BadInput, FokusError, Limits, guarded

HOSTILE = """
import ctypes, os, socket, subprocess, sys, threading, time
from pathlib import Path
from secure_storage import BadInput, still_alive

def echo(stream, setting):
    print("noise of a library", flush=True)
    return setting.encode() + stream.read()

def refuse(stream, setting):
    raise BadInput("Not like\\n\\x1b[31mthis. " + "x" * 5000)

def tried(*attempts):
    told = []
    for attempt in attempts:
        try:
            attempt()
            told.append("done")
        except (OSError, subprocess.SubprocessError) as error:
            told.append(type(error).__name__)
    return " ".join(told).encode()

def call(stream, setting):
    return tried(
        socket.socket,
        lambda: socket.create_connection(("127.0.0.1", int(setting)), 1),
        lambda: socket.socket(socket.AF_UNIX),
    )

def start(stream, setting):
    return tried(
        os.fork,
        lambda: os.execv("/bin/true", ["true"]),
        lambda: subprocess.run(["/bin/true"]),
        lambda: os.kill(os.getppid(), 0),
    )

def write(stream, setting):
    return tried(lambda: Path(setting).write_bytes(b"x"))

def destroy(stream, setting):
    path = Path(setting)
    return tried(
        lambda: os.truncate(path, 0),
        path.unlink,
        lambda: path.rename(path.with_name("other")),
        lambda: path.with_name("new").mkdir(),
        lambda: path.chmod(0o777),
        lambda: os.symlink("/", path.with_name("link")),
        lambda: os.link(path, path.with_name("hard")),
        lambda: path.open("r+b").close(),
        lambda: path.open("ab").close(),
        lambda: os.close(os.open(path, os.O_RDONLY | os.O_CREAT)),
    )

def look_into(stream, setting):
    return tried(
        lambda: Path(f"/proc/{os.getppid()}/mem").open("rb").close(),
        lambda: Path(f"/proc/{os.getppid()}/environ").read_bytes(),
    )

def signal_parent(stream, setting):
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getppid()
    return b" ".join(
        b"refused" if libc.syscall(*call) == -1 and ctypes.get_errno() == 13 else b"done"
        for call in ((234, parent, parent, 0), (200, parent, 0), (434, parent, 0))
    )

def read_only(stream, setting):
    return Path(setting).read_bytes()

def from_a_thread(stream, setting):
    told = []
    thread = threading.Thread(target=lambda: told.append(tried(socket.socket)))
    thread.start()
    thread.join()
    return told[0]

def old_thread(stream, setting):
    go.set()
    done.wait()
    return told[0]

go, done, told = threading.Event(), threading.Event(), []

def prepare():
    def waiting():
        go.wait()
        told.append(tried(socket.socket))
        done.set()
    threading.Thread(target=waiting, daemon=True).start()

def other_numbers(stream, setting):
    ctypes.CDLL(None).syscall(0x40000000 + 41, 1, 1, 0)
    return b"still here"

def hang(stream, setting):
    while True:
        time.sleep(60)

def crawl(stream, setting):
    for _ in range(int(setting)):
        time.sleep(0.3)
        still_alive()
    return b"slow but sure"

def spin(stream, setting):
    while True:
        still_alive()

def swell(stream, setting):
    return b"x" * int(setting)

def crash(stream, setting):
    ctypes.string_at(0)

def fail(stream, setting):
    raise KeyError("of ours")

def around(stream, setting):
    return (" ".join(sorted(os.environ)) + "|" + os.getcwd()).encode()
"""

Read = Callable[..., bytes]


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Read:
    """Run one of the functions above as a reader."""
    (tmp_path / "hostile.py").write_text(HOSTILE, "utf-8")
    starter = tmp_path / "python"
    starter.write_text(f'#!/bin/sh\nPYTHONPATH={tmp_path} exec {sys.executable} "$@"\n')
    starter.chmod(starter.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(sys, "executable", str(starter))

    def reading(
        function: str, data: bytes = b"", setting: str = "", limits: Limits | None = None
    ) -> bytes:
        return guarded(
            f"hostile:{function}", [data], setting=setting, limits=limits or Limits(seconds=20)
        )

    return reading


def test_what_is_read_comes_back_whatever_libraries_print(read: Read) -> None:
    data = bytes(range(256)) * 40_000
    assert read("echo", data, "set ") == b"set " + data


def test_a_refusal_is_told_in_plain_words(read: Read) -> None:
    with pytest.raises(BadInput) as refused:
        read("refuse")
    said = str(refused.value)
    assert said.startswith("Not like  [31mthis. x")
    assert said.isprintable()
    assert len(said) <= 1000


def test_there_is_no_network(read: Read) -> None:
    assert read("call", setting="9") == b"PermissionError PermissionError PermissionError"
    assert read("from_a_thread") == b"PermissionError"


def test_threads_of_libraries_are_shut_in_too(read: Read) -> None:
    assert read("old_thread") == b"PermissionError"


def test_nothing_can_be_started_or_signalled(read: Read) -> None:
    assert read("start") == b" ".join([b"PermissionError"] * 4)


def test_the_numbers_of_another_convention_are_no_way_out(read: Read) -> None:
    with pytest.raises(BadInput, match="broke off"):
        read("other_numbers")


def test_nothing_can_be_written(read: Read, tmp_path: Path) -> None:
    assert read("write", setting=str(tmp_path / "out")) == b"PermissionError"
    assert not (tmp_path / "out").exists()


def test_nothing_that_is_there_can_be_changed(read: Read, tmp_path: Path) -> None:
    place = tmp_path / "home"
    place.mkdir()
    (place / "study.db").write_bytes(b"all of it")
    assert read("destroy", setting=str(place / "study.db")) == b" ".join([b"PermissionError"] * 10)
    assert [path.name for path in place.iterdir()] == ["study.db"]
    assert read("read_only", setting=str(place / "study.db")) == b"all of it"


def test_the_memory_of_who_holds_the_keys_is_closed(read: Read) -> None:
    assert read("look_into") == b"PermissionError PermissionError"


def test_no_signal_reaches_who_started_it(read: Read) -> None:
    assert read("signal_parent") == b"refused refused refused"


def test_what_does_not_get_on_is_stopped(read: Read) -> None:
    with pytest.raises(BadInput, match="did not get on"):
        read("hang", limits=Limits(seconds=0.3))


def test_what_gets_on_slowly_is_left_to_it(read: Read) -> None:
    # Longer than the limit in all, never longer without a sign of life.
    assert read("crawl", setting="12", limits=Limits(seconds=3)) == b"slow but sure"


def test_an_endless_reader_that_says_it_gets_on_is_stopped_too(read: Read) -> None:
    with pytest.raises(BadInput, match="broke off"):
        read("spin", limits=Limits(seconds=30, processor=2))


@pytest.mark.parametrize(("size", "limits"), [
    (8 << 30, Limits(seconds=30, memory=1 << 30)),
    (2 << 20, Limits(seconds=30, answer=1 << 20)),
])  # fmt: skip
def test_memory_and_answers_are_bounded(read: Read, size: int, limits: Limits) -> None:
    with pytest.raises(BadInput, match="broke off"):
        read("swell", setting=str(size), limits=limits)


@pytest.mark.parametrize("how", ["crash", "fail"])
def test_a_reader_that_breaks_is_told_as_such(read: Read, how: str) -> None:
    with pytest.raises(BadInput, match="broke off"):
        read(how)


def test_it_is_given_nothing_of_ours(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOKUS_SECRET", "canary")
    names, place = read("around").decode().split("|")
    assert set(names.split()) <= {"PATH", "LANG", "LC_ALL", "LC_CTYPE", "PWD", "PYTHONPATH", "_"}
    assert place == "/"


def test_where_a_process_cannot_be_shut_in_nothing_is_read(
    read: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = tmp_path / "hostile.py"
    module.write_text(HOSTILE + "\nimport platform\nplatform.machine = lambda: 'vax'\n", "utf-8")
    with pytest.raises(FokusError, match=r"cannot be read safely on this machine \(vax\)"):
        read("echo", b"data")
