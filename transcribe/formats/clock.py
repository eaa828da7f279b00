"""Times as people and subtitle files write them."""

import re
from typing import Final

_TIME: Final = re.compile(r"(?:(\d{1,3}):)?(\d{1,3}):(\d{1,2})(?:[.,](\d{1,6}))?")


def subtitle_time(seconds: float, mark: str = ".") -> str:
    """Write ``hh:mm:ss.mmm``."""
    milliseconds = max(0, round(seconds * 1000))
    minutes, milliseconds = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{milliseconds // 1000:02d}{mark}{milliseconds % 1000:03d}"


def reading_time(seconds: float) -> str:
    """Write ``h:mm:ss``, as read beside a transcript."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}"


def parse_time(text: str) -> float | None:
    """Read ``[hh:]mm:ss[.mmm]``, or None."""
    if not (found := _TIME.fullmatch(text.strip())):
        return None
    hours, minutes, seconds = (int(part or 0) for part in found.groups()[:3])
    return hours * 3600 + minutes * 60 + float(f"{seconds}.{found[4] or 0}")
