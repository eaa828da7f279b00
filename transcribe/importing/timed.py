"""RTTM (who speaks when) and STM (who says what when), line by line."""

from collections.abc import Callable, Iterator

from secure_storage import BadInput, still_alive

from ..formats import read_rttm, read_stm
from .parsed import Note, Parsed, Piece, lines_of, quote

NOT_YET: str = "…"
"""What stands where somebody speaks and nothing is written down yet."""


def read_rttm_turns(text: str) -> Parsed:
    """Read turns without text, to be typed; overlapping speech is kept as spans."""
    lines, notes = _readable(text, read_rttm)
    spans = tuple(sorted(read_rttm("\n".join(lines))))
    pieces = tuple(
        Piece(NOT_YET, f"turn {number}", span.speaker, span.start, span.end)
        for number, span in enumerate(spans, 1)
    )
    told = Note("", "RTTM holds no text. Each turn holds «…» to type over.")
    return Parsed("RTTM", pieces, (told, *notes), spans=spans, cut=True)


def read_stm_lines(text: str) -> Parsed:
    """Read utterances with their speakers and times."""
    lines, notes = _readable(text, read_stm)
    pieces = tuple(
        Piece(one.text, f"utterance {number}", one.speaker, one.start, one.end)
        for number, one in enumerate(read_stm("\n".join(lines)), 1)
        if not one.ignored and one.text.strip()
    )
    return Parsed("STM", pieces, notes)


def _readable(text: str, read: Callable[[str], object]) -> tuple[list[str], tuple[Note, ...]]:
    """Give the lines that can be read, and a note for each of the others."""

    def judged() -> Iterator[tuple[str, Note | None]]:
        for number, line in enumerate(lines_of(text), 1):
            still_alive()
            try:
                read(line)
            except BadInput:
                yield line, Note(f"line {number}", "This line cannot be read.", quote(line))
            else:
                yield line, None

    every = list(judged())
    return [line for line, note in every if note is None], tuple(note for _, note in every if note)
