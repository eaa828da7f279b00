"""Words that a study looks for besides its participants' names, kept as keyed hashes.

The key is random and stands in the study, so that a change of the study's keys leaves them
what they are: as with names, the hashes keep the words from being read, not from being
guessed by somebody who can open the study.
"""

import re
from collections.abc import Iterable

import sqlite_utils

from ..change import Change
from ..container import new_key
from .finding import Finder, without_genitive
from .forms import Form, Kind, contact_forms, folded, heard, name_forms, skeleton
from .store import Hashes, hashed, hashes_alone, new_terms_key, terms_key


def term_hashes(change: Change, text: str, words: Iterable[str]) -> frozenset[bytes]:
    """Hash the forms of a term, and of those of its ``words`` that stand for it alone."""
    key = terms_key(change.db) or new_terms_key(change)
    return hashes_alone(forms_of_term(text, words), key)


def term_finder(db: sqlite_utils.Database, known: Iterable[bytes]) -> Finder:
    """Give what finds the terms whose hashes these are."""
    return Finder(Hashes(terms_key(db) or b"", frozenset(known)))


def term_marks(db: sqlite_utils.Database, text: str) -> tuple[frozenset[bytes], ...]:
    """Give the hashes by which some words are known, surest first.

    As a whole, then by single words of them, then as a single word that was heard wrongly.
    """
    key = terms_key(db)
    words = [plain for word in re.split(r"[^\w'’]+", text) if (plain := folded(word))]
    whole = words[0] if len(words) == 1 else " ".join(map(skeleton, words))
    kinds: tuple[Kind, ...] = ("any", "capital", *(("initials",) if text.isupper() else ()))
    written = ({Form(one, kind) for one in forms for kind in kinds} for forms in ([whole], words))
    near = {form for word in words for plain in without_genitive(word) for form in heard(plain)}
    ways = (*written, contact_forms(text), near if len(words) == 1 else set())
    return tuple(frozenset(hashed(key, one.kind, one.text) for one in forms) for forms in ways)


def finder_of(words: Iterable[str]) -> Finder:
    """Give what finds some words, for as long as somebody holds it."""
    key = new_key()
    forms = {form for word in words for form in name_forms(word)}
    return Finder(Hashes(key, hashes_alone(forms, key)))


def forms_of_term(text: str, words: Iterable[str]) -> set[Form]:
    """Give the forms of a whole term, and those of its ``words`` that stand for it alone."""
    forms = name_forms(text)
    several = {form for form in forms if " " in form.text}
    alone = {form for word in words for form in name_forms(word)}
    return (several or forms) | alone | contact_forms(text)
