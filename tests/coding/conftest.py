"""A real study with two coders and a short transcript."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from secure_storage import FLOOR, Study, create_study, unlock
from transcribe import Sentence, Transcription, Turn, save_transcription, sentences

PASSPHRASE = "correct horse battery"

TALK = Transcription(
    language="en",
    turns=(
        Turn("SPEAKER_1", (Sentence("What works at home?", 0.0, 1.5),)),
        Turn(
            "SPEAKER_2",
            (
                Sentence("The alarm is a comfort.", 1.5, 3.0),
                Sentence("It is also one more thing to charge.", 3.0, 5.0),
            ),
        ),
        Turn("UNKNOWN", (Sentence("Mm.", 5.0, 5.2),)),
    ),
)


@dataclass(frozen=True)
class Desk:
    """Two members at one study, and the sentences they read."""

    ann: Study
    """The lead."""
    bo: Study
    """A coder."""
    transcript: int
    lines: tuple[int, ...]
    """Ids of the sentences."""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    home = tmp_path / "home"
    create_study(home, "Care at home", "Ann Berg", PASSPHRASE, cost=FLOOR)
    ann = unlock(home, "Ann Berg", PASSPHRASE)
    once = ann.invite("Bo Lund", "coder")
    bo = unlock(home, "Bo Lund", once)
    bo.change_passphrase(once, PASSPHRASE)
    transcript = save_transcription(ann, TALK, title="First group", group=1, recording_id=None)
    yield Desk(ann, bo, transcript, tuple(row.id for row in sentences(ann, transcript)))
    bo.close()
    ann.close()
