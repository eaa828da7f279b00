"""What made a transcript, for the manuscript."""

import json

from secure_storage import BadInput, Study


def provenance(study: Study, transcript_id: int) -> tuple[tuple[str, str], ...]:
    """What made a transcript, as (what, how) pairs."""
    study.require("read")
    row = study.db.execute(
        "SELECT provenance FROM transcripts WHERE id = ?", [transcript_id]
    ).fetchone()
    if row is None:
        raise BadInput("This transcript does not exist (any more). Reload the page.")
    return tuple((str(what), str(how)) for what, how in json.loads(row[0]))
