"""Table 1 of a manuscript: who took part, counted the way the team wants it told.

A text is counted under the team's labels («Physiotherapists» for «physiotherapist»), a
number or years in the team's bins, of which each begins where it says and ends where the
next begins. Counts below a threshold are marked: so few people can be known by them.
"""

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from .questionnaire.values import Kind, read, said_number, said_years

NOT_STATED: Final = "Not stated"
IN_NO_BIN: Final = "Below the first bin"


@dataclass(frozen=True, slots=True)
class Rule:
    """A line the team wants: a label for a value of a text, or for a bin of a number."""

    label: str
    value: str = ""
    """Of a text: what it stands for."""
    least: float | None = None
    """Of a number: where its bin begins, itself included."""


@dataclass(frozen=True, slots=True)
class Property:
    """Something known of the participants, with one answer each ("" where there is none)."""

    name: str
    kind: Kind
    answers: tuple[str, ...]
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """How many there are of one kind."""

    label: str
    count: int
    identifying: bool = False
    """Fewer than the threshold, and somebody."""


@dataclass(frozen=True, slots=True)
class Block:
    """One property, counted."""

    name: str
    lines: tuple[Line, ...]
    spread: str = ""
    """Of a number or years: «median 11 years, range 6 months to 30 years»."""


@dataclass(frozen=True, slots=True)
class TableOne:
    """All the table says."""

    participants: int
    blocks: tuple[Block, ...]
    groups: Block
    """Participants in each group, and how long the groups talked."""
    threshold: int


def table_one(
    properties: Sequence[Property], groups: Mapping[str, int], minutes: Sequence[float],
    threshold: int,
) -> TableOne:  # fmt: skip
    """Count everything; ``groups`` are sizes by name, ``minutes`` the groups' lengths."""
    return TableOne(
        sum(groups.values()),
        tuple(_block(one, threshold) for one in properties),
        Block(
            "Groups",
            tuple(_line(name, size, threshold) for name, size in groups.items()),
            _length(minutes),
        ),
        threshold,
    )


def per_cent(count: int, of: int) -> int:
    """Give a count in whole per cent; a half is rounded up, as tables in articles do."""
    return (200 * count + of) // (2 * of)


def share(count: int, of: int) -> str:
    """Say a count in per cent, without decimals."""
    return f"{per_cent(count, of)} %" if of else ""


def _block(one: Property, threshold: int) -> Block:
    stated = [text for text in one.answers if text.strip()]
    if one.kind == "text":
        counts, spread = _by_label(one, stated), ""
    else:
        numbers = [found for text in stated if (found := read(one.kind, text)) is not None]
        counts, spread = _by_bin(one.rules, numbers), _spread(one.kind, numbers)
        stated = stated[: len(numbers)]
    lines = [_line(label, count, threshold) for label, count in counts.items()]
    if missing := len(one.answers) - len(stated):
        lines.append(Line(NOT_STATED, missing))
    return Block(one.name, tuple(lines), spread)


def _line(label: str, count: int, threshold: int) -> Line:
    return Line(label, count, 0 < count < threshold)


def _by_label(one: Property, stated: Sequence[str]) -> dict[str, int]:
    """Count the team's labels in the team's order, then the rest, most frequent first."""
    by_value = {_plain(rule.value): rule.label for rule in one.rules}
    # Who answered what others' answers are called is counted with them.
    labels = {_plain(label): label for label in by_value.values()} | by_value
    counts = dict.fromkeys(by_value.values(), 0)
    rest: dict[str, Counter[str]] = {}
    for text in stated:
        label = labels.get(_plain(text))
        if label is not None:
            counts[label] += 1
        else:
            rest.setdefault(_plain(text), Counter())[" ".join(text.split())] += 1
    for spelled in sorted(rest.values(), key=lambda one: (-one.total(), min(one))):
        counts[spelled.most_common(1)[0][0]] = spelled.total()
    return counts


def _by_bin(rules: Sequence[Rule], numbers: Sequence[float]) -> dict[str, int]:
    bins = sorted((rule.least, rule.label) for rule in rules if rule.least is not None)
    if not bins:
        return {}
    counts = dict.fromkeys((label for _, label in bins), 0)
    for number in numbers:
        label = next((label for least, label in reversed(bins) if number >= least), IN_NO_BIN)
        counts[label] = counts.get(label, 0) + 1
    return counts


def _spread(kind: Kind, numbers: Sequence[float]) -> str:
    if not numbers:
        return ""
    said = said_years if kind == "years" else said_number
    middle = said(statistics.median(numbers))
    return f"median {middle}, range {said(min(numbers))} to {said(max(numbers))}"


def _length(minutes: Sequence[float]) -> str:
    if not minutes:
        return ""
    least, most = round(min(minutes)), round(max(minutes))
    return f"{least} minutes" if least == most else f"{least} to {most} minutes"


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
