"""Whose answers a questionnaire holds: known people, new ones, and what is not understood."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from ..store import AttributeRow, GroupRole, ParticipantRow
from .mapping import Column, Target
from .table import Table
from .values import read

State = Literal["new", "changed", "same", "refused"]
_TWICE: Final = "This person stands on several lines. Leave one of them in the file."
_ROLES: Final[tuple[tuple[GroupRole, str], ...]] = (
    ("moderator", r"moderator|facilitator|ordstyrer|intervjuer|interviewer"),
    ("secretary", r"secretary|sekretær|sekreterare|observatør|observer|note.?taker"),
    ("participant", r"participant|deltaker|deltagare|deltager|informant|respondent"),
)


@dataclass(frozen=True, slots=True)
class Answered:
    """One line of the questionnaire, and what it comes to."""

    line: int
    """Of the file, the header being the first."""
    state: State
    pseudonym: str
    group: int | None
    known: ParticipantRow | None
    """Who it is in the study."""
    wanted: ParticipantRow | None
    """As they are to be; the answers are numbered by the columns' places among the
    attributes, existing ones by their id."""
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    given: dict[Target, str]
    answers: tuple[tuple[Column, str], ...]

    @property
    def pseudonym(self) -> str:
        return self.given.get("pseudonym", "")


def match(
    table: Table, columns: Sequence[Column], people: Sequence[ParticipantRow],
    attributes: Sequence[AttributeRow], group: int | None,
) -> tuple[Answered, ...]:  # fmt: skip
    """Find everybody; ``group`` is everybody's where no column says it.

    New attributes are numbered by ``attributes`` too: the caller has made them, or made
    some up to look at.
    """
    found = [
        _answered(_line(number, row, columns), people, attributes, group)
        for number, row in enumerate(table.rows, 2)
    ]
    often = Counter(map(_who, found))
    return tuple(
        replace(one, state="refused", wanted=None, problems=(_TWICE,))
        if one.wanted is not None and often[_who(one)] > 1 else one
        for one in found
    )  # fmt: skip


def missing(found: Sequence[Answered], people: Sequence[ParticipantRow]) -> list[ParticipantRow]:
    """Participants of the study who stand nowhere in the questionnaire."""
    there = {one.known.id for one in found if one.known is not None}
    return [
        one for one in people
        if one.id not in there and one.role == "participant" and not one.withdrawn
    ]  # fmt: skip


def _line(number: int, row: Sequence[str], columns: Sequence[Column]) -> _Line:
    given: dict[Target, str] = {}
    answers = []
    for column, value in zip(columns, row, strict=True):
        value = " ".join(dict(column.meanings).get(value, value).split())
        if column.target == "attribute" and value:
            answers.append((column, value))
        elif column.target:
            given[column.target] = value
    return _Line(number, given, tuple(answers))


def _who(one: Answered) -> tuple[object, ...]:
    """Tell people apart, however the lines of the file call them."""
    return (one.known.id,) if one.known else (one.pseudonym.casefold(), one.group)


def _answered(
    line: _Line, people: Sequence[ParticipantRow], attributes: Sequence[AttributeRow],
    group: int | None,
) -> Answered:  # fmt: skip
    said = line.given.get("group", "")
    number = _group(said) if said else group

    def refused(why: str) -> Answered:
        return Answered(line.number, "refused", line.pseudonym, number, None, None, (why,))

    if not line.pseudonym:
        return refused("There is no pseudonym on this line.")
    if said and number is None:
        return refused(f"«{said}» is no number of a group.")
    alike = [
        one for one in people
        if one.pseudonym.casefold() == line.pseudonym.casefold()
        and number in (None, one.group)
    ]  # fmt: skip
    alike = [one for one in alike if one.pseudonym == line.pseudonym] or alike
    if len(alike) > 1:
        return refused("Several groups have this pseudonym. Say the group in a column.")
    known = alike[0] if alike else None
    if known is not None and known.withdrawn:
        return refused("This participant withdrew.")
    if known is None and number is None:
        return refused("Nobody in the study is called so, and the file names no group.")
    blank = ParticipantRow(0, number or 0, line.pseudonym, "", "participant")
    wanted, problems = _wanted(known or blank, line, attributes)
    state: State = "new" if known is None else "same" if wanted == known else "changed"
    return Answered(
        line.number, state, wanted.pseudonym, wanted.group, known, wanted, tuple(problems)
    )


def _wanted(
    now: ParticipantRow, line: _Line, attributes: Sequence[AttributeRow]
) -> tuple[ParticipantRow, list[str]]:
    """What somebody is to be; what the file leaves empty stays as it is."""
    problems = []
    role = now.role
    if said := line.given.get("role", ""):
        found = [one for one, words in _ROLES if re.fullmatch(words, said.casefold())]
        role = found[0] if found else role
        if not found:
            problems.append(f"The role «{said}» is not understood.")
    ids = {one.name.casefold(): one for one in attributes}
    answers = dict(now.answers)
    for column, value in line.answers:
        attribute = ids[column.key]
        if attribute.kind != "text" and read(attribute.kind, value) is None:
            problems.append(f"{attribute.name}: «{value}» is not understood.")
        else:
            answers[attribute.id] = value
    profession = line.given.get("profession", "") or now.profession
    return (
        replace(now, profession=profession, role=role, answers=tuple(sorted(answers.items()))),
        problems,
    )


def _group(text: str) -> int | None:
    found = re.findall(r"\d+", re.sub(r"\.0$", "", text))
    return int(found[0]) or None if len(found) == 1 and len(found[0]) <= 3 else None
