"""Asking for an erasure, and the second person who confirms or the one who cancels it."""

from functools import reduce

import sqlite_utils

from ..errors import BadInput, NotAllowed
from ..files import Files
from ..study import Study
from . import store
from .certificate import Certificate, from_json
from .eraser import Ground, Mode, Theirs, erasers
from .store import Erasure, Person


def participants_to_erase(study: Study) -> list[Person]:
    """List the participants; whose withdrawal was noted but not carried out comes first."""
    require_part(study)
    return store.people(study.db)


def list_erasures(study: Study) -> list[Erasure]:
    """List all erasures, newest first."""
    require_part(study)
    return store.erasures(study.db)


def read_certificate(erasure: Erasure) -> Certificate:
    """Give the certificate of an erasure that is done."""
    return from_json(erasure.certificate)


def find_theirs(study: Study, participant_id: int) -> Theirs:
    """Find all that is a participant's, to be read before it is erased; on the record."""
    require_part(study)
    store.person(study.db, participant_id)
    study.opened(f"participant:{participant_id}")
    return gather(Ground(study.home, study.db, study.files), participant_id)


def ask_erasure(study: Study, participant_id: int, mode: Mode, *, mentions: bool = True) -> int:
    """Ask for a participant's traces to be erased; gives the erasure's id.

    ``redact`` leaves sentences and codings as rows without words, ``remove`` takes them
    out. ``mentions`` also replaces the pseudonym in what members wrote.
    """
    study.require("erase")
    if mode not in ("redact", "remove"):
        raise BadInput("Choose whether to redact or to remove.")
    with study.change("erase") as change:
        if store.person(change.db, participant_id).erased:
            raise BadInput("This participant's traces were erased already.")
        if any(
            one.participant_id == participant_id and one.state in store.UNFINISHED
            for one in store.erasures(change.db)
        ):
            raise BadInput("The erasure of this participant is asked for already.")
        erasure_id = store.insert(change, participant_id, mode, mentions)
        change.record(
            "erasure.asked", f"erasure:{erasure_id}",
            after={"participant": participant_id, "mode": mode, "mentions": mentions},
        )  # fmt: skip
    return erasure_id


def confirm_erasure(study: Study, erasure_id: int) -> None:
    """Agree to what another member asked for; then it can be carried out."""
    study.require("approve")
    with study.change("approve") as change:
        _waiting(change.db, erasure_id)
        if store.erasure(change.db, erasure_id).asked_by == study.member.id:
            raise NotAllowed("You asked for this erasure. Another member has to confirm it.")
        store.decide(change, erasure_id, "confirmed")
        change.record("erasure.confirmed", f"erasure:{erasure_id}")


def cancel_erasure(study: Study, erasure_id: int) -> None:
    """Take back, or refuse, what was not confirmed yet."""
    require_part(study)
    with study.change() as change:
        require_part(study)
        _waiting(change.db, erasure_id)
        store.decide(change, erasure_id, "cancelled")
        change.record("erasure.cancelled", f"erasure:{erasure_id}")


def require_part(study: Study) -> None:
    """Refuse whoever can neither ask for an erasure nor confirm one."""
    try:
        study.require("erase")
    except NotAllowed:
        study.require("approve")


def gather(ground: Ground, participant_id: int) -> Theirs:
    """Let every stage find what is a participant's."""
    return reduce(
        lambda so_far, eraser: _joined(so_far, eraser.find(ground, participant_id, so_far)),
        erasers(), Theirs(),
    )  # fmt: skip


def ground_of(study: Study, db: sqlite_utils.Database | None = None) -> Ground:
    """Give the study without a member's eyes; ``db`` reads within a change."""
    files: Files = study.files
    return Ground(study.home, db or study.db, files)


def _joined(one: Theirs, other: Theirs) -> Theirs:
    return Theirs(
        one.found + other.found, one.texts | other.texts, one.objects | other.objects,
        one.keys | other.keys, one.events | other.events,
    )  # fmt: skip


def _waiting(db: sqlite_utils.Database, erasure_id: int) -> None:
    if store.erasure(db, erasure_id).state != "waiting":
        raise BadInput("This erasure was decided already. Reload the page.")
