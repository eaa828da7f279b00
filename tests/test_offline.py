"""Without any network but loopback everything works, and nobody tries to reach out.

The whole suite is run so by ``python -m bench.offline``; here a part of it, and the proof
that an attempt would be seen.
"""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.traced
ROOT = Path(__file__).parent.parent

REACHES_OUT = """
import socket

def test_reaching_out():
    with socket.socket() as one:
        assert one.connect_ex(("192.0.2.1", 80)) != 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        assert one.connect_ex(("198.51.100.7", 53)) != 0

def test_talking_to_ourselves():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()
        server.accept()[0].close()
"""


def offline(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bench.offline", "-q", "-p", "no:cacheprovider", *arguments],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_an_attempt_to_reach_out_fails_and_is_counted(tmp_path: Path) -> None:
    (tmp_path / "test_out.py").write_text(REACHES_OUT, "utf-8")
    done = offline(str(tmp_path))
    assert "2 passed" in done.stdout, done.stdout + done.stderr
    assert "| Fokus and its tests | 1 | 2 |" in done.stdout
    assert "192.0.2.1 (1)" in done.stdout
    assert "198.51.100.7 (1)" in done.stdout
    assert done.returncode == 1


@pytest.mark.parametrize(
    "part", ["tests/secure_storage/test_serve.py", "tests/transcribe/test_jobs.py"]
)
def test_serving_and_transcribing_reach_nothing(part: str) -> None:
    done = offline(part)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
    assert "| Fokus and its tests | " in done.stdout
    assert " 0 of ours outside" in done.stdout
