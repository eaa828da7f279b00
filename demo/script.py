"""Reader of ``script.txt``: who says what, with marks for pauses and overlaps."""

import re
from dataclasses import dataclass
from pathlib import Path

SCRIPT_FILE = Path(__file__).with_name("script.txt")
_LINE = re.compile(r"(?P<who>\w+) (?:\[(?P<mark>pause|overlap) (?P<s>[\d.]+)\] )?(?P<text>.+)")


@dataclass(frozen=True)
class Line:
    """One utterance; ``pause`` or ``overlap`` in seconds where the script sets it."""

    speaker: str
    text: str
    pause: float | None = None
    overlap: float | None = None


def read_script(path: Path = SCRIPT_FILE) -> tuple[Line, ...]:
    """All utterances of the script, in order."""
    lines: list[Line] = []
    for raw in path.read_text("utf-8").splitlines():
        if not raw or raw.startswith("#"):
            continue
        found = _LINE.fullmatch(raw)
        if found is None:
            raise ValueError(f"not a script line: {raw}")
        seconds = float(found["s"]) if found["s"] else None
        pause = seconds if found["mark"] == "pause" else None
        overlap = seconds if found["mark"] == "overlap" else None
        lines.append(Line(found["who"], found["text"], pause, overlap))
    return tuple(lines)
