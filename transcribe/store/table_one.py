"""How the study tells its Table 1: the team's labels and bins, and the threshold."""

from dataclasses import replace
from typing import Final

from sqlite_utils import Database

from secure_storage import BadInput, StaleWrite, Study

from ..table_one import Rule
from .attributes import read_attributes
from .rows import TableOneSettings

_LONGEST: Final = 80
_MOST_RULES: Final = 200


def table_one_settings(study: Study) -> TableOneSettings:
    """Labels, bins and threshold as they stand."""
    study.require("read")
    return _read(study.db)


def set_table_one(study: Study, wanted: TableOneSettings) -> None:
    """Replace labels, bins and threshold; ``version`` is the one the change starts from.

    Raises:
        StaleWrite: somebody else changed them since.
    """
    study.require("transcribe")
    rules = tuple((attribute, _clean(rule)) for attribute, rule in wanted.rules)
    if not 0 <= wanted.threshold <= 100 or len(rules) > _MOST_RULES:
        raise BadInput(
            f"The threshold lies between 0 and 100, and the table has at most {_MOST_RULES} lines."
        )
    with study.change("transcribe") as change:
        now = _read(change.db)
        if now.version != wanted.version:
            raise StaleWrite(
                "Somebody else has changed how Table 1 is told. Look at what stands there now, "
                "then save again."
            )
        known = {None, *(one.id for one in read_attributes(change.db))}
        if not {attribute for attribute, _ in rules} <= known:
            raise BadInput("An attribute does not exist (any more). Reload the page.")
        if replace(wanted, rules=rules) == now:
            return
        change.db.execute("DELETE FROM table_one_rules")
        for attribute, rule in rules:
            change.db.execute(
                "INSERT INTO table_one_rules (attribute_id, label, value, least)"
                " VALUES (?, ?, ?, ?)",
                [attribute, rule.label, rule.value, rule.least],
            )
        change.db.execute(
            "INSERT INTO table_one (id, threshold, version) VALUES (1, ?, 1)"
            " ON CONFLICT (id) DO UPDATE SET threshold = excluded.threshold,"
            " version = version + 1",
            [wanted.threshold],
        )
        # The labels are answers of participants' put otherwise: the journal keeps counts.
        change.record(
            "table_one.changed",
            "study",
            before={"threshold": now.threshold, "lines": len(now.rules)},
            after={"threshold": wanted.threshold, "lines": len(rules)},
        )


def _read(db: Database) -> TableOneSettings:
    row = db.execute("SELECT threshold, version FROM table_one").fetchone()
    rules = db.execute(
        "SELECT attribute_id, label, value, least FROM table_one_rules ORDER BY id"
    ).fetchall()
    found = TableOneSettings(rules=tuple((one[0], Rule(*one[1:])) for one in rules))
    return replace(found, threshold=row[0], version=row[1]) if row else found


def _clean(rule: Rule) -> Rule:
    label, value = " ".join(rule.label.split()), " ".join(rule.value.split())
    if not 1 <= len(label) <= _LONGEST or len(value) > _LONGEST * 3:
        raise BadInput(f"Every line of Table 1 needs a label of at most {_LONGEST} characters.")
    return Rule(label, value, rule.least)
