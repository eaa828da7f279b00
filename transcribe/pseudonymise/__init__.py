"""Pseudonymising: finding what may identify somebody, and what is put in its place. Pure.

What is found is a proposal, which a person confirms or not. The result is pseudonymised, not
anonymous: who somebody is can show in what they tell.
"""

from .finding import KINDS, Finding, Kind, Registry
from .identifiers import Entities, Identifiers
from .lists import Lists, load_lists, own_words
from .replacing import Replaced, next_label, replaced, said_there, word_spans

__all__ = [
    "KINDS",
    "Entities",
    "Finding",
    "Identifiers",
    "Kind",
    "Lists",
    "Registry",
    "Replaced",
    "load_lists",
    "next_label",
    "own_words",
    "replaced",
    "said_there",
    "word_spans",
]
