"""How fast the texts of a study are checked for names, and how many false alarms there are.

    python -m bench.names [SENTENCES]

Makes a study with a linking store of 24 made-up people in a temporary folder, checks that
many made-up sentences (Zipf-like words, a name in every hundredth) and prints a Markdown
table; then the alarms in the project's own script, which names none of them.
"""  # fmt: skip

import random
import sys
import tempfile
import time
from itertools import accumulate
from pathlib import Path

import demo.script
from secure_storage import FLOOR, Study, check_names, create_linking, create_study, unlock
from secure_storage.linking import Person

PEOPLE = (
    "Kari Nordmann", "Ola Hansen", "Åse Bjørg Sørensen-Aas", "Dag Li", "Liv Stein", "Bo Lie",
    "Will Long", "May Day", "Even Moe", "Odd Vik", "Per Strand", "Grace Hope", "Bill Cook",
    "Mark Young", "Rose Hill", "Åge Berg", "Tone Sand", "Siv Lund", "Jo Dahl", "Faith King",
    "Anne-Lise Berg-Olsen", "André de Vries", "Łukasz Wałęsa", "Jan van der Berg",
)  # fmt: skip
LETTERS = "etaoinsrdlkmgvpfbhøåæyj"


def sentences(count: int) -> list[str]:
    chance = random.Random(7)
    words = ["".join(chance.choices(LETTERS, k=chance.randint(3, 9))) for _ in range(30_000)]
    weights = list(accumulate(1 / rank for rank in range(1, len(words) + 1)))
    made = [
        " ".join(chance.choices(words, cum_weights=weights, k=12)).capitalize()
        for _ in range(count)
    ]
    return [f"{one}, sa {PEOPLE[i % 24]}." if i % 100 == 0 else one for i, one in enumerate(made)]


def study_with_names(home: Path) -> tuple[Study, Study]:
    create_study(home, "Bench", "Ada Lead", "correct horse battery", cost=FLOOR)
    lead = unlock(home, "Ada Lead", "correct horse battery")
    keeper = unlock(home, "Karl Keeper", lead.invite("Karl Keeper", "custodian"))
    keeper.choose_passphrase("the own words of Karl")
    linking = create_linking(keeper)
    for number, name in enumerate(PEOPLE, 1):
        linking.save_person(Person(1, f"P{number}", name))
    return lead, keeper


def main(count: int) -> None:
    texts = sentences(count)
    with tempfile.TemporaryDirectory() as folder:
        lead, keeper = study_with_names(Path(folder) / "home")
        began = time.perf_counter()
        found = check_names(lead, texts).found
        took = time.perf_counter() - began
        script = [line.text for line in demo.script.read_script()]
        alarms = check_names(lead, script).found
        keeper.close()
        lead.close()
    print("| sentences | names in them | places found | s | false alarms in the script |")
    print("|--:|--:|--:|--:|--:|")
    named = -(-count // 100)
    print(f"| {count} | {named} | {found} | {took:.2f} | {alarms} in {len(script)} utterances |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
