"""What Fokus ships to try it without a recording of one's own.

A made-up focus group as sound with its truth, a second one as text, who sits in
them, and a very small speech model that knows the first group's voices and words.
"""

import json
from dataclasses import dataclass
from pathlib import Path

_HERE = Path(__file__).parent

SAMPLE_AUDIO = _HERE / "sample.opus"
SAMPLE_RTTM = _HERE / "sample.rttm"
SAMPLE_STM = _HERE / "sample.stm"
CHECKPOINT = _HERE / "checkpoint.pt"
GROUP2_VTT = _HERE / "group2.vtt"
GROUPS = _HERE / "groups.json"


@dataclass(frozen=True)
class DemoPerson:
    """Someone in a made-up group; ``label`` is the name in the RTTM, STM and VTT files."""

    label: str
    pseudonym: str
    profession: str
    moderator: bool


@dataclass(frozen=True)
class DemoGroup:
    """A made-up group."""

    number: int
    title: str
    people: tuple[DemoPerson, ...]


def groups() -> tuple[DemoGroup, ...]:
    """Both made-up groups."""
    read = json.loads(GROUPS.read_text("utf-8"))
    return tuple(
        DemoGroup(row["number"], row["title"], tuple(DemoPerson(**p) for p in row["people"]))
        for row in read["groups"]
    )
