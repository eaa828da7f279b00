"""Finding published names in texts: words, runs of up to four words, numbers, addresses."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from . import store
from .forms import LONGEST, MAIL, digits, folded, heard, is_number, skeleton

if TYPE_CHECKING:
    from ..study import Study

Span = tuple[int, int]
# Possessive, so that no text however odd is tried twice.
_LETTERS: Final = "(?:[^\\W\\d_]++[\u0300-\u036f\u00ad\u200b-\u200d\u2060\ufeff]*+)++"
_WORD: Final = re.compile(f"{_LETTERS}(?:['’ʼ`´]{_LETTERS})*+['’ʼ`´]?|\\d+")
_BETWEEN: Final = re.compile(r"[\s.,\-\u2010-\u2015]{1,3}")
_IN_NUMBER: Final = re.compile(r"[ .\u00a0()/-]{0,2}")


@dataclass(frozen=True, slots=True)
class NameCheck:
    """Whether names were looked for, and in how many places one was found."""

    checked: bool
    """False while the linking store has published nothing: then ``found`` says nothing."""
    found: int


@dataclass(frozen=True, slots=True)
class _Word:
    single: bool
    """The word by itself is a form of a name."""
    starts: tuple[int, ...]
    """Lengths, in words, of the longer forms that start with it; longest first."""


def check(study: "Study", texts: Iterable[str]) -> NameCheck:
    """Count the places in which the texts name a registered person."""
    study.require("read")
    hashes = store.current(study.db, study._core.root)
    if hashes is None:
        return NameCheck(False, 0)
    finder = Finder(hashes)
    return NameCheck(True, sum(len(finder.places(text)) for text in texts))


def places(study: "Study", text: str) -> list[Span]:
    """Show where a text names a registered person: code points, start and end."""
    study.require("read")
    hashes = store.current(study.db, study._core.root)
    return [] if hashes is None else Finder(hashes).places(text)


def finder(study: "Study") -> "Finder | None":
    """Give what finds the registered names; None while names are not published."""
    study.require("read")
    hashes = store.current(study.db, study._core.root)
    return None if hashes is None else Finder(hashes)


class Finder:
    """Looks words up once, however often they stand in the texts."""

    def __init__(self, hashes: store.Hashes) -> None:
        """Find the names whose forms were hashed."""
        self._hashes = hashes
        self._words: dict[str, _Word] = {}
        self._dull: set[str] = set()
        """Words with which no name starts: nearly all."""

    def known(self, word: str) -> bool:
        """Tell whether a word without capitals is a form of a name."""
        return self._known(word).single

    def near(self, word: str) -> bool:
        """Tell whether a word may be a name heard wrongly (``near_forms``)."""
        return any(
            self._hashes.holds(form.kind, form.text)
            for plain in without_genitive(folded(word))
            for form in heard(plain)
        )

    def places(self, text: str) -> list[Span]:
        """Give where a text holds a name: code points, start and end."""
        found = (
            [one.span() for one in MAIL.finditer(text) if self._mail(one)] if "@" in text else []
        )
        words = [] if self._all_dull(_WORD.findall(text)) else list(_WORD.finditer(text))
        at = 0
        while at < len(words):
            count = self._count(text, words, at)
            if count:
                found.append((words[at].start(), words[at + count - 1].end()))
            at += count or 1
        return _merged(found)

    def _all_dull(self, words: list[str]) -> bool:
        if self._dull.issuperset(words):
            return True
        for word in {*words} - self._dull:
            known = self._known(word) if not word.isdigit() else None
            if known is not None and not known.single and not known.starts:
                self._dull.add(word)
        return self._dull.issuperset(words)

    def _known(self, word: str) -> _Word:
        known = self._words.get(word)
        if known is None:
            known = self._words[word] = self._look_up(word)
        return known

    def _mail(self, found: re.Match[str]) -> bool:
        return self._hashes.holds("any", folded(found.group()))

    def _count(self, text: str, words: list[re.Match[str]], at: int) -> int:
        """How many words from here on are a name: the longest form, 0 for none."""
        first = words[at].group()
        if first.isdigit():
            return self._number(text, words, at)
        known = self._known(first)
        for length in known.starts:
            run = words[at : at + length]
            if len(run) == length and _joined(text, run, _BETWEEN) and self._run(run):
                return length
        return int(known.single)

    def _run(self, run: list[re.Match[str]]) -> bool:
        folds = " ".join(skeleton(folded(one.group())) for one in run)
        if self._hashes.holds("any", folds):
            return True
        capitals = all(one.group()[0].isupper() for one in run)
        return capitals and self._hashes.holds("capital", folds)

    def _look_up(self, word: str) -> _Word:
        plain, holds = folded(word), self._hashes.holds
        single = (
            holds("any", plain)
            or (word[0].isupper() and holds("capital", plain))
            or (word.isupper() and holds("initials", plain))
        )
        start = skeleton(plain)
        lengths = range(LONGEST, 1, -1)
        return _Word(single, tuple(n for n in lengths if holds(f"starts {n}", start)))

    def _number(self, text: str, words: list[re.Match[str]], at: int) -> int:
        end = at + 1
        while end < len(words) and end < at + 15 and words[end].group().isdigit():
            if not _joined(text, words[end - 1 : end + 1], _IN_NUMBER):
                break
            end += 1
        for stop in range(end, at, -1):
            plain = digits("".join(one.group() for one in words[at:stop]))
            if is_number(plain) and self._hashes.holds("any", plain):
                return stop - at
        return 0


def without_genitive(word: str) -> tuple[str, ...]:
    """Give a word, and it without an s at its end."""
    return (word, word[:-1]) if word.endswith("s") else (word,)


def _joined(text: str, run: list[re.Match[str]], between: re.Pattern[str]) -> bool:
    return all(
        between.fullmatch(text, one.end(), two.start())
        for one, two in zip(run, run[1:], strict=False)
    )


def _merged(spans: list[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
