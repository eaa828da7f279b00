"""How many planted identifiers are found, and how often a person is asked.

    python -m bench.pseudonyms [TRANSCRIPTS [SENTENCES [NAMES]]] [--show]

Makes that many transcripts (pseudonym_corpus), each with a registry of its own as keyed hashes,
looks for identifiers and prints Markdown tables. An entity counts as found when every letter
of all its mentions is. A prompt is one place that a person is asked about, rightly or not.
"""

import os
import sys
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from bench.pseudonym_corpus import Made, made
from secure_storage.names.finding import Finder
from secure_storage.names.forms import name_forms
from secure_storage.names.store import Hashes, hashes_alone, hashes_of
from secure_storage.names.terms import forms_of_term
from transcribe.pseudonymise import Finding, Identifiers, Lists, load_lists, own_words


def registries(corpus: Made, lists: Lists) -> list[Finder]:
    key = os.urandom(32)
    people = {form for name in corpus.names for form in name_forms(name)}
    terms = {
        one for term in corpus.terms
        for one in hashes_alone(forms_of_term(term, own_words(term, lists)), key)
    }  # fmt: skip
    return [Finder(Hashes(key, hashes_of(people, key))), Finder(Hashes(key, frozenset(terms)))]


def is_found(findings: list[Finding], text: str, start: int, end: int) -> bool:
    return all(
        any(one.start <= place < one.end for one in findings)
        for place in range(start, end)
        if text[place].isalnum()
    )


@dataclass(slots=True)
class Tally:
    """What was found and asked, over all transcripts."""

    entities: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    written: dict[tuple[str, str], Counter[str]] = field(
        default_factory=lambda: defaultdict(Counter)
    )
    prompts: int = 0
    right: int = 0
    sentences: int = 0
    seconds: float = 0.0

    def count(self, corpus: Made, lists: Lists, show: bool) -> None:
        looked = Identifiers(lists, registries(corpus, lists))
        began = time.perf_counter()
        found = looked.find(corpus.sentences)
        self.seconds += time.perf_counter() - began
        self.sentences += len(corpus.sentences)
        meant = defaultdict(list)
        for entity in corpus.entities:
            seen = []
            for number, start, end, how in entity.mentions:
                text = corpus.sentences[number]
                seen.append(is_found(found[number], text, start, end))
                self.written[entity.label, how].update(all=1, found=seen[-1])
                meant[number].append((start, end))
                if show and not seen[-1]:
                    print(f"missed ({entity.label}, {how}): {text}", file=sys.stderr)
            self.entities[entity.label].update(
                all=1, found=all(seen), mentions=len(seen), seen=sum(seen)
            )
        for number, findings in enumerate(found):
            for one in findings:
                right = any(one.start < end and start < one.end for start, end in meant[number])
                self.prompts, self.right = self.prompts + 1, self.right + right
                if show and not right:
                    words = corpus.sentences[number][one.start : one.end]
                    print(f"wrongly ({one.why}): {words}", file=sys.stderr)

    def told(self) -> None:
        print("| planted | entities | found, all mentions | % | mentions | found | % |")
        print("|:--|--:|--:|--:|--:|--:|--:|")
        for label, one in self.entities.items():
            print(
                f"| {label} | {one['all']} | {one['found']} | {100 * one['found'] / one['all']:.1f}"
                f" | {one['mentions']} | {one['seen']}"
                f" | {100 * one['seen'] / one['mentions']:.1f} |"
            )
        print("\n| planted | as written | mentions | found % |\n|:--|:--|--:|--:|")
        for (label, how), one in sorted(self.written.items()):
            print(f"| {label} | {how} | {one['all']} | {100 * one['found'] / one['all']:.1f} |")
        wrong, rows = self.prompts - self.right, self.sentences
        print(
            f"\n{rows} sentences; {self.prompts} prompts ({10 * self.prompts / rows:.2f} in 10 "
            f"sentences), of which {wrong} wrong ({10 * wrong / rows:.2f}); {self.seconds:.1f} s."
        )


def run(transcripts: int, sentences: int, names: int, *, show: bool = False) -> Tally:
    lists, tally = load_lists(), Tally()
    for seed in range(transcripts):
        tally.count(made(seed, sentences, names), lists, show)
    return tally


if __name__ == "__main__":
    given = [int(one) for one in sys.argv[1:] if one != "--show"]
    count, long, each = given + [25, 2000, 20][len(given) :]
    run(count, long, each, show="--show" in sys.argv).told()
