"""Who has to agree before an export leaves: one rule, without a database.

Releasing is a permission of its own, given to a person (as the egress permission of a
trusted research environment is). An export leaves when one of those who agreed holds
it, and two different people agreed where a second is called for: because the study says
so, because nobody could look for names, or because names were found. The member who asks
agrees by asking; so one other member is all that can ever be missing.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Literal

from ..members import RIGHTS, Member

Why = Literal["two_person", "unchecked", "found"]


@dataclass(frozen=True, slots=True)
class Rules:
    """What the study asks for before something leaves."""

    two_person: bool = False
    """A second person approves every export."""
    second_for_unchecked: bool = True
    """A second person approves an export that could not be searched for names."""


@dataclass(frozen=True, slots=True)
class Voice:
    """What a member's word counts for; a member without access has none."""

    member_id: int
    asks: bool
    approves: bool
    releases: bool


class Verdict(Enum):
    """What comes of those who have agreed so far."""

    RELEASE = "it may leave"
    SECOND = "a second person has to agree"
    RELEASER = "nobody who agreed may release"
    SAME_PERSON = "the second person is the first"
    NO_SAY = "the second person has no say in exports"
    ASKER_GONE = "who asked may not ask (any more)"


def voice(member: Member) -> Voice:
    """Tell what a member's word counts for today."""
    rights = frozenset() if member.disabled else RIGHTS[member.role]
    return Voice(
        member.id,
        "export" in rights,
        "approve" in rights,
        member.may_release and "read" in rights,
    )


def why_second(rules: Rules, *, checked: bool, found: int) -> Why | None:
    """Tell why a second person has to agree, if so: the gravest reason."""
    if found:
        return "found"
    if not checked and rules.second_for_unchecked:
        return "unchecked"
    return "two_person" if rules.two_person else None


def decide(needs_second: bool, asker: Voice, second: Voice | None = None) -> Verdict:
    """Tell what comes of an export that ``asker`` wants and ``second`` agrees to."""
    if not asker.asks:
        return Verdict.ASKER_GONE
    if second is None or second.member_id == asker.member_id:
        if not asker.releases:
            return Verdict.RELEASER
        if needs_second:
            return Verdict.SECOND if second is None else Verdict.SAME_PERSON
        return Verdict.RELEASE
    if not (second.approves or second.releases):
        return Verdict.NO_SAY
    return Verdict.RELEASE if asker.releases or second.releases else Verdict.RELEASER
