"""Taking back and doing again: the rows of an act before and after it, and whose act it was.

An act that can be taken back keeps every row it touches as it was (``Patch``); its event
holds them, and those of after. Taking it back puts the rows of before in place of those of
after, and is refused when these are no longer what the act left: somebody has built on it.
A stage says which of its tables take part (``register_undoable``); rows of several stages
can stand in one act.
"""

from .patch import Patch, Rows, Undoable, register_undoable
from .step import Step, leave_act, note_act, put, settled, to_redo, to_undo, undo_counts
from .store import next_id

__all__ = [
    "Patch",
    "Rows",
    "Step",
    "Undoable",
    "leave_act",
    "next_id",
    "note_act",
    "put",
    "register_undoable",
    "settled",
    "to_redo",
    "to_undo",
    "undo_counts",
]
