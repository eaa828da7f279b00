"""What left, once more: the list, the sealed copy, the rules by which exports leave."""

from dataclasses import asdict

from ..container import SealedReader
from ..errors import BadInput
from ..study import Study
from . import store
from .decision import Rules
from .entries import Export


def list_exports(study: Study) -> list[Export]:
    """List all that left, newest first."""
    study.require("read")
    return store.exports(study.db)


def open_export(study: Study, export_id: int) -> tuple[Export, SealedReader]:
    """Open a released file once more, as it was released; that is on record again."""
    study.require("release")
    row, sealed = _opened(study, export_id)
    try:
        study.note("read.exported", f"export:{export_id}", {"again": True}, "release")
    except BaseException:
        sealed.close()
        raise
    return row, sealed


def read_export(study: Study, export_id: int) -> bytes:
    """Read a released file whole; the caller puts on record what becomes of it."""
    study.require("release")
    _, sealed = _opened(study, export_id)
    with sealed:
        return sealed.read(0, sealed.size)


def export_rules(study: Study) -> Rules:
    """Tell who has to agree before something leaves."""
    study.require("read")
    return store.rules(study.db)


def set_export_rules(study: Study, rules: Rules) -> None:
    """Choose who has to agree before something leaves; a lead's, and on record."""
    study.require("members")
    with study.change("members") as change:
        before = store.rules(change.db)
        store.set_rules(change, rules)
        change.record("study.two_person_set", "study", before=asdict(before), after=asdict(rules))


def _opened(study: Study, export_id: int) -> tuple[Export, SealedReader]:
    row = store.export(study.db, export_id)
    if row.file_id is None:
        raise BadInput(
            "The sealed copy of this export was destroyed by an erasure. What left before "
            "cannot be called back; its line in the ledger stays."
        )
    return row, study.files.open(row.file_id)
