"""Coding: reading sentences under codes, by several coders side by side."""

from . import archiving as _archiving  # noqa: F401  (registers what it archives)
from .api import asked_trims
from .codebook import KINDS, PALETTE, Code, CodedSegment, Coding, Kind, Segment
from .store import (
    add_code,
    clear_coding,
    code,
    coding_counts,
    codings,
    edit_code,
    list_codes,
    remove_code,
    segment,
    segment_ids,
    segment_text,
    segments_of,
    segments_touching,
    set_coding,
)

__all__ = [
    "KINDS",
    "PALETTE",
    "Code",
    "CodedSegment",
    "Coding",
    "Kind",
    "Segment",
    "add_code",
    "asked_trims",
    "clear_coding",
    "code",
    "coding_counts",
    "codings",
    "edit_code",
    "list_codes",
    "remove_code",
    "segment",
    "segment_ids",
    "segment_text",
    "segments_of",
    "segments_touching",
    "set_coding",
]
