"""What this stage puts into an archive: the records of the work, and no participant's words."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any, Final

from ..erasure.certificate import certificate_text, from_json
from ..study import Study
from . import store

TABLES: Final = (
    ("members.csv", store.MEMBERS),
    ("audit-log.csv", store.JOURNAL),
    ("imports.csv", store.IMPORTS),
    ("exports.csv", store.EXPORTS),
)
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def archive_of_records(study: Study) -> Iterator[tuple[str, bytes]]:
    """Give audit log, ledgers, members and the certificates of erasures."""
    for name, question in TABLES:
        yield f"records/{name}", as_csv(store.table(study.db, question))
    head, *rows = store.table(study.db, store.ERASURES)
    yield "records/erasures.csv", as_csv([head[:-1], *(row[:-1] for row in rows)])
    for number, *_, certificate in rows:
        if certificate:
            text = certificate_text(from_json(certificate))
            yield f"records/erasure-{number}.txt", text.encode()


def as_csv(rows: Iterable[list[Any]]) -> bytes:
    """Write rows as CSV that no spreadsheet takes for formulas."""
    text = io.StringIO()
    csv.writer(text).writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def _cell(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
