"""Participants of the groups: pseudonyms with the answers they gave, never real names.

A participant who was linked to a speaker, or who withdrew, cannot be removed: what they
said would lose its speaker, and the withdrawal its proof. Erasing is another act.
"""

from collections.abc import Sequence
from typing import Any, Final

from sqlite_utils import Database

from secure_storage import BadInput, Change, StaleWrite, Study, empty_where_said, next_id

from ..questionnaire.values import read
from .attributes import read_attributes
from .rows import AttributeRow, GroupRole, ParticipantRow

_LONGEST: Final = 80
_LONGEST_ANSWER: Final = 200
_PARTICIPANTS: Final = """
SELECT id, group_number, pseudonym, profession, role, withdrawn_at IS NOT NULL FROM participants
"""


def participants(study: Study) -> list[ParticipantRow]:
    """Everybody, group by group, moderators and secretaries first."""
    study.require("read")
    return read_participants(study.db)


def read_participants(db: Database) -> list[ParticipantRow]:
    """Everybody, as ``db`` sees them (within a change: as the change leaves them)."""
    answers: dict[int, list[tuple[int, str]]] = {}
    for who, attribute, answer in db.execute(
        "SELECT participant_id, attribute_id, answer FROM answers ORDER BY attribute_id"
    ).fetchall():
        answers.setdefault(who, []).append((attribute, answer))
    rows = db.execute(
        _PARTICIPANTS
        + " ORDER BY group_number, role = 'participant', role, pseudonym COLLATE NOCASE, id"
    ).fetchall()
    return [
        ParticipantRow(
            number, group, pseudonym, profession, role, tuple(answers.get(number, ())), bool(gone)
        )
        for number, group, pseudonym, profession, role, gone in rows
    ]


def add_participant(
    study: Study, group: int, pseudonym: str, profession: str = "", role: GroupRole = "participant"
) -> int:
    """Add somebody to a group; a pseudonym is used once in a group."""
    study.require("transcribe")
    with study.change("transcribe") as change:
        return insert_participant(
            change, ParticipantRow(0, group, pseudonym, profession, role), attributes=()
        )


def insert_participant(
    change: Change, row: ParticipantRow, attributes: tuple[AttributeRow, ...]
) -> int:
    """Write somebody new, under a number that nobody had: the journal tells of people by it."""
    row = _clean(row, attributes)
    _refuse_taken(change.db, row)
    found = next_id(change.db, "participants")
    change.db.execute(
        "INSERT INTO participants (id, group_number, pseudonym, profession, role)"
        " VALUES (?, ?, ?, ?, ?)",
        [found, row.group, row.pseudonym, row.profession, row.role],
    )
    _write_answers(change, found, row)
    change.record("participant.added", f"participant:{found}", after=_told(row))
    return found


def save_participants(
    study: Study, changes: Sequence[tuple[ParticipantRow | None, ParticipantRow | None]]
) -> None:
    """Add, change and take out participants, all or none of them.

    Each change is a pair: the row it starts from, and the row as it is to be. None in the
    first place adds somebody, None in the second takes out who was entered by mistake.

    Raises:
        StaleWrite: somebody else changed one of them since.
        BadInput: a pseudonym is taken, an answer is not what its attribute holds, or
            somebody has spoken, or withdrawn, and cannot be taken out.
    """
    study.require("transcribe")
    with study.change("transcribe") as change:
        attributes = read_attributes(change.db)
        for seen, wanted in changes:
            if wanted is None:
                if seen is not None:
                    _remove(change, seen)
            elif seen is None:
                insert_participant(change, wanted, attributes)
            else:
                update_participant(change, seen, wanted, attributes)


def update_participant(
    change: Change, seen: ParticipantRow, wanted: ParticipantRow,
    attributes: tuple[AttributeRow, ...],
) -> None:  # fmt: skip
    """Write somebody anew within a change."""
    _refuse_stale(change.db, seen)
    wanted = _clean(wanted, attributes)
    if wanted == seen:
        return
    if seen.withdrawn:
        raise BadInput("This participant withdrew. Nothing can be written about them any more.")
    _refuse_taken(change.db, wanted)
    change.db.execute(
        "UPDATE participants SET group_number = ?, pseudonym = ?, profession = ?, role = ?"
        " WHERE id = ?",
        [wanted.group, wanted.pseudonym, wanted.profession, wanted.role, seen.id],
    )
    _write_answers(change, seen.id, wanted)
    change.db.execute(
        "UPDATE transcripts SET revision = revision + 1 WHERE id IN"
        " (SELECT transcript_id FROM speakers WHERE participant_id = ?)",
        [seen.id],
    )
    change.record(
        "participant.changed", f"participant:{seen.id}", before=_told(seen), after=_told(wanted)
    )


def erase_answers(change: Change, participant_id: int) -> None:
    """Erase what a participant answered, and the labels for what nobody else answered."""
    change.db.execute("DELETE FROM answers WHERE participant_id = ?", [participant_id])
    change.db.execute(
        "DELETE FROM table_one_rules WHERE value <> '' AND lower(value) NOT IN ("
        " SELECT lower(answer) FROM answers UNION"
        " SELECT lower(profession) FROM participants WHERE id <> ?)",
        [participant_id],
    )


def answers_of(db: Database, participant_id: int) -> list[str]:
    """What a participant answered."""
    rows = db.execute(
        "SELECT answer FROM answers WHERE participant_id = ? ORDER BY attribute_id",
        [participant_id],
    )
    return [str(row[0]) for row in rows.fetchall()]


def check_group(group: int) -> None:
    """Refuse what is no group number."""
    if not 0 < group < 1000:
        raise BadInput("The group number must lie between 1 and 999.")


def _clean(row: ParticipantRow, attributes: tuple[AttributeRow, ...]) -> ParticipantRow:
    """Give the row in single spaces, or say what is wrong with it."""
    pseudonym, profession = " ".join(row.pseudonym.split()), " ".join(row.profession.split())
    if not pseudonym or len(pseudonym) > _LONGEST or len(profession) > _LONGEST:
        raise BadInput(
            f"A participant needs a pseudonym, and neither it nor the profession may be longer "
            f"than {_LONGEST} characters."
        )
    check_group(row.group)
    known = {one.id: one for one in attributes}
    answers = []
    for number, text in sorted(row.answers):
        if not (answer := " ".join(text.split())):
            continue
        if number not in known:
            raise BadInput("This attribute does not exist (any more). Reload the page.")
        _check_answer(row.pseudonym, known[number], answer)
        answers.append((number, answer))
    return ParticipantRow(
        row.id, row.group, pseudonym, profession, row.role, tuple(answers), row.withdrawn
    )


def _check_answer(whose: str, attribute: AttributeRow, answer: str) -> None:
    if len(answer) > _LONGEST_ANSWER:
        raise BadInput(f"An answer may have at most {_LONGEST_ANSWER} characters.")
    if attribute.kind != "text" and read(attribute.kind, answer) is None:
        wanted = "years, such as «6 months» or «2,5»" if attribute.kind == "years" else "a number"
        raise BadInput(f"{whose}: «{answer}» is not understood; «{attribute.name}» holds {wanted}.")


def _remove(change: Change, seen: ParticipantRow) -> None:
    _refuse_stale(change.db, seen)
    if change.db.execute("SELECT 1 FROM speakers WHERE participant_id = ?", [seen.id]).fetchone():
        raise BadInput(
            f"{seen.pseudonym} is linked to a speaker of a transcript. Unlink the speaker first, "
            "or ask a lead for an erasure if the person withdraws."
        )
    asked = change.db.execute("SELECT 1 FROM erasures WHERE participant_id = ?", [seen.id])
    if seen.withdrawn or asked.fetchone():
        raise BadInput(f"{seen.pseudonym} withdrew: the fact stays on record.")
    change.db.execute("DELETE FROM answers WHERE participant_id = ?", [seen.id])
    change.db.execute("DELETE FROM participants WHERE id = ?", [seen.id])

    def theirs(about: str, payload: str) -> bool:
        return about == f"participant:{seen.id}"

    # Who is not in the study any more cannot be erased: the journal keeps nothing of them.
    empty_where_said(change, (), theirs, theirs)
    change.record("participant.removed", f"participant:{seen.id}")


def _refuse_stale(db: Database, seen: ParticipantRow) -> None:
    now = next((one for one in read_participants(db) if one.id == seen.id), None)
    if now is None:
        raise BadInput(f"{seen.pseudonym} is not in the study any more. Reload the page.")
    if now != seen:
        raise StaleWrite(
            f"Somebody else has changed {now.pseudonym} meanwhile. Look at what stands there "
            "now, then save again."
        )


def _refuse_taken(db: Database, row: ParticipantRow) -> None:
    taken = db.execute(
        "SELECT id FROM participants WHERE group_number = ? AND pseudonym = ? AND id <> ?",
        [row.group, row.pseudonym, row.id],
    ).fetchone()
    if taken:
        raise BadInput(
            f"Group {row.group} already has a participant with this pseudonym. Choose another one."
        )


def _write_answers(change: Change, participant_id: int, row: ParticipantRow) -> None:
    change.db.execute("DELETE FROM answers WHERE participant_id = ?", [participant_id])
    for attribute, answer in row.answers:
        change.db.execute(
            "INSERT INTO answers (participant_id, attribute_id, answer) VALUES (?, ?, ?)",
            [participant_id, attribute, answer],
        )


def _told(row: ParticipantRow) -> dict[str, Any]:
    return {
        "group": row.group, "pseudonym": row.pseudonym, "profession": row.profession,
        "role": row.role, "answers": {str(number): text for number, text in row.answers},
    }  # fmt: skip
