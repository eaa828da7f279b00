"""Who listened through a transcript, when, and how much of its sound; who approved it.

What was heard is read off the journal, which has the ranges that each member's player
played; a pass counts what was heard since that member's pass before it.
"""

import json
from dataclasses import dataclass
from typing import Final

from sqlite_utils import Database

from secure_storage import BadInput, NotAllowed, StaleWrite, Study

from ..heard import Range, covered, gaps

_GAP: Final = 2.0
"""Seconds; shorter stretches that were not heard are not worth going back for."""


@dataclass(frozen=True, slots=True)
class PassRow:
    """One time that somebody listened through a transcript."""

    id: int
    member_id: int
    initials: str
    number: int
    """The person's first, second, third … of this transcript."""
    at: str
    revision: int
    """The transcript's, when it was listened through."""
    heard: float
    """Seconds of its sound."""
    length: float
    """Seconds of all its sound."""
    seq: int
    """The journal's last event before it."""


@dataclass(frozen=True, slots=True)
class Listening:
    """What a member heard of a transcript's sound since their last pass."""

    heard: float
    length: float
    missed: tuple[Range, ...]
    """Stretches that were not heard, on the recording's timeline."""
    seq: int
    """The journal's last event that was looked at."""


@dataclass(frozen=True, slots=True)
class Approval:
    """Who found a transcript good, and when; it is locked since."""

    at: str
    member_id: int
    initials: str


def passes(study: Study, transcript_id: int) -> list[PassRow]:
    """All passes through a transcript, oldest first."""
    study.require("read")
    rows = study.db.execute(
        "SELECT p.id, p.member_id, m.initials,"
        " row_number() OVER (PARTITION BY p.member_id ORDER BY p.id), p.at, p.revision, p.heard,"
        " p.length, p.seq FROM passes p JOIN members m ON m.id = p.member_id"
        " WHERE p.transcript_id = ? ORDER BY p.id",
        [transcript_id],
    )
    return [PassRow(*row) for row in rows]


def listening(study: Study, transcript_id: int) -> Listening:
    """Tell what the member heard of a transcript since their last pass."""
    study.require("read")
    for record in study.before_counting:
        record()
    return _listening(study.db, transcript_id, study.member.id)


def mark_pass(study: Study, transcript_id: int) -> None:
    """Say that the member has listened through; ``BadInput`` where nothing was heard."""
    study.require("transcribe")
    for record in study.before_counting:
        record()
    with study.change("transcribe") as change:
        now = _listening(change.db, transcript_id, change.member.id)
        if now.heard <= 0:
            raise BadInput(
                "You have not listened to this recording since your last pass, so there is "
                "nothing to mark. Play it on this page; what you hear is counted."
            )
        number = change.db.execute(
            "INSERT INTO passes (transcript_id, member_id, at, revision, heard, length, seq)"
            " SELECT id, ?, ?, revision, ?, ?, ? FROM transcripts WHERE id = ?",
            [change.member.id, change.now, now.heard, now.length, now.seq, transcript_id],
        ).lastrowid
        change.record(
            "transcript.listened", f"transcript:{transcript_id}",
            after={"pass": number, "heard": round(now.heard), "length": round(now.length)},
        )  # fmt: skip


def unmark_pass(study: Study, pass_id: int) -> None:
    """Take back a pass of the member's own; what was heard counts for the next one."""
    study.require("transcribe")
    with study.change("transcribe") as change:
        row = change.db.execute(
            "DELETE FROM passes WHERE id = ? AND member_id = ? RETURNING transcript_id",
            [pass_id, change.member.id],
        ).fetchone()
        if row is None:
            raise BadInput("This pass is not there any more, or is another member's.")
        change.record("transcript.listened_not", f"transcript:{row[0]}", before={"pass": pass_id})


def approval(study: Study, transcript_id: int) -> Approval | None:
    """Tell who approved a transcript; None while it can be changed."""
    study.require("read")
    row = study.db.execute(
        "SELECT t.approved_at, m.id, m.initials FROM transcripts t"
        " JOIN members m ON m.id = t.approved_by WHERE t.id = ? AND t.approved_at IS NOT NULL",
        [transcript_id],
    ).fetchone()
    return Approval(*row) if row else None


def approve_transcript(study: Study, transcript_id: int, revision: int) -> None:
    """Find a transcript good as it is at ``revision``, and lock it.

    ``StaleWrite`` where somebody has changed it since.
    """
    study.require("transcribe")
    with study.change("transcribe") as change:
        row = change.db.execute(
            "SELECT revision, approved_at FROM transcripts WHERE id = ? AND deleted_at IS NULL",
            [transcript_id],
        ).fetchone()
        if row is None:
            raise BadInput("This transcript does not exist (any more). Go back to the list.")
        if row[1] is not None:
            return
        if row[0] != revision:
            raise StaleWrite(
                "Somebody has changed this transcript since you looked at it. Look at the "
                "changes below, then approve it again."
            )
        change.db.execute(
            "UPDATE transcripts SET approved_at = ?, approved_by = ?, revision = revision + 1"
            " WHERE id = ?",
            [change.now, change.member.id, transcript_id],
        )
        change.record(
            "transcript.approved", f"transcript:{transcript_id}", after={"revision": revision}
        )


def unlock_transcript(study: Study, transcript_id: int) -> None:
    """Let an approved transcript be changed again: a lead does so, or who approved it."""
    study.require("transcribe")
    with study.change("transcribe") as change:
        row = change.db.execute(
            "SELECT approved_by, approved_at FROM transcripts"
            " WHERE id = ? AND approved_at IS NOT NULL",
            [transcript_id],
        ).fetchone()
        if row is None:
            return
        if change.member.role != "lead" and change.member.id != row[0]:
            raise NotAllowed("A lead of the study, or who approved the transcript, unlocks it.")
        change.db.execute(
            "UPDATE transcripts SET approved_at = NULL, approved_by = NULL,"
            " revision = revision + 1 WHERE id = ?",
            [transcript_id],
        )
        change.record("transcript.unlocked", f"transcript:{transcript_id}", before={"at": row[1]})


def _listening(db: Database, transcript_id: int, member_id: int) -> Listening:
    parts = db.execute(
        "SELECT p.position, p.offset, p.duration, p.recording_id FROM transcripts t"
        " JOIN recording_parts p ON p.recording_id = t.recording_id"
        " WHERE t.id = ? ORDER BY p.position",
        [transcript_id],
    ).fetchall()
    (since,) = db.execute(
        "SELECT coalesce(max(seq), 0) FROM passes WHERE transcript_id = ? AND member_id = ?",
        [transcript_id, member_id],
    ).fetchone()
    (seq,) = db.execute("SELECT max(seq) FROM events").fetchone()
    heard = _heard(db, parts[0][3], member_id, since) if parts else {}
    missed = [
        (offset + start, offset + end)
        for position, offset, duration, _ in parts
        for start, end in gaps(heard.get(position, ()), duration, _GAP)
    ]
    return Listening(
        sum(covered(heard.get(position, ()), duration) for position, _, duration, _ in parts),
        sum(duration for _, _, duration, _ in parts),
        tuple(missed),
        seq,
    )


def _heard(db: Database, recording_id: int, member_id: int, since: int) -> dict[int, list[Range]]:
    """Of each part, the ranges that a member's player played."""
    heard: dict[int, list[Range]] = {}
    for (after,) in db.execute(
        "SELECT after FROM events WHERE object = ? AND action = 'read.played' AND actor = ?"
        " AND seq > ? AND after IS NOT NULL",
        [f"recording:{recording_id}", member_id, since],
    ).fetchall():
        told = json.loads(after)
        ranges = [(float(start), float(end)) for start, end in told.get("heard", ())]
        heard.setdefault(int(told["part"]), []).extend(ranges)
    return heard
