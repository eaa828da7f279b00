"""A damaged database, or a folder that is none: told in words, on the console and the page."""

import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

import app
from secure_storage import Gate, gate_routes, unlock
from secure_storage.backup import make, wait_until_checked

LEAD, PASSPHRASE = "Ada Lead", "correct horse battery"
PAGE = 4096


def flipped(path: Path) -> Iterator[int]:
    """The database with one byte of a page altered, page by page."""
    whole = path.read_bytes()
    for at in range(100, len(whole), PAGE):
        data = bytearray(whole)
        data[at] ^= 1
        path.write_bytes(data)
        yield at // PAGE
    path.write_bytes(whole)


def fokus(home: Path, *words: str) -> int:
    reading, writing = os.pipe()
    os.write(writing, PASSPHRASE.encode() + b"\n")
    os.close(writing)
    return app.main([*words, "--home", str(home), "--as", LEAD, "--passphrase-fd", str(reading)])


def test_a_byte_of_the_database_is_damaged(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = []
    for page in islice(flipped(home / "study.db"), 0, None, 2):
        if fokus(home, "member", "list"):
            said = capsys.readouterr().err
            assert said.startswith("fokus: The study's database ") and "a fault" not in said
            assert "backup" in said and "Traceback" not in said, page
            told.append(page)
    assert len(told) > 10


@pytest.mark.parametrize("words", [("study", "rotate"), ("backup", "drill")])
def test_what_reads_all_of_it_tells_of_the_damage(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, str]
) -> None:
    make(home, "on-demand")
    told = 0
    for page in islice(flipped(home / "study.db"), 1, None, 5):
        copy = Path(shutil.copytree(home, tmp_path / f"copy {page}"))
        if fokus(copy, *words):
            said = capsys.readouterr().err
            told += "fokus: The study's database cannot be read" in said
            assert "Traceback" not in said and "a fault" not in said
    assert told > 3


def test_the_sign_in_page_tells_of_the_damage(home: Path) -> None:
    served = Starlette(routes=gate_routes(home), middleware=[Middleware(Gate, home=home)])
    client = TestClient(served, base_url="http://127.0.0.1:8501")
    told = 0
    for _ in islice(flipped(home / "study.db"), 0, None, 4):
        answer = client.post(
            "/sign-in", data={"name": LEAD, "passphrase": PASSPHRASE},
            headers={"origin": "http://127.0.0.1:8501"}, follow_redirects=False,
        )  # fmt: skip
        if answer.status_code == 303:
            client.post("/sign-out", headers={"origin": "http://127.0.0.1:8501"})
            continue
        assert answer.status_code == 400 and "backup" in answer.text
        told += 1
    client.close()
    assert told > 5


def test_restoring_says_what_is_known_of_the_backup(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = make(home, "on-demand")
    assert app.main(["backup", "restore", str(made.folder), "--home", str(tmp_path / "one")]) == 0
    assert "not verified yet" in capsys.readouterr().out
    with closing(unlock(home, LEAD, PASSPHRASE)):
        wait_until_checked(home)
    assert app.main(["backup", "restore", str(made.folder), "--home", str(tmp_path / "two")]) == 0
    said = capsys.readouterr().out
    assert "(verified)" in said and "fokus verify " not in said.splitlines()[1]
