"""A real study, its members and a little real sound."""

import math
import struct
import wave
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from secure_storage import FLOOR, Role, Study, create_study, unlock

PASSPHRASE = "correct horse battery"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A study whose lead is Ada."""
    folder = tmp_path / "home"
    create_study(folder, "Care at home", "Ada", PASSPHRASE, cost=FLOOR)
    return folder


@pytest.fixture
def study(home: Path) -> Iterator[Study]:
    """The study as its lead sees it."""
    opened = unlock(home, "Ada", PASSPHRASE)
    yield opened
    opened.close()


@pytest.fixture
def sign_in(home: Path, study: Study) -> Iterator[Callable[[str, Role], Study]]:
    """Invite somebody and sign them in."""
    opened: list[Study] = []

    def enter(name: str, role: Role) -> Study:
        once = study.invite(name, role)
        member = unlock(home, name, once)
        member.change_passphrase(once, PASSPHRASE)
        opened.append(member)
        return member

    yield enter
    for member in opened:
        member.close()


@pytest.fixture
def tone(tmp_path: Path) -> Callable[..., Path]:
    """Write a WAV file of one tone."""

    def write(name: str = "talk.wav", *, seconds: float = 2.0, hertz: float = 440.0) -> Path:
        path = tmp_path / name
        with wave.open(str(path), "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(16_000)
            turn = 2 * math.pi * hertz / 16_000
            out.writeframes(
                b"".join(
                    struct.pack("<h", int(9000 * math.sin(turn * n)))
                    for n in range(int(seconds * 16_000))
                )
            )
        return path

    return write
