"""How transcripts write who speaks: the beginnings of lines, as programs and people write them.

Known are ``Name: text``, ``[00:12] Name: text``, ``Name  0:12`` with the text after it or
below (Otter, Teams), ``[Name] 14:02:11`` (Zoom), ``Name [00:12]: text``, ``[SPEAKER_A] text``,
``Name<tab>text`` (tables) and a line with nothing but a numbered label (aTrain). Whether what
stands there is a name is decided over the whole file: see ``speakers``.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from ..formats.clock import parse_time

_LOOKED_AT: Final = 160
"""Characters of a line in which its head must stand."""
_MOST_WORDS: Final = 5
_CLOCK: Final = r"\d{1,3}:\d{2}(?::\d{2})?(?:[.,]\d{1,3})?"
_STAMP: Final = (
    rf"[\[(#]?(?P<time>{_CLOCK})(?:\s{{0,3}}(?:-->|[-–—→])\s{{0,3}}(?P<until>{_CLOCK}))?[\])#]?"
)
_NAME: Final = r"(?P<name>[^\W_][^:\[\]()\t]{0,39}?(?:\s\([^:\[\]()\t]{1,30}\))?)"
_TEXT: Final = r"(?P<text>.*)"
_FORMS: Final = tuple(
    re.compile(form, re.DOTALL)
    for form in (
        rf"{_STAMP}[ \t\-–]{{0,4}}\(?{_NAME}\)?\s{{0,3}}:(?:\s+|$){_TEXT}",
        rf"{_STAMP}\t\s{{0,3}}{_NAME}\t{_TEXT}",
        rf"\[?{_NAME}\]?(?:\s{{0,3}}[:,])?\s{{0,9}}[\[(#](?P<time>{_CLOCK})[\])#]\s{{0,3}}:?\s*{_TEXT}",
        rf"\[?{_NAME}\]?\s{{1,9}}(?P<time>{_CLOCK})\s*$(?P<text>)",
        rf"(?P<name>\+\d[\d *]{{3,20}})\s{{2,9}}(?P<time>{_CLOCK})\s*$(?P<text>)",
        rf"{_NAME}(?:\s{{2,9}}|\t)(?P<time>{_CLOCK})(?:\s{{2,9}}|\t){_TEXT}",
        rf"\[(?P<name>[^\]:]{{1,40}})\]\s{{0,3}}:\s*{_TEXT}",
        rf"\[(?P<name>(?:[A-ZÆØÅÄÖ]{{1,20}}_?\d{{1,3}}|SPEAKER[_ ]\w{{1,4}}))\]\s+{_TEXT}",
        rf"{_NAME}\s{{0,2}}:(?:\s+|$){_TEXT}",
        rf"{_NAME}\t{_TEXT}",
        r"(?P<name>[^\W\d_]{1,20}[ _]?\d{1,3}|Speaker undefined)\s*$(?P<text>)",
    )
)
_EMPHASIS: Final = re.compile(r"^\s*(?:[-–•]\s+)?(\*{1,3}|_{1,3})(.{1,60}?)\1")
_NOT_IN_NAMES: Final = re.compile(r"[?!;\"“”«»<>{}=]|//|\d{5}|\.{2}|,\s")
_ASIDE: Final = re.compile(r"\s\([^()]*\)$")
"""What stands behind a name: «(Guest)», «(she/her)», «(man, 45)»."""
_TELEPHONE: Final = re.compile(r"\+\d[\d *]+")
_FULL_STOP: Final = re.compile(r"\w{5,}\.(?:\s|$)")


@dataclass(frozen=True, slots=True)
class Head:
    """The beginning of a line that may name a speaker."""

    name: str
    start: float | None
    end: float | None
    rest: str
    """What is said in the same line."""


def head_of(line: str) -> Head | None:
    """Find a head in a line, whether or not its name is a speaker's."""
    begin = _EMPHASIS.sub(r"\2", line[:_LOOKED_AT]).lstrip()
    for form in _FORMS:
        if (found := form.match(begin)) and _can_be_name(found["name"]):
            parts = found.groupdict()
            start, end = (parse_time(parts.get(one) or "") for one in ("time", "until"))
            name = " ".join(found["name"].split()).strip("*_ ")
            if name:
                return Head(name, start, end, found["text"] + line[_LOOKED_AT:])
    return None


def _can_be_name(name: str) -> bool:
    if _TELEPHONE.fullmatch(name):
        return True  # somebody who rang in
    name = _ASIDE.sub("", name)
    words = name.split()
    return (
        0 < len(words) <= _MOST_WORDS
        and any(character.isalpha() for character in name)
        and not _NOT_IN_NAMES.search(name)
        and not _FULL_STOP.search(name)
        and words[0].casefold() not in ("http", "https", "file", "mailto")
    )


def speakers(heads: Iterable[Head]) -> Mapping[str, int]:
    """Tell which names are speakers, by casefolded name with how often each stands there.

    A speaker speaks twice, or is written like a name: «But remember: …» once is neither.
    """
    often: Counter[str] = Counter()
    written: dict[str, str] = {}
    for head in heads:
        often[head.name.casefold()] += 1
        written.setdefault(head.name.casefold(), head.name)
    return {
        name: count
        for name, count in often.items()
        if count > 1 or _written_like_a_name(written[name])
    }


def _written_like_a_name(name: str) -> bool:
    if name == "Speaker undefined" or _TELEPHONE.fullmatch(name):
        return True
    words = _ASIDE.sub("", name).split()
    return len(words) <= 3 and all(not word[0].islower() for word in words)
