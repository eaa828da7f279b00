"""What comes from outside: the door it is opened through, and where it is read."""

from .archive import Archive, Caps, Element, open_archive, read_xml
from .bolt import hide_memory, shut_in
from .child import Limits, guarded, still_alive
from .door import open_foreign, shred
from .kinds import expect
from .pdf import read_pdf

__all__ = [
    "Archive",
    "Caps",
    "Element",
    "Limits",
    "expect",
    "guarded",
    "hide_memory",
    "open_archive",
    "open_foreign",
    "read_pdf",
    "read_xml",
    "shred",
    "shut_in",
    "still_alive",
]
