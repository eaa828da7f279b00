"""What the words around a word say of it: «heter …», «works at …», «… sykehus»."""

import re
from collections.abc import Iterator
from typing import Final

from .finding import REGISTERED, Finding, Kind

_WORD: Final = r"([^\W\d_]{3,}(?:-[^\W\d_]+){0,3})"
_NAMED: Final = (
    "heter|het|hette|hete|kalles|kalt|navnet (?:mitt|hans|hennes) er|mitt navn er|doktor|dr|lege"
    "|legen|professor|sykepleier|sykepleieren|sjukepleier|kollegaen min|kollega min|sjefen min"
    "|lederen min|naboen min|vennen min|venninnen min|fru|herr|frøken|mannen min|kona mi|kona"
    "|søster|søsteren min|broren min|sønnen min|sønnen|datteren min|datra|datra mi|pasienten min"
    "|som heter|snakket med|snakka med|ringte til|hilse til|sammen med|my name is|name is|named|"
    "called|doctor|mr|mrs|ms|miss|nurse|sister|brother|my husband|my wife|my son|my daughter"
    "|my colleague|my neighbour|my boss|my friend|colleague|spoke to|talked to|spoke with|together"
    " with"
)
_SETTLED: Final = (
    r"(?:bor|bodde|budde|vokste opp|oppvokst|jobber|jobbet|jobba|arbeider|arbeidet|flyttet|flytta"
    r"|kommer|kom|født|født og oppvokst|ansatt|innlagt|praksis|turnus|vakt|live|lives|lived|grew"
    r" up|work|works|worked|moved|come|comes|came|born|based|employed|trained)(?: opp| ned| inn"
    r"| ut| nå| da| now| back)?"
)
_BEFORE_A_PERSON: Final = re.compile(
    r"\b(?:kom|ringte|ringer|sammen med|med|tror|spurte|spør|takk|hei|hallo|som|heter|og så|to|"
    rf"with|then|thanks|hello|like|was) (?={_WORD})", re.IGNORECASE,
)  # fmt: skip
_BEFORE: Final[tuple[tuple[Kind, str, re.Pattern[str]], ...]] = (
    ("name", "the words before it", re.compile(rf"\b(?:{_NAMED})\.?,? (?={_WORD})", re.IGNORECASE)),
    ("place", "the words before it",
     re.compile(rf"\b{_SETTLED} (?:i|på|ved|fra|til|hos|in|at|from|to|near) (?={_WORD})",
                re.IGNORECASE)),
)  # fmt: skip
_SAYS: Final = (
    "sa|sier|svarte|svarer|spurte|spør|mente|fortalte|forteller|ringte|ringer|tror|trodde"
    "|vet|visste|mener|synes|syntes|syns|tenker|tenkte|ville|told|tells|said|says|knows|knew|called|"
    "asked|asks|thinks|replied|sin|sitt|sine"
)
# «Koordinatoren ringer»: Norwegian writes who somebody is as one word with its article.
_NOBODY: Final = r"(?!\w*(?:oren|eren|euten|ogen|isten|enten|egen|inen|onen|ingen|ene)\b)"
_AFTER: Final[tuple[tuple[Kind, str, re.Pattern[str]], ...]] = (
    ("name", "the words after it", re.compile(rf"\b{_NOBODY}{_WORD} (?:{_SAYS})\b", re.IGNORECASE)),
    ("workplace", "the words after it", re.compile(
        rf"\b{_WORD} (?:universitets)?(?:sykehus|sjukehus|sykehuset|sjukehuset|legekontor"
        r"|legekontoret|legesenter|legesenteret|sykehjem|sykehjemmet|sjukeheim|omsorgssenter"
        r"|bo- og omsorgssenter|helsehus|helsestasjon|skole|barnehage|distriktspsykiatriske"
        r"|hospital|infirmary|clinic|surgery|hospice|nursing home|care home|health centre"
        r"|medical centre|university)\b", re.IGNORECASE)),
    ("place", "the words after it", re.compile(
        rf"\b{_WORD} (?:kommune|fylke|bydel|street|road|county|council)\b", re.IGNORECASE)),
)  # fmt: skip


def before_words(text: str) -> Iterator[Finding]:
    """Find words that the words before them make a name or a place."""
    return _found(text, _BEFORE)


def persons_place(text: str) -> Iterator[Finding]:
    """Find words that stand where a person often is named: enough for a registered name."""
    for one in _BEFORE_A_PERSON.finditer(text):
        yield Finding(*one.span(1), "name", REGISTERED)


def after_words(text: str) -> Iterator[Finding]:
    """Find words that the words after them make a place or a workplace."""
    return _found(text, _AFTER)


def _found(text: str, forms: tuple[tuple[Kind, str, re.Pattern[str]], ...]) -> Iterator[Finding]:
    for kind, why, form in forms:
        for one in form.finditer(text):
            yield Finding(*one.span(1), kind, why)
