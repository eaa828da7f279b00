"""The lists of words: names, places, and words that are neither. Shipped, or a team's own."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

SHIPPED: Final = Path(__file__).with_name("lists")
"""Sources and licences stand in LICENCES.md there."""


@dataclass(frozen=True, slots=True)
class Lists:
    """Words in small letters."""

    names: frozenset[str]
    """First names and surnames, single words."""
    places: frozenset[tuple[str, ...]]
    """Places, each as its words."""
    ordinary: frozenset[str]
    """Frequent words that are not names."""
    capitals: frozenset[str]
    """Words written with a capital that identify nobody."""

    def longest_place(self) -> int:
        """Words of the longest place."""
        return max((len(one) for one in self.places), default=0)


def own_words(term: str, lists: Lists) -> list[str]:
    """Give the words of a term that stand for it alone: «Solbakken» of «Solbakken sykehjem»."""
    words = re.findall(r"[^\W\d_]{3,}", term)
    return [word for word in words if word.lower() not in lists.ordinary | lists.capitals]


def load_lists(own: Path | None = None) -> Lists:
    """Read the lists; a file in the folder ``own`` stands in for the shipped one of its name."""
    chosen = tuple(
        own / path.name if own is not None and (own / path.name).is_file() else path
        for path in sorted(SHIPPED.glob("*.txt"))
    )
    return _read(chosen, tuple(path.stat().st_mtime_ns for path in chosen))


@lru_cache(maxsize=4)
def _read(paths: tuple[Path, ...], _times: tuple[int, ...]) -> Lists:
    lines = {path.name: list(_lines(path)) for path in paths}

    def words(name: str) -> frozenset[str]:
        return frozenset(word for line in lines[name] for word in line.split())

    return Lists(
        words("first_names.txt") | words("surnames.txt"),
        frozenset(tuple(line.replace("-", " ").split()) for line in lines["places.txt"]),
        words("ordinary_no.txt") | words("ordinary_en.txt"),
        words("capitals.txt"),
    )


def _lines(path: Path) -> Iterator[str]:
    for line in path.read_text("utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            yield line.strip().lower()
