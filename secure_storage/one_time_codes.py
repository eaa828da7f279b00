"""One-time codes besides the passphrase: TOTP (RFC 6238), as authenticator apps make them.

SHA-1, six digits, 30 s, because every app knows these. A code of the step before or
after is accepted (clocks differ), and no step twice, so that a code seen over the
shoulder is worth nothing. Whoever holds the study's keys needs no code: the codes guard
the door of the workbench, not the encryption.
"""

import base64
import hmac
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from . import members
from .audit.failed import note_failed
from .change import Change
from .errors import BadInput, WrongPassphrase
from .keys import WRONG
from .members import Member

if TYPE_CHECKING:
    from .study import Study

DIGITS: Final = 6
PERIOD: Final = 30
"""Seconds a code lasts."""
WINDOW: Final = 1
"""Steps before and after that are accepted."""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator app is told."""

    secret: str
    """In base32, to be typed where nothing can be scanned."""
    address: str
    """The same as an ``otpauth://`` address, for a QR code."""


def propose(study: "Study") -> Enrolment:
    """Make (or show again) the secret of the member's codes; nothing is switched on yet."""
    _check_free(study)
    if study.proposed_code is None:
        study.proposed_code = os.urandom(20)
    text = base64.b32encode(study.proposed_code).decode()
    address = _totp(study.proposed_code).get_provisioning_uri(study.member.name, "Fokus")
    return Enrolment(text, address)


def switch_on(study: "Study", code: str) -> None:
    """Ask for codes at the member's sign-ins from now on, proven by a first code."""
    _check_free(study)
    secret = study.proposed_code
    step = matching_step(secret, code, time.time(), 0) if secret else None
    if step is None:
        raise BadInput(
            "The code does not fit. Check the clock of the phone and type the code that the "
            "app shows now."
        )
    with study.change() as change:
        members.set_code(change.db, study.member.id, secret, step)
        change.record("member.codes_on", f"member:{study.member.id}")
    study.proposed_code = None


def switch_off(study: "Study", code: str) -> None:
    """Ask for no codes any more; needs one. ``WrongPassphrase``, on record, if it does not fit.

    Whoever lets somebody try counts the tries: ``Sessions.switch_off_codes``.
    """
    header = study._core.header
    try:
        with study.change() as change:
            member = change.member
            if not member.uses_codes:
                raise BadInput("You use no one-time codes.")
            use(change, member, code)
            _clear(change, member.id)
    except WrongPassphrase:
        note_failed(study.home, header, study.member.name)
        said = "The code does not fit, or was used already. Try the next."
        raise WrongPassphrase(said) from None


def switch_off_for(study: "Study", member_id: int) -> None:
    """Let a member who lost the phone sign in without a code; for leads."""
    study.require("members")
    with study.change("members") as change:
        member = members.found(change.db, member_id)
        if member is None or not member.uses_codes:
            raise BadInput("This member uses no one-time codes.")
        if member.id == study.member.id:
            raise BadInput("Switch off your own codes with a code, or ask another lead.")
        _clear(change, member_id)


def use(change: Change, member: Member, code: str) -> None:
    """Use up a code of a member who has them; ``WrongPassphrase`` if it does not fit."""
    secret, last = members.code_of(change.db, member.id)
    if secret is None:
        return
    step = matching_step(secret, code, time.time(), last)
    if step is None:
        raise WrongPassphrase(WRONG)
    members.set_code(change.db, member.id, secret, step)


def matching_step(secret: bytes, code: str, now: float, last: int) -> int | None:
    """Give the time step of a code at ``now`` (Unix seconds), if it is later than ``last``."""
    typed = "".join(code.split()).encode()
    present = int(now) // PERIOD
    found = None
    # All steps are tried, so that the time taken tells nothing.
    for step in range(present - WINDOW, present + WINDOW + 1):
        fits = hmac.compare_digest(_totp(secret).generate(step * PERIOD), typed)
        if fits and step > last:
            found = step
    return found


def _check_free(study: "Study") -> None:
    study.check_usable()
    if study.member.uses_codes:
        raise BadInput("You use one-time codes already. Switch them off first.")


def _clear(change: Change, member_id: int) -> None:
    _, step = members.code_of(change.db, member_id)
    members.set_code(change.db, member_id, None, step)
    change.record("member.codes_off", f"member:{member_id}")


def _totp(secret: bytes) -> TOTP:
    return TOTP(secret, DIGITS, SHA1(), PERIOD)
