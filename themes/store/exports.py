"""What was exported, for the page's ledger and for fetching a released file again."""

import json
from dataclasses import dataclass
from typing import Final

from secure_storage import BadInput, Study

_EXPORTS: Final = """
SELECT e.id, e.at, m.initials, e.form, e.purpose, e.recipient, e.file_id, e.file_name, e.size,
       e.sha256, e.names_checked
FROM exports e JOIN members m ON m.id = e.member_id
"""


@dataclass(frozen=True, slots=True)
class ExportRow:
    """One line of the export ledger."""

    id: int
    at: str
    initials: str
    form: str
    purpose: str
    recipient: str
    file_id: str
    file_name: str
    size: int
    sha256: str
    names_checked: int
    """1 when the text was searched for registered names, else 0."""


def exports(study: Study) -> list[ExportRow]:
    """Every export, newest first."""
    study.require("read")
    return [ExportRow(**row) for row in study.db.query(_EXPORTS + " ORDER BY e.id DESC")]


def export_row(study: Study, export_id: int) -> ExportRow:
    """One line of the ledger."""
    study.require("read")
    for row in study.db.query(_EXPORTS + " WHERE e.id = ?", [export_id]):
        return ExportRow(**row)
    raise BadInput("This export does not exist. Go back to the page Export.")


def export_bytes(study: Study, export_id: int) -> bytes:
    """A released file once more, as it was released; noted as a sensitive read."""
    study.require("release")
    row = export_row(study, export_id)
    with study.files.open(row.file_id) as reader:
        data = reader.read(0, reader.size)
    study.note("read.exported", f"export:{export_id}", after={"again": True})
    return data


def provenance(study: Study, transcript_id: int) -> tuple[tuple[str, str], ...]:
    """What made a transcript, as (what, how) pairs."""
    study.require("read")
    row = study.db.execute(
        "SELECT provenance FROM transcripts WHERE id = ?", [transcript_id]
    ).fetchone()
    if row is None:
        raise BadInput("This transcript does not exist (any more). Reload the page.")
    return tuple((str(what), str(how)) for what, how in json.loads(row[0]))
