"""Identifiers that have a form: numbers, addresses, dates, high ages, vehicle plates."""

import re
from collections.abc import Iterator
from typing import Final

from .checksums import checked_number
from .finding import Finding, Kind, without_overlap

_NO_MONTHS: Final = (
    "januar|februar|mars|april|mai|juni|juli|august|september|oktober|november|desember"
)
_EN_MONTHS: Final = (
    "january|february|march|april|may|june|july|august|september|october|november|december"
)
_DAY: Final = r"(?:0?[1-9]|[12]\d|3[01])"
_TENS: Final = "(?:nitti|nitten?ti|ninety|hundre|hundred)"
_UNITS: Final = (
    "(?:en|ett|to|tre|fire|fem|seks|sju|syv|åtte|ni|one|two|three|four|five|six|seven|eight|nine)"
)
_OLD: Final = rf"(?:9\d|1[01]\d|{_TENS}(?:[ -]?(?:og )?{_UNITS})?)"

_Form = tuple[Kind, str, str]
_WRITTEN: Final[tuple[_Form, ...]] = (
    ("contact", "e-mail address", r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    ("contact", "e-mail address, spoken",
     r"\b[\w.-]{1,64} (?:krøllalfa|alfakrøll|at) [\w-]+ ?(?:\.|punktum|dot)"
     r" ?(?:no|com|org|net|uk)\b"),
    ("link", "web address", r"(?:https?://|www\.)[^\s<>«»\"]+[^\s<>«»\".,;:!?)]"),
    ("link", "web address",
     r"(?<![\w.-])[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:no|com|org|net|uk|se|dk|eu)(?:/[^\s,;]*)?\b"),
    ("date", "date", rf"\b{_DAY}[./-](?:0?[1-9]|1[0-2])[./-](?:19|20)?\d\d\b"),
    ("date", "date", r"\b(?:19|20)\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])\b"),
    ("date", "date",
     rf"\b{_DAY}(?:\.|st|nd|rd|th)? (?:of )?(?:{_NO_MONTHS}|{_EN_MONTHS})(?:,? (?:19|20)\d\d)?\b"),
    ("date", "date", rf"\b(?:{_EN_MONTHS}) {_DAY}(?:st|nd|rd|th)?(?:,? (?:19|20)\d\d)?\b"),
    ("age", "age of 90 or more",
     rf"\b{_OLD}[ -]?(?:år(?:ing(?:en|er)?|ige?)?|year[ -]olds?|years?|yrs?)\b"),
    ("age", "age of 90 or more",
     rf"\b(?:aged|alder(?:en)?(?: på)?|fylte|fyller|turned|turning|turns) {_OLD}\b"),
    ("address", "street and number",
     r"\b[A-ZÆØÅ][\wæøå]*(?:veien|vegen|vei|veg|gata|gaten|gate|allé|alleen|plass|bakken|stien"
     r"|svingen|tunet) \d{1,3} ?[A-Za-z]?\b"),
    ("address", "street and number",
     r"\b\d{1,4} (?:[A-Z][a-z]+ ){1,2}(?:street|road|avenue|lane|drive|close|crescent)\b"),
    ("vehicle", "vehicle plate",
     r"\b(?-i:[A-HJ-NPR-Z]{2}) ?\d\d ?\d{3}\b|\b(?-i:[A-Z]{2}\d{2} ?[A-Z]{3})\b"),
    ("address", "postcode", r"\b(?-i:[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2})\b"),
    ("address", "postcode and place",
     r"\b(?:N[ -]?)?\d{4} (?-i:[A-ZÆØÅ][a-zæøå]+|[A-ZÆØÅ]{2,})\b"),
    ("address", "postcode", r"\b(?:postnummer(?:et)?|postcode)(?: er| is)? \d{4}\b"),
)  # fmt: skip
_FORMS: Final = tuple((kind, why, re.compile(form, re.IGNORECASE)) for kind, why, form in _WRITTEN)
_DIGITS: Final = re.compile(r"(?<![\w.,+])\+?\d(?:[ .\u00a0()/-]{0,2}\d){4,23}(?![\w])")
_POSTCODE_YEAR: Final = re.compile(r"(?:N[ -]?)?(?:19|20)\d\d ", re.IGNORECASE)
_TELEPHONE: Final = (8, 15)
"""Digits of a telephone number, country codes included."""


def patterned(text: str) -> list[Finding]:
    """Find what has the form of an identifier."""
    if not any(mark.isdigit() for mark in text) and not _WORDS.search(text):
        return []
    found = [
        Finding(*one.span(), kind, why) for kind, why, form in _FORMS for one in form.finditer(text)
    ]
    return without_overlap([*(one for one in found if not _a_year(text, one)), *_numbers(text)])


_WORDS: Final = re.compile(rf"[@/]|www|krøllalfa|alfakrøll|\.[a-z]|\bat\b|{_TENS}", re.IGNORECASE)
"""Without digits and without these, a text has none of the forms."""


def _a_year(text: str, found: Finding) -> bool:
    """«I 2019 Oslo …»: four digits before a capital letter may be a year."""
    return found.why == "postcode and place" and bool(_POSTCODE_YEAR.match(text, found.start))


def _numbers(text: str) -> Iterator[Finding]:
    for one in _DIGITS.finditer(text):
        run = [(place, mark) for place, mark in enumerate(one.group(), one.start())
               if mark.isdecimal()]  # fmt: skip
        yield from _in_run(run, one.group().startswith("+"))


def _in_run(run: list[tuple[int, str]], plus: bool) -> Iterator[Finding]:
    """Find, in a run of digits, numbers with check digits, then what may be a telephone's."""
    digits = "".join(mark for _, mark in run)
    for length in (11, 10, 9, *range(19, 12, -1)):
        for first in range(len(run) - length + 1):
            # Inside a longer run only the strongest check counts: others pass by chance.
            if first or length < len(run):
                if length != 11:
                    continue
                what = checked_number(digits[first : first + length])
                if what != "national identity number":
                    continue
            else:
                what = checked_number(digits)
            if what:
                yield Finding(run[first][0], run[first + length - 1][0] + 1, "number", what)
    if plus or _TELEPHONE[0] <= len(run) <= _TELEPHONE[1]:
        yield Finding(run[0][0] - plus, run[-1][0] + 1, "contact", "telephone number")
    elif len(run) > _TELEPHONE[1]:
        yield Finding(run[0][0], run[-1][0] + 1, "number", "long number")
