"""What a custodian enters about a person, tidied or refused."""

from dataclasses import fields, replace
from datetime import UTC, date, datetime
from typing import Final
from unicodedata import normalize

from ..errors import BadInput
from .store import Person

LONGEST: Final = 200
LONGEST_TEXT: Final = 2000
MOST_NAMES: Final = 40


def tidied(person: Person) -> Person:
    """Tidy an entry; ``BadInput`` says which part cannot be used, not what it holds."""
    others = dict.fromkeys(_line(one, "An other name") for one in person.other_names)
    if len(others) > MOST_NAMES:
        raise BadInput(f"A person can have up to {MOST_NAMES} other names.")
    name, pseudonym = _line(person.name, "The name"), _line(person.pseudonym, "The pseudonym")
    if not name or not pseudonym:
        raise BadInput("A person needs a pseudonym and a name.")
    if not 0 < person.group_number < 1000:
        raise BadInput("The group number must lie between 1 and 999.")
    return replace(
        person, name=name, pseudonym=pseudonym, other_names=tuple(one for one in others if one),
        contact=_text(person.contact, "The contact"),
        consent=_line(person.consent, "The consent reference"),
        consent_on=checked_day(person.consent_on), basis=_line(person.basis, "The lawful basis"),
        withdrawn_on=checked_day(person.withdrawn_on),
        retention=_text(person.retention, "The retention note"),
    )  # fmt: skip


def checked_day(day: str | None) -> str | None:
    """Refuse what is no date, or lies in the future."""
    if not day:
        return None
    try:
        found = date.fromisoformat(day)
    except ValueError:
        raise BadInput("A date is written as 2026-03-31.") from None
    if found > datetime.now(UTC).date():
        raise BadInput("The date lies in the future.")
    return found.isoformat()


def changed(before: Person, after: Person) -> list[str]:
    """Name the fields in which two entries differ; for the journal, which holds no values."""
    return [
        field.name
        for field in fields(Person)
        if field.name not in {"id", "version"}
        and getattr(before, field.name) != getattr(after, field.name)
    ]


def _line(text: str, what: str) -> str:
    line = " ".join(normalize("NFC", text).split())
    if len(line) > LONGEST or not line.isprintable():
        raise BadInput(f"{what} can have up to {LONGEST} printable characters.")
    return line


def _text(text: str, what: str) -> str:
    tidy = normalize("NFC", text).strip()
    if len(tidy) > LONGEST_TEXT or not tidy.replace("\n", "").isprintable():
        raise BadInput(f"{what} can have up to {LONGEST_TEXT} printable characters.")
    return tidy
