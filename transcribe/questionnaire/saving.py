"""Bringing a questionnaire's answers into the study, whole or not at all."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from secure_storage import BadInput, Change, Study, record_import

from ..store import (
    AttributeRow,
    insert_attribute,
    insert_participant,
    read_attributes,
    read_participants,
    update_participant,
)
from .mapping import Column
from .matching import Answered, match
from .table import Table

KIND: Final = "questionnaire"
_PURPOSE: Final = "to describe the participants"


@dataclass(frozen=True, slots=True)
class Saved:
    """How many people an import touched."""

    added: int
    changed: int
    same: int
    left_out: int
    """Unknown people that were not to be added, and lines that were refused."""


def save_questionnaire(
    study: Study, data: bytes, table: Table, columns: Sequence[Column], group: int | None = None,
    *, add_unknown: bool = False, source: str = "",
) -> Saved:  # fmt: skip
    """Write the answers of everybody known, and of unknown people if they are to be added.

    The file itself is not kept; the ledger of imports has its digest.

    Raises:
        BadInput: no column is the pseudonym, or an answer is too long.
    """
    study.require("transcribe")
    check_columns(columns)
    with study.change("transcribe") as change:
        attributes = _with_new(change, columns)
        found = match(table, columns, read_participants(change.db), attributes, group)
        done = Counter(_save(change, one, attributes, add_unknown) for one in found)
        record_import(
            change, KIND, len(data), hashlib.sha256(data).hexdigest(), source=source,
            purpose=_PURPOSE,
        )  # fmt: skip
        saved = Saved(done["new"], done["changed"], done["same"], done["refused"])
        change.record(
            "questionnaire.imported", "study",
            after={"added": saved.added, "changed": saved.changed, "left_out": saved.left_out},
        )  # fmt: skip
    return saved


def check_columns(columns: Sequence[Column]) -> None:
    """Refuse columns by which nothing can be told."""
    often = Counter(one.target for one in columns)
    if not often["pseudonym"]:
        raise BadInput("Say which column holds the pseudonyms.")
    if any(often[one] > 1 for one in ("pseudonym", "group", "profession", "role")):
        raise BadInput("Two columns are the same thing. Leave one of them out.")
    names = Counter(one.key for one in columns if one.target == "attribute")
    if "" in names or any(count > 1 for count in names.values()):
        raise BadInput("Every attribute needs a name of its own.")


def with_made_up(
    columns: Sequence[Column], attributes: Sequence[AttributeRow]
) -> tuple[AttributeRow, ...]:
    """Give the attributes there are, and those the columns ask for under numbers below 0."""
    known = {one.name.casefold() for one in attributes}
    return (
        *attributes,
        *(
            AttributeRow(-number, " ".join(one.name.split()), one.kind)
            for number, one in enumerate(columns, 1)
            if one.target == "attribute" and one.key not in known
        ),
    )


def _with_new(change: Change, columns: Sequence[Column]) -> tuple[AttributeRow, ...]:
    for one in with_made_up(columns, read_attributes(change.db)):
        if one.id < 0:
            insert_attribute(change, one.name, one.kind)
    return read_attributes(change.db)


def _save(
    change: Change, one: Answered, attributes: tuple[AttributeRow, ...], add_unknown: bool
) -> str:
    if one.wanted is None or (one.state == "new" and not add_unknown):
        return "refused"
    if one.known is None:
        insert_participant(change, replace(one.wanted, id=0), attributes)
    else:
        update_participant(change, one.known, one.wanted, attributes)
    return one.state
