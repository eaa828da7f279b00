"""Groups: what they are called, when they met, which are left out; grounds of recordings."""

from datetime import date
from typing import Final

from sqlite_utils import Database

from secure_storage import BadInput, StaleWrite, Study

from .participants import check_group
from .rows import GroundsRow, GroupRow

_LONGEST: Final = 80
_GROUPS: Final = """
SELECT n.number, coalesce(g.title, ''), coalesce(g.held_on, ''), coalesce(g.left_out, 0),
       (SELECT count(*) FROM participants p WHERE p.group_number = n.number
        AND p.role = 'participant' AND p.withdrawn_at IS NULL),
       coalesce(
           (SELECT sum(p.duration) FROM recording_parts p JOIN recordings r
            ON r.id = p.recording_id WHERE r.group_number = n.number AND r.deleted_at IS NULL),
           (SELECT max(s.end) FROM sentences s JOIN transcripts t ON t.id = s.transcript_id
            WHERE t.group_number = n.number AND t.deleted_at IS NULL),
           0.0)
FROM (SELECT number FROM groups UNION SELECT group_number FROM participants
      UNION SELECT group_number FROM recordings WHERE deleted_at IS NULL
      UNION SELECT group_number FROM transcripts WHERE deleted_at IS NULL) n
LEFT JOIN groups g ON g.number = n.number
"""


def groups(study: Study) -> list[GroupRow]:
    """Every group that has a participant, a recording, a transcript or a name."""
    study.require("read")
    return [_group(row) for row in study.db.execute(_GROUPS + " ORDER BY n.number").fetchall()]


def edit_group(study: Study, seen: GroupRow, wanted: GroupRow) -> None:
    """Name a group, say when it met and whether it is left out of the analysis.

    ``seen`` is what the change starts from; StaleWrite if somebody else changed it since.
    """
    study.require("transcribe")
    check_group(seen.number)
    title, held_on = " ".join(wanted.title.split()), wanted.held_on.strip()
    if len(title) > _LONGEST:
        raise BadInput(f"The name of a group may have at most {_LONGEST} characters.")
    _check_day(held_on)
    with study.change("transcribe") as change:
        now = _one(change.db, seen.number)
        before = (now.title, now.held_on, now.left_out)
        if before != (seen.title, seen.held_on, seen.left_out):
            raise StaleWrite(
                f"Somebody else has changed group {now.number} meanwhile. Look at what stands "
                "there now, then save again."
            )
        if before == (title, held_on, wanted.left_out):
            return
        change.db.execute(
            "INSERT INTO groups (number, title, held_on, left_out) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (number) DO UPDATE SET title = excluded.title,"
            " held_on = excluded.held_on, left_out = excluded.left_out",
            [seen.number, title, held_on, int(wanted.left_out)],
        )
        change.record(
            "group.changed",
            f"group:{seen.number}",
            before={"title": now.title, "held_on": now.held_on, "left_out": now.left_out},
            after={"title": title, "held_on": held_on, "left_out": wanted.left_out},
        )


def grounds(study: Study) -> list[GroundsRow]:
    """On what each recording rests, in the order of the recordings."""
    study.require("read")
    rows = study.db.execute(
        "SELECT id, approval, consent, lawful_basis FROM recordings WHERE deleted_at IS NULL"
        " ORDER BY group_number, id"
    )
    return [GroundsRow(*row) for row in rows.fetchall()]


def set_grounds(study: Study, wanted: GroundsRow) -> None:
    """Say on what a recording rests."""
    study.require("transcribe")
    approval = " ".join(wanted.approval.split())
    if len(approval) > _LONGEST:
        raise BadInput(f"The approval's reference may have at most {_LONGEST} characters.")
    with study.change("transcribe") as change:
        before = change.db.execute(
            "SELECT approval, consent, lawful_basis FROM recordings"
            " WHERE id = ? AND deleted_at IS NULL",
            [wanted.recording_id],
        ).fetchone()
        if before is None:
            raise BadInput("This recording does not exist (any more). Reload the page.")
        after = (approval, wanted.consent, wanted.lawful_basis)
        if tuple(before) == after:
            return
        change.db.execute(
            "UPDATE recordings SET approval = ?, consent = ?, lawful_basis = ? WHERE id = ?",
            [*after, wanted.recording_id],
        )
        names = ("approval", "consent", "lawful_basis")
        change.record(
            "recording.grounds_set",
            f"recording:{wanted.recording_id}",
            before=dict(zip(names, before, strict=True)),
            after=dict(zip(names, after, strict=True)),
        )


def _one(db: Database, number: int) -> GroupRow:
    row = db.execute(_GROUPS + " WHERE n.number = ?", [number]).fetchone()
    return _group(row) if row else GroupRow(number)


def _group(row: tuple[int, str, str, int, int, float]) -> GroupRow:
    number, title, held_on, left_out, participants, seconds = row
    return GroupRow(number, title, held_on, bool(left_out), participants, seconds)


def _check_day(day: str) -> None:
    if day:
        try:
            date.fromisoformat(day)
        except ValueError:
            raise BadInput("The day a group met is written like 2026-03-24.") from None
