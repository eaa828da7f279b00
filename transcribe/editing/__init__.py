"""What editing does to texts, words and times. Pure: no database, no screen."""

from .parting import Spoken, join, part
from .placing import place_words
from .replacing import Replacement, replaced

__all__ = ["Replacement", "Spoken", "join", "part", "place_words", "replaced"]
