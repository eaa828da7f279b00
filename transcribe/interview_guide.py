"""The questions of an interview guide: read from its lines, and known again after an edit. Pure."""

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Final

from secure_storage import BadInput

MOST: Final = 200
LONGEST: Final = 1000
_NUMBER: Final = re.compile(
    r"^(?:\d+(?:\.\d+)*[.):](?!\d)\s*|\d+(?:\.\d+)+\s+|[a-zA-Z][.):]\s+|[-*•–▪◦]\s*)+"
)
"""Not «3 of you», nor «F.eks.»: only what a list puts before its lines."""
_ALIKE: Final = 0.6
"""Share of two wordings that must be the same for them to be one question (difflib's ratio)."""


def clean_questions(lines: Iterable[str]) -> tuple[str, ...]:
    """Take questions out of lines: one each, without number or bullet, empty lines left out."""
    found = tuple(text for line in lines if (text := _NUMBER.sub("", " ".join(line.split()))))
    if len(found) > MOST or any(len(one) > LONGEST for one in found):
        raise BadInput(
            f"A guide has at most {MOST} questions, each on a line of its own with at most "
            f"{LONGEST} characters. Nothing was changed."
        )
    return found


def matched(
    old: Sequence[tuple[int, str]], new: Sequence[str]
) -> tuple[tuple[int | None, str], ...]:
    """Give each new question the id of the old one that it is; None for those that are new.

    First those with the same words, wherever they stand now; then, in order, the most alike.
    """
    left = dict(old)
    ids: list[int | None] = []
    for text in new:
        same = next((number for number, known in left.items() if known == text), None)
        ids.append(same)
        if same is not None:
            left.pop(same)
    for place, text in enumerate(new):
        if ids[place] is None:
            known = {one.casefold(): number for number, one in reversed(left.items())}
            for near in get_close_matches(text.casefold(), known, 1, _ALIKE):
                ids[place] = known[near]
                left.pop(known[near])
    return tuple(zip(ids, new, strict=True))
