"""Finding identifiers in the sentences of a transcript.

What is registered is found in every form, also inside compounds, and as it may have been
heard (edit distance, words joined or split). What is in no list is found by its capital in
the middle of a sentence and by the words before and after it; once found so, it is found in
the rest of the transcript however it is written. Frequent words of the language, and words
that the transcript itself writes small, are asked about only where they are registered.
"""

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final

from secure_storage import finder_of

from .around import after_words, before_words, persons_place
from .finding import REGISTERED, Finding, Kind, Registry, without_overlap
from .lists import Lists
from .patterns import patterned

WORD: Final = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_STOPS: Final = re.compile(r"[.!?:…\"«“”]\s*[–—-]?\s*$")
_JOINS: Final = re.compile(r"[ \-]")
_SHORTEST: Final = 3
_LEAST_JOINED: Final = 6
"""Letters of two words that may be one name, heard as two."""
_SELDOM: Final = 2
"""Times that a registered name which is also a word is asked about though written small."""
_LEAST_LIKE: Final = 5
"""Letters of an unregistered name that is looked for as it may have been heard."""
_LEAST_BASE: Final = 4
_LONGEST_BASE: Final = 30
"""Letters of a name at the start of a compound."""
Entities = Callable[[str], Sequence[tuple[int, int, Kind]]]
"""What an optional language model finds in a text."""

MISHEARD: Final = "like a registered name"
ALSO_A_WORD: Final = "a registered name that is also a word, seldom said here"
COMPOUND: Final = "begins with a registered name"
JOINED: Final = "two words that make a registered name"
LISTED_NAME: Final = "in the list of names"
LISTED_PLACE: Final = "in the list of places"
BESIDE: Final = "beside a name"
CAPITAL: Final = "capital letter inside a sentence"
AGAIN: Final = "found elsewhere in this transcript"
MODEL: Final = "found by the language model"


@dataclass(frozen=True, slots=True)
class _Token:
    start: int
    end: int
    text: str
    small: str
    first: bool
    """It begins a sentence, so its capital says nothing."""

    @property
    def capital(self) -> bool:
        return self.text[0].isupper()


class Identifiers:
    """What is looked for in the transcripts of one study."""

    def __init__(
        self, lists: Lists, registries: Sequence[Registry], entities: Entities | None = None
    ) -> None:
        """Look in ``lists``, for what ``registries`` hold, and with a model where there is one."""
        self._lists, self._registries, self._entities = lists, registries, entities
        self._longest = lists.longest_place()
        # Each word is judged once, however often it is said.
        self._judged = lru_cache(maxsize=None)(self._judge)
        self._near = lru_cache(maxsize=None)(self._is_near)
        self._known = lru_cache(maxsize=None)(self._is_known)
        self._small: frozenset[str] = frozenset()
        self._counts: Counter[str] = Counter()

    def find(self, texts: Sequence[str]) -> list[list[Finding]]:
        """Find identifiers in the sentences of one transcript, in their order."""
        tokens = [list(_tokens(text)) for text in texts]
        self._small = _written_small(tokens)
        self._counts = Counter(word.small for words in tokens for word in words)
        self._judged.cache_clear()
        found = [
            without_overlap([*self._certain(text), *self._listed(text, words)])
            for text, words in zip(texts, tokens, strict=True)
        ]
        again = self._like(tokens, self._again(tokens, found))
        return [
            _joined(
                text,
                without_overlap(
                    [
                        *self._beside(
                            text, words, without_overlap([*one, *_seen_again(words, again)])
                        )
                    ]
                ),
            )
            for text, words, one in zip(texts, tokens, found, strict=True)
        ]

    def _certain(self, text: str) -> Iterator[Finding]:
        yield from patterned(text)
        for registry in self._registries:
            for start, end in registry.places(text):
                yield Finding(start, end, "name", REGISTERED)
        if self._entities is not None:
            for start, end, kind in self._entities(text):
                if text[start:end].lower() not in self._lists.capitals:
                    yield Finding(start, end, kind, MODEL)

    def _listed(self, text: str, words: list[_Token]) -> Iterator[Finding]:
        # What tells more comes first: of findings of one length the first is kept.
        for found in (*after_words(text), *before_words(text)):
            said = text[found.start : found.end]
            if not self._is_ordinary(_plain(said)) or self._known(said.capitalize()):
                yield found
        for found in persons_place(text):
            if self._known(text[found.start : found.end].capitalize()):
                yield found
        yield from self._places(words)
        for word in words:
            if (judged := self._judged(word.text, word.first)) is not None:
                yield Finding(word.start, word.end, *judged)
        for one, two in pairwise(words):
            tied = text[one.end : two.start]
            if tied == "-" and self._known(one.text.capitalize()):
                yield Finding(one.start, one.end, "name", REGISTERED)
            elif tied == " " and all(self._known(w.text.capitalize()) for w in (one, two)):
                yield Finding(one.start, two.end, "name", REGISTERED)
            elif tied == " " and self._split_name(one.small, two.small):
                yield Finding(one.start, two.end, "name", JOINED)

    def _judge(self, text: str, first: bool) -> tuple[Kind, str] | None:
        small, capital = _plain(text), text[0].isupper()
        ordinary = self._is_ordinary(small)
        inside = capital and not first and len(small) >= _SHORTEST
        listed = _any_form(small, self._lists.capitals)
        if (not ordinary or inside) and not listed and self._near(small):
            return "name", MISHEARD
        if not capital and self._counts[small] <= _SELDOM and self._known(text.capitalize()):
            return "name", ALSO_A_WORD
        if not ordinary and self._begins_with_name(small):
            return "name", COMPOUND
        if listed:
            return None
        if (not ordinary or inside) and _any_form(small, self._lists.names):
            return "name", LISTED_NAME
        return ("name", CAPITAL) if inside and not ordinary else None

    def _is_ordinary(self, small: str) -> bool:
        return (
            small in self._lists.ordinary or small in self._small or small in self._lists.capitals
            or (small.endswith("s") and small[:-1] in self._lists.ordinary)
        )  # fmt: skip

    def _is_near(self, small: str) -> bool:
        return any(registry.near(small) for registry in self._registries)

    def _is_known(self, small: str) -> bool:
        return any(registry.known(small) for registry in self._registries)

    def _begins_with_name(self, small: str) -> bool:
        return any(
            small[cut:].lstrip("s") in self._lists.ordinary and self._known(small[:cut])
            for cut in range(_LEAST_BASE, min(len(small) - _SHORTEST, _LONGEST_BASE))
        )

    def _split_name(self, one: str, two: str) -> bool:
        if len(one) + len(two) < _LEAST_JOINED or min(len(one), len(two)) < 2:
            return False
        if self._known(one + two):
            return True
        unknown = not (self._is_ordinary(one) and self._is_ordinary(two))
        return unknown and self._near(one + two)

    def _places(self, words: list[_Token]) -> Iterator[Finding]:
        places = self._lists.places
        for at, word in enumerate(words):
            for count in range(self._longest, 0, -1):
                run = words[at : at + count]
                if len(run) < count or not _in_places(run, places):
                    continue
                lone = count == 1 and (self._is_ordinary(word.small) or len(word.small) < 3)
                if not lone or (word.capital and not word.first):
                    yield Finding(word.start, run[-1].end, "place", LISTED_PLACE)
                    break

    def _beside(self, text: str, words: list[_Token], found: list[Finding]) -> Iterator[Finding]:
        """With names, the words beside them that may belong to them: «Kari Nordmann»."""
        yield from found
        ends = {one.end for one in found if one.kind == "name"}
        starts = {one.start for one in found if one.kind == "name"}
        for one, two in pairwise(words):
            joined = _JOINS.fullmatch(text, one.end, two.start)
            if not joined:
                continue
            if one.end in ends and self._may_be_name(two):
                yield Finding(two.start, two.end, "name", BESIDE)
                ends.add(two.end)
            if two.start in starts and self._may_be_name(one):
                yield Finding(one.start, one.end, "name", BESIDE)

    def _may_be_name(self, word: _Token) -> bool:
        if word.small in self._lists.capitals or len(word.small) < _SHORTEST:
            return False
        inside = word.capital and not word.first
        return inside or not self._is_ordinary(word.small) or self._known(word.text.capitalize())

    def _like(self, tokens: list[list[_Token]], again: dict[str, Kind]) -> dict[str, Kind]:
        """Add the words that are like those found, as these may have been heard."""
        long = {word: kind for word, kind in again.items() if len(word) >= _LEAST_LIKE}
        finder = finder_of(long)
        heard = {word.small for words in tokens for word in words} - again.keys()
        return again | {
            word: "name"
            for word in heard
            if len(word) >= _LEAST_LIKE and not self._is_ordinary(word) and finder.near(word)
        }

    def _again(self, tokens: list[list[_Token]], found: list[list[Finding]]) -> dict[str, Kind]:
        """Words that were found somewhere and are to be found everywhere: small, with kind."""
        kinds: dict[str, Kind] = {}
        for words, findings in zip(tokens, found, strict=True):
            for one in findings:
                first = bisect_left(words, one.start, key=lambda word: word.start)
                last = bisect_right(words, one.end, key=lambda word: word.end)
                for word in words[first:last]:
                    if (
                        one.kind in ("name", "place", "workplace")
                        and not self._is_ordinary(word.small)
                        and len(word.small) >= _SHORTEST
                    ):  # fmt: skip
                        kinds.setdefault(word.small, one.kind)
        return kinds


def _plain(text: str) -> str:
    """Give a word in small letters, without what English ties to it (we'll, that's)."""
    return _TIED.sub("", text.lower())


_TIED: Final = re.compile(r"(?:['’](?:s|ll|re|ve|d|m)|n['’]t)$")


def _seen_again(words: list[_Token], again: dict[str, Kind]) -> Iterator[Finding]:
    for word in words:
        for form in _forms(word.small):
            if form in again:
                yield Finding(word.start, word.end, again[form], AGAIN)
                break


def _tokens(text: str) -> Iterator[_Token]:
    at_start = True
    for one in WORD.finditer(text):
        first = at_start or _STOPS.search(text, max(0, one.start() - 6), one.start()) is not None
        yield _Token(one.start(), one.end(), one.group(), _plain(one.group()), first)
        at_start = False


def _written_small(tokens: list[list[_Token]]) -> frozenset[str]:
    """Words that the transcript writes small more often than with a capital inside sentences."""
    small: Counter[str] = Counter()
    capital: Counter[str] = Counter()
    for words in tokens:
        for word in words:
            if not word.capital:
                small[word.small] += 1
            elif not word.first:
                capital[word.small] += 1
    return frozenset(
        word for word, count in small.items() if count >= _OFTEN and count > 3 * capital[word]
    )


_OFTEN: Final = 6
"""Times a word is written small in a transcript to be taken for an ordinary one of it."""


def _forms(small: str) -> Iterator[str]:
    """The word, and without what a genitive adds."""
    yield small
    if small.endswith("s") and len(small) > 2:
        yield small[:-1]


def _any_form(small: str, words: frozenset[str]) -> bool:
    return any(form in words for form in _forms(small))


def _in_places(run: list[_Token], places: frozenset[tuple[str, ...]]) -> bool:
    *start, last = (word.small for word in run)
    return any((*start, form) in places for form in _forms(last))


def _joined(text: str, findings: list[Finding]) -> list[Finding]:
    """Make one of names that follow each other, as first name and surname do."""
    made: list[Finding] = []
    for one in findings:
        last = made[-1] if made else None
        if (
            last is not None and last.kind == one.kind == "name"
            and _JOINS.fullmatch(text, last.end, one.start)
        ):  # fmt: skip
            made[-1] = Finding(last.start, one.end, "name", last.why)
        else:
            made.append(one)
    return made
