"""The made-up analysis of the sample: codes, codings, themes and quotes, by phrase.

The recogniser's sentences are not known beforehand, so the plan names the words that
were spoken. A phrase of group 1 is looked up in the truth (when was it said?), and the
sentence heard at that time is taken; a phrase of group 2, a text, is looked up in it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

PLAN = Path(__file__).with_name("analysis.json")


@dataclass(frozen=True, slots=True)
class PlannedCode:
    """A code with the coder (``lead`` or ``coder``) who makes it."""

    name: str
    definition: str
    kind: Literal["semantic", "latent"]
    by: str


@dataclass(frozen=True, slots=True)
class Place:
    """A stretch of a group's talk, from one phrase to another (or the same)."""

    group: int
    first: str
    last: str


@dataclass(frozen=True, slots=True)
class PlannedCoding:
    """Who gives which code to which stretch."""

    code: str
    by: str
    place: Place


@dataclass(frozen=True, slots=True)
class PlannedTheme:
    """A candidate theme with its central organising concept and codes."""

    name: str
    concept: str
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlannedQuote:
    """A stretch marked as a quote for themes."""

    place: Place
    themes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlannedQuestion:
    """A question of the interview guide, and where the moderator asks it."""

    text: str
    asked: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole made-up analysis."""

    codes: tuple[PlannedCode, ...]
    codings: tuple[PlannedCoding, ...]
    themes: tuple[PlannedTheme, ...]
    quotes: tuple[PlannedQuote, ...]
    guide: tuple[PlannedQuestion, ...]


def plan() -> Plan:
    """Read the plan that ships with the demo."""
    read = json.loads(PLAN.read_text("utf-8"))

    def place(row: dict[str, str]) -> Place:
        return Place(int(row["group"]), row["from"], row.get("to", row["from"]))

    return Plan(
        codes=tuple(PlannedCode(**row) for row in read["codes"]),
        codings=tuple(PlannedCoding(row["code"], row["by"], place(row)) for row in read["codings"]),
        themes=tuple(
            PlannedTheme(row["name"], row["concept"], tuple(row["codes"])) for row in read["themes"]
        ),
        quotes=tuple(PlannedQuote(place(row), tuple(row["themes"])) for row in read["quotes"]),
        guide=tuple(
            PlannedQuestion(row["question"], tuple(map(place, row["asked"])))
            for row in read["guide"]
        ),
    )


@dataclass(frozen=True, slots=True)
class Spoken:
    """An utterance of the truth; times in seconds."""

    speaker: str
    start: float
    end: float
    text: str


def spoken(stm: Path) -> tuple[Spoken, ...]:
    """Read the truth in STM: ``file channel speaker start end text``."""
    lines = (line for line in stm.read_text("utf-8").splitlines() if not line.startswith(";"))
    rows = (line.split(maxsplit=5) for line in lines if line.strip())
    return tuple(Spoken(row[2], float(row[3]), float(row[4]), row[5]) for row in rows)


def plain(text: str) -> str:
    """Lower case words alone, to compare what was written with what was planned."""
    kept = "".join(letter if letter.isalnum() else " " for letter in text.lower())
    return " ".join(kept.split())


def said_at(phrase: str, truth: Sequence[Spoken]) -> tuple[float, float]:
    """When a phrase was said, in seconds, by its place among the utterance's letters."""
    for utterance in truth:
        text, sought = plain(utterance.text), plain(phrase)
        found = text.find(sought)
        if found >= 0:
            pace = (utterance.end - utterance.start) / len(text)
            start = utterance.start + found * pace
            return start, start + len(sought) * pace
    raise LookupError(f"the sample does not say: {phrase}")


class Heard(Protocol):
    """A sentence of a transcript, as far as it matters here."""

    @property
    def text(self) -> str:
        """What was heard."""

    @property
    def start(self) -> float | None:
        """Seconds."""

    @property
    def end(self) -> float | None:
        """Seconds."""


def at(phrase: str, heard: Sequence[Heard], truth: Sequence[Spoken]) -> int:
    """Index of the sentence in which a phrase is heard: by time, or by text without truth."""
    if not truth:
        sought = plain(phrase)
        for index, sentence in enumerate(heard):
            if sought in plain(sentence.text):
                return index
        raise LookupError(f"the transcript does not say: {phrase}")
    start, end = said_at(phrase, truth)

    def shared(sentence: Heard) -> float:
        if sentence.start is None or sentence.end is None:
            return float("-inf")
        return min(sentence.end, end) - max(sentence.start, start)

    return max(range(len(heard)), key=lambda index: shared(heard[index]))
