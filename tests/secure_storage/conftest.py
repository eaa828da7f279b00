"""A real study on the disk, with the cheapest passphrase protection a header may ask for."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from secure_storage import FLOOR, Role, Study, create_study, unlock

LEAD = "Ada Lead"
PASSPHRASE = "correct horse battery"


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "home"
    create_study(folder, "Home care", LEAD, PASSPHRASE, cost=FLOOR)
    return folder


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "home")


@pytest.fixture
def study(home: Path) -> Iterator[Study]:
    opened = unlock(home, LEAD, PASSPHRASE)
    yield opened
    opened.close()


@pytest.fixture
def join(study: Study) -> Iterator[Callable[[str, Role], Study]]:
    """Invite somebody who signs in and chooses a passphrase."""
    joined: list[Study] = []

    def joining(name: str, role: Role) -> Study:
        once = study.invite(name, role)
        member = unlock(study.home, name, once)
        member.choose_passphrase(f"the own words of {name}")
        joined.append(member)
        return member

    yield joining
    for member in joined:
        member.close()
