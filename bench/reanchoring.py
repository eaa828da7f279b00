"""Whether codings stay on their words while a transcript is corrected.

    python -m bench.reanchoring [SEQUENCES] [SEED]

Each sequence makes a transcript of made-up words, of which many are said again and again,
and codes runs of them, whole sentences and parts. Then it corrects: words put in, taken out
and changed, sentences split, merged, inserted and removed, acts taken back and done again,
and more codings between. An oracle that never compares texts gives every word a number and
carries the numbers through each act. After every act each coding must cover just those of
its words that are left (words that came later may stand among them), or be on the repair
list. At the end everything is taken back, and all rows must be as they were.
"""  # fmt: skip

import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from coding import add_code, set_coding
from secure_storage import FLOOR, Study, create_study, unlock
from transcribe import Sentence, Transcription, Turn, save_transcription
from transcribe.store import redo, sentences, undo
from transcribe.store.editing import edit_sentence, merge_sentences, split_sentence
from transcribe.store.rewriting import insert_sentence, remove_sentences

VOCABULARY = [
    f"{a}{b}" for a in ("hen", "kom", "so", "ti", "va", "re") for b in ("", "den", "li", "s")
]
TABLES = ("turns", "sentences", "words", "segments", "repairs")
ACTS = (
    "edit",
    "edit",
    "edit",
    "edit",
    "split",
    "merge",
    "remove",
    "insert",
    "undo",
    "redo",
    "code",
)
Word = tuple[int, str]
Text = tuple[tuple[Word, ...], ...]


@dataclass
class Coded:
    """A segment as it was coded: its words, and all that there were then."""

    segment: int
    words: frozenset[int]
    known: frozenset[int]


@dataclass
class Desk:
    """One sequence: the study and what the oracle knows."""

    study: Study
    code: int
    chance: random.Random
    tally: Counter[str]
    transcript: int = 0
    text: Text = ()
    coded: list[Coded] = field(default_factory=list)
    done: list[tuple[Text, Text]] = field(default_factory=list)
    undone: list[tuple[Text, Text]] = field(default_factory=list)
    numbers: "count[int]" = field(default_factory=count)

    def words(self, most: int) -> tuple[Word, ...]:
        """Make words, some with a sign behind them."""
        made = self.chance.choices(
            VOCABULARY, range(1, 1 + len(VOCABULARY)), k=self.chance.randint(1, most)
        )
        signs = self.chance.choices(("", ",", "?"), (6, 1, 1), k=len(made))
        return tuple(
            (next(self.numbers), word + sign) for word, sign in zip(made, signs, strict=True)
        )

    def begin(self) -> None:
        """Store a transcript and code some of it."""
        self.text = tuple(self.words(9) for _ in range(self.chance.randint(3, 8)))
        half = len(self.text) // 2
        turns = tuple(
            Turn(name, tuple(Sentence(spoken(one), None, None) for one in part))
            for name, part in (("S1", self.text[:half]), ("S2", self.text[half:]))
        )
        self.transcript = save_transcription(
            self.study, Transcription("en", turns), title="Made up", group=1, recording_id=None
        )
        for _ in range(6):
            self.code_some()

    def code_some(self) -> None:
        """Code a run of sentences, half the time only a part of the outer ones."""
        lines = sentences(self.study, self.transcript)
        if not lines:
            return
        first = self.chance.randrange(len(lines))
        last = min(len(lines) - 1, first + self.chance.choice((0, 0, 0, 1, 2)))
        trims = (0, 0)
        if self.chance.random() < 0.5:
            starts = [start for _, start, _ in spans(self.text[first])]
            ends = [end for _, _, end in spans(self.text[last])]
            start = self.chance.choice(starts)
            end = self.chance.choice([one for one in ends if first < last or one > start])
            trims = (start, len(lines[last].text) - end)
        made = set_coding(
            self.study, self.transcript, lines[first].id, lines[last].id, self.code, trims=trims
        )
        assert made is not None
        there = frozenset(number for line in self.text for number, _ in line)
        self.coded.append(
            Coded(made.segment.id, self.covered(made.segment.id) or frozenset(), there)
        )

    def covered(self, segment: int) -> frozenset[int] | None:
        """Give the words a segment covers; None when it covers none."""
        first, last, start, end = self.study.db.execute(
            "SELECT first_sentence_id, last_sentence_id, trim_start, trim_end FROM segments"
            " WHERE id = ?", [segment],
        ).fetchone()  # fmt: skip
        if first is None:
            return None
        places = {row.id: place for place, row in enumerate(sentences(self.study, self.transcript))}
        first, last = places[first], places[last]
        found = set()
        for place in range(first, last + 1):
            line = self.text[place]
            low = start if place == first else 0
            high = len(spoken(line)) - (end if place == last else 0)
            found |= {
                number for number, begins, ends in spans(line) if begins < high and ends > low
            }
        return frozenset(found)

    def act(self) -> None:
        """Do one thing, in the study and to the oracle's words."""
        kind = self.chance.choice(ACTS)
        lines, place = sentences(self.study, self.transcript), self.chance.randrange(len(self.text))
        before, text = self.text, list(self.text)
        here = lines[place]
        if kind == "code":
            self.code_some()
        elif kind in ("undo", "redo"):
            stack, other = (self.done, self.undone) if kind == "undo" else (self.undone, self.done)
            step = undo if kind == "undo" else redo
            assert bool(step(self.study, self.transcript)) == bool(stack)
            if stack:
                other.append(stack.pop())
                self.text = other[-1][0 if kind == "undo" else 1]
        elif kind == "edit":
            text[place] = self.corrected(text[place])
            edit_sentence(self.study, here.id, spoken(text[place]), here.version, None)
        elif kind == "split" and len(text[place]) > 1:
            at = self.chance.randrange(1, len(text[place]))
            cut = spans(text[place])[at][1]
            split_sentence(self.study, self.transcript, here.id, here.version, cut, None)
            text[place : place + 1] = [text[place][:at], text[place][at:]]
        elif (
            kind == "merge"
            and place + 1 < len(lines)
            and here.speaker_id == lines[place + 1].speaker_id
        ):
            behind = lines[place + 1]
            named = [(here.id, here.version), (behind.id, behind.version)]
            merge_sentences(self.study, self.transcript, named, None)
            text[place : place + 2] = [text[place] + text[place + 1]]
        elif kind == "remove" and len(lines) > 2:
            gone = lines[place : place + self.chance.choice((1, 1, 2))]
            remove_sentences(
                self.study, self.transcript, [(one.id, one.version) for one in gone], None
            )
            del text[place : place + len(gone)]
        elif kind == "insert":
            text.insert(place + 1, self.words(6))
            insert_sentence(
                self.study, self.transcript, here.id, spoken(text[place + 1]), None, None, -1, None
            )
        if kind not in ("undo", "redo") and tuple(text) != before:
            self.text = tuple(text)
            self.done.append((before, self.text))
            self.undone = []
        self.tally[kind] += 1

    def corrected(self, line: tuple[Word, ...]) -> tuple[Word, ...]:
        """Put words in, take some out, and change some, which stay the words they are.

        What is put in is nothing that goes at once: that would read as if it had stayed.
        """
        while True:
            words = self.tried(line)
            had, has = dict(line), dict(words)
            gone = {bare(word) for number, word in line if bare(has.get(number, "")) != bare(word)}
            come = {bare(word) for number, word in words if bare(had.get(number, "")) != bare(word)}
            if not gone & come:
                return words

    def tried(self, line: tuple[Word, ...]) -> tuple[Word, ...]:
        """Correct a line in some way."""
        words = list(line)
        for _ in range(self.chance.randint(1, 3)):
            place = self.chance.randrange(len(words))
            what = self.chance.choice(("change", "add", "drop", "case"))
            if what == "change":
                words[place] = (words[place][0], self.words(1)[0][1])
            elif what == "case":
                words[place] = (words[place][0], words[place][1].swapcase())
            elif what == "add":
                words[place:place] = self.words(2)
            elif len(words) > 1:
                del words[place]
        return tuple(words)

    def check(self) -> None:
        """Compare each coding with the oracle."""
        lines = sentences(self.study, self.transcript)
        assert [row.text for row in lines] == [spoken(line) for line in self.text]
        listed = {
            row[0] for row in self.study.db.execute(
                "SELECT segment_id FROM repairs WHERE state = 'open'"
            )
        }  # fmt: skip
        there = frozenset(number for line in self.text for number, _ in line)
        for one in self.coded:
            covered = self.covered(one.segment)
            self.tally["codings checked"] += 1
            if covered is None:
                assert one.segment in listed
                self.tally["on the repair list"] += 1
                self.tally["of these gone for good"] += not one.words & there
                continue
            assert one.segment not in listed
            if covered & one.known != one.words & there:
                self.tally["elsewhere"] += 1
                raise AssertionError("a coding is on other words")


def spoken(line: tuple[Word, ...]) -> str:
    """Give the text of a line."""
    return " ".join(word for _, word in line)


def bare(word: str) -> str:
    """Give a word as a reader knows it again: without signs, whatever its case."""
    return word.strip(",?").casefold()


def spans(line: tuple[Word, ...]) -> list[tuple[int, int, int]]:
    """Give number, start and end of each word."""
    found, at = [], 0
    for number, word in line:
        found.append((number, at, at + len(word)))
        at += len(word) + 1
    return found


def rows(study: Study, segments: frozenset[int]) -> dict[str, list[dict[str, object]]]:
    """Read all rows that acts touch, but for what only counts; of segments, some."""
    found = {}
    for table in TABLES:
        of = {"segments": "id", "repairs": "segment_id"}.get(table)
        found[table] = [
            {**row, "version": 0}
            for row in study.db.query(f"SELECT * FROM {table} ORDER BY 1, 2")
            if of is None or row[of] in segments
        ]
    return found


def sequence(study: Study, code: int, seed: int, acts: int = 12) -> Counter[str]:
    """Run one sequence; AssertionError when a coding is neither on its words nor listed."""
    desk = Desk(study, code, random.Random(seed), Counter())
    desk.begin()
    coded = frozenset(one.segment for one in desk.coded)
    before = rows(study, coded)
    for _ in range(acts):
        desk.act()
        desk.check()
    while desk.done:
        assert undo(study, desk.transcript)
        desk.text = desk.done.pop()[0]
        desk.check()
    assert rows(study, coded) == before
    desk.tally["taken back whole"] += 1
    return desk.tally


def main(sequences: int, seed: int) -> None:
    """Run and print the table."""
    tally: Counter[str] = Counter()
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        for start in range(0, sequences, 100):
            # A new study now and then: reading all rows of one that grows takes ever longer.
            home = Path(folder) / str(start)
            create_study(home, "Bench", "Ada Lead", "correct horse battery", cost=FLOOR)
            study = unlock(home, "Ada Lead", "correct horse battery")
            code = add_code(study, "Code").id
            for number in range(start, min(start + 100, sequences)):
                try:
                    tally += sequence(study, code, seed + number)
                except AssertionError as error:
                    tally["failed"] += 1
                    print(f"seed {seed + number}: {error!r}", file=sys.stderr)
            study.close()
    tally["sequences"] = sequences
    tally["seconds"] = round(time.perf_counter() - began)
    print("| what | count |\n|---|--:|")
    for name, number in sorted(tally.items()):
        print(f"| {name} | {number} |")


if __name__ == "__main__":
    given = [int(one) for one in sys.argv[1:3]]
    main(*(given + [10_000, 1][len(given) :]))
