"""Pseudonymising, the decisions: what was found, and what is to become of each place.

Nothing changes in a transcript until what was chosen is replaced (``taking_out``).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from sqlite_utils import Database

from secure_storage import (
    BadInput,
    Change,
    Study,
    name_finder,
    term_finder,
    term_hashes,
    term_marks,
)

from ..pseudonymise import (
    KINDS,
    Entities,
    Finding,
    Identifiers,
    Kind,
    Registry,
    load_lists,
    next_label,
    own_words,
)

State = Literal["open", "kept", "chosen"]
LISTS: Final = "lists"
"""Folder in the study's home with a team's own lists."""
BY_HAND: Final = "marked by a person"
_LONGEST: Final = 80
_ROWS: Final = """
SELECT i.id, i.sentence_id, CASE i.verbatim WHEN 1 THEN s.verbatim ELSE s.text END, i.start,
       i.end, i.kind, i.why, i.state, i.replacement_id, i.decided_by, s.start, i.verbatim
FROM identifiers i JOIN sentences s ON s.id = i.sentence_id AND s.version = i.version
"""


@dataclass(frozen=True, slots=True)
class IdentifierRow:
    """A place in a sentence that may identify somebody."""

    id: int
    sentence_id: int
    text: str
    """The whole sentence, or what was said where that was put into written language."""
    start: int
    end: int
    kind: Kind
    why: str
    state: State
    replacement_id: int | None
    """What it is replaced with; while open, what the same word was before."""
    decided_by: int | None
    seconds: float | None
    """Where the sentence begins in the recording."""
    verbatim: int
    """1: it stands in what was said, beside the written text."""

    @property
    def words(self) -> str:
        """What stands there."""
        return self.text[self.start : self.end]


@dataclass(frozen=True, slots=True)
class Replacement:
    """What stands in the place of something, in all texts of the study."""

    id: int
    kind: Kind
    label: str


def find_identifiers(
    study: Study, transcript_id: int, entities: Entities | None = None
) -> list[IdentifierRow]:
    """Look through a transcript; what was decided on a sentence that did not change stays."""
    study.require("transcribe")
    found = _found(study, transcript_id, entities)
    # Before the change begins: nobody else could write for as long as this takes.
    words = {each.words for each in found}
    known = {one: _same(study.db, one) for one in words}
    with study.change("transcribe") as change:
        change.db.execute(
            "DELETE FROM identifiers WHERE sentence_id IN (SELECT id FROM sentences WHERE"
            " transcript_id = ?) AND ((state = 'open' AND why <> ?) OR version <> (SELECT version"
            " FROM sentences WHERE id = sentence_id))",
            [transcript_id, BY_HAND],
        )
        for each in found:
            _insert(change, each, known[each.words])
        change.record(
            "identifiers.found", f"transcript:{transcript_id}", after={"places": len(found)}
        )
    return identifiers(study, transcript_id)


@dataclass(frozen=True, slots=True)
class _Found:
    sentence_id: int
    version: int
    verbatim: bool
    words: str
    place: Finding


def _found(study: Study, transcript_id: int, entities: Entities | None) -> list[_Found]:
    rows = study.db.execute(
        "SELECT id, version, text, verbatim FROM sentences WHERE transcript_id = ?"
        " ORDER BY position",
        [transcript_id],
    ).fetchall()
    labels = _put_there(study, transcript_id)
    looked = Identifiers(load_lists(study.home / LISTS), registries(study), entities)
    found: list[_Found] = []
    seen: set[tuple[int, str]] = set()
    for verbatim in (False, True):
        texts = [(row[0], row[1], row[2 + verbatim]) for row in rows if row[2 + verbatim]]
        findings = looked.find([text for _, _, text in texts])
        for (number, version, text), places in zip(texts, findings, strict=True):
            for one in _outside(labels, text, places):
                words = text[one.start : one.end]
                # What is said as it is written is asked about once.
                if not verbatim or (number, words.casefold()) not in seen:
                    found.append(_Found(number, version, verbatim, words, one))
                seen.add((number, words.casefold()))
    return found


def _put_there(study: Study, transcript_id: int) -> list[str]:
    rows = study.db.execute(
        "SELECT DISTINCT r.label FROM replacements r JOIN replaced_places p"
        " ON p.replacement_id = r.id WHERE p.transcript_id = ?",
        [transcript_id],
    )
    return [str(row[0]) for row in rows.fetchall()]


def _outside(labels: Iterable[str], text: str, findings: Iterable[Finding]) -> list[Finding]:
    """Leave out what was put there, which is meant to look like a name."""
    own = [
        found.span()
        for label in labels
        for found in re.finditer(rf"(?<!\w){re.escape(label)}(?!\w)", text)
    ]
    return [
        one
        for one in findings
        if not any(start <= one.start and one.end <= end for start, end in own)
    ]


def identifiers(study: Study, transcript_id: int) -> list[IdentifierRow]:
    """All places of a transcript, in order; who draws them puts the reading on record."""
    study.require("read")
    rows = study.db.execute(
        _ROWS + " WHERE s.transcript_id = ? ORDER BY s.position, i.verbatim, i.start",
        [transcript_id],
    )
    return [IdentifierRow(*row) for row in rows.fetchall()]


def replacements(study: Study) -> list[Replacement]:
    """What stands in the place of something, or is to."""
    study.require("read")
    rows = study.db.execute("SELECT id, kind, label FROM replacements ORDER BY kind, id")
    return [Replacement(*row) for row in rows.fetchall()]


def keep_identifiers(study: Study, places: Sequence[int]) -> None:
    """Decide that places identify nobody and stay."""
    _decide(study, places, "kept", None)


def reopen_identifiers(study: Study, places: Sequence[int]) -> None:
    """Take a decision back."""
    _decide(study, places, "open", None)


def choose_replacement(
    study: Study, places: Sequence[int], *, replacement_id: int | None = None, label: str = ""
) -> int:
    """Decide that places are replaced: with what is known, with ``label``, or the next free one.

    From then on the same words are proposed the same replacement everywhere. Gives its id.
    """
    study.require("transcribe")
    with study.change("transcribe") as change:
        rows = [_row(change.db, one) for one in places]
        if not rows:
            raise BadInput("Choose what is to be replaced.")
        number = replacement_id or _replacement(study, change, rows[0].kind, label)
        _check_replacement(change.db, number)
        for words in {row.words for row in rows}:
            _remember(study, change, number, words)
        _set(change, places, "chosen", number)
        change.record("identifiers.chosen", "study", after={"places": len(rows)})
    return number


def add_identifier(study: Study, sentence_id: int, words: str, kind: Kind) -> int:
    """Mark words of a sentence that were missed, wherever they stand in it; gives how many."""
    study.require("transcribe")
    words = words.strip()
    with study.change("transcribe") as change:
        row = change.db.execute(
            "SELECT version, text, verbatim FROM sentences WHERE id = ?", [sentence_id]
        ).fetchone()
        places = [
            (verbatim, Finding(start, start + len(words), kind, BY_HAND))
            for verbatim in (False, True)
            for start in _places((row[1 + verbatim] or "") if row else "", words)
        ]
        if not places or kind not in KINDS:
            raise BadInput("These words do not stand in the sentence as it is now.")
        for verbatim, one in places:
            change.db.execute(
                "DELETE FROM identifiers WHERE sentence_id = ? AND verbatim = ? AND start < ?"
                " AND end > ?",
                [sentence_id, verbatim, one.end, one.start],
            )
            _insert(change, _Found(sentence_id, int(row[0]), verbatim, words, one), None)
        change.record("identifier.added", f"sentence:{sentence_id}", after={"places": len(places)})
    return len(places)


def add_term(study: Study, kind: Kind, words: str, label: str = "") -> int:
    """Register a name, a place or a workplace to look for, and what to put there; gives its id.

    Kept as keyed hashes: the study cannot tell afterwards what was registered.
    """
    study.require("transcribe")
    words = " ".join(words.split())
    if not 2 <= len(words) <= _LONGEST or kind not in KINDS:
        raise BadInput(f"Enter a name, a place or a workplace of at most {_LONGEST} characters.")
    with study.change("transcribe") as change:
        number = _replacement(study, change, kind, label)
        _remember(study, change, number, words)
        change.record("term.added", f"replacement:{number}", after={"kind": kind})
    return number


def forget_term(study: Study, replacement_id: int) -> None:
    """Look for the words of a replacement no more; what was replaced with it stays."""
    study.require("transcribe")
    with study.change("transcribe") as change:
        change.db.execute(
            "DELETE FROM replacement_forms WHERE replacement_id = ?", [replacement_id]
        )
        change.record("term.forgotten", f"replacement:{replacement_id}")


def registries(study: Study) -> list[Registry]:
    """Give what is looked for: the participants' names, and the study's terms."""
    study.require("read")
    marks = study.db.execute("SELECT DISTINCT hash FROM replacement_forms").fetchall()
    terms = term_finder(study.db, frozenset(bytes(row[0]) for row in marks))
    names = name_finder(study)
    return [terms] if names is None else [names, terms]


def _same(db: Database, words: str) -> int | None:
    """Find the replacement that the same words have, or words that they may be heard as."""
    for marks in term_marks(db, words):
        row = db.execute(
            "SELECT min(replacement_id) FROM replacement_forms WHERE hash IN"
            f" ({','.join('?' * len(marks))})",
            list(marks),
        ).fetchone()
        if row[0] is not None:
            return int(row[0])
    return None


def _insert(change: Change, found: _Found, replacement_id: int | None) -> None:
    """Add a place, unless the sentence is another by now or something was decided there."""
    one = found.place
    change.db.execute(
        "INSERT INTO identifiers (sentence_id, version, verbatim, start, end, kind, why, state,"
        " replacement_id) SELECT id, version, ?, ?, ?, ?, ?, 'open', ? FROM sentences WHERE id = ?"
        " AND version = ? AND NOT EXISTS (SELECT 1 FROM identifiers WHERE sentence_id = ?"
        " AND verbatim = ? AND start < ? AND end > ?)",
        [found.verbatim, one.start, one.end, one.kind, one.why, replacement_id, found.sentence_id,
         found.version, found.sentence_id, found.verbatim, one.end, one.start],
    )  # fmt: skip


def _decide(study: Study, places: Sequence[int], state: State, number: int | None) -> None:
    study.require("transcribe")
    with study.change("transcribe") as change:
        _set(change, places, state, number)
        change.record(f"identifiers.{state}", "study", after={"places": len(places)})


def _set(change: Change, places: Iterable[int], state: State, number: int | None) -> None:
    for one in places:
        _row(change.db, one)
        change.db.execute(
            "UPDATE identifiers SET state = ?, replacement_id = ?, decided_by = ? WHERE id = ?",
            [state, number, None if state == "open" else change.member.id, one],
        )


def _row(db: Database, identifier_id: int) -> IdentifierRow:
    row = db.execute(_ROWS + " WHERE i.id = ?", [identifier_id]).fetchone()
    if row is None:
        raise BadInput(
            "This sentence was changed meanwhile. Look for identifiers again, then decide."
        )
    return IdentifierRow(*row)


def _replacement(study: Study, change: Change, kind: Kind, label: str) -> int:
    taken = [str(row[0]) for row in change.db.execute("SELECT label FROM replacements").fetchall()]
    label = " ".join(label.split()) or next_label(kind, taken)
    if len(label) > _LONGEST or not label.isprintable():
        raise BadInput(f"A replacement can have up to {_LONGEST} printable characters.")
    row = change.db.execute("SELECT id FROM replacements WHERE label = ?", [label]).fetchone()
    if row:
        return int(row[0])
    if any(registry.places(label) for registry in registries(study)):
        raise BadInput(
            "This is itself registered, or was replaced elsewhere: whoever bears it could not be "
            "told from what you put there. Choose another replacement."
        )
    number = change.db.execute(
        "INSERT INTO replacements (kind, label) VALUES (?, ?)", [kind, label]
    ).lastrowid
    assert number is not None
    return number


def _check_replacement(db: Database, number: int) -> None:
    if not db.execute("SELECT 1 FROM replacements WHERE id = ?", [number]).fetchone():
        raise BadInput("This replacement does not exist (any more). Choose another.")


def _remember(study: Study, change: Change, number: int, words: str) -> None:
    alone = own_words(words, load_lists(study.home / LISTS))
    change.db.conn.executemany(
        "INSERT OR IGNORE INTO replacement_forms (replacement_id, hash) VALUES (?, ?)",
        [(number, mark) for mark in term_hashes(change, words, alone)],
    )


def _places(text: str, words: str) -> list[int]:
    found, at = [], text.find(words) if words else -1
    while at >= 0:
        found.append(at)
        at = text.find(words, at + len(words))
    return found
