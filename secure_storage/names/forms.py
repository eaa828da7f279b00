"""The forms in which a name may stand in a text.

Both sides, a registered name and a word of a text, are folded the same way (``folded``);
what people vary in writing (å or aa, with or without a genitive ending, in which order)
is spelled out once, on the side of the registered name.

A form has a kind, which says when it counts:

* ``any``: however it is written. Recognised speech often loses capitals.
* ``capital``: only with a capital letter. For names that are also words (Dag, Liv, Stein),
  names of two letters (Bo) and spellings with a plain letter for å, ø, æ (Age for Åge).
  A capital at the start of a sentence counts too: a person confirms what was found, and a
  name that was missed is worse than a word that was asked about.
* ``initials``: only in capitals (KAN, not "kan").
* ``near``: of what may be heard wrongly (``near_forms``); never found by itself, as it is
  only a reason to ask a person.

Left out: single words of one letter, initials of two, and particles (de, von) alone.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations, islice, product
from pathlib import Path
from typing import Final, Literal
from unicodedata import combining, normalize

Kind = Literal["any", "capital", "initials", "near 0", "near 1", "near 2"]
_NEAR: Final[tuple[Kind, ...]] = ("near 0", "near 1", "near 2")
LONGEST: Final = 4
"""Words in the longest form; of longer names the words are taken in runs."""
LETTERS_OF_TWO: Final = 4
"""Letters of the shortest name of which two may be heard wrongly; below it one."""
_HARD_TO_HEAR: Final = range(3, 25)
"""Letters of words that are compared with what may be heard wrongly."""
MOST_SPELLINGS: Final = 24
"""Of one word: a bound for names made of å, ø and æ alone."""


@dataclass(frozen=True, slots=True)
class Form:
    """A folded form of a name, its words joined by single spaces."""

    text: str
    kind: Kind


_OWN: Final = frozenset("æøåäö")
"""Letters that are not another letter with a mark on it."""
_PLAIN: Final = str.maketrans({"đ": "d", "ð": "d", "ł": "l", "þ": "th", "ı": "i", "ŋ": "n"})
_UNSEEN: Final = re.compile("['’ʼ`´\u00ad\u200b-\u200d\u2060\ufeff]")
_DIGRAPHS: Final = (("aa", "å"), ("oe", "ø"), ("ae", "æ"))
_SPELLED: Final[dict[str, tuple[str, ...]]] = {
    "å": ("å", "aa"),
    "ø": ("ø", "oe", "ö"),
    "æ": ("æ", "ae", "ä"),
    "ö": ("ö", "oe", "ø"),
    "ä": ("ä", "ae", "æ"),
}
_ONE_LETTER: Final = str.maketrans({"å": "a", "ø": "o", "ö": "o", "æ": "a", "ä": "a"})
_PARTICLES: Final = frozenset(
    (
        "af", "al", "av", "bin", "da", "de", "del", "den", "der", "di", "du", "el", "la", "le",
        "ten", "van", "von", "zu",
    )
)  # fmt: skip
COMMON: Final = frozenset(
    word
    for line in Path(__file__).with_name("also_words.txt").read_text("utf-8").splitlines()
    if not line.startswith("#")
    for word in line.split()
)
"""Names that are also words, Norwegian or English."""


def folded(text: str) -> str:
    """Fold a word: one case, no marks (but æ ø å ä ö are letters), no apostrophes."""
    if text.isascii():
        return text.replace("'", "").replace("`", "").lower()
    text = _UNSEEN.sub("", normalize("NFKC", text)).casefold().translate(_PLAIN)
    return "".join(
        mark
        for letter in normalize("NFC", text)
        for mark in (letter if letter in _OWN else normalize("NFD", letter))
        if not combining(mark)
    )


def skeleton(word: str) -> str:
    """Fold a folded word further: å, aa and a alike. For runs, where two words must fit."""
    for digraph, letter in _DIGRAPHS:
        word = word.replace(digraph, letter)
    return word.translate(_ONE_LETTER)


def forms_of(name: str) -> set[str]:
    """Give all folded forms of a name, whatever their kind."""
    return {form.text for form in name_forms(name)}


def name_forms(name: str) -> set[Form]:
    """Give the forms of a name or alias: parts, runs of parts, initials, genitives."""
    # A hyphen may be written or not, or the halves run together: Anne-Lise, Anne Lise, Annelise.
    halves = [[folded(half) for half in _words(part)] for part in re.split(r"[\s,]+", name)]
    parts = [[half for half in part if half] for part in halves]
    words = [half for part in parts for half in part]
    found = {form for word in words for form in _single(word)}
    for part in parts:
        if len(part) > 1:
            found |= set(_single("".join(part)))
    for run in _runs(words):
        found |= set(_several(run))
    return found | set(_initials(words))


def contact_forms(contact: str) -> set[Form]:
    """Give the telephone numbers and e-mail addresses of a contact text as forms."""
    mails = {folded(found.group()) for found in MAIL.finditer(contact)}
    numbers = {digits(found.group()) for found in _NUMBER.finditer(MAIL.sub(" ", contact))}
    return {Form(text, "any") for text in mails | {one for one in numbers if is_number(one)}}


def wrongly_heard(word: str, most: int) -> Iterator[tuple[int, int, str]]:
    """Write a word in all ways with up to ``most`` letters left out or put as «?».

    With each: how many are left out, how many are «?». Two words are within n edits
    (Levenshtein 1966) just when they share one, left out on the one side and on the other
    and «?» together at most n: so words can be compared by hashes (after the deletion
    neighbourhoods of Bocek, Hunt and Stiller 2007).
    """
    for count in range(min(most, len(word) - 2) + 1):
        for places in combinations(range(len(word)), count):
            for marks in product(("", "?"), repeat=count):
                letters = list(word)
                for place, mark in zip(places, marks, strict=True):
                    letters[place] = mark
                yield marks.count(""), marks.count("?"), "".join(letters)


def near_forms(forms: Iterable[Form]) -> set[Form]:
    """Give what words are looked up by that may be single-word names, heard wrongly.

    Also of names that are words: whoever asks leaves the words of the language alone.
    """
    words = {
        skeleton(form.text)
        for form in forms
        if form.kind in ("any", "capital") and form.text.isalpha()
        and len(form.text) in _HARD_TO_HEAR
    }  # fmt: skip
    found = set()
    for word in words:
        if word[-1] == "s" and ({word[:-1], word[:-2]} & words):
            continue  # a genitive, which the other side takes off
        most = edits(word)
        for out, unknown, text in wrongly_heard(word, most):
            found |= {Form(text, near(left)) for left in range(most - out - unknown + 1)}
    return found


def edits(word: str) -> int:
    """How many letters of a name may be wrong."""
    return 2 if len(word) >= LETTERS_OF_TWO else 1


def near(out: int) -> Kind:
    """The kind of what may be heard wrongly, for words with so many letters too many."""
    return _NEAR[out]


def heard(word: str) -> Iterator[Form]:
    """Give the forms by which a folded word of a text is looked up among ``near_forms``."""
    plain = skeleton(word)
    if len(plain) in _HARD_TO_HEAR and plain.isalpha():
        for out, _, text in wrongly_heard(plain, 2):
            yield Form(text, near(out))


MAIL: Final = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_NUMBER: Final = re.compile(r"\+?\d(?:[ .\u00a0()/-]{0,2}\d)+")


def digits(text: str) -> str:
    """Give the digits of a telephone number, without the code of Norway."""
    plain = "".join(mark for mark in normalize("NFKC", text) if mark.isdigit())
    for code in ("0047", "47"):
        if plain.startswith(code) and len(plain) == len(code) + 8:
            return plain.removeprefix(code)
    return plain


def is_number(plain: str) -> bool:
    """Tell whether digits are long enough for a telephone number, not a year or an age."""
    return 6 <= len(plain) <= 15


def _words(text: str) -> list[str]:
    return re.split(r"[^\w'’ʼ`´\u00ad\u200b-\u200d\u0300-\u036f]+", text)


def _runs(words: list[str]) -> Iterator[tuple[str, ...]]:
    """All neighbours, first and last, the last name first, and initials before the last."""
    for length in range(2, LONGEST + 1):
        yield from zip(*(words[start:] for start in range(length)), strict=False)
    for first in words[:-1]:
        yield first, words[-1]
        yield words[-1], first
    if 2 < len(words) <= LONGEST:
        yield words[-1], *words[:-1]
    if len(words) > 1 and len(skeleton(words[-1])) > 2:
        yield words[0][0], words[-1]
        yield (*(word[0] for word in words[:-1]), words[-1])[-LONGEST:]


def _single(word: str) -> Iterator[Form]:
    if len(word) < 2 or word in _PARTICLES or word.isdigit():
        return
    for spelling, plain in _spellings(word):
        if plain and len(spelling) < 3:
            continue
        kind: Kind = "capital" if plain or _weak(word) or _weak(spelling) else "any"
        yield from (Form(ending, kind) for ending in _genitives(spelling))


def _several(run: tuple[str, ...]) -> Iterator[Form]:
    if {run[0], run[-1]} & _PARTICLES:
        return
    kind: Kind = "capital" if all(map(_weak, run)) else "any"
    yield from (Form(ending, kind) for ending in _genitives(" ".join(map(skeleton, run))))


def _initials(words: list[str]) -> Iterator[Form]:
    letters = [word[0] for word in words if word not in _PARTICLES]
    if len(letters) >= 3:
        yield Form("".join(letters), "initials")
        yield Form(" ".join(map(skeleton, letters[:LONGEST])), "any")


def _weak(word: str) -> bool:
    return len(word) == 2 or word in COMMON


def _genitives(text: str) -> Iterator[str]:
    """The name, Karis, Kari's and Hans's (folded the same), after s, x and z also Hanses."""
    yield text
    yield text + "s"
    if text[-1] in "sxz":
        yield text + "es"


def _spellings(word: str) -> list[tuple[str, bool]]:
    """Spell a word in all ways; with each, whether letters of ours became plain ones."""
    base = {word}
    for digraph, letter in _DIGRAPHS:
        base |= {one.replace(digraph, letter) for one in base}
    ways = (
        "".join(letters)
        for one in sorted(base, key=lambda spelled: (spelled != word, spelled))
        for letters in product(*(_SPELLED.get(mark, (mark,)) for mark in one))
    )
    full = dict.fromkeys(islice(ways, MOST_SPELLINGS), False)
    plain = {one.translate(_ONE_LETTER): True for one in base}
    return list({**plain, **full}.items())
