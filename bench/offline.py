"""The test suite without a network: nothing but loopback exists, and every attempt is counted.

    python -m bench.offline                 the whole suite
    python -m bench.offline tests/demo      a part of it

Runs pytest in a network namespace of its own with only loopback in it, under strace.
Attempts by the browser that drives the tests are listed apart from those of Fokus.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

CALLS = "connect,sendto,sendmsg,sendmmsg"
LOOPBACK_UP = (
    "import fcntl, socket, struct, os, sys;"
    "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM);"
    "fcntl.ioctl(s, 0x8914, struct.pack('16sh', b'lo', 0x1 | 0x40)); s.close();"  # up, running
    "os.execv(sys.argv[1], sys.argv[1:])"
)
_PLACE = re.compile(r'sin_addr=inet_addr\("(?P<v4>[^"]+)"\)|inet_pton\(AF_INET6, "(?P<v6>[^"]+)"')
_CALLER = re.compile(r"^\d+(?:<(?P<name>[^>]*)>)?\s")
NONE_CHOSEN = 5
"""pytest's status when there was no such test."""
BROWSER = ("chrom", "headless_shell", "Chrome", "ThreadPool", "NetworkService")


@dataclass(frozen=True, slots=True)
class Attempt:
    """A process that spoke to an address."""

    process: str
    address: str

    @property
    def outside(self) -> bool:
        """Anything but this machine talking to itself."""
        mapped = self.address.removeprefix("::ffff:")
        return not (mapped.startswith("127.") or mapped in {"::1", "0.0.0.0", "::"})

    @property
    def browser(self) -> bool:
        """The browser that plays the user, not Fokus."""
        return self.process.startswith(BROWSER)


def attempts(trace: Iterable[str]) -> Iterator[Attempt]:
    """Read the addresses out of strace's lines."""
    for line in trace:
        place = _PLACE.search(line)
        if place:
            caller = _CALLER.match(line)
            name = (caller.group("name") or "") if caller else ""
            yield Attempt(name, place.group("v4") or place.group("v6"))


def shut_in(*pytest_arguments: str) -> list[str]:
    """Give the command that runs pytest where nothing but loopback exists."""
    pytest = [sys.executable, "-m", "pytest", *pytest_arguments]
    return ["unshare", "--map-root-user", "--net", sys.executable, "-c", LOOPBACK_UP, *pytest]


def run(pytest_arguments: list[str]) -> tuple[int, Counter[Attempt]]:
    """Run pytest shut in; gives its exit status and who spoke to what.

    Tests that use strace themselves cannot be watched by it: they run after the others, as
    much without a network, but unwatched.
    """
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder) / "trace"
        watched = ["strace", "-f", "-qq", "--seccomp-bpf", "--decode-pids=comm", "-e",
                   f"trace={CALLS}", "-s", "0", "-o", str(trace)]  # fmt: skip
        command = shut_in("-m", "not traced", *pytest_arguments)
        status = subprocess.run([*watched, *command], check=False).returncode
        rest = subprocess.run(shut_in("-m", "traced", *pytest_arguments), check=False).returncode
        with trace.open(encoding="utf-8", errors="replace") as lines:
            return status or (rest if rest != NONE_CHOSEN else 0), Counter(attempts(lines))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    status, seen = run(parser.parse_known_args()[1])
    inside = sum(count for one, count in seen.items() if not one.outside)
    outside = {one: count for one, count in seen.items() if one.outside}
    ours = sum(count for one, count in outside.items() if not one.browser)
    print("| who | loopback | anything else |\n|---|--:|--:|")
    for who, browser in (("Fokus and its tests", False), ("the browser that plays the user", True)):
        here = sum(n for one, n in seen.items() if one.browser == browser and not one.outside)
        there = sum(n for one, n in outside.items() if one.browser == browser)
        print(f"| {who} | {here} | {there} |")
    for one, count in sorted(outside.items(), key=lambda pair: -pair[1]):
        print(f"outside: {one.process} -> {one.address} ({count})")
    print(
        f"pytest ended with {status}; {inside} messages within the machine, {ours} of ours outside"
    )
    return 1 if status or ours else 0


if __name__ == "__main__":
    sys.exit(main())
