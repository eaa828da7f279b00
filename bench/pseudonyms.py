"""How many planted identifiers are found, and how often a person is asked.

    python -m bench.pseudonyms [TRANSCRIPTS [SENTENCES [NAMES]]]

Makes that many transcripts (pseudonym_corpus), each with a registry of its own as keyed hashes,
looks for identifiers and prints Markdown tables. An entity counts as found when every letter
of all its mentions is. A prompt is one place that a person is asked about, rightly or not.
"""

import os
import sys
import time
from collections import Counter, defaultdict

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


def main(transcripts: int, sentences: int, names: int, show: bool) -> None:
    lists = load_lists()
    entities: dict[str, Counter[str]] = defaultdict(Counter)
    written: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    prompts = right = rows = 0
    took = 0.0
    for seed in range(transcripts):
        corpus = made(seed, sentences, names)
        began = time.perf_counter()
        found = Identifiers(lists, registries(corpus, lists)).find(corpus.sentences)
        took += time.perf_counter() - began
        hit = set()
        for entity in corpus.entities:
            seen = []
            for number, start, end, how in entity.mentions:
                text = corpus.sentences[number]
                seen.append(is_found(found[number], text, start, end))
                written[entity.label, how]["all"] += 1
                written[entity.label, how]["found"] += seen[-1]
                hit.add((number, start, end))
                if show and not seen[-1] and entity.label != "name in no list":
                    print(f"missed ({how}): {text[start:end]} in: {text}", file=sys.stderr)
            entities[entity.label]["all"] += 1
            entities[entity.label]["found"] += all(seen)
            entities[entity.label]["mentions"] += len(seen)
            entities[entity.label]["mentions found"] += sum(seen)
        rows += len(corpus.sentences)
        for number, findings in enumerate(found):
            for one in findings:
                meant = any(
                    number == place and one.start < end and start < one.end
                    for place, start, end in hit
                )
                prompts, right = prompts + 1, right + meant
                if show and not meant:
                    print(f"wrongly ({one.why}): {corpus.sentences[number][one.start:one.end]}",
                          file=sys.stderr)  # fmt: skip
    print("| planted | entities | found, all mentions | % | mentions | found | % |")
    print("|:--|--:|--:|--:|--:|--:|--:|")
    for label, one in entities.items():
        print(
            f"| {label} | {one['all']} | {one['found']} | {100 * one['found'] / one['all']:.1f}"
            f" | {one['mentions']} | {one['mentions found']}"
            f" | {100 * one['mentions found'] / one['mentions']:.1f} |"
        )
    print("\n| planted | as written | mentions | found % |\n|:--|:--|--:|--:|")
    for (label, how), one in sorted(written.items()):
        print(f"| {label} | {how} | {one['all']} | {100 * one['found'] / one['all']:.1f} |")
    print(
        f"\n{rows} sentences; {prompts} prompts ({10 * prompts / rows:.2f} in 10 sentences), of "
        f"which {prompts - right} wrong ({10 * (prompts - right) / rows:.2f}); {took:.1f} s."
    )


if __name__ == "__main__":
    numbers = [int(one) for one in sys.argv[1:] if one != "--show"]
    main(*(numbers + [25, 2000, 20][len(numbers) :]), show="--show" in sys.argv)
