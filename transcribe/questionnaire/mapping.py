"""What the columns of a questionnaire are: guessed from their names, decided by a person.

The layout of Nettskjema (comma-separated, UTF-8) begins with columns of its own, whose
names start with a dollar sign ($submission_id, $created …); with a codebook, answers are
numbers, which ``meanings`` put into words.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from ..pseudonymise.patterns import patterned
from ..store import AttributeRow
from .table import Table
from .values import Kind, read, read_number, read_years

Target = Literal["", "pseudonym", "group", "profession", "role", "attribute"]
"""What a column becomes; "" is left out."""
_CODE: Final = re.compile(r"[0-9]{1,3}")
_MOST_CODES: Final = 60
"""Different answers of a column; with more, they are no codebook's."""
_LONGEST_NAME: Final = 80
_LONGEST_ANSWER: Final = 200
_NAMES: Final[tuple[tuple[Target, str], ...]] = (
    ("pseudonym", r"(participant|pseudonym|deltaker|deltagare|deltager|respondent|informant)"
                  r"(\W?(id|nr|nummer|number|no|code|kode))?|id|kode|code|nr"),
    ("group", r"((focus|fokus)\W?)?(group|gruppe|grupp)(\W?(nr|nummer|number|no|id))?|fg"),
    ("role", r"role|rolle|roll"),
    ("profession", r"profession|yrke|yrkesgruppe|occupation|profesjon|stilling|job|job title"),
)  # fmt: skip
_OWN: Final = re.compile(
    r"\$.*|submission\W?id|answer\W?time.*|created|innsendt|svar\W?id|tidsmerke|timestamp", re.I
)
"""Columns that the form's program adds: nobody answered them."""
_WHO_THEY_ARE: Final = re.compile(
    r"\b(?:((full|first|last|family|sur|middle)\W?)?name|(for|etter|fornamn|efter|mellom)?navn"
    r"|(för|efter)?namn|e\W?(mail|post)\w*|mail|(tele|mobil)?(phone|fon)\w*|tlf|mobil\w*|mobile"
    r"|fødselsn\w+|personn\w+|address|adresse?|ip)\b",
    re.I,
)
"""Columns by which people are known: they are left out unless a person asks for them."""
_TELLING: Final = frozenset({"e-mail address", "telephone number", "national identity number"})
"""Forms of values by which people are known."""
_LOOKED_AT: Final = 50
"""Values in which such forms are looked for."""
_ABOUT_YEARS: Final = re.compile(r"\byears?\b|\bår\b|experience|erfaring|ansiennitet", re.I)


@dataclass(frozen=True, slots=True)
class Column:
    """A column and what becomes of it."""

    header: str
    target: Target = ""
    name: str = ""
    """Of the attribute, one that there is or a new one."""
    kind: Kind = "text"
    """Of a new attribute."""
    meanings: tuple[tuple[str, str], ...] = ()
    """What stands in the file, and what it means."""

    @property
    def key(self) -> str:
        """The attribute's name as names are compared."""
        return " ".join(self.name.split()).casefold()


def guess(table: Table, attributes: Sequence[AttributeRow]) -> tuple[Column, ...]:
    """Say of every column what it seems to be; each of ours is given once."""
    taken: set[Target] = set()
    found = []
    for number, header in enumerate(table.header):
        values = [row[number] for row in table.rows if row[number]]
        target = _target(header, values)
        if target != "attribute" and target in taken:
            target = ""
        taken.add(target)
        found.append(_column(header, target, values, attributes))
    return tuple(found)


def values_in(table: Table, header: str) -> list[str]:
    """The different values of a column, in the order in which they appear."""
    number = table.header.index(header)
    return list(dict.fromkeys(row[number] for row in table.rows if row[number]))


def coded(table: Table, columns: Sequence[Column]) -> list[tuple[str, str]]:
    """Give the answers that may be numbers of a codebook, each with its column."""
    return [
        (one.header, value)
        for one in columns
        if one.target in ("profession", "role", "attribute")
        for value in _codes(values_in(table, one.header))
    ]


def in_words(
    columns: Sequence[Column], places: Sequence[tuple[str, str]], meanings: Sequence[str]
) -> tuple[Column, ...]:
    """Put numbers of a codebook into words; what is no number in words is a text."""
    found: dict[str, dict[str, str]] = {}
    for (header, value), meaning in zip(places, meanings, strict=True):
        if meaning != value:
            found.setdefault(header, {})[value] = meaning
    return tuple(
        replace(
            one,
            meanings=tuple(words.items()),
            kind="text" if any(read(one.kind, word) is None for word in words.values() if word)
            else one.kind,
        ) if (words := found.get(one.header)) else one
        for one in columns
    )  # fmt: skip


def _codes(values: Sequence[str]) -> list[str]:
    if len(values) > _MOST_CODES:
        return []
    return sorted((one for one in values if _CODE.fullmatch(one)), key=int)


def _target(header: str, values: Sequence[str]) -> Target:
    if _OWN.fullmatch(header) or not values:
        return ""
    plain = header.casefold().replace("_", " ").strip()
    for target, names in _NAMES:
        if re.fullmatch(names, plain):
            return target
    if _WHO_THEY_ARE.search(plain) or any(
        found.why in _TELLING for one in values[:_LOOKED_AT] for found in patterned(one)
    ):
        return ""
    # What people wrote at length is a document to code, no attribute.
    return "attribute" if max(map(len, values)) <= _LONGEST_ANSWER else ""


def _column(
    header: str, target: Target, values: Sequence[str], attributes: Iterable[AttributeRow]
) -> Column:
    if target != "attribute":
        return Column(header, target)
    name = " ".join(header.replace("_", " ").split())[:_LONGEST_NAME].strip()
    name = name[:1].upper() + name[1:]
    known = next((one for one in attributes if one.name.casefold() == name.casefold()), None)
    if known is not None:
        return Column(header, target, known.name, known.kind)
    return Column(header, target, name, _kind(name, values))


def _kind(name: str, values: Sequence[str]) -> Kind:
    """Years where the column is called so or values have such units; most values decide."""
    numbers = sum(read_number(one) is not None for one in values)
    years = sum(read_years(one) is not None for one in values)
    if 2 * years > len(values) and (years > numbers or _ABOUT_YEARS.search(name)):
        return "years"
    return "number" if 2 * numbers > len(values) else "text"
