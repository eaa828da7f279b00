"""Texts of the last training stage: the sample's own words, close to how they are said.

Nothing longer than three words in a row comes from the script itself, and what the rule
of ``TextSource`` forbids is forbidden here too: no sentence of the sample, no run of six
of its words. The rest are stretches of the free and grammar sentences that hold the
sample's words only, and salad of them.
"""

import random
from collections.abc import Iterator, Sequence
from itertools import groupby

from demo.align import words_of
from demo.script import read_script
from demo.train.texts import TextSource, as_sentence, runs

LONGEST_STRETCH = 8
BORROWED = 3
"""Most words in a row that may come from the script."""


class CloseSource(TextSource):
    """An endless, seeded source of texts within the sample's vocabulary."""

    def __init__(self, seed: int) -> None:
        """Collect the stretches that can be used."""
        super().__init__(seed)
        said = [words_of(line.text) for line in read_script()]
        self.spoken = [word for words in said for word in words]
        self.borrowed = [
            list(run) for words in said for n in (2, BORROWED) for run in runs(words, n)
        ]
        self.borrowed.sort()
        known = set(self.sample_words)
        texts = self.free + [self.grammar_sentence() for _ in range(6000)]
        self.stretches = [s for text in texts for s in _inside(words_of(text), known)]

    def draw(self, pairs: float = 0.0) -> str:
        """One allowed text."""
        while True:
            words: list[str] = []
            for _ in range(self.rng.choice((1, 1, 2, 2, 3, 4))):
                words += self._part()
            text = as_sentence(words, self.rng.choice("....?"))
            if len(words) <= 16 and self.allowed(text):
                return text

    def _part(self) -> Sequence[str]:
        chance = self.rng.random()
        if chance < 0.45:
            return _some(self.rng.choice(self.stretches), self.rng)
        if chance < 0.75:
            return self.rng.choice(self.borrowed)
        pool = self.spoken if chance < 0.9 else self.sample_words
        return [self.rng.choice(pool) for _ in range(self.rng.randint(1, 3))]


def _inside(words: Sequence[str], known: set[str]) -> Iterator[list[str]]:
    for inside, run in groupby(words, key=known.__contains__):
        stretch = list(run)
        if inside and len(stretch) > 1:
            yield stretch


def _some(stretch: Sequence[str], rng: random.Random) -> Sequence[str]:
    if len(stretch) <= LONGEST_STRETCH:
        return stretch
    first = rng.randrange(len(stretch) - LONGEST_STRETCH)
    return stretch[first : first + LONGEST_STRETCH]
