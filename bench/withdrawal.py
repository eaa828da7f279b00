"""Random studies from which somebody withdraws: what is found of them afterwards.

    python -m bench.withdrawal [STUDIES]

Each study has several transcripts of made-up talk by several people, corrected, coded by
two members, quoted in codes, themes and the ledger of exports, and exported. One person is
erased. Then every cell of the database, every sealed file (opened), every plain file and
every cell of the fresh backup is searched with Python's own ``in``, not with the search of
the certificate, and what belongs to others is compared row by row. Prints how many texts
were looked for and found.
"""

import random
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import coding
import secure_storage
import themes
import transcribe
from secure_storage import FLOOR, LEAST, Rules, Study
from secure_storage.erasure.store import cells
from transcribe import Doubt, Sentence, Transcription, Turn, Word

PASSPHRASE = "correct horse battery"
TALK = """the machine lifted my mother gently and nobody asked whether she wanted it
    hands stay cold «sitat» æøå "quoted" & <b>bold</b> home nurse night door voice alarm never"""
WORDS = TALK.split()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one withdrawal."""

    sought: int
    """Texts long enough to be looked for, and the pseudonym."""
    found: int
    others: int
    """Rows of others that were compared."""
    changed: int
    clean: bool
    """What the certificate says."""


def one_study(home: Path, seed: int) -> Outcome:
    """Make a study, erase somebody, and look."""
    chance = random.Random(seed)
    secure_storage.create_study(home, "Random talk", "Ann Berg", PASSPHRASE, cost=FLOOR)
    lead = secure_storage.unlock(home, "Ann Berg", PASSPHRASE)
    once = lead.invite("Bo Lund", "coder")
    coder = secure_storage.unlock(home, "Bo Lund", once)
    try:
        coder.choose_passphrase(PASSPHRASE)
        people = [
            transcribe.add_participant(lead, 1, f"Person{n}x", f"profession {n}") for n in range(4)
        ]
        for number in range(2):
            _talk(chance, (lead, coder), people, f"Talk {number}")
        who = chance.choice(people)
        _quoted(chance, lead, who)
        _exported(chance, (lead, coder), who)
        return _erased(chance, lead, coder, who)
    finally:
        coder.close()
        lead.close()


def _talk(
    chance: random.Random, members: tuple[Study, Study], people: list[int], title: str
) -> None:
    place, turns = 0.0, []
    for _ in range(chance.randint(5, 25)):
        said = []
        for _ in range(chance.randint(1, 4)):
            parts = chance.choices(WORDS, k=chance.randint(1, 14))
            words = tuple(
                Word(part, place + n / 4, place + n / 4 + 0.2, 0.8) for n, part in enumerate(parts)
            )
            said.append(Sentence(" ".join(parts), place, place + len(parts) / 4, words))
            place += len(parts) / 4 + chance.choice((0.0, 0.4))
        turns.append(Turn(f"S{chance.randrange(len(people))}", tuple(said)))
    doubts = (Doubt(1.0, 2.0, " ".join(chance.choices(WORDS, k=6)), "dropped"),)
    lead = members[0]
    transcript = transcribe.save_transcription(
        lead, Transcription("en", tuple(turns), doubts=doubts), title=title, group=1,
        recording_id=None,
    )  # fmt: skip
    for one in transcribe.speakers(lead, transcript):
        transcribe.link_speaker(lead, one.id, people[int(one.label[1:])])
    lines = transcribe.sentences(lead, transcript)
    code = coding.add_code(lead, f"code of {title}").id
    for _ in range(20):
        first, last = sorted(chance.choices(range(len(lines)), k=2))
        last = min(last, first + 3)
        coding.set_coding(chance.choice(members), transcript, lines[first].id, lines[last].id, code)
        if chance.random() < 0.3:
            themes.mark_quote(lead, transcript, lines[first].id, lines[last].id)
    for line in chance.sample(lines, len(lines) // 4):
        transcribe.edit_sentence(lead, line.id, line.text + " corrected", line.version, None)


def _quoted(chance: random.Random, lead: Study, who: int) -> None:
    texts = sorted(secure_storage.find_theirs(lead, who).texts)
    for number, text in enumerate(chance.sample(texts, min(3, len(texts)))):
        coding.add_code(lead, f"quoting {number}", f"As it was said: {text}.")
        themes.add_theme(lead, f"Theme {number}", f"Person1x says {text}")


def _exported(chance: random.Random, members: tuple[Study, Study], who: int) -> None:
    """Export what quotes them, and what does not, and let one be refused with a quotation."""
    lead, coder = members
    texts = sorted(secure_storage.find_theirs(lead, who).texts) or ["nothing"]
    name, said = _name(lead, who), chance.choice(texts)
    for data, file_name in ((said, "said.txt"), ("none of it", f"{name}_asked.txt")):
        secure_storage.set_export_rules(lead, Rules(two_person=False, second_for_unchecked=False))
        secure_storage.request_export(
            lead, data=data.encode(), form="txt", file_name=file_name,
            purpose=f"{name} said: {said}", recipient=f"a friend of {name}",
        )  # fmt: skip
    secure_storage.set_export_rules(lead, Rules(two_person=True, second_for_unchecked=True))
    asked = secure_storage.request_export(
        lead, data=said.encode(), form="txt", file_name="more.txt", purpose="x", recipient=name
    )
    secure_storage.refuse_export(coder, asked.id, f"{name} says in it: {said}")


def _name(lead: Study, who: int) -> str:
    return next(one.pseudonym for one in transcribe.participants(lead) if one.id == who)


def _erased(chance: random.Random, lead: Study, coder: Study, who: int) -> Outcome:
    sought = [text for text in secure_storage.find_theirs(lead, who).texts if len(text) >= LEAST]
    sought.append(_name(lead, who))
    before = _others(lead, who)
    asked = secure_storage.ask_erasure(lead, who, chance.choice(("redact", "remove")))
    secure_storage.confirm_erasure(coder, asked)
    certificate = secure_storage.carry_out_erasure(coder, asked)
    left = _everything(lead)
    after = _others(lead, who)
    return Outcome(
        len(sought), sum(text.encode() in left for text in sought),
        len(before), len(before ^ after), certificate.clean,
    )  # fmt: skip


def _others(lead: Study, who: int) -> frozenset[str]:
    """Sentences of others, with their words: each row as text."""
    mine = transcribe.sentences_of(lead.db, who)
    rows = lead.db.execute("SELECT * FROM sentences").fetchall()
    words = lead.db.execute("SELECT * FROM words").fetchall()
    return frozenset(repr(row) for row in (*rows, *words) if row[0] not in mine)


def _everything(lead: Study) -> bytes:
    data = b"".join(cells(lead.db))
    for (file_id,) in lead.db.execute("SELECT id FROM files").fetchall():
        with lead.files.open(file_id) as sealed:
            data += sealed.read(0, sealed.size)
    for path in (lead.home / "exports").iterdir():
        data += path.name.encode() + path.read_bytes()
    (backup,) = secure_storage.backups(lead.home)
    with secure_storage.open_backup(lead, backup) as db:
        held = b"".join(cells(db))
    assert b"Random talk" in held
    return data + held


def main(studies: int) -> int:
    """Run and print the figures."""
    outcomes, began = [], time.monotonic()
    for seed in range(studies):
        with tempfile.TemporaryDirectory() as folder:
            outcomes.append(one_study(Path(folder) / "home", seed))
    sought, found = sum(one.sought for one in outcomes), sum(one.found for one in outcomes)
    changed = sum(one.changed for one in outcomes)
    print(f"withdrawals: {studies} in {time.monotonic() - began:.0f} s")
    print(f"texts looked for: {sought}, found: {found}")
    print(f"rows of others: {sum(one.others for one in outcomes)}, changed: {changed}")
    print(f"certificates that say clean: {sum(one.clean for one in outcomes)}")
    return int(bool(found or changed) or not all(one.clean for one in outcomes))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20))
