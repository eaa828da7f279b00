"""Reading what people write for a number or for years: «2,5 år», «6 months», «1 year 3 mnd».

Norwegian, Swedish, Danish and English words. What could be read in two ways («5-10»,
«under 1») is not guessed at: it is None, and a person is asked.
"""

import re
from typing import Final, Literal

Kind = Literal["text", "number", "years"]
"""What a property of participants holds."""

_FRACTIONS: Final = {"½": "1/2", "¼": "1/4", "¾": "3/4"}
_ABOUT: Final = re.compile(
    r"^(?:ca\.?|circa|cirka|about|approximately|approx\.?|omtrent|rundt|~)\s*"
)
_NUMBER: Final = r"[+-]?\d+(?:[.,]\d+)?"
_GROUPED: Final = re.compile(r"^\d{1,3}(?: \d{3})+(?=$|[.,])")
_IN_WORDS: Final = {
    "half a": "0.5", "a half": "0.5", "one and a half": "1.5", "et halvt": "0.5",
    "ett halvt": "0.5", "halvannet": "1.5", "halvtannet": "1.5", "a": "1", "an": "1",
    "en": "1", "ei": "1", "et": "1", "ett": "1",
    "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7",
    "eight": "8", "nine": "9", "ten": "10", "to": "2", "tre": "3", "fire": "4", "fem": "5",
    "seks": "6", "sju": "7", "syv": "7", "åtte": "8", "ni": "9", "ti": "10",
}  # fmt: skip
_YEARS_IN: Final[tuple[tuple[str, float], ...]] = (
    (r"years?|yrs?|y|år|års|aar|a", 1.0),
    (r"months?|mths?|mos?|måneder|måned|måneders|månader|månad|mnd|mdr|mån", 1 / 12),
    (r"weeks?|wks?|uker|uke|veckor|vecka|uger|uge", 7 / 365.25),
)
_UNITS: Final = {unit: re.compile(rf"(?:{words})\.?") for words, unit in _YEARS_IN}
_TWO_WAYS: Final = re.compile(r"(?<![\d.,])[1-9]\d{0,2}[.,]\d{3}(?!\d)")
"""«1,200»: a thousand and two hundred in one country, a little more than one in another."""
_MOST: Final = 1e12
_LONGEST: Final = 60
_PIECE: Final = re.compile(rf"({_NUMBER})\s*([^\W\d_]*\.?)")


def read(kind: Kind, text: str) -> float | None:
    """Read a value of a kind that can be counted with; None for texts and what is unclear."""
    if kind == "text":
        return None
    return read_number(text) if kind == "number" else read_years(text)


def read_number(text: str) -> float | None:
    """Read «12», «2,5», «1 200», «1 1/2», «ca. 10»; None where it is no single number."""
    text = _plain(text)
    return _sane(float(text)) if re.fullmatch(_NUMBER, text) else None


def read_years(text: str) -> float | None:
    """Read a time in years; a bare number is years. None where it is no single time.

    «6 months» is 0.5, «1 år og 6 mnd» 1.5, «26 uker» half of 365.25 days. No time is
    below nothing.
    """
    text = _plain(text)
    text = re.sub(r"\b(?:og|och|and)\b|[,&](?=\s)", " ", text)
    total, units, end = 0.0, [], 0
    for found in _PIECE.finditer(text):
        if text[end : found.start()].strip():
            return None
        end = found.end()
        unit = _unit(found[2]) if found[2] else 1.0
        if unit is None or unit in units or found[1].startswith("-"):
            return None
        units.append(unit)
        total += float(found[1]) * unit
    # «2 years 3»: of what, it does not say.
    bare = len(units) > 1 and not _PIECE.findall(text)[-1][1]
    return None if not units or bare or text[end:].strip() else _sane(total)


def said_years(years: float) -> str:
    """Say years as Table 1 does: «6 months», «1.5 years», «30 years»."""
    months = round(years * 12)
    if years < 1:
        return f"{months} month{'' if months == 1 else 's'}"
    said = said_number(years)
    return f"{said} year{'' if said == '1' else 's'}"


def said_number(number: float) -> str:
    """Say a number with one decimal at most, and none where there is nothing behind it."""
    return f"{number:.1f}".removesuffix(".0")


def _unit(word: str) -> float | None:
    return next((unit for unit, words in _UNITS.items() if words.fullmatch(word)), None)


def _sane(number: float) -> float | None:
    return number if abs(number) < _MOST else None


def _plain(text: str) -> str:
    """Lower-cased, in digits with points, single spaces, without «about»; "" if unclear."""
    if len(text) > _LONGEST or _TWO_WAYS.search(text):
        return ""
    text = _ABOUT.sub("", " ".join(text.casefold().split()))
    for mark, words in _FRACTIONS.items():
        text = text.replace(mark, f" {words}")
    for words in sorted(_IN_WORDS, key=len, reverse=True):
        text = re.sub(rf"^{words}(?=\s)", _IN_WORDS[words], text)
    text = _GROUPED.sub(lambda found: found[0].replace(" ", ""), text.strip())
    text = re.sub(r"(?:(\d+)\s+)?(\d)/([1-9])(?!\d)", _fraction, text)
    return re.sub(r"(?<=\d),(?=\d)", ".", text)


def _fraction(found: re.Match[str]) -> str:
    return str(int(found[1] or 0) + int(found[2]) / int(found[3]))
