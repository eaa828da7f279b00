"""A real study: three members, one transcript with speakers linked and not, two codes."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import coding
from secure_storage import FLOOR, Role, Study, create_study, unlock
from transcribe import (
    Sentence,
    Transcription,
    Turn,
    add_participant,
    link_speaker,
    save_transcription,
    sentences,
    speakers,
)

PASSPHRASE = "correct horse battery"

SECRET_NAME = "Kari Nordmann"
"""Label of a speaker nobody has linked: must never reach a quote."""

HOSTILE = "![x](http://evil.example/x.png) <img src=http://evil.example/y.png>"

TALK = Transcription(
    language="en",
    turns=(
        Turn("S1", (Sentence("What do you hope for?", 0.0, 1.5),)),
        Turn(
            "S2",
            (
                Sentence("Hands should stay.", 1.5, 3.0),
                Sentence("A screen may visit.", 3.0, 5.0),
            ),
        ),
        Turn(SECRET_NAME, (Sentence(HOSTILE, 5.0, 6.0),)),
        Turn("UNKNOWN", (Sentence("Mm.", 6.0, 6.2),)),
    ),
    provenance=(("recogniser", "none, written by hand"),),
)


@dataclass(frozen=True)
class Desk:
    """Three members at one study."""

    lead: Study
    coder: Study
    reader: Study
    transcript: int
    lines: tuple[int, ...]
    """Ids of the sentences."""
    hands: int
    """Id of a code."""
    visits: int


def _join(lead: Study, name: str, role: Role) -> Study:
    once = lead.invite(name, role)
    member = unlock(lead.home, name, once)
    member.change_passphrase(once, PASSPHRASE)
    return member


def made_by_demo(desk: Desk) -> None:
    """Mark the transcript as the demo model's."""
    with desk.lead.change() as change:
        change.db.execute("UPDATE transcripts SET demo = 1")
        change.record("transcript.added", f"transcript:{desk.transcript}")


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Study]:
    """A study in which nothing was done yet, seen by its lead."""
    create_study(tmp_path / "empty", "Care at home", "Ann Berg", PASSPHRASE, cost=FLOOR)
    study = unlock(tmp_path / "empty", "Ann Berg", PASSPHRASE)
    yield study
    study.close()


@dataclass(frozen=True)
class Made:
    """What stands in the study that every test gets a copy of."""

    home: Path
    transcript: int
    lines: tuple[int, ...]
    hands: int
    visits: int


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A study with a transcript, two speakers who are known, and codes by two coders."""
    home = tmp_path_factory.mktemp("made") / "home"
    create_study(home, "Care at home", "Ann Berg", PASSPHRASE, cost=FLOOR)
    lead = unlock(home, "Ann Berg", PASSPHRASE)
    coder, reader = _join(lead, "Bo Lund", "coder"), _join(lead, "Cia Dahl", "reader")
    transcript = save_transcription(lead, TALK, title="Third group", group=3, recording_id=None)
    people = {
        "S1": add_participant(lead, 3, "M", "", "moderator"),
        "S2": add_participant(lead, 3, "P1", "occupational therapist"),
    }
    for speaker in speakers(lead, transcript):
        if speaker.label in people:
            link_speaker(lead, speaker.id, people[speaker.label])
    lines = tuple(row.id for row in sentences(lead, transcript))
    hands = coding.add_code(lead, "hands stay", "Touch cannot be sent.").id
    visits = coding.add_code(coder, "screens visit").id
    coding.set_coding(lead, transcript, lines[1], lines[1], hands)
    coding.set_coding(coder, transcript, lines[1], lines[1], hands)
    coding.set_coding(coder, transcript, lines[1], lines[2], visits)
    for member in (reader, coder, lead):
        member.close()
    return Made(home, transcript, lines, hands, visits)


@pytest.fixture
def desk(made: Made, tmp_path: Path) -> Iterator[Desk]:
    """Three members at their own copy of the study."""
    home = tmp_path / "home"
    shutil.copytree(made.home, home)
    lead, coder, reader = (
        unlock(home, name, PASSPHRASE) for name in ("Ann Berg", "Bo Lund", "Cia Dahl")
    )
    yield Desk(
        lead, coder, reader, made.transcript, made.lines, hands=made.hands, visits=made.visits
    )
    for member in (reader, coder, lead):
        member.close()
