"""What the team asks of its participants beside the profession."""

from typing import Final

from sqlite_utils import Database

from secure_storage import BadInput, Change, Study, next_id

from ..questionnaire.values import Kind
from .rows import AttributeRow

_LONGEST: Final = 80


def attributes(study: Study) -> tuple[AttributeRow, ...]:
    """What the team asks of its participants beside the profession, in the order of asking."""
    study.require("read")
    return read_attributes(study.db)


def read_attributes(db: Database) -> tuple[AttributeRow, ...]:
    """All attributes, as ``db`` sees them."""
    rows = db.execute("SELECT id, name, kind FROM attributes ORDER BY id").fetchall()
    return tuple(AttributeRow(*row) for row in rows)


def add_attribute(study: Study, name: str, kind: Kind) -> int:
    """Have the team ask something else of its participants."""
    study.require("transcribe")
    with study.change("transcribe") as change:
        return insert_attribute(change, name, kind)


def insert_attribute(change: Change, name: str, kind: Kind) -> int:
    """Write a new attribute within a change."""
    name = " ".join(name.split())
    if not 1 <= len(name) <= _LONGEST or not name.isprintable():
        raise BadInput(f"An attribute needs a name of at most {_LONGEST} characters.")
    if any(one.name.casefold() == name.casefold() for one in read_attributes(change.db)):
        raise BadInput(f"There is an attribute «{name}» already. Choose another name.")
    found = next_id(change.db, "attributes")
    change.db.execute(
        "INSERT INTO attributes (id, name, kind) VALUES (?, ?, ?)", [found, name, kind]
    )
    change.record("attribute.added", f"attribute:{found}", after={"name": name, "kind": kind})
    return found


def remove_attribute(study: Study, attribute_id: int) -> None:
    """Take out an attribute with everybody's answers and its lines of Table 1."""
    study.require("transcribe")
    with study.change("transcribe") as change:
        row = next((one for one in read_attributes(change.db) if one.id == attribute_id), None)
        if row is None:
            raise BadInput("This attribute does not exist (any more). Reload the page.")
        for table in ("answers", "table_one_rules"):
            change.db.execute(f"DELETE FROM {table} WHERE attribute_id = ?", [attribute_id])
        change.db.execute("DELETE FROM attributes WHERE id = ?", [attribute_id])
        change.record("attribute.removed", f"attribute:{attribute_id}", before={"name": row.name})
