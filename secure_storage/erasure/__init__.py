"""Withdrawal: somebody's words and sound are found, erased, searched for, and certified."""

from . import journal as _journal  # noqa: F401  (registers this stage's own erasers)
from . import ledgers as _ledgers  # noqa: F401
from .asking import (
    ask_erasure,
    cancel_erasure,
    confirm_erasure,
    find_theirs,
    list_erasures,
    participants_to_erase,
    read_certificate,
)
from .certificate import Certificate, certificate_text
from .emptying import empty_where_said
from .eraser import (
    MARK,
    Eraser,
    Found,
    Ground,
    Outdated,
    Prepared,
    Theirs,
    Told,
    Withdrawal,
    erasers,
    register_eraser,
)
from .naming import cells_with
from .running import (
    Run,
    continue_erasures,
    erasure_run,
    start_erasure,
    stop_erasure,
)
from .search import LEAST
from .store import Erasure
from .words import Words, mentions, rewritten, unquoted
from .work import carry_out_erasure

__all__ = [
    "read_certificate",
    "stop_erasure",
    "start_erasure",
    "erasure_run",
    "continue_erasures",
    "Run",
    "LEAST",
    "MARK",
    "Certificate",
    "Eraser",
    "Erasure",
    "Found",
    "Ground",
    "Outdated",
    "Prepared",
    "Theirs",
    "Told",
    "Withdrawal",
    "Words",
    "ask_erasure",
    "cancel_erasure",
    "carry_out_erasure",
    "certificate_text",
    "confirm_erasure",
    "cells_with",
    "empty_where_said",
    "erasers",
    "find_theirs",
    "list_erasures",
    "mentions",
    "participants_to_erase",
    "register_eraser",
    "rewritten",
    "unquoted",
]
