"""Members and keys from the console."""

import base64
import os
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

import app
from secure_storage import StudyBusy, WrongPassphrase, held, make_kit, unlock
from secure_storage.one_time_codes import propose, switch_on

LEAD, PASSPHRASE = "Ada Lead", "correct horse battery"


def descriptor(text: str) -> str:
    reading, writing = os.pipe()
    os.write(writing, text.encode() + b"\n")
    os.close(writing)
    return str(reading)


def fokus(home: Path, *words: str, sign: bool = True) -> int:
    own = ["--as", LEAD, "--passphrase-fd", descriptor(PASSPHRASE)] if sign else []
    return app.main([*words, "--home", str(home), *own])


def once(said: str) -> str:
    return next(line.rsplit(": ", 1)[1] for line in said.splitlines() if "one-time" in line)


def test_a_member_comes_goes_returns_and_is_removed(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fokus(home, "member", "invite", "Bo Coder", "--role", "coder") == 0
    first = once(capsys.readouterr().out)
    unlock(home, "Bo Coder", first).close()
    assert fokus(home, "member", "disable", "bo  coder") == 0
    with pytest.raises(WrongPassphrase):
        unlock(home, "Bo Coder", first)
    capsys.readouterr()
    assert fokus(home, "member", "enable", "Bo Coder") == 0
    second = once(capsys.readouterr().out)
    unlock(home, "Bo Coder", second).close()
    assert fokus(home, "member", "remove", "Bo Coder") == 0
    assert "fokus study rotate" in capsys.readouterr().out
    assert fokus(home, "member", "list") == 0
    assert capsys.readouterr().out.splitlines() == [
        "Ada Lead  lead  access  may release", "Bo Coder  coder  removed",
    ]  # fmt: skip


def test_removing_can_change_the_keys(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fokus(home, "member", "invite", "Bo Coder", "--role", "coder")
    before = (home / "study.json").read_bytes()
    assert fokus(home, "member", "remove", "Bo Coder", "--rotate") == 0
    said = capsys.readouterr().out
    assert "The keys are new" in said and "Backups made before" in said
    assert (home / "study.json").read_bytes() != before
    with closing(unlock(home, LEAD, PASSPHRASE)) as study:
        assert study.recent_events(2)[1].action == "key.rotated"


def test_the_keys_are_changed_by_themselves(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fokus(home, "study", "rotate") == 0
    assert "The keys are new" in capsys.readouterr().out
    unlock(home, LEAD, PASSPHRASE).close()


def test_a_name_that_nobody_has_is_told(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fokus(home, "member", "remove", "Nobody") == 1
    assert "no member of this name" in capsys.readouterr().err


def test_the_recovery_kit_opens_from_the_console(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(unlock(home, LEAD, PASSPHRASE)) as study:
        kit = make_kit(study)
    words = ["study", "recover", "--lead", LEAD, "--kit-fd"]
    assert fokus(home, *words, descriptor(kit), sign=False) == 0
    given = once(capsys.readouterr().out)
    unlock(home, LEAD, given).close()
    assert fokus(home, *words, descriptor(kit[:-1]), sign=False) == 1
    assert "56 characters" in capsys.readouterr().err


def test_the_kit_is_not_typed_while_a_server_has_the_study(home: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from secure_storage import held\n"
        f"with held(Path({str(home)!r})): print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as server:  # fmt: skip
        assert server.stdout is not None and server.stdout.readline()
        with pytest.raises(StudyBusy), held(home):
            pass
        assert fokus(home, "study", "recover", sign=False) == 1
        server.communicate(b"")


def test_who_uses_one_time_codes_gives_one(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(unlock(home, LEAD, PASSPHRASE)) as study:
        secret = base64.b32decode(propose(study).secret)
        now = int(time.time())
        first, second = (
            TOTP(secret, 6, SHA1(), 30).generate(at).decode() for at in (now - 30, now)
        )
        switch_on(study, first)
    assert fokus(home, "member", "list") == 1
    assert "one-time code" in capsys.readouterr().err
    assert fokus(home, "member", "list", "--code", second) == 0
