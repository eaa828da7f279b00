"""What a custodian sees of the study: group and pseudonym of its participants."""

from dataclasses import dataclass

from ..study import Study
from . import store


@dataclass(frozen=True, slots=True)
class Pseudonym:
    """A participant, as the study calls them."""

    group_number: int
    pseudonym: str


def pseudonyms(study: Study) -> list[Pseudonym]:
    """List the study's pseudonyms; needs the right ``linking``, not ``read``."""
    study.require("linking")
    return [Pseudonym(group, name) for group, name in store.pseudonyms(study.db)]
