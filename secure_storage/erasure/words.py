"""Telling whether a file holds somebody's words, whatever its form.

A released file is not searched for whole sentences, because a quote is often trimmed and
a Word file breaks its text into runs: it holds their words when six of them in a row
stand in it, or a whole short sentence.
"""

import html
import io
import json
import re
from collections.abc import Iterable, Iterator
from typing import Final

from ..errors import BadInput
from ..foreign import Caps, open_archive
from .eraser import MARK, Withdrawal
from .search import LEAST, Needles, spellings

RUN: Final = 6
"""Words in a row that are taken to be the participant's own."""
_CAPS: Final = Caps(bytes=1 << 30)
"""Our own exports are far smaller; what is larger is taken to hold their words."""
PACKED: Final = b"PK\x03\x04"
"""How a zip archive, and so a Word or Excel file, begins."""
_TAG: Final = re.compile(r"<[^>]*>")
_WORD: Final = re.compile(r"[^\W_]+")


class Words:
    """The runs of words by which a participant's talk is known again."""

    def __init__(self, texts: Iterable[str]) -> None:
        """Take the runs of every text that is long enough to be theirs alone."""
        self._runs: dict[int, set[tuple[str, ...]]] = {}
        known = [text for text in texts if len(text) >= LEAST]
        # What the search of an erasure would find, must be known here too.
        self._whole = Needles(form for text in known for form in spellings(text))
        for text in known:
            words = _words(text)
            if len(words) >= RUN:
                self._runs.setdefault(RUN, set()).update(_runs(words, RUN))
            elif len(words) > 2:
                self._runs.setdefault(len(words), set()).add(tuple(words))

    def stand_in(self, text: str) -> bool:
        """Tell whether any run occurs in ``text``."""
        words = _words(text)
        return any(
            not known.isdisjoint(_runs(words, n)) for n, known in self._runs.items()
        ) or bool(self._whole.found(text.encode()))

    def in_file(self, data: bytes) -> bool:
        """Tell whether any run occurs in a file; what cannot be read is taken to hold them."""
        if data.startswith(b"age-encryption.org"):
            return True
        try:
            return any(self.stand_in(text) for text in texts_in(data))
        except BadInput:
            return True


def mentions(name: str, text: str) -> bool:
    """Tell whether a pseudonym stands in a text as a word of its own."""
    return bool(name) and _name(name).search(text) is not None


def without(name: str, put: str, text: str) -> str:
    """Replace a pseudonym where it stands as a word of its own."""
    return _name(name).sub(lambda _: put, text) if name else text


def unquoted(texts: Iterable[str], text: str) -> str:
    """Put the mark in place of every whole text of theirs that is quoted in ``text``."""
    for quoted in sorted((one for one in texts if len(one) >= LEAST), key=len, reverse=True):
        text = text.replace(quoted, MARK)
    return text


def rewritten(withdrawal: Withdrawal, text: str) -> str:
    """Give what a member wrote without what it quotes and, if so chosen, the pseudonym."""
    text = unquoted(withdrawal.texts, text)
    if withdrawal.mentions:
        text = without(withdrawal.pseudonym, withdrawal.name, text)
    return text


def _name(name: str) -> re.Pattern[str]:
    # An underscore parts words in names of files.
    return re.compile(rf"(?<![^\W_]){re.escape(name)}(?![^\W_])")


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _runs(words: list[str], length: int) -> Iterator[tuple[str, ...]]:
    return zip(*(words[start:] for start in range(length)), strict=False)


def texts_in(data: bytes) -> Iterator[str]:
    """Give all texts in a file, unpacked and without tags; ``BadInput`` if it is damaged."""
    if data.startswith(PACKED):
        with open_archive(io.BytesIO(data), ["*"], _CAPS) as archive:
            for name in archive.names:
                yield from texts_in(archive.read(name))
        return
    text = data.decode("utf-8", "replace")
    yield text
    if text.lstrip()[:1] in ("<", "\ufeff"):
        yield html.unescape(_TAG.sub("", text))
        yield html.unescape(_TAG.sub(" ", text))
    try:
        yield json.dumps(json.loads(text), ensure_ascii=False)
    except ValueError:
        return
