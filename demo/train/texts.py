"""Training texts: grammar, free sentences, recombined pieces and word salad.

No text may share six words in a row with the sample's script, nor be one of its
utterances of four words or more: ``TextSource`` throws such texts away.
Shorter utterances ("Thank you.", "Oh no.") are everyday words and stay.
"""

import random
from pathlib import Path

from demo.align import words_of
from demo.script import read_script
from demo.train.grammar import load_grammar

SENTENCES_FILE = Path(__file__).with_name("sentences.txt")
RUN = 6
SHORT = 3

PAIRS = 0.2
"""Share of texts that are two sentences said by one speaker without a break."""

LONGEST_PAIR = 20
_ENDINGS = "...?"


def runs(words: list[str], size: int = RUN) -> set[tuple[str, ...]]:
    """All runs of ``size`` words."""
    return {tuple(words[i : i + size]) for i in range(len(words) - size + 1)}


def held_out(path: Path = SENTENCES_FILE, every: int = 12) -> tuple[list[str], list[str]]:
    """Free sentences for training, and every ``every``-th one kept for measuring."""
    lines = [s for s in path.read_text("utf-8").splitlines() if s]
    dev = [s for i, s in enumerate(lines) if i % every == 5 and len(words_of(s)) > SHORT]
    kept = set(dev)
    return [s for s in lines if s not in kept], dev


def as_sentence(words: list[str], ending: str) -> str:
    """Words with a capital, the pronoun I in upper case and an end mark."""
    text = " ".join("I" if w == "i" else w.capitalize() if w in _NAMES else w for w in words)
    return text[0].upper() + text[1:] + ending


_NAMES = frozenset({"sunday", "sundays", "monday", "april"})


class TextSource:
    """An endless, seeded source of training texts."""

    def __init__(self, seed: int) -> None:
        """Read the texts and the script to keep clear of."""
        self.rng = random.Random(seed)
        self.grammar = load_grammar()
        self.free, self.dev = held_out()
        said = [words_of(line.text) for line in read_script()]
        self.forbidden = {run for words in said for run in runs(words)}
        self.utterances = {tuple(words) for words in said if len(words) > SHORT}
        self.sample_words = sorted({w for words in said for w in words})
        dev_words = [words_of(s) for s in self.dev]
        self.dev_runs = {run for words in dev_words for run in runs(words)}
        self.neighbours = self._neighbours()

    def _neighbours(self) -> list[str]:
        """Words of the free texts and the grammar that the sample does not use."""
        known = {w for s in self.free + self.dev for w in words_of(s)}
        known |= {w for c in self.grammar.slots.values() for s in c for w in words_of(s)}
        return sorted(known - set(self.sample_words))

    def vocabulary(self) -> list[str]:
        """Every word that any training text or the sample can hold."""
        templates = " ".join(self.grammar.templates)
        bare = {w for w in words_of(templates) if w not in self.grammar.slots}
        return sorted(set(self.sample_words) | set(self.neighbours) | bare)

    def allowed(self, text: str) -> bool:
        """Whether ``text`` keeps clear of the sample and of the held-out sentences."""
        words = words_of(text)
        found = runs(words)
        if found & self.forbidden or found & self.dev_runs:
            return False
        return tuple(words) not in self.utterances

    def draw(self, pairs: float = PAIRS) -> str:
        """One allowed text of a random kind, or with chance ``pairs`` two in one breath."""
        while self.rng.random() < pairs:
            text = f"{self._single()} {self._single()}"
            if len(words_of(text)) <= LONGEST_PAIR and self.allowed(text):
                return text
        return self._single()

    def _single(self) -> str:
        makers = (self._free, self.grammar_sentence, self._pieces, self._salad)
        while True:
            maker = self.rng.choices(makers, weights=(30, 25, 22, 23))[0]
            text = maker()
            if self.allowed(text):
                return text

    def _free(self) -> str:
        return self.rng.choice(self.free)

    def grammar_sentence(self) -> str:
        """One sentence of the grammar."""
        return self.grammar.sentence(self.rng)

    def _pieces(self) -> str:
        """Two or three chopped pieces of free or grammar sentences."""
        words: list[str] = []
        for _ in range(self.rng.randint(2, 3)):
            source = self._free() if self.rng.random() < 0.6 else self.grammar_sentence()
            parts = words_of(source)
            start = self.rng.randrange(len(parts))
            words += parts[start : start + self.rng.randint(2, 5)]
        return as_sentence(words, self.rng.choice(_ENDINGS))

    def _salad(self) -> str:
        """Random words, nine in ten of them words that the sample uses."""
        count = self.rng.choice((1, 2, 3, 4, 5, 6, 7, 8, 9, 10))
        pools = (self.sample_words, self.neighbours)
        words = [self.rng.choice(pools[self.rng.random() < 0.1]) for _ in range(count)]
        return as_sentence(words, self.rng.choice(_ENDINGS))
