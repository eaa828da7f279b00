"""What editing does to texts, words and times. Pure: no database, no screen."""

from .parting import Spoken, join, part
from .placing import place_words

__all__ = ["Spoken", "join", "part", "place_words"]
