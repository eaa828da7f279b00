"""What came in: every file with its source, sum, size and purpose, and who brought it."""

from ..change import Change
from ..study import Study
from . import store
from .entries import Import


def record_import(
    change: Change, kind: str, size: int, sha256: str, *, source: str = "", purpose: str = ""
) -> int:
    """Put a file that came in on the record, within the change that takes it in.

    ``source`` says how it came, and where from in the member's words if they were asked.
    """
    source, purpose = (" ".join(text.split()) for text in (source, purpose))
    return store.insert_import(change, kind, size, sha256, source, purpose)


def list_imports(study: Study) -> list[Import]:
    """List all that came in, newest first."""
    study.require("read")
    return store.imports(study.db)
