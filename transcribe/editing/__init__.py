"""What editing does to texts, words and times. Pure: no database, no screen."""

from .comparing import Difference, PastLine, compare
from .parting import Spoken, join, part
from .placing import place_words
from .replacing import Replacement, replaced

__all__ = [
    "Difference",
    "PastLine",
    "Replacement",
    "Spoken",
    "compare",
    "join",
    "part",
    "place_words",
    "replaced",
]
