"""Participants of the groups: pseudonyms with the attributes a quote is attributed by."""

from typing import Final

from secure_storage import BadInput, Study

from .rows import ParticipantRow

_LONGEST: Final = 80


def participants(study: Study) -> list[ParticipantRow]:
    """Everybody, group by group, moderators first."""
    study.require("read")
    rows = study.db.execute(
        "SELECT id, group_number, pseudonym, profession, moderator FROM participants"
        " ORDER BY group_number, moderator DESC, pseudonym"
    )
    return [
        ParticipantRow(number, group, pseudonym, profession, bool(moderator))
        for number, group, pseudonym, profession, moderator in rows
    ]


def add_participant(
    study: Study, group: int, pseudonym: str, profession: str, moderator: bool
) -> int:
    """Add somebody to a group; a pseudonym is used once in a group."""
    study.require("transcribe")
    pseudonym, profession = " ".join(pseudonym.split()), " ".join(profession.split())
    if not pseudonym or len(pseudonym) > _LONGEST or len(profession) > _LONGEST:
        raise BadInput(
            f"A participant needs a pseudonym, and neither it nor the profession may be longer "
            f"than {_LONGEST} characters."
        )
    check_group(group)
    with study.change("transcribe") as change:
        taken = change.db.execute(
            "SELECT id FROM participants WHERE group_number = ? AND pseudonym = ?",
            [group, pseudonym],
        ).fetchone()
        if taken:
            raise BadInput(
                f"Group {group} already has a participant with this pseudonym. Choose another one."
            )
        found = change.db.execute(
            "INSERT INTO participants (group_number, pseudonym, profession, moderator)"
            " VALUES (?, ?, ?, ?)",
            [group, pseudonym, profession, int(moderator)],
        ).lastrowid
        assert found is not None
        change.record(
            "participant.added",
            f"participant:{found}",
            after={
                "group": group, "pseudonym": pseudonym, "profession": profession,
                "moderator": moderator,
            },
        )  # fmt: skip
    return found


def check_group(group: int) -> None:
    """Refuse what is no group number."""
    if not 0 < group < 1000:
        raise BadInput("The group number must lie between 1 and 999.")
