"""Text with HTML tags, as oTranscribe and noScribe keep it: its lines and time stamps."""

import re
from html.parser import HTMLParser
from typing import Final

from secure_storage import BadInput, still_alive

from ..formats.clock import subtitle_time

_BREAKS: Final = {"p", "div", "br", "li", "tr", "h1", "h2", "h3", "h4", "blockquote"}
_UNREAD: Final = {"script", "style", "head", "title", "template"}
_ANCHOR: Final = re.compile(r"ts_(\d{1,9})_\d{1,9}(?:_.*)?", re.DOTALL)
"""The name of what is said in noScribe's HTML: its milliseconds and its speaker."""
_SECONDS: Final = re.compile(r"\d{1,6}(?:\.\d{1,6})?")


class _Lines(HTMLParser):
    """Collects text; oTranscribe's time stamps are written as ``[hh:mm:ss.mmm]``."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._unread = ""
        self._stamp = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        still_alive()
        if tag in _BREAKS:
            self.parts.append("\n")
        if tag in _UNREAD and not self._unread:
            self._unread = tag
        values = dict(attrs)
        stamp = values.get("data-timestamp") or ""
        if tag == "a" and (found := _ANCHOR.fullmatch(values.get("name") or "")):
            self.parts.append(f"[{subtitle_time(int(found[1]) / 1000)}] ")
        if tag == "span" and _SECONDS.fullmatch(stamp):
            self.parts.append(f"[{subtitle_time(float(stamp))}] ")
            self._stamp = True

    def handle_endtag(self, tag: str) -> None:
        if tag in _BREAKS:
            self.parts.append("\n")
        if tag == self._unread:
            self._unread = ""
        if tag == "span":
            self._stamp = False

    def handle_data(self, data: str) -> None:
        still_alive()
        if not self._unread and not self._stamp:
            # Line ends of the source are spaces in HTML.
            self.parts.append(" ".join(data.split("\n")))


def lines_of_html(text: str) -> list[str]:
    """Give the lines a browser would show; scripts, styles and links are not followed."""
    reader = _Lines()
    try:
        reader.feed(text)
        reader.close()
    except AssertionError:
        # How the parser says that a declaration in the text («<![…») is none.
        raise BadInput(
            "The HTML of this file is damaged. Save it again with the program it came from."
        ) from None
    return "".join(reader.parts).replace("\xa0", " ").split("\n")
