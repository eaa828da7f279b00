"""The recovery kit: a secret on paper that opens the study when no lead can.

The kit is an X25519 secret key with three bytes of checksum, in base32: 56 characters in
groups of seven. The study's root key is sealed to its public half in ``study.json``; the
secret half is printed once and kept nowhere else. Opening with it gives a lead a new
one-time passphrase, and stands in the journal.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from . import keys, members, opened
from .access import give_account, one_time_passphrase
from .errors import BadInput
from .members import Member

if TYPE_CHECKING:
    from .study import Study

GROUP: Final = 7
LENGTH: Final = 56
"""Characters of a kit, without what separates the groups."""
_CHECK: Final = 3
_MISREAD: Final = str.maketrans("018", "OIB")
"""These digits are not in base32: whoever types one has read a letter so."""


@dataclass(frozen=True, slots=True)
class Kit:
    """A new kit: what is printed, and the key it stands for."""

    text: str
    """56 characters in groups of seven."""
    secret: X25519PrivateKey


def new_kit() -> Kit:
    """Make a kit; its text exists nowhere but in the answer."""
    secret = X25519PrivateKey.generate()
    raw = secret.private_bytes_raw()
    text = base64.b32encode(raw + _checksum(raw)).decode()
    groups = (text[at : at + GROUP] for at in range(0, LENGTH, GROUP))
    return Kit("-".join(groups), secret)


def read_kit(text: str) -> X25519PrivateKey:
    """Read a typed kit; ``BadInput`` if it is incomplete or a character is wrong."""
    typed = "".join(mark for mark in text.upper() if not mark.isspace() and mark != "-")
    if len(typed) != LENGTH:
        raise BadInput(
            f"A recovery kit has {LENGTH} characters in {LENGTH // GROUP} groups of {GROUP}; "
            f"these are {len(typed)}. Compare them with the paper."
        )
    try:
        data = base64.b32decode(typed.translate(_MISREAD))
    except ValueError:
        raise BadInput(WRONG_CHARACTER) from None
    raw, check = data[:-_CHECK], data[-_CHECK:]
    if not hmac.compare_digest(_checksum(raw), check):
        raise BadInput(WRONG_CHARACTER)
    return X25519PrivateKey.from_private_bytes(raw)


def make_kit(study: "Study") -> str:
    """Make the study's recovery kit, which replaces the one before; gives its text, once."""
    study.require("members")
    kit, core = new_kit(), study._core
    with study.change("members") as change:
        header = core.header.with_kit(kit.secret.public_key().public_bytes_raw(), core.root)
        core.save_header(header, change)
        change.record("key.kit_made", "study")
    return kit.text


def has_kit(study: "Study") -> bool:
    """Tell whether a kit was printed for the study."""
    study.require("members")
    return study._core.header.kit is not None


def recover(home: Path, text: str, name: str) -> str:
    """Open the study with its kit and give a lead a new one-time passphrase.

    The lead's sessions end and their one-time codes are switched off: the phone may be
    what was lost. In the journal the event is the lead's own, for nobody is signed in.
    """
    home = home.resolve()
    secret = read_kit(text)
    header, mac = opened.read_header(home)
    root = keys.open_with_kit(header, secret)
    keys.check_mac(header, mac, root)
    once = one_time_passphrase()
    under = keys.stretched(once, header.cost)
    core = opened.acquire(home, root)
    try:
        lead = _lead(core, name)
        with core.change(lead) as change:
            give_account(core, change, lead, under)
            members.set_code(change.db, lead.id, None, 0)
            change.when_done(lambda: core.cut(lead.id))
            change.record("key.kit_used", f"member:{lead.id}", after={"with": "recovery kit"})
    finally:
        opened.release(core)
    return once


def _lead(core: opened.OpenedStudy, name: str) -> Member:
    tag = keys.name_tag(core.header.study_id, name)
    for one in members.listed(core.reader):
        same = keys.name_tag(core.header.study_id, one.name) == tag
        if same and one.role == "lead" and not one.disabled:
            return one
    raise BadInput(
        "The recovery kit gives access to a lead of the study, and this name is not one of "
        "them. Use the name with which the lead signs in."
    )


def _checksum(raw: bytes) -> bytes:
    return hashlib.sha256(b"fokus recovery kit v1" + raw).digest()[:_CHECK]


WRONG_CHARACTER: Final = (
    "The recovery kit does not fit its own checksum: a character is wrong. Compare each "
    "group with the paper."
)
