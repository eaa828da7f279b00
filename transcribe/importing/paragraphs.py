"""Paragraphs of plain text, Markdown and PDF, whose lines may be wrapped. Pure."""

import re
from collections.abc import Sequence
from typing import Final

from .parsed import Line

_WIDEST: Final = 160
"""Characters; files with longer lines do not wrap theirs."""
_FULL: Final = 0.75
"""Share of the usual width from which on a line may go on in the next."""
_ENDS: Final = tuple(".!?…:»”\"'")
_HEADING: Final = re.compile(r"^\s{0,3}#{1,6}\s{1,9}|\s{1,9}#{1,9}\s{0,9}$")
_QUOTED: Final = re.compile(r"^\s{0,3}(?:>\s?){1,5}")
_STRONG: Final = re.compile(r"(\*\*|__|~~|`)(?=\S)([^*_`~]{1,500})(?<=\S)\1")
_LINK: Final = re.compile(r"!?\[([^\[\]]{0,300})\]\([^)\s\[]{0,500}(?:\s\"[^\"]{0,200}\")?\)")
_RULE: Final = re.compile(r"^\s*(?:[-*_=]\s*){3,}$|^\s*\|?[\s:|-]+\|[\s:|-]*$")


def joined(lines: Sequence[Line | None]) -> tuple[Line, ...]:
    """Join lines that were wrapped to a width; None is a blank line, which ends a paragraph."""
    widths = sorted(len(line.text.rstrip()) for line in lines if line)
    width = widths[len(widths) * 9 // 10] if widths else 0
    wrapped = width <= _WIDEST
    made: list[list[Line]] = []
    before: Line | None = None
    for line in lines:
        if line is not None:
            if before is not None and wrapped and _goes_on(before.text, line.text, width):
                made[-1].append(line)
            else:
                made.append([line])
        before = line
    return tuple(Line(_together([one.text for one in lines]), lines[0].place) for lines in made)


def _goes_on(before: str, after: str, width: int) -> bool:
    before, after = before.rstrip(), after.lstrip()
    if after[:1] in "-•*–" or before.endswith("  "):
        return False
    if len(before) >= _FULL * width and width > 40:
        return True
    return not before.endswith(_ENDS) and after[:1].islower()


def _together(lines: Sequence[str]) -> str:
    """Put wrapped lines together, and words that were broken at the end of a line."""
    text = ""
    for line in lines:
        line = line.strip()
        if text.endswith("-") and text[-2:-1].isalpha() and line[:1].islower():
            text = text[:-1] + line
        else:
            text = f"{text} {line}" if text else line
    return text


def without_marks(line: str) -> str:
    """Take the commonest marks of Markdown off a line, and leave the words."""
    if _RULE.match(line[:300]):
        return ""
    line = _QUOTED.sub("", _HEADING.sub("", line))
    return _STRONG.sub(r"\2", _LINK.sub(r"\1", line))
