"""A small slot grammar: ``grammar.txt`` holds slots, a ``%`` line, then templates."""

import random
import re
from dataclasses import dataclass
from pathlib import Path

GRAMMAR_FILE = Path(__file__).with_name("grammar.txt")


@dataclass(frozen=True)
class Grammar:
    """Slot name -> choices, and the templates that use them."""

    slots: dict[str, tuple[str, ...]]
    templates: tuple[str, ...]

    def sentence(self, rng: random.Random) -> str:
        """One random sentence with a capital letter and a final mark."""
        template = rng.choice(self.templates)
        text = re.sub(r"\{(\w+)\}", lambda m: rng.choice(self.slots[m.group(1)]), template)
        return text[0].upper() + text[1:]


def load_grammar(path: Path = GRAMMAR_FILE) -> Grammar:
    """Read the grammar file."""
    lines = [s for s in path.read_text("utf-8").splitlines() if s and not s.startswith("#")]
    cut = lines.index("%")
    slots: dict[str, tuple[str, ...]] = {}
    for line in lines[:cut]:
        name, _, choices = line.partition("=")
        slots[name.strip()] = tuple(c.strip() for c in choices.split("|"))
    return Grammar(slots, tuple(lines[cut + 1 :]))
