"""The SQL of this stage: segments, codes, codings."""

from . import following as _following  # noqa: F401  (registers what follows the words)
from .codes import add_code, code, coding_counts, edit_code, list_codes, remove_code
from .codings import clear_coding, codings, set_coding
from .repairs import let_go, reopen, repair, repairs
from .segments import marked_quotes, segment, segment_ids, segment_text, segments_of
from .withdrawal import segments_touching

__all__ = [
    "add_code",
    "clear_coding",
    "code",
    "coding_counts",
    "codings",
    "edit_code",
    "let_go",
    "list_codes",
    "marked_quotes",
    "remove_code",
    "reopen",
    "repair",
    "repairs",
    "segment",
    "segment_ids",
    "segment_text",
    "segments_of",
    "segments_touching",
    "set_coding",
]
